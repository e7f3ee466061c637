"""A tool is a typed Python function: its schema is its signature, and an error becomes its answer.

`tool(function)` turns a function (sync or async) into a `Tool`; a `Toolbox` runs tools by name. Rules kept here:

- Arguments are checked against the signature before anything happens.
- Nothing a tool does can raise into a call: a failure is an `Outcome` with a kind and a sentence.
- A change needs a key. The same key never does a thing twice: it gets the first outcome, even while that still runs.
  A change is never cancelled half way: `timeout` at its deadline means "not known", never "not done".
- The values of secrets are struck out of every outcome and log line.
"""

import asyncio
import inspect
import json
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from types import MappingProxyType
from typing import Any

import structlog
from pydantic_core import to_jsonable_python

from callcenter.background.arguments import Accept, Key, checked
from callcenter.background.outcome import Outcome, ToolError, failed
from callcenter.background.secret import Secret, scrub
from callcenter.background.threads import Full, Threads

log = structlog.get_logger()

RETRIED = ("timeout", "unavailable")
LAST_WORD = 60.0
"""Seconds after which even a change that nobody waits for any more is given up."""
MAX_ANSWER = 64_000
"""Characters of JSON that a tool may answer; what is longer serves nobody on a telephone."""


# --------------------------------------------------------------------------------------------------------------- tools


@dataclass(frozen=True, slots=True)
class Tool:
    name: str
    description: str
    changes: bool
    """Does something in the world: the caller confirms it first, and it runs once per key."""
    private: bool
    """Tells or touches what belongs to one customer: identity is verified first."""
    parameters: dict[str, Any] = field(hash=False)
    call: Callable[..., object] = field(repr=False)
    accept: Accept = field(repr=False)
    deadline: float = 6.0
    key_parameter: str = ""
    """The parameter of `call` that takes the key. Such a tool refuses by itself to do the same key twice, so that
    a lost answer may be asked for again."""
    secrets: tuple[Secret, ...] = ()


def tool(
    function: Callable[..., object],
    *,
    changes: bool = False,
    private: bool = False,
    name: str = "",
    deadline: float = 6.0,
    secrets: Sequence[Secret] = (),
) -> Tool:
    """Make a tool of a typed function; its docstring is the description, its parameters are the schema."""
    parameters = inspect.signature(function, eval_str=True).parameters
    name = name or getattr(function, "__name__", "")
    keys = [one.name for one in parameters.values() if one.annotation is Key]
    fields: dict[str, Any] = {
        one.name: (_annotation(one, name), ... if one.default is inspect.Parameter.empty else one.default)
        for one in parameters.values()
        if one.name not in keys
    }
    description = " ".join((inspect.getdoc(function) or "").split())
    if not description:
        raise TypeError(f"{name} has no docstring, and a tool needs a description")
    accept, schema = checked(name, fields)
    return Tool(
        name=name,
        description=description,
        changes=changes,
        private=private,
        parameters=schema,
        call=function,
        accept=accept,
        deadline=deadline,
        key_parameter=keys[0] if keys else "",
        secrets=tuple(secrets),
    )


def _annotation(parameter: inspect.Parameter, name: str) -> Any:
    if parameter.annotation is inspect.Parameter.empty or parameter.kind in (
        parameter.POSITIONAL_ONLY,
        parameter.VAR_POSITIONAL,
        parameter.VAR_KEYWORD,
    ):
        raise TypeError(f"{name}: {parameter.name} must be a plain parameter with a type")
    return parameter.annotation


# ------------------------------------------------------------------------------------------------------------- toolbox


@dataclass(frozen=True, slots=True)
class Ran:
    """A tool call as the journal keeps it."""

    tool: str
    arguments: dict[str, Any]
    key: str
    outcome: Outcome
    seconds: float
    repeated: bool = False
    """The key was known: this is the first outcome again and nothing was done."""


@dataclass(slots=True)
class _Change:
    """A change under way or done. `print` tells whether a second request with its key means the same."""

    print: str
    task: asyncio.Task[Outcome]


