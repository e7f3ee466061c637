"""The tools of an MCP server, over stdio or streamable HTTP, through the official client (extra `mcp`).

A connection lives in a task of its own, because the client must be left by the task that entered it; a connection that
broke is made anew by the next call. A server only hints at what its tools do: what it does not call read-only counts as
a change, and every tool is private unless the operator says otherwise.
"""

import asyncio
import json
import os
import re
from collections.abc import Collection, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, TextIO

import anyio
import httpx2
import jsonschema
import structlog
from mcp import Client, MCPError, StdioServerParameters
from mcp.client.stdio import stdio_client
from mcp.client.streamable_http import streamable_http_client
from mcp_types import INTERNAL_ERROR, INVALID_PARAMS, METHOD_NOT_FOUND, CallToolResult, TextContent
from mcp_types import Tool as Offered

from callcenter.background.arguments import Accept
from callcenter.background.outcome import ToolError
from callcenter.background.secret import Secret
from callcenter.background.tools import Tool

log = structlog.get_logger()

CONNECTING: Final = 10.0
"""Seconds that a server may take to start and introduce itself."""
KEY: Final = "__key__"
CRASHED: Final = re.compile(r"Error executing tool [\w.-]+(: )?")


@dataclass(frozen=True, slots=True)
class Program:
    """A server that is a program of ours. It sees no more of our environment than the secrets named here."""

    command: tuple[str, ...]
    secrets: Mapping[str, Secret] = field(default_factory=dict)
    """Variable of the program = secret."""


@dataclass(frozen=True, slots=True)
class Site:
    """A server on the network."""

    url: str
    bearer: Secret | None = None


class McpServer:
    def __init__(
        self,
        where: Program | Site,
        *,
        reading: Collection[str] = (),
        public: Collection[str] = (),
        deadline: float = 6.0,
    ) -> None:
        """`reading` names tools that change nothing though the server does not say so; `public` those not private."""
        self.where = where
        self.reading = frozenset(reading)
        self.public = frozenset(public)
        self.deadline = deadline
        self._connection: Connection | None = None
        self._leaving: set[asyncio.Task[None]] = set()

    async def tools(self) -> list[Tool]:
        """Everything the server offers now."""
        client = await self._connected().client()
        offered: list[Offered] = []
        cursor: str | None = None
        while True:
            page = await client.list_tools(cursor=cursor)
            offered += page.tools
            cursor = page.next_cursor
            if not cursor:
                return [self._tool(one) for one in offered]

    async def close(self) -> None:
        if self._connection:
            self._forget(self._connection)
        if self._leaving:
            _, late = await asyncio.wait(self._leaving, timeout=CONNECTING)
            for task in late:
                task.cancel()

    def _connected(self) -> "Connection":
        if self._connection is None or self._connection.task.done():
            self._connection = Connection(self.where)
        return self._connection

    def _forget(self, connection: "Connection") -> None:
        """Leave a connection that is of no use any more. It winds itself up; nobody waits for it but `close`."""
        if self._connection is connection:
            self._connection = None
        if not connection.task.done():
            connection.leave.set()
            self._leaving.add(connection.task)
            connection.task.add_done_callback(self._leaving.discard)

    # -------------------------------------------------------------------------------------------------------- tools

    def _tool(self, offered: Offered) -> Tool:
        hints = offered.annotations
        reads = offered.name in self.reading or bool(hints and hints.read_only_hint)

        async def call(**arguments: Any) -> Any:
            arguments.pop(KEY, None)
            return await self._call(offered.name, arguments, again=reads)

        return Tool(
            name=re.sub(r"[^A-Za-z0-9_-]", "_", offered.name)[:64],
            description=" ".join((offered.description or offered.title or offered.name).split()),
            changes=not reads,
            private=offered.name not in self.public,
            parameters=dict(offered.input_schema),
            call=call,
            accept=_accepting(offered.input_schema),
            deadline=self.deadline,
            key_parameter=KEY if hints and hints.idempotent_hint and not reads else "",
            secrets=_secrets(self.where),
        )

    async def _call(self, name: str, arguments: dict[str, Any], *, again: bool) -> Any:
        connection = self._connected()
        client = await connection.client()
        try:
            return _answer(await client.call_tool(name, arguments))
        except MCPError as error:
            if error.code in (INVALID_PARAMS, METHOD_NOT_FOUND):
                raise ToolError("invalid", error.message) from None
            if error.code == INTERNAL_ERROR:
                raise ToolError("unavailable", "The system could not answer.") from None
        except (anyio.ClosedResourceError, anyio.BrokenResourceError, OSError):
            pass
        self._forget(connection)
        if again:
            return await self._call(name, arguments, again=False)
        raise ToolError("unavailable", "The system cannot be reached.")


class Connection:
    """One connection, held open by a task of its own until it is told to leave."""

    def __init__(self, where: Program | Site) -> None:
        self.where = where
        self.leave = asyncio.Event()
        self._ready: asyncio.Future[Client] = asyncio.get_running_loop().create_future()
        self.task = asyncio.create_task(self._stay(), name="mcp")

    async def client(self) -> Client:
        """Whoever is cancelled while waiting does not stop the connection from being made."""
        return await asyncio.shield(self._ready)

    async def _stay(self) -> None:
        try:
            async with AsyncExitStack() as stack:
                async with asyncio.timeout(CONNECTING):
                    client = await _enter(self.where, stack)
                self._ready.set_result(client)
                await self.leave.wait()
        except Exception as error:
            log.warning("mcp connection broke", error=type(error).__name__)
            if not self._ready.done():
                known = (
                    error if isinstance(error, ToolError) else ToolError("unavailable", "The system cannot be reached.")
                )
                self._ready.set_exception(known)
                self._ready.exception()  # somebody may wait for it, or nobody


async def _enter(where: Program | Site, stack: AsyncExitStack) -> Client:
    if isinstance(where, Program):
        environment = {name: secret.reveal() for name, secret in where.secrets.items()}
        command, *arguments = where.command
        program = StdioServerParameters(command=command, args=arguments, env=environment)
        return await stack.enter_async_context(Client(stdio_client(program, errlog=stack.enter_context(_nowhere()))))
    headers = {"Authorization": f"Bearer {where.bearer.reveal()}"} if where.bearer else {}
    web = httpx2.AsyncClient(headers=headers, timeout=httpx2.Timeout(10.0, read=60.0), trust_env=False)
    await stack.enter_async_context(web)
    return await stack.enter_async_context(Client(streamable_http_client(where.url, http_client=web)))


def _nowhere() -> TextIO:
    """What a server grumbles about may hold anything, also secrets."""
    return Path(os.devnull).open("w")


def _secrets(where: Program | Site) -> tuple[Secret, ...]:
    if isinstance(where, Program):
        return tuple(where.secrets.values())
    return (where.bearer,) if where.bearer else ()


def _accepting(schema: dict[str, Any]) -> Accept:
    check = jsonschema.validators.validator_for(schema)(schema)

    def accept(arguments: Mapping[str, Any]) -> dict[str, Any]:
        given = dict(arguments)
        found = sorted({error.message for error in check.iter_errors(given)})
        if found:
            raise ToolError("invalid", "; ".join(found) + ".")
        return given

    return accept


def _answer(result: CallToolResult) -> Any:
    text = "\n".join(part.text for part in result.content if isinstance(part, TextContent))
    if result.is_error:
        said = CRASHED.sub("", text).strip()
        if not said:
            raise ToolError("unavailable", "The system could not answer.")
        raise ToolError("refused", said[:300])
    if result.structured_content is not None:
        return result.structured_content
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        return {"text": text}
