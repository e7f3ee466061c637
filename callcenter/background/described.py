"""What an operator describes in TOML, read into frozen values; all that is wrong is told at once, with lines."""

import re
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final, TypeVar
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, ValidationError

from flows.form import dotted, syntax_problem
from flows.lines import Path, key_lines, line_of
from flows.shape import Problem

Found = tuple[Path, str, str]
"""Where, cause, remedy."""


class Form(BaseModel):
    """A table of a description: unknown keys are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True)


Read = TypeVar("Read", bound=Form)


class DescriptionError(ValueError):
    def __init__(self, problems: tuple[Problem, ...]) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = problems


def read(kind: type[Read], text: str, meaning: Callable[[Read], Iterable[Found]]) -> Read:
    """The description; `meaning` finds what is wrong though the form is right."""
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise DescriptionError((syntax_problem(error, text),)) from None
    lines = key_lines(text)
    try:
        made = kind.model_validate(table)
    except ValidationError as error:
        raise DescriptionError(tuple(_form_problem(one, lines) for one in error.errors())) from None
    problems = [_problem(path, cause, remedy, lines) for path, cause, remedy in meaning(made)]
    if problems:
        raise DescriptionError(tuple(problems))
    return made


_REMEDIES: Final = {
    "missing": "Add it.",
    "extra_forbidden": "Remove it, or look for a slip of the pen.",
    "too_short": "Describe at least one.",
    "string_too_short": "Write something.",
}


def _form_problem(error: Any, lines: Mapping[Path, int]) -> Problem:
    remedy = _REMEDIES.get(error["type"], "Write it as its description says.")
    return _problem(tuple(error["loc"]), f"{error['msg']}.", remedy, lines)


def _problem(path: Path, cause: str, remedy: str, lines: Mapping[Path, int]) -> Problem:
    return Problem(line_of(path, lines), dotted(path), cause, remedy)


# ------------------------------------------------------------------------------------------- what descriptions share

SECRET: Final = re.compile(r"[A-Z][A-Z0-9_]*")
LOOPBACK: Final = ("localhost", "127.0.0.1", "::1")


def against_address(url: str, path: Path) -> Iterator[Found]:
    """Why this is no address to send anything to."""
    parts = urlsplit(url)
    if "{" in url:
        yield path, "holds a placeholder.", "The host is fixed here; put arguments into `path` or `query`."
    elif not parts.hostname or parts.scheme not in ("https", "http"):
        yield path, "is no web address.", 'Write it as "https://host/path".'
    elif parts.scheme == "http" and parts.hostname not in LOOPBACK:
        yield path, "would send secrets in the clear.", "Use https; plain http is for this machine only."
    if parts.username or parts.password:
        yield path, "holds credentials.", "Name a secret instead."
    if parts.query or parts.fragment:
        yield path, "holds a query.", "Remove what stands behind the path."


def against_secret(name: str | None, path: Path) -> Iterator[Found]:
    """Why this cannot be the name of a secret. It may be a secret itself, so it is not repeated."""
    if name is not None and not SECRET.fullmatch(name):
        remedy = "Put the value into an environment variable and write the variable's name, in capitals, here."
        yield path, "is not the name of a secret.", remedy