class Toolbox:
    """Runs tools by name. One toolbox serves all calls of a loop."""

    def __init__(self, tools: Iterable[Tool], threads: int = 64, kept: int = 10_000) -> None:
        named: dict[str, Tool] = {}
        for one in tools:
            if one.name in named:
                raise ValueError(f"two tools are named {one.name}")
            named[one.name] = one
        self.tools: Mapping[str, Tool] = MappingProxyType(named)
        self._changes: OrderedDict[str, _Change] = OrderedDict()
        self._threads = Threads(threads)
        self._kept = kept

    def describe(self, names: Iterable[str]) -> list[dict[str, Any]]:
        """Name, description and schema of these tools, for a planner."""
        chosen = [self.tools[name] for name in names]
        return [
            {"name": one.name, "description": one.description, "parameters": dict(one.parameters)} for one in chosen
        ]

    async def run(
        self,
        name: str,
        arguments: Mapping[str, Any],
        key: str = "",
        report: Callable[[Ran], None] | None = None,
    ) -> Outcome:
        began = time.monotonic()
        outcome, repeated = failed("unavailable", "Nobody waited for the answer."), False
        try:
            outcome, repeated = await self._run(name, arguments, key)
        finally:
            if report is not None:
                kept = scrub(to_jsonable_python(dict(arguments), fallback=repr), self._secrets(name))
                report(Ran(name, kept, key, outcome, round(time.monotonic() - began, 4), repeated))
        return outcome

    async def settled(self, key: str) -> Outcome | None:
        """The final outcome of a change, however long it takes; None if the key is unknown."""
        change = self._changes.get(key)
        return await asyncio.shield(change.task) if change else None

    async def close(self) -> None:
        """Give up what still runs. Threads cannot be stopped; they end with the process."""
        tasks = [change.task for change in self._changes.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _run(self, name: str, arguments: Mapping[str, Any], key: str) -> tuple[Outcome, bool]:
        chosen = self.tools.get(name)
        if chosen is None:
            return failed("invalid", f"There is no tool named {name}."), False
        try:
            accepted = chosen.accept(arguments)
        except ToolError as error:
            return failed(error.kind, error.sentence), False
        if not chosen.changes:
            return await self._within(chosen, self._answer(chosen, accepted, key)), False
        if not key:
            return failed("invalid", f"{name} changes something and needs a key."), False
        return await self._once(chosen, accepted, key)

    async def _once(self, chosen: Tool, accepted: dict[str, Any], key: str) -> tuple[Outcome, bool]:
        print_ = json.dumps([chosen.name, to_jsonable_python(accepted, fallback=repr)], sort_keys=True)
        known = self._changes.get(key)
        if known and known.print != print_:
            return failed("invalid", "This key already belongs to another request."), False
        if known is None or _may_retry(chosen, known.task):
            known = _Change(print_, asyncio.create_task(self._answer(chosen, accepted, key)))
            self._keep(key, known)
            return await self._within(chosen, asyncio.shield(known.task)), False
        return await self._within(chosen, asyncio.shield(known.task)), True

    def _keep(self, key: str, change: _Change) -> None:
        self._changes[key] = change
        self._changes.move_to_end(key)
        while len(self._changes) > self._kept:
            oldest = next((old for old, one in self._changes.items() if one.task.done()), None)
            if oldest is None:
                return
            del self._changes[oldest]

    async def _within(self, chosen: Tool, answer: Awaitable[Outcome]) -> Outcome:
        try:
            async with asyncio.timeout(chosen.deadline):
                return await answer
        except TimeoutError:
            known = "it is not known whether it was done" if chosen.changes else "nothing was changed"
            return failed("timeout", f"The system did not answer in time; {known}.")

    async def _answer(self, chosen: Tool, accepted: dict[str, Any], key: str) -> Outcome:
        """Call the tool. This is the one place that catches whatever a tool may raise."""
        keyed = {chosen.key_parameter: key} if chosen.key_parameter else {}
        try:
            async with asyncio.timeout(LAST_WORD):
                value = to_jsonable_python(await self._call(chosen.call, {**accepted, **keyed}))
                if len(json.dumps(value)) > MAX_ANSWER:
                    raise ToolError("unavailable", "The system's answer was too long.")
            return Outcome(True, scrub(value, chosen.secrets))
        except ToolError as error:
            return failed(error.kind, scrub(error.sentence, chosen.secrets))
        except Full:
            return failed("unavailable", "The system is too busy.")
        except TimeoutError:
            return failed("timeout", "The system did not answer in time.")
        except Exception as error:
            log.warning("tool failed", tool=chosen.name, key=key, error=scrub(repr(error), chosen.secrets))
            return failed("unavailable", "The system could not answer.")

    async def _call(self, function: Callable[..., object], arguments: dict[str, Any]) -> object:
        work = partial(function, **arguments)
        value = work() if inspect.iscoroutinefunction(function) else await self._threads.run(work)
        return await value if inspect.isawaitable(value) else value

    def _secrets(self, name: str) -> tuple[Secret, ...]:
        return self.tools[name].secrets if name in self.tools else ()


def _may_retry(chosen: Tool, task: "asyncio.Task[Outcome]") -> bool:
    """Asking again is safe where the other side knows the key, and useful where there was no answer."""
    return bool(chosen.key_parameter) and task.done() and (task.cancelled() or task.result().kind in RETRIED)
