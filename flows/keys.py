"""Every key a flow may have, as a table: the reader, the checker and the README all go by it."""

from dataclasses import dataclass
from typing import Final, Literal

Kind = Literal["text", "texts", "yes or no", "whole number", "number", "numbers", "table", "tables", "values"]

POLICIES: Final = {
    "backchannels": ("never", "rare", "normal", "often"),
    "eagerness": ("patient", "normal", "eager"),
    "yielding": ("firm", "normal", "quick"),
}
GRAMMARS: Final = (
    "digits",
    "number",
    "amount",
    "date",
    "birth_date",
    "time",
    "name",
    "email",
    "phone",
    "postcode",
    "address",
    "city",
    "yes_no",
    "choice",
    "text",
)
FORMATS: Final = (
    "money",
    "date",
    "birth",
    "time",
    "digits",
    "spell",
    "and",
    "or",
    "few",
    "count",
    "lower",
    "words",
)
ENDS: Final = ("more", "end")
"""What `next` may name beside a step."""


@dataclass(frozen=True, slots=True)
class Key:
    name: str
    kind: Kind
    about: str
    required: bool = False


FLOW: Final = (
    Key("name", "text", "The flow's name in lower case; other flows include it by this name.", True),
    Key("title", "text", "The name people see.", True),
    Key("languages", "texts", 'Languages callers may speak; `["en"]` if left out.'),
    Key("greeting", "text", "The first sentence.", True),
    Key("disclosure", "text", "Says that a machine speaks and that the call is recorded.", True),
    Key("opening", "text", "The question after the greeting.", True),
    Key("includes", "texts", "Other flows whose steps this one offers as `flow.step`."),
    Key("labels", "texts", "Outcome labels that steps and the ending may give.", True),
    Key("facts", "texts", "Sentences that may be said as they stand; their numbers need no other source."),
    Key("policies", "table", "How the voice behaves."),
    Key("verification", "table", "How the caller proves who they are before private data is touched."),
    Key("targets", "table", "Who calls can be handed to; one table a target."),
    Key("hand_over", "table", "When a call goes to a person by itself.", True),
    Key("waiting", "table", "What is said while tools work, and how long they may take."),
    Key("silence", "table", "What is done when the caller says nothing."),
    Key("ending", "table", "How the call is closed.", True),
    Key("steps", "table", "What callers may want; one table a step.", True),
)
POLICY: Final = (
    Key("backchannels", "text", '"never", "rare", "normal" or "often".'),
    Key("eagerness", "text", '"patient", "normal" or "eager": how soon to answer after a pause.'),
    Key("yielding", "text", '"firm", "normal" or "quick": how readily to stop when talked over.'),
)
VERIFICATION: Final = (
    Key("tool", "text", "A tool that answers `verified` (yes or no); it may answer `need`: a detail wanted.", True),
    Key("with", "values", "Arguments of the tool; texts may hold `{slot}`.", True),
    Key(
        "attempts",
        "whole number",
        "Failed attempts after which the call is handed over; 2 if left out. "
        "Each begins with what none had; what was given before still counts.",
    ),
    Key("say", "text", "Said before the first question."),
    Key("passed", "text", "Said when it worked."),
    Key("failed", "text", "Said when it did not, before the details are asked again.", True),
    Key("collect", "tables", "The details to ask for; same keys as a step's `collect`.", True),
)
TARGET: Final = (
    Key("dial", "text", "Number or SIP address.", True),
    Key("hours", "texts", 'When somebody answers: `["mon-fri 08:00-18:00"]`; always if left out.'),
    Key("say", "text", "Said before connecting.", True),
    Key("closed", "text", "Said instead outside the hours.", True),
)
HAND_OVER: Final = (
    Key("target", "text", "The target for callers who ask for a person or cannot be helped.", True),
    Key("after", "whole number", "Failures in a row after which the call is handed over; 3 if left out."),
    Key("label", "text", "Outcome of a call that was handed over; the step's if left out."),
    Key("phrases", "texts", "Sentences that ask for a person, beside those that are always understood."),
)
WAITING: Final = (
    Key("after", "number", "Seconds until the first line; 2.5 if left out."),
    Key("every", "number", "Seconds between lines after that; 8 if left out."),
    Key("give_up", "number", "Seconds after which a tool counts as failed; 15 if left out."),
    Key("lines", "texts", "What is said while waiting, in turn. They must be true whatever happens."),
    Key("failed", "text", "Said when a look-up failed."),
    Key("unknown", "text", "Said when a change was sent and no answer came."),
)
SILENCE: Final = (
    Key("after", "number", "Seconds of silence before a check-in; 8 if left out."),
    Key("lines", "texts", "The check-ins, in turn; after the last comes the goodbye."),
    Key("goodbye", "text", "Said before hanging up on silence."),
    Key("hold", "number", 'Seconds granted when the caller says "hold on"; 60 if left out.'),
)
ENDING: Final = (
    Key("more", "text", "Asked when a step is done.", True),
    Key("goodbye", "text", "The last sentence.", True),
    Key("label", "text", "Outcome of a call in which no step gave one.", True),
)
STEP: Final = (
    Key("goal", "text", "What the caller gets; shown to people and to a language model.", True),
    Key("about", "text", 'What the caller wants, to fill "Do you want to ...?"; asked when it is not clear.', True),
    Key("phrases", "texts", "At least eight sentences in which callers ask for it (none: reached by `next` only)."),
    Key("policies", "table", "How the voice behaves in this step; same keys as the flow's `policies`."),
    Key("private", "yes or no", "Identity is verified first; a step with a private tool always is."),
    Key("collect", "tables", "Details to find out, in this order."),
    Key("calls", "tables", "Tools the step uses, in this order; no other tool may be called here."),
    Key("say", "tables", "What to say; all lines whose conditions hold, in this order."),
    Key("next", "text", 'A step, "more" (ask if there is anything else; the default) or "end".'),
    Key("correct", "text", "The step that puts this one right when the caller changes their mind afterwards."),
    Key("hand_over", "text", "Hands the call to this target after `say`."),
    Key("label", "text", "Outcome of the call when this step is done."),
)
COLLECT: Final = (
    Key("name", "text", "Name of the detail; `{name}` stands for its value.", True),
    Key("grammar", "text", "How it is spoken; see the list of grammars below.", True),
    Key("ask", "text", "The question.", True),
    Key("again", "text", "The question when the answer was not understood; `ask` if left out."),
    Key("readback", "text", "Asked to have the value confirmed; without it the value is taken as understood."),
    Key("length", "numbers", "Allowed numbers of digits for `digits`."),
    Key("choices", "text", "For `choice`: where the list is, as in `orders.orders`."),
    Key("by", "texts", "For `choice`: fields of an entry that a caller may name it by."),
    Key("among", "values", "For `choice`: only entries whose fields have these values are taken."),
    Key("options", "texts", "For `choice`: the values themselves, when no tool lists them."),
    Key("sayings", "values", "What callers say instead of a value, and the value it means."),
    Key("only", "yes or no", "Take the only choice without asking."),
    Key("none", "text", "Said when there is nothing to choose from; the step ends there."),
    Key("but", "text", "A value that cannot be meant, such as the day an appointment is on already."),
    Key("optional", "yes or no", "Never asked for; taken when the caller says it by themselves."),
    Key("when", "values", "Asked only if these hold."),
)
CALL: Final = (
    Key("tool", "text", "Name of the tool.", True),
    Key("with", "values", "Arguments; texts may hold `{detail}` or `{result.field}`."),
    Key("as", "text", "Name of the result; the tool's name if left out."),
    Key("confirm", "text", "The question a caller must say yes to before a tool that changes something runs."),
    Key("when", "values", "Called only if these hold."),
    Key("ahead", "yes or no", "Looked up before anybody asks, as soon as its arguments are known."),
    Key("refused", "text", "Said when the tool refuses; the tool's own sentence if left out."),
    Key("declined", "text", "Said when the caller does not confirm."),
)
LINE: Final = (
    Key("text", "text", "What to say; `{result.field}` is filled in, `{field|format}` chooses the format.", True),
    Key("when", "values", "Said only if these hold: path = value, or path = [values]."),
    Key("unless", "values", "Not said if any of these holds."),
    Key("stops", "yes or no", "Said before any change, and nothing more is done in this step."),
)

TABLES: Final = {
    "flow": FLOW,
    "policies": POLICY,
    "verification": VERIFICATION,
    "targets.NAME": TARGET,
    "hand_over": HAND_OVER,
    "waiting": WAITING,
    "silence": SILENCE,
    "ending": ENDING,
    "steps.NAME": STEP,
    "collect": COLLECT,
    "calls": CALL,
    "say": LINE,
}
