"""Tools described in TOML, against a real HTTP server that is strict, slow, broken or hostile."""

import asyncio
import base64
import random
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
import structlog
from web import Asked, Cut, Reply, Web, serving

from callcenter.background.described import DescriptionError
from callcenter.background.http_shape import parse
from callcenter.background.http_tools import MAX_BODY, http_tools, shared_client
from callcenter.background.outcome import Outcome
from callcenter.background.tools import Ran, Toolbox

PARCELS = """
[api]
url = "URL/v2"
auth = { bearer = "PARCEL_TOKEN" }
timeout = 0.3
retries = 2
headers = { Accept-Language = "en" }

[tools.parcel_place]
description = "Tell where a parcel is."
path = "/parcels/{number}"
private = true
arguments.number = { type = "text", about = "The number on the label." }
arguments.since = { type = "date", optional = true }
arguments.full = { type = "yes_no", optional = true }
query = { since = "{since}", full = "{full}", lang = "en" }
result = { place = "events[0].city", all = "events[*].city", fee = "fee_cents|minor", kilo = "weight", on = "at|date" }

[tools.redirect_parcel]
description = "Send a parcel elsewhere."
method = "POST"
path = "/parcels/{number}/redirect"
arguments.number = { type = "digits" }
arguments.to = { type = "text" }
arguments.cover = { type = "amount", optional = true }
arguments.how = { type = "choice", options = ["van", "bike"] }
arguments.doors = { type = "whole", optional = true }
body = { address = { line = "To {to}", how = "{how}" }, cover = "{cover}", cents = "{cover|minor}", n = ["{doors}", 1] }
key_header = "Idempotency-Key"
refusal = "error.message"
"""

PLACE = {
    "events": [{"city": "Reno"}, {"city": "Elko"}],
    "fee_cents": 1250,
    "at": "2026-11-20T10:11:12Z",
    "secret": "not for callers",
}


