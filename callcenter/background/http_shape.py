"""How an HTTP API is described in TOML, and everything that can be wrong with a description, told at once.

    [api]
    url = "https://api.parcels.example/v2"       # the only host that is ever asked
    auth = { bearer = "PARCEL_TOKEN" }           # the name of a secret, never its value
    timeout = 3.0                                # seconds for one try
    retries = 1                                  # of tools that only read

    [tools.parcel_place]
    description = "Tell where a parcel is."
    path = "/parcels/{number}"
    private = true
    arguments.number = { type = "digits", about = "The number on the label." }
    result = { place = "events[0].city", fee = "fee_cents|minor" }

In `path`, `query` and `body`, `{number}` is an argument; a text that is nothing else keeps the argument's type, and
`{amount|minor}` is an amount in cents. What refers to an argument that was not given is left out.
"""

import re
from collections.abc import Iterator
from typing import Any, Final, Literal

from pydantic import Field

from callcenter.background.described import Form, Found, against_address, against_secret, read

PLACEHOLDER: Final = re.compile(r"\{([^{}]*)\}")
ARGUMENT: Final = re.compile(r"([a-z][a-z0-9_]*)(\|minor)?")
RESULT: Final = re.compile(r"[^.\[\]|]+(\.[^.\[\]|]+|\[(\d+|\*)\])*(\|(minor|amount|date|digits))?")
READING: Final = ("GET", "HEAD")

Type = Literal["text", "digits", "whole", "phone", "amount", "date", "time", "yes_no", "choice"]


class Auth(Form):
    bearer: str | None = None
    header: str | None = None
    user: str | None = None
    secret: str | None = None

    @property
    def names(self) -> str | None:
        """The name of the secret."""
        return self.bearer or self.secret


class Api(Form):
    url: str
    auth: Auth | None = None
    headers: dict[str, str] = Field(default_factory=dict)
    timeout: float = Field(default=3.0, ge=0.1, le=30)
    retries: int = Field(default=1, ge=0, le=3)


class Argument(Form):
    type: Type = "text"
    about: str = ""
    optional: bool = False
    options: tuple[str, ...] = ()


class Described(Form):
    """One tool of an API."""

    description: str = Field(min_length=1)
    path: str
    method: Literal["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"] = "GET"
    changes: bool | None = None
    """True if it is left out and the method is not GET."""
    private: bool = False
    arguments: dict[str, Argument] = Field(default_factory=dict)
    query: dict[str, str] = Field(default_factory=dict)
    body: dict[str, Any] | None = None
    key_header: str = ""
    """The header that takes the key of a change, if the API refuses to do the same key twice."""
    result: dict[str, str] = Field(default_factory=dict)
    """Field of the answer = path in the JSON; the whole JSON if it is left out."""
    refusal: str = ""
    """Path of the sentence in which the API says no."""

    @property
    def is_change(self) -> bool:
        return self.method not in READING if self.changes is None else self.changes


class Description(Form):
    api: Api
    tools: dict[str, Described] = Field(min_length=1)


def parse(text: str) -> Description:
    return read(Description, text, _meaning)


def _meaning(found: Description) -> Iterator[Found]:
    yield from against_address(found.api.url, ("api", "url"))
    yield from _auth(found.api.auth)
    for name, one in found.tools.items():
        if not re.fullmatch(r"[a-z][a-z0-9_]{0,63}", name):
            yield ("tools", name), "is no name for a tool.", "Use small letters, digits and underscores."
        for path, cause, remedy in (*_tool(one), *_placeholders(one), *_results(one)):
            yield ("tools", name, *path), cause, remedy


def _auth(auth: Auth | None) -> Iterator[Found]:
    if auth is None:
        return
    given = [name for name in ("bearer", "header", "user", "secret") if getattr(auth, name) is not None]
    if given not in (["bearer"], ["header", "secret"], ["user", "secret"]):
        remedy = 'Use { bearer = "NAME" }, { header = "X-Key", secret = "NAME" } or { user = "me", secret = "NAME" }.'
        yield ("api", "auth"), f"{' with '.join(given) or 'nothing'} is no way to sign in.", remedy
    for name in ("bearer", "secret"):
        yield from against_secret(getattr(auth, name), ("api", "auth", name))


def _tool(one: Described) -> Iterator[Found]:
    if not one.path.startswith("/"):
        yield ("path",), "does not begin with a slash.", f'Write "/{one.path}".'
    if "?" in one.path or "#" in one.path:
        yield ("path",), "holds a query.", "Put it into `query`."
    if one.body is not None and one.method in READING:
        yield ("body",), f"{one.method} has no body.", 'Use `query`, or `method = "POST"`.'
    if one.key_header and not one.is_change:
        yield ("key_header",), "a tool that only reads has no key.", "Remove it, or set `changes = true`."
    for name, argument in one.arguments.items():
        if not re.fullmatch(r"[a-z][a-z0-9_]*", name) or name == "key":
            yield (
                ("arguments", name),
                "is no name for an argument.",
                "Use small letters and underscores; not `key`.",
            )
        if (argument.type == "choice") != bool(argument.options):
            yield ("arguments", name), "a choice has options.", 'Write { type = "choice", options = ["a", "b"] }.'


def _placeholders(one: Described) -> Iterator[Found]:
    used = set()
    for where, text in (("path", one.path), *(("query", value) for value in one.query.values()), *_texts(one.body)):
        for found in PLACEHOLDER.findall(text):
            match = ARGUMENT.fullmatch(found)
            name = match[1] if match else found
            used.add(name)
            if name not in one.arguments:
                yield (where,), f"there is no argument {{{found}}}.", f"Describe it: arguments.{name} = {{ ... }}."
            elif match and match[2] and one.arguments[name].type != "amount":
                yield (where,), f"{{{found}}} is no amount.", f'Give `{name}` the type "amount", or drop "|minor".'
            elif where == "path" and one.arguments[name].optional:
                yield (where,), f"{{{name}}} may be missing.", "Put an optional argument into `query` or `body`."
    for name in sorted(set(one.arguments) - used):
        yield ("arguments", name), "is not used.", f"Put {{{name}}} into `path`, `query` or `body`, or remove it."


def _texts(body: Any) -> Iterator[tuple[str, str]]:
    if isinstance(body, str):
        yield "body", body
    for value in body.values() if isinstance(body, dict) else body if isinstance(body, list) else ():
        yield from _texts(value)


def _results(one: Described) -> Iterator[Found]:
    for name, path in one.result.items():
        if not RESULT.fullmatch(path):
            remedy = 'Write "a.b[0].c" or "a[*].b", and perhaps "|minor", "|amount", "|date" or "|digits" after it.'
            yield ("result", name), "is no path.", remedy
    if one.refusal and not RESULT.fullmatch(one.refusal):
        yield ("refusal",), "is no path.", 'Write "error.message".'
