"""The tools that the background may use, of every kind, described in one TOML text.

    crm = true                                   # the embedded CRM; the default when nothing else is a CRM

    [http.parcels]
    file = "parcels.toml"                        # see `http_shape`; beside this file

    [mcp.warehouse]
    command = ["warehouse-server"]               # or: url = "https://host/mcp", bearer = "WAREHOUSE_TOKEN"
    secrets = { TOKEN = "WAREHOUSE_TOKEN" }      # what of our environment the program sees, by name
    reading = ["stock_level"]                    # tools that change nothing though the server does not say so
    public = ["stock_level"]                     # tools that need no verified caller

    [salesforce]
    url = "https://example.my.salesforce.com"
    token = "SALESFORCE_TOKEN"                   # or: key = "...", secret = "..." of a connected app

    [hubspot]
    token = "HUBSPOT_TOKEN"

Salesforce and HubSpot offer the tools of the embedded CRM under the same names: there is one CRM.
"""

import random
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import httpx
from pydantic import Field
from sqlalchemy import Engine

from callcenter.background.crm import crm_tools
from callcenter.background.described import DescriptionError, Form, Found, against_address, against_secret, read
from callcenter.background.http_tools import http_tools, shared_client
from callcenter.background.outcome import ToolError
from callcenter.background.secret import Secret, secret
from callcenter.background.tools import Tool, Toolbox
from flows.shape import Problem


class HttpSource(Form):
    file: str


class McpSource(Form):
    command: tuple[str, ...] = ()
    secrets: dict[str, str] = Field(default_factory=dict)
    url: str = ""
    bearer: str | None = None
    reading: tuple[str, ...] = ()
    public: tuple[str, ...] = ()
    deadline: float = Field(default=6.0, ge=0.1, le=60)


class SalesforceSource(Form):
    url: str
    token: str | None = None
    key: str | None = None
    secret: str | None = None
    key_field: str = ""


class HubSpotSource(Form):
    token: str
    url: str = "https://api.hubapi.com"
    key_property: str = ""


class Sources(Form):
    crm: bool | None = None
    http: dict[str, HttpSource] = Field(default_factory=dict)
    mcp: dict[str, McpSource] = Field(default_factory=dict)
    salesforce: SalesforceSource | None = None
    hubspot: HubSpotSource | None = None

    @property
    def embedded(self) -> bool:
        return self.crm if self.crm is not None else not (self.salesforce or self.hubspot)


@dataclass(frozen=True, slots=True)
class Stock:
    """The tools of all calls. They may be used on another loop than the one that opened them."""

    toolbox: Toolbox
    close: Callable[[], Awaitable[None]]


async def open_stock(text: str, folder: Path, engine: Engine, now: Callable[[], datetime]) -> Stock:
    """Read the description and make what it names; raises DescriptionError with all that is wrong."""
    found = read(Sources, text, _meaning)
    chance = random.Random()
    async with AsyncExitStack() as stack:
        client = shared_client()
        stack.push_async_callback(client.aclose)
        tools: list[Tool] = [*crm_tools(engine, now)] if found.embedded else []
        for name, one in found.http.items():
            tools += _described(name, folder / one.file, client, chance)
        tools += _salesforce(found.salesforce) + _hubspot(found.hubspot)
        for name, source in found.mcp.items():
            tools += await _mcp(name, source, stack)
        toolbox = Toolbox(_different(tools))
        stack.push_async_callback(toolbox.close)
        return Stock(toolbox, stack.pop_all().aclose)


def _meaning(found: Sources) -> Iterator[Found]:
    crms = [name for name in ("salesforce", "hubspot") if getattr(found, name)] + ["crm"] * bool(found.crm)
    if len(crms) > 1:
        yield (crms[0],), f"{' and '.join(crms)} offer the same tools.", "Keep one of them."
    for name, one in found.mcp.items():
        if bool(one.command) == bool(one.url):
            yield (
                ("mcp", name),
                "needs a command or a url.",
                'Write command = ["program"], or url = "https://host/mcp".',
            )
        if one.url:
            yield from against_address(one.url, ("mcp", name, "url"))
        yield from against_secret(one.bearer, ("mcp", name, "bearer"))
        for variable, named in one.secrets.items():
            yield from against_secret(named, ("mcp", name, "secrets", variable))
    for name in ("salesforce", "hubspot"):
        if source := getattr(found, name):
            yield from against_address(source.url, (name, "url"))
            for key in {"token", "key", "secret"} & set(type(source).model_fields):
                yield from against_secret(getattr(source, key), (name, key))
    if found.salesforce and not found.salesforce.token and not (found.salesforce.key and found.salesforce.secret):
        yield ("salesforce",), "has no way to sign in.", 'Name a secret: token = "NAME", or key and secret.'


def _wrong(where: str, cause: str, remedy: str) -> DescriptionError:
    return DescriptionError((Problem(1, where, cause, remedy),))


def _described(name: str, path: Path, client: httpx.AsyncClient, chance: random.Random) -> list[Tool]:
    try:
        return http_tools(path.read_text(encoding="utf-8"), client, chance)
    except OSError:
        raise _wrong(
            f"http.{name}.file", f"{path} cannot be read.", "Put the file there, or correct its name."
        ) from None
    except DescriptionError as error:
        moved = tuple(Problem(one.line, f"{path.name}: {one.where}", one.cause, one.remedy) for one in error.problems)
        raise DescriptionError(moved) from None


async def _mcp(name: str, source: McpSource, stack: AsyncExitStack) -> list[Tool]:
    try:
        from callcenter.background.mcp_tools import McpServer, Program, Site
    except ImportError:
        raise _wrong(f"mcp.{name}", "the extra `mcp` is not installed.", "pip install 'callcenter[mcp]'") from None
    where: Program | Site = Site(source.url, _named(source.bearer))
    if source.command:
        where = Program(source.command, {name: secret(named) for name, named in source.secrets.items()})
    server = McpServer(where, reading=source.reading, public=source.public, deadline=source.deadline)
    stack.push_async_callback(server.close)
    try:
        return await server.tools()
    except ToolError as error:
        raise _wrong(f"mcp.{name}", error.sentence, "Start the server, or correct how it is reached.") from None


def _salesforce(source: SalesforceSource | None) -> list[Tool]:
    if source is None:
        return []
    try:
        from callcenter.background.salesforce import Org, salesforce_tools
    except ImportError:
        raise _wrong("salesforce", "the extra is not installed.", "pip install 'callcenter[salesforce]'") from None
    return salesforce_tools(
        Org(source.url, _named(source.token), _named(source.key), _named(source.secret), source.key_field)
    )


def _hubspot(source: HubSpotSource | None) -> list[Tool]:
    if source is None:
        return []
    try:
        from callcenter.background.hubspot import Portal, hubspot_tools
    except ImportError:
        raise _wrong("hubspot", "the extra is not installed.", "pip install 'callcenter[hubspot]'") from None
    return hubspot_tools(Portal(secret(source.token), source.url, key_property=source.key_property))


def _named(name: str | None) -> Secret | None:
    return secret(name) if name else None


def _different(tools: list[Tool]) -> list[Tool]:
    names = [one.name for one in tools]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise _wrong("tools", f"{', '.join(twice)}: offered twice.", "Rename one of them, or leave one source out.")
    return tools