@pytest.fixture(autouse=True)
def token(monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("PARCEL_TOKEN", "tok-12345")
    return "tok-12345"


def ask(
    answer: Callable[[Asked], Any],
    name: str,
    *arguments: dict[str, Any],
    text: str = PARCELS,
    key: str = "call:1",
    ran: list[Ran] | None = None,
) -> tuple[list[Outcome], Web]:
    """Run a tool with each of the arguments, one after the other, against a server that answers so."""

    async def answered(asked: Asked) -> Reply:
        reply = answer(asked)
        reply = await reply if asyncio.iscoroutine(reply) else reply
        return reply if isinstance(reply, Reply) else Reply(body=reply)

    async def scenario() -> tuple[list[Outcome], Web]:
        async with serving(answered) as web, shared_client() as client:
            box = Toolbox(http_tools(text.replace("URL", web.url), client, random.Random(1)))
            report = ran.append if ran is not None else None
            outcomes = [await box.run(name, one, f"{key}.{nth}", report) for nth, one in enumerate(arguments)]
            await box.close()
            return outcomes, web

    return asyncio.run(scenario())


def test_a_question_goes_out_and_its_answer_is_mapped() -> None:
    (outcome,), web = ask(lambda _: PLACE, "parcel_place", {"number": "A 1/2?", "since": "2026-11-01", "full": True})
    assert outcome == Outcome(
        True, {"place": "Reno", "all": ["Reno", "Elko"], "fee": "12.50 USD", "kilo": None, "on": "2026-11-20"}
    )
    asked = web.asked[0]
    assert (asked.method, asked.path) == ("GET", "/v2/parcels/A%201%2F2%3F")
    assert asked.query == {"since": "2026-11-01", "full": "true", "lang": "en"}
    assert asked.headers["authorization"] == "Bearer tok-12345"
    assert asked.headers["accept-language"] == "en"


def test_what_was_not_given_is_not_sent() -> None:
    _, web = ask(lambda _: PLACE, "parcel_place", {"number": "1"})
    assert web.asked[0].query == {"lang": "en"}


def test_a_change_is_sent_once_with_its_key_and_its_types() -> None:
    arguments = {"number": "42 17", "to": "Elm Street", "cover": "12.50", "how": "van", "doors": 3}
    (outcome,), web = ask(lambda _: Reply(201), "redirect_parcel", arguments, key="call7")
    assert outcome == Outcome(True, {})
    asked = web.asked[0]
    assert (asked.method, asked.path) == ("POST", "/v2/parcels/4217/redirect")
    assert asked.headers["idempotency-key"] == "call7.0"
    assert asked.json == {
        "address": {"line": "To Elm Street", "how": "van"},
        "cover": "12.50",
        "cents": 1250,
        "n": [3, 1],
    }


def test_missing_parts_of_a_body_are_left_out() -> None:
    _, web = ask(lambda _: Reply(204), "redirect_parcel", {"number": "1", "to": "x", "how": "bike"})
    assert web.asked[0].json == {"address": {"line": "To x", "how": "bike"}, "n": [1]}


def test_one_connection_serves_several_questions() -> None:
    outcomes, web = ask(lambda _: PLACE, "parcel_place", {"number": "1"}, {"number": "2"}, {"number": "3"})
    assert all(one.ok for one in outcomes)
    assert (len(web.asked), web.connections) == (3, 1)


@pytest.mark.parametrize("number", ["..", ".", "../../admin", "..%2f..", "@evil.example", "x\r\nHost: evil"])
def test_an_argument_never_leaves_its_place_in_the_address(number: str) -> None:
    (outcome,), web = ask(lambda _: PLACE, "parcel_place", {"number": number})
    for asked in web.asked:
        assert asked.path.startswith("/v2/parcels/")
        assert asked.path.count("/") == 3
        assert asked.headers["host"] in web.url
    assert bool(web.asked) == (number not in ("..", "."))
    assert outcome.ok or outcome.kind == "invalid"


@pytest.mark.parametrize("to", ["https://evil.example/", "//evil.example/"])
def test_a_redirect_is_not_followed(to: str) -> None:
    (outcome,), web = ask(lambda _: Reply(302, headers={"Location": to}), "parcel_place", {"number": "1"})
    assert outcome.error == "unavailable: The system answered with an error (302)."
    assert len(web.asked) == 1


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (Reply(404), "not_found: The system knows nothing of that."),
        (Reply(404, {"error": {"message": "No parcel 1."}}), "not_found: No parcel 1."),
        (Reply(409, {"error": {"message": "Already out for delivery."}}), "refused: Already out for delivery."),
        (Reply(422, {"error": "odd"}), "unavailable: The system answered with an error (422)."),
        (Reply(403, b"<html>"), "unavailable: The system answered with an error (403)."),
        (Reply(401), "unavailable: The system answered with an error (401)."),
        (Reply(500, {"error": {"message": "stack trace"}}), "unavailable: The system answered with an error (500)."),
        (Reply(200, b"<html>hello"), "unavailable: The system's answer makes no sense."),
        (Reply(200, b"x" * (MAX_BODY + 1)), "unavailable: The system's answer was too long."),
    ],
)
def test_what_an_api_answers_becomes_a_typed_error(reply: Reply, error: str) -> None:
    (outcome,), web = ask(lambda _: reply, "redirect_parcel", {"number": "1", "to": "x", "how": "van"})
    assert outcome.error == error
    assert len(web.asked) == 1


@pytest.mark.parametrize("field", [{"fee_cents": "free"}, {"at": "yesterday"}, {"fee_cents": [None, "x"]}])
def test_an_answer_of_another_form_makes_no_sense(field: dict[str, Any]) -> None:
    (outcome,), _ = ask(lambda _: PLACE | field, "parcel_place", {"number": "1"})
    assert outcome.error == "unavailable: The system's answer makes no sense."


def flaky(faults: list[Any]) -> Callable[[Asked], Any]:
    """Fails in these ways first, then answers."""

    async def answer(asked: Asked) -> Any:
        fault = faults.pop(0) if faults else PLACE
        if fault == "stall":
            await asyncio.Event().wait()
        if fault == "cut":
            raise Cut
        if fault == "drip":
            return Reply(body=dripping())
        return fault

    return answer


async def dripping() -> AsyncIterator[bytes]:
    yield b"{"
    await asyncio.Event().wait()


