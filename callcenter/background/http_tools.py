"""Tools over any HTTP API that a TOML text describes (see `http_shape`). One client serves them all.

Only the described host is ever asked: arguments are escaped into path, query or body, redirects are not followed,
and neither proxies nor credentials of the machine are used. A tool that only reads is tried again after a fault of the
wire or the server; a change is sent once.
"""

import asyncio
import base64
import random
import re
from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Annotated, Any, Final, Literal
from urllib.parse import quote

import httpx
import orjson
from pydantic import Field, NaiveDatetime
from pydantic_core import to_jsonable_python

from callcenter.background.arguments import Digits, Money, Phone, checked, money
from callcenter.background.http_shape import PLACEHOLDER, Api, Argument, Auth, Described, parse
from callcenter.background.outcome import ToolError
from callcenter.background.secret import secret
from callcenter.background.tools import Tool

MAX_BODY: Final = 256_000
PAUSE: Final = 0.2
"""Seconds before the second try; twice that before the third."""
WORTH_ANOTHER_TRY: Final = (429, 502, 503, 504)
TYPES: Final[dict[str, Any]] = {
    "text": str,
    "digits": Digits,
    "whole": int,
    "phone": Phone,
    "amount": Money,
    "date": date,
    "time": NaiveDatetime,
    "yes_no": bool,
}


def shared_client() -> httpx.AsyncClient:
    """A client for all tools of a loop. What it may ask, and with which secret, each request says itself."""
    limits = httpx.Limits(max_connections=100, max_keepalive_connections=20)
    return httpx.AsyncClient(trust_env=False, follow_redirects=False, limits=limits)


def http_tools(text: str, client: httpx.AsyncClient, chance: random.Random) -> list[Tool]:
    """The tools that a description gives; raises DescriptionError with everything that is wrong with it."""
    read = parse(text)
    return [_tool(name, one, Remote(read.api, client, chance)) for name, one in read.tools.items()]


class Remote:
    """An API: sends what a description says and understands what comes back."""

    def __init__(self, api: Api, client: httpx.AsyncClient, chance: random.Random) -> None:
        self.api = api
        self.client = client
        self.chance = chance

    async def ask(self, one: Described, arguments: Mapping[str, Any], key: str) -> Any:
        tries = self.tries(one)
        for made in range(1, tries + 1):
            request = self._request(one, arguments, key)
            try:
                status, body = await self._send(request)
            except (TimeoutError, httpx.TimeoutException):
                if made == tries:
                    raise ToolError("timeout", "The system did not answer in time.") from None
            except httpx.HTTPError:
                if made == tries:
                    raise ToolError("unavailable", "The system cannot be reached.") from None
            else:
                if made == tries or status not in WORTH_ANOTHER_TRY:
                    return understood(one, status, _struck(request, body))
            await asyncio.sleep(PAUSE * made * self.chance.uniform(0.5, 1.5))
        raise AssertionError("the last try returns or raises")

    def tries(self, one: Described) -> int:
        return 1 if one.is_change else 1 + self.api.retries

    def deadline(self, one: Described) -> float:
        """Long enough for all tries and the pauses between them."""
        tries = self.tries(one)
        return 0.5 + tries * self.api.timeout + 1.5 * PAUSE * sum(range(tries))

    def _request(self, one: Described, arguments: Mapping[str, Any], key: str) -> httpx.Request:
        given = _sendable(one, arguments)
        keyed = {one.key_header: key} if one.key_header else {}
        return self.client.build_request(
            one.method,
            self.api.url.rstrip("/") + _filled_path(one.path, given),
            params={name: _plain(value) for name, value in _filled(one.query, given).items()} or None,
            json=None if one.body is None else _filled(one.body, given),
            headers={**self.api.headers, **keyed, **_signed(self.api.auth)},
        )

    async def _send(self, request: httpx.Request) -> tuple[int, bytes]:
        async with asyncio.timeout(self.api.timeout):
            response = await self.client.send(request, stream=True, auth=None)
            try:
                body = b""
                async for chunk in response.aiter_bytes():
                    body += chunk
                    if len(body) > MAX_BODY:
                        raise ToolError("unavailable", "The system's answer was too long.")
                return response.status_code, body
            finally:
                await response.aclose()


def _tool(name: str, one: Described, remote: Remote) -> Tool:
    fields = {key: _field(argument) for key, argument in one.arguments.items()}
    accept, schema = checked(name, fields)
    auth = remote.api.auth

    async def call(key: str = "", **arguments: Any) -> Any:
        return await remote.ask(one, arguments, key)

    return Tool(
        name=name,
        description=one.description,
        changes=one.is_change,
        private=one.private,
        parameters=schema,
        call=call,
        accept=accept,
        deadline=remote.deadline(one),
        key_parameter="key" if one.key_header else "",
        secrets=(secret(auth.names),) if auth and auth.names else (),
    )


