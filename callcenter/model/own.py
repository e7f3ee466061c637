"""What the model may say without a note: short acts of its own, nothing that could be true or false."""

from typing import Final

HUMS: Final = ("mm-hmm.", "okay.", "I see.", "right.")
PHRASES: Final = {
    "<check>": ("Let me check that for you.", "One moment, I am looking that up.", "Let me have a look."),
    "<wait>": ("Sure, take your time.", "Of course, no hurry.", "Certainly, I will wait."),
    "<hello>": ("Hello, are you still there?", "Are you still with me?"),
    "<bye>": ("You are welcome. Goodbye.", "Thank you for calling. Goodbye."),
}
"""Opening to the sentences that may follow it."""