@pytest.mark.parametrize("faults", [[Reply(503), Reply(429)], ["cut", Reply(502)], ["stall"], ["drip"]])
def test_a_question_is_asked_again_after_a_fault(faults: list[Any]) -> None:
    count = len(faults)
    unhurried = PARCELS.replace("timeout = 0.3", "timeout = 2.0")
    (outcome,), web = ask(flaky(faults), "parcel_place", {"number": "1"}, text=unhurried)
    assert outcome.ok, outcome
    assert len(web.asked) == count + 1


@pytest.mark.parametrize(
    ("fault", "kind"), [(Reply(503), "unavailable"), ("cut", "unavailable"), ("stall", "timeout"), ("drip", "timeout")]
)
def test_after_the_last_try_the_fault_is_the_answer_and_a_change_has_only_one(fault: Any, kind: str) -> None:
    (outcome,), web = ask(flaky([fault] * 9), "parcel_place", {"number": "1"})
    assert (outcome.kind, len(web.asked)) == (kind, 3)
    (outcome,), web = ask(flaky([fault] * 9), "redirect_parcel", {"number": "1", "to": "x", "how": "van"})
    assert (outcome.kind, len(web.asked)) == (kind, 1)


def test_a_host_that_is_not_there_is_unavailable() -> None:
    async def scenario() -> Outcome:
        async with serving(lambda _: None) as web:  # type: ignore[arg-type,return-value]
            url = web.url
        async with shared_client() as client:
            return await Toolbox(http_tools(PARCELS.replace("URL", url), client, random.Random(1))).run(
                "parcel_place", {"number": "1"}
            )

    assert asyncio.run(scenario()).error == "unavailable: The system cannot be reached."


BASIC = "Basic " + base64.b64encode(b"me:tok-12345").decode()
AUTHS = {
    '{ bearer = "PARCEL_TOKEN" }': ("authorization", "Bearer tok-12345"),
    '{ header = "X-Api-Key", secret = "PARCEL_TOKEN" }': ("x-api-key", "tok-12345"),
    '{ user = "me", secret = "PARCEL_TOKEN" }': (
        "authorization",
        "Basic " + base64.b64encode(b"me:tok-12345").decode(),
    ),
}


@pytest.mark.parametrize("auth", AUTHS)
@pytest.mark.parametrize("status", [200, 409, 500])
def test_secrets_are_sent_and_shown_nowhere(auth: str, status: int, token: str) -> None:
    header, value = AUTHS[auth]
    text = PARCELS.replace('{ bearer = "PARCEL_TOKEN" }', auth).replace(
        "result = { place", 'refusal = "error.message"\nresult = { echo = "echo", place'
    )
    ran: list[Ran] = []

    def echo(asked: Asked) -> Reply:
        told = asked.headers[header]
        return Reply(status, {"echo": told, "error": {"message": f"{told} is not allowed"}})

    with structlog.testing.capture_logs() as logs:
        (outcome,), web = ask(echo, "parcel_place", {"number": "1"}, text=text, ran=ran)
    assert web.asked[0].headers[header] == value
    for shown in (repr(outcome), repr(ran), repr(logs)):
        assert token not in shown
        assert BASIC.removeprefix("Basic ") not in shown


def test_without_its_secret_nothing_is_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PARCEL_TOKEN")
    (outcome,), web = ask(lambda _: PLACE, "parcel_place", {"number": "1"})
    assert outcome.error == "unavailable: The secret PARCEL_TOKEN is not set."
    assert web.asked == []


def test_the_proxy_of_the_machine_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
    (outcome,), _ = ask(lambda _: PLACE, "parcel_place", {"number": "1"})
    assert outcome.ok


def test_arguments_are_checked_before_anything_is_sent() -> None:
    outcomes, web = ask(
        lambda _: PLACE,
        "redirect_parcel",
        {"number": "x", "to": "x", "how": "van"},
        {"number": "1", "to": "x", "how": "boat"},
        {"number": "1", "how": "van"},
    )
    assert [one.kind for one in outcomes] == ["invalid"] * 3
    assert web.asked == []