def _field(argument: Argument) -> tuple[Any, Any]:
    kind: Any = Literal[argument.options] if argument.type == "choice" else TYPES[argument.type]
    described: Any = Annotated[kind, Field(description=argument.about or None)]
    return (described | None, None) if argument.optional else (described, ...)


def _signed(auth: Auth | None) -> dict[str, str]:
    if auth is None or auth.names is None:
        return {}
    value = secret(auth.names).reveal()
    if auth.user is not None:
        return {"Authorization": "Basic " + base64.b64encode(f"{auth.user}:{value}".encode()).decode()}
    return {auth.header: value} if auth.header else {"Authorization": f"Bearer {value}"}


def _struck(request: httpx.Request, body: bytes) -> bytes:
    """An answer that repeats our credentials must not carry them on; `scrub` knows only their plain form."""
    return body.replace(request.headers.get("Authorization", "\0").encode(), b"[secret]")


# ------------------------------------------------------------------------------------------------- what is sent


def _sendable(one: Described, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """What each placeholder stands for; None for what was not given."""
    given: dict[str, Any] = {}
    for name, value in arguments.items():
        amount = one.arguments[name].type == "amount" and value is not None
        given[name] = money(value, "").strip() if amount else to_jsonable_python(value)
        given[f"{name}|minor"] = value
    return given


def _filled_path(path: str, given: Mapping[str, Any]) -> str:
    filled = PLACEHOLDER.sub(lambda found: quote(str(_plain(given[found[1]])), safe=""), path)
    for before, after in zip(path.split("/"), filled.split("/"), strict=True):
        if before != after and after in ("", ".", ".."):
            raise ToolError("invalid", "This cannot be part of an address.")
    return filled


def _filled(template: Any, given: Mapping[str, Any]) -> Any:
    """The template with its arguments in place; keys and items whose arguments are missing are left out."""
    match template:
        case dict():
            made = {key: _filled(value, given) for key, value in template.items()}
            return {key: value for key, value in made.items() if value is not None}
        case list():
            return [value for value in (_filled(one, given) for one in template) if value is not None]
        case str():
            return _filled_text(template, given)
        case _:
            return template


def _filled_text(template: str, given: Mapping[str, Any]) -> Any:
    if whole := PLACEHOLDER.fullmatch(template):
        return given[whole[1]]
    if any(given[name] is None for name in PLACEHOLDER.findall(template)):
        return None
    return PLACEHOLDER.sub(lambda found: str(_plain(given[found[1]])), template)


def _plain(value: Any) -> Any:
    return str(value).lower() if isinstance(value, bool) else value


# ---------------------------------------------------------------------------------------------- what comes back


def understood(one: Described, status: int, body: bytes) -> Any:
    """The answer, or the error that a status means."""
    if status == 404:
        raise ToolError("not_found", _refusal(one, body) or "The system knows nothing of that.")
    if status in (400, 402, 403, 409, 410, 422) and one.refusal and (said := _refusal(one, body)):
        raise ToolError("refused", said)
    if not 200 <= status < 300:
        raise ToolError("unavailable", f"The system answered with an error ({status}).")
    if not body:
        return {}
    try:
        answer = orjson.loads(body)
    except orjson.JSONDecodeError:
        raise ToolError("unavailable", "The system's answer makes no sense.") from None
    return {name: _found(path, answer) for name, path in one.result.items()} if one.result else answer


def _refusal(one: Described, body: bytes) -> str:
    try:
        said = _found(one.refusal, orjson.loads(body)) if one.refusal else None
    except orjson.JSONDecodeError:
        return ""
    return said[:300] if isinstance(said, str) else ""


def _found(path: str, answer: Any) -> Any:
    """What stands at a path such as `events[*].city|digits`; None if nothing does."""
    path, _, form = path.partition("|")
    return _formed(form, _step(answer, re.findall(r"[^.\[\]]+", path), 0))


def _step(here: Any, parts: list[str], at: int) -> Any:
    if at == len(parts):
        return here
    part = parts[at]
    if isinstance(here, list) and part == "*":
        return [_step(one, parts, at + 1) for one in here]
    if isinstance(here, list) and part.isdigit() and int(part) < len(here):
        return _step(here[int(part)], parts, at + 1)
    return _step(here[part], parts, at + 1) if isinstance(here, dict) and part in here else None


def _formed(form: str, value: Any) -> Any:
    if isinstance(value, list):
        return [_formed(form, one) for one in value]
    if value is None or not form:
        return value
    try:
        return FORMS[form](value)
    except (ValueError, TypeError, InvalidOperation):
        raise ToolError("unavailable", "The system's answer makes no sense.") from None


FORMS: Final[dict[str, Callable[[Any], str]]] = {
    "minor": lambda value: money(int(value)),
    "amount": lambda value: money(int(Decimal(str(value)) * 100)),
    "date": lambda value: datetime.fromisoformat(str(value)).date().isoformat(),
    "digits": str,
}
