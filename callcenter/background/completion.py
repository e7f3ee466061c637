"""An answer of an OpenAI-compatible endpoint, put together from its stream. Pure: bytes in, a completion out.

Endpoints differ in small ways: line ends, comments that keep the line open, a tool call's index left out, a whole
answer where a stream was asked for. All of that is the same here; what makes no sense raises `PlanError`.
"""

from dataclasses import dataclass, field
from typing import Any, Final

import orjson

from callcenter.background.planner import PlanError

MAX_BYTES: Final = 256_000


class Events:
    """Server-sent events: pieces of bytes of any size to the JSON values they carry."""

    def __init__(self) -> None:
        self._rest = b""
        self._data: list[bytes] = []
        self.over = False
        self.size = 0

    def push(self, piece: bytes) -> list[dict[str, Any]]:
        self.size += len(piece)
        if self.size > MAX_BYTES:
            raise PlanError("too_long", f"more than {MAX_BYTES} bytes")
        *lines, self._rest = (self._rest + piece).split(b"\n")
        found = [value for line in lines if (value := self._line(line.rstrip(b"\r"))) is not None]
        return [value for value in found if value]

    def end(self) -> list[dict[str, Any]]:
        """Nothing more comes; a last event may lack its empty line."""
        return self.push(b"\n\n")

    def _line(self, line: bytes) -> dict[str, Any] | None:
        if line:
            name, _, value = line.partition(b":")
            if name == b"data":
                self._data.append(value.removeprefix(b" "))
            return None
        data, self._data = b"\n".join(self._data), []
        if data == b"[DONE]":
            self.over = True
        if self.over or not data:
            return None
        return decoded(data)


def decoded(data: bytes) -> dict[str, Any]:
    try:
        value = orjson.loads(data)
    except orjson.JSONDecodeError:
        raise PlanError("nonsense", f"no JSON: {data[:80]!r}") from None
    if not isinstance(value, dict):
        raise PlanError("nonsense", f"no object: {data[:80]!r}")
    if value.get("error"):
        raise PlanError("refused", str(value["error"])[:200])
    return value


@dataclass(slots=True)
class ToolCall:
    id: str = ""
    name: str = ""
    arguments: str = ""

    def read(self) -> dict[str, object]:
        try:
            value = orjson.loads(self.arguments or "{}")
        except orjson.JSONDecodeError:
            raise PlanError("nonsense", f"arguments of {self.name}: {self.arguments[:80]!r}") from None
        if not isinstance(value, dict):
            raise PlanError("nonsense", f"arguments of {self.name}: {self.arguments[:80]!r}")
        return value


@dataclass(slots=True)
class Completion:
    text: str = ""
    calls: dict[int, ToolCall] = field(default_factory=dict)
    finish: str = ""

    def add(self, event: dict[str, Any]) -> bool:
        """Take in one event; whether it brought anything of the answer."""
        choices = event.get("choices")
        if not isinstance(choices, list):
            raise PlanError("nonsense", f"no choices: {list(event)[:5]}")
        if not choices:
            return False  # the last event may only count tokens
        try:
            choice = choices[0]
            self.finish = choice.get("finish_reason") or self.finish
            delta = choice.get("delta") or choice.get("message") or {}
            self.text += delta.get("content") or ""
            for part in delta.get("tool_calls") or ():
                self._call(part)
        except (AttributeError, TypeError, KeyError) as error:
            raise PlanError("nonsense", f"{type(error).__name__} in {str(event)[:80]}") from None
        return bool(delta.get("content") or delta.get("tool_calls"))

    def _call(self, part: dict[str, Any]) -> None:
        at = part.get("index")
        if at is None:
            fresh = not self.calls or bool(part.get("id"))
            at = len(self.calls) if fresh else len(self.calls) - 1
        call = self.calls.setdefault(int(at), ToolCall())
        function = part.get("function") or {}
        call.id = call.id or part.get("id") or ""
        call.name = call.name or function.get("name") or ""
        call.arguments += function.get("arguments") or ""