def test_schema_and_marks_come_from_the_description() -> None:
    async def scenario() -> list[Any]:
        async with shared_client() as client:
            return http_tools(PARCELS.replace("URL", "https://a.example"), client, random.Random(1))

    place, redirect = asyncio.run(scenario())
    assert (place.private, place.changes, redirect.private, redirect.changes) == (True, False, False, True)
    assert place.parameters["required"] == ["number"]
    assert place.parameters["properties"]["number"]["description"] == "The number on the label."
    assert redirect.key_parameter == "key"
    assert place.deadline > 3 * 0.3


# ------------------------------------------------------------------------------------------- broken descriptions

GOOD = PARCELS.replace("URL", "https://api.example")


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        ("[api]", "[api", "line 2: TOML"),
        ('url = "https', '# url = "https', "line 2: api.url: Field required. Add it."),
        ("https://", "ftp://", "line 3: api.url: is no web address."),
        ("https://", "http://", "line 3: api.url: would send secrets in the clear."),
        ("api.example", "{host}.example", "line 3: api.url: holds a placeholder."),
        ("https://api", "https://me:pw@api", "line 3: api.url: holds credentials."),
        ("/v2", "/v2?key=1", "line 3: api.url: holds a query."),
        ('"PARCEL_TOKEN"', '"tok-12345"', "line 4: api.auth.bearer: is not the name of a secret."),
        ("bearer", "header", "line 4: api.auth: header is no way to sign in."),
        ("timeout = 0.3", "timeout = 90", "line 5: api.timeout: "),
        ("retries = 2", "retries = 20", "line 6: api.retries: "),
        ("private = true", "secret = true", "line 12: tools.parcel_place.secret: Extra inputs are not permitted."),
        ("tools.parcel_place", 'tools."Parcel place"', "line 9: tools.Parcel place: is no name for a tool."),
        ("/parcels/{number}", "parcels/{number}", "line 11: tools.parcel_place.path: does not begin with a slash."),
        ("/parcels/{number}", "/parcels?n={number}", "line 11: tools.parcel_place.path: holds a query."),
        ("/parcels/{number}", "/parcels/{nr}", "line 11: tools.parcel_place.path: there is no argument {nr}."),
        (
            "/parcels/{number}",
            "/parcels/{number|minor}",
            "line 11: tools.parcel_place.path: {number|minor} is",
        ),
        ("/parcels/{number}", "/{number}/{since}", "line 11: tools.parcel_place.path: {since} may be missing."),
        ('since = "{since}", ', "", "line 14: tools.parcel_place.arguments.since: is not used."),
        ('type = "date"', 'type = "day"', "line 14: tools.parcel_place.arguments.since.type: "),
        ('type = "date"', 'type = "choice"', "line 14: tools.parcel_place.arguments.since: a choice has options."),
        (
            "arguments.since",
            "arguments.Since",
            "line 14: tools.parcel_place.arguments.Since: is no name",
        ),
        ("events[0].city", "events[first].city", "line 17: tools.parcel_place.result.place: is no path."),
        (
            'query = { since = "{since}",',
            'body = { since = "{since}",',
            "line 16: tools.parcel_place.body: GET has no body.",
        ),
        ('method = "POST"', 'method = "SEND"', "line 21: tools.redirect_parcel.method: "),
        ('method = "POST"', 'method = "POST"\nchanges = false', "line 30: tools.redirect_parcel.key_header: "),
        ('description = "Tell where a parcel is."', 'description = ""', "line 10: tools.parcel_place.description: "),
    ],
)
def test_a_broken_description_tells_line_cause_and_remedy(before: str, after: str, message: str) -> None:
    assert before in GOOD
    with pytest.raises(DescriptionError) as caught:
        parse(GOOD.replace(before, after, 1))
    told = [str(problem) for problem in caught.value.problems]
    assert any(one.startswith(message) for one in told), told
    assert all(problem.remedy for problem in caught.value.problems)


def test_all_faults_are_told_at_once() -> None:
    broken = GOOD.replace("https://", "http://").replace("events[0].city", "a..b").replace('"{how}"', '"{hw}"')
    with pytest.raises(DescriptionError) as caught:
        parse(broken)
    assert len(caught.value.problems) == 4, "the address, the path, an unknown argument and one that is not used"
