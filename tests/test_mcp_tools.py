"""Tools of a real MCP server in a process of its own, over stdio and over HTTP."""

import asyncio
import os
import socket
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import structlog

from callcenter.background.mcp_tools import McpServer, Program, Site
from callcenter.background.outcome import Outcome, ToolError
from callcenter.background.secret import secret
from callcenter.background.tools import Ran, Tool, Toolbox

SERVER = Path(__file__).with_name("mcp_server.py")
STDIO = Program((sys.executable, str(SERVER)))


@pytest.fixture(autouse=True)
def token(monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("PARCEL_TOKEN", "tok-12345")
    return "tok-12345"


@pytest.fixture(scope="module")
def site() -> Iterator[str]:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    environment = {**os.environ, "PARCEL_TOKEN": "tok-12345"}
    process = subprocess.Popen([sys.executable, str(SERVER), str(port)], env=environment)
    url = f"http://127.0.0.1:{port}/mcp"
    try:
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline and process.poll() is None:
            try:
                httpx.get(url, trust_env=False)
                break
            except httpx.TransportError:
                continue
        yield url
    finally:
        process.terminate()
        process.wait()


def use(where: Program | Site, work: Callable[[Toolbox], Awaitable[Any]], **options: Any) -> Any:
    async def scenario() -> Any:
        server = McpServer(where, **options)
        try:
            return await work(Toolbox(await server.tools()))
        finally:
            await server.close()

    return asyncio.run(scenario())


def run(where: Program | Site, name: str, arguments: dict[str, Any], **options: Any) -> Outcome:
    return use(where, lambda box: box.run(name, arguments, "key"), **options)


@pytest.fixture(params=["stdio", "http"])
def where(request: pytest.FixtureRequest) -> Program | Site:
    if request.param == "stdio":
        return STDIO
    return Site(request.getfixturevalue("site"), secret("PARCEL_TOKEN"))


async def tools_of(box: Toolbox) -> dict[str, Tool]:
    return dict(box.tools)


def test_the_tools_of_a_server_become_tools(where: Program | Site) -> None:
    tools = use(where, tools_of)
    place = tools["parcel_place"]
    assert place.description == "Tell where a parcel is."
    assert place.parameters["required"] == ["number"]
    assert {name for name, one in tools.items() if one.changes} == {"parcel_notes", "redirect_parcel", "book_van"}
    assert all(one.private for one in tools.values())
    assert [name for name, one in tools.items() if one.key_parameter] == ["book_van"]


def test_the_operator_knows_better_than_the_servers_hints() -> None:
    tools = use(STDIO, tools_of, reading=["parcel_notes"], public=["parcel_place"])
    assert not tools["parcel_notes"].changes
    assert [name for name, one in tools.items() if not one.private] == ["parcel_place"]


def test_a_tool_answers(where: Program | Site) -> None:
    value = run(where, "parcel_place", {"number": "4217"}).value
    assert (value["number"], value["city"], value["full"]) == ("4217", "Reno", False)
    assert run(where, "redirect_parcel", {"number": 7, "to": "Elm"}) == Outcome(True, {"result": "7 goes to Elm"})
    assert run(where, "book_van", {"day": "Monday"}).ok


WRONG = [
    ("parcel_place", {}, "invalid: 'number' is a required property."),
    ("parcel_place", {"number": 7}, "invalid: 7 is not of type 'string'."),
    ("redirect_parcel", {"number": 1, "to": "x"}, "refused: Parcel 1 is out for delivery."),
    ("redirect_parcel", {"number": 2, "to": "x"}, "unavailable: The system could not answer."),
]


def test_what_goes_wrong_is_typed(where: Program | Site) -> None:
    async def work(box: Toolbox) -> list[str]:
        return [(await box.run(name, arguments, f"k{n}")).error for n, (name, arguments, _) in enumerate(WRONG)]

    assert use(where, work) == [error for _, _, error in WRONG]


def test_a_program_sees_only_the_secrets_it_is_given(monkeypatch: pytest.MonkeyPatch, token: str) -> None:
    monkeypatch.setenv("OTHER_SECRET", "x")
    seen = run(STDIO, "parcel_place", {"number": "1"}).value["sees"]
    assert "PARCEL_TOKEN" not in seen
    assert "OTHER_SECRET" not in seen
    given = Program(STDIO.command, {"PARCEL_TOKEN": secret("PARCEL_TOKEN")})
    ran: list[Ran] = []
    outcome = use(given, lambda box: box.run("show_token", {}, report=ran.append))
    assert outcome.value == {"result": "token is [PARCEL_TOKEN]"}
    assert token not in repr(ran) + repr(given)


def test_a_hanging_tool_is_given_up_and_told_so(where: Program | Site, tmp_path: Path) -> None:
    mark = tmp_path / "cancelled"

    async def work(box: Toolbox) -> None:
        assert (await box.run("hang", {"mark": str(mark)})).kind == "timeout"
        assert (await box.run("parcel_place", {"number": "1"})).ok, "the connection is still good"
        async with asyncio.timeout(10):
            while not mark.exists():
                await asyncio.sleep(0.01)

    use(where, work, deadline=0.5)


def test_a_server_that_died_is_started_again_for_a_question(tmp_path: Path) -> None:
    arguments = {"mark": str(tmp_path / "crashed")}
    with structlog.testing.capture_logs():
        assert run(STDIO, "crash_once", arguments) == Outcome(True, {"result": "back again"})


def test_a_change_that_took_the_server_down_is_not_sent_again() -> None:
    async def work(box: Toolbox) -> list[Outcome]:
        asked = {"number": 3, "to": "x"}
        twice = [await box.run("redirect_parcel", asked, "k") for _ in range(2)]
        return [*twice, await box.run("parcel_place", {"number": "1"})]

    first, again, after = use(STDIO, work)
    assert first == again == Outcome(False, None, "unavailable: The system cannot be reached.")
    assert after.ok


def test_many_questions_share_one_connection(where: Program | Site) -> None:
    async def work(box: Toolbox) -> list[Outcome]:
        return await asyncio.gather(*(box.run("parcel_place", {"number": str(n)}) for n in range(20)))

    assert [one.value["number"] for one in use(where, work)] == [str(n) for n in range(20)]


@pytest.mark.parametrize(
    "where",
    [
        Program(("/nonexistent/server",)),
        Program((sys.executable, "-c", "raise SystemExit")),
        Program((sys.executable, "-c", "print('hello')")),
        Program(STDIO.command, {"X": secret("NOT_SET_ANYWHERE")}),
        Site("http://127.0.0.1:9/mcp"),
    ],
    ids=["missing", "ends", "babbles", "no secret", "refuses"],
)
def test_a_server_that_cannot_be_reached_is_an_error_not_a_hang(where: Program | Site) -> None:
    async def scenario() -> None:
        server = McpServer(where)
        with pytest.raises(ToolError) as caught:
            await server.tools()
        assert caught.value.kind == "unavailable"
        await server.close()

    with structlog.testing.capture_logs():
        asyncio.run(scenario())


def test_without_the_right_token_nobody_is_let_in(site: str) -> None:
    async def scenario() -> None:
        server = McpServer(Site(site))
        with pytest.raises(ToolError):
            await server.tools()
        await server.close()

    with structlog.testing.capture_logs():
        asyncio.run(scenario())
