"""HubSpot at its HTTP boundary: the maintained client against a small portal that is strict about what it is sent."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import unquote

import pytest
import structlog
from web import Asked, Cut, Reply, Web, serving

from callcenter.background.hubspot import TIMEOUT, Portal, hubspot_tools
from callcenter.background.outcome import Outcome
from callcenter.background.secret import secret
from callcenter.background.tools import Ran, Toolbox

PEOPLE = {
    "101": {
        "firstname": "Maria",
        "lastname": "Lopez",
        "phone": "+12025550100",
        "email": "m@example.com",
        "date_of_birth": "1984-03-12",
        "zip": "60614",
    },
    "102": {
        "firstname": "Maria",
        "lastname": "Lopez",
        "phone": "+12025550101",
        "date_of_birth": "1991-07-30",
        "zip": "73301",
    },
}
FIELDS = {"firstname", "lastname", "phone", "email", "date_of_birth", "zip"}


class HubSpotPortal:
    """Contacts and tickets, as the API documents them; anything else is an assertion."""

    def __init__(self) -> None:
        self.people = {number: dict(person) for number, person in PEOPLE.items()}
        self.tickets: dict[str, dict[str, Any]] = {}
        self.fault: Any = None
        self.asked: list[Asked] = []

    async def answer(self, asked: Asked) -> Reply:
        self.asked.append(asked)
        if self.fault == "cut":
            raise Cut
        if self.fault == "stall":
            await asyncio.Event().wait()
        if isinstance(self.fault, Reply):
            return self.fault
        if asked.headers.get("authorization") != "Bearer pat-12345":
            return Reply(401, {"status": "error", "category": "INVALID_AUTHENTICATION", "message": "no"})
        place = [unquote(part) for part in asked.path.removeprefix("/crm/v3/objects/").split("/")]
        match asked.method, place:
            case "POST", ["contacts", "search"]:
                return self.search(asked.json)
            case "PATCH", ["contacts", number]:
                return self.update(number, asked.json["properties"])
            case "POST", ["tickets"]:
                return self.create(asked.json)
            case "GET", ["tickets", number]:
                return self.ticket(number, asked.query)
        raise AssertionError(asked)

    def search(self, told: dict[str, Any]) -> Reply:
        (group,) = told["filterGroups"]
        for one in group["filters"]:
            assert one["operator"] == "EQ"
            assert one["propertyName"] in FIELDS
        fit = [
            {"id": number, "properties": {name: person.get(name) for name in told["properties"]}, **STAMPS}
            for number, person in self.people.items()
            if all(person.get(one["propertyName"]) == one["value"] for one in group["filters"])
        ]
        return Reply(body={"total": len(fit), "results": fit[: told["limit"]]})

    def update(self, number: str, properties: dict[str, str]) -> Reply:
        if number not in self.people:
            return Reply(404, {"status": "error", "category": "OBJECT_NOT_FOUND", "message": "resource not found"})
        if properties.get("email", "").endswith(".invalid"):
            said = "Email address x is invalid"
            return Reply(400, {"status": "error", "category": "VALIDATION_ERROR", "message": said})
        self.people[number] |= properties
        return Reply(body={"id": number, "properties": properties, **STAMPS})

    def create(self, told: dict[str, Any]) -> Reply:
        properties = told["properties"]
        assert properties["hs_pipeline"] == "0"
        for tie in told["associations"]:
            assert tie["types"] == [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 16}]
        key = properties.get("call_key")
        if key and any(one["properties"].get("call_key") == key for one in self.tickets.values()):
            return Reply(409, {"status": "error", "category": "CONFLICT", "message": "already has that value"})
        number = str(9001 + len(self.tickets))
        self.tickets[number] = {
            "id": number,
            "properties": {**properties, "createdate": "2026-11-23T09:30:00Z"},
            "ties": [tie["to"]["id"] for tie in told["associations"]],
        }
        return Reply(201, {"id": number, "properties": properties, **STAMPS})

    def ticket(self, number: str, query: dict[str, str]) -> Reply:
        if by := query.get("idProperty"):
            number = next((id_ for id_, one in self.tickets.items() if one["properties"].get(by) == number), "")
        found = self.tickets.get(number)
        if found is None:
            return Reply(404, {"status": "error", "category": "OBJECT_NOT_FOUND", "message": "no"})
        ties = {"contacts": {"results": [{"id": tie, "type": "ticket_to_contact"} for tie in found["ties"]]}}
        shown = {"associations": ties} if query.get("associations") == "contacts" and found["ties"] else {}
        return Reply(body={"id": number, "properties": found["properties"], **STAMPS, **shown})


STAMPS = {"createdAt": "2026-11-23T09:30:00Z", "updatedAt": "2026-11-23T09:30:00Z", "archived": False}
Work = Callable[[Toolbox, Web], Awaitable[Any]]


@pytest.fixture(autouse=True)
def token(monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("HUBSPOT_TOKEN", "pat-12345")
    return "pat-12345"


@pytest.fixture
def portal() -> HubSpotPortal:
    return HubSpotPortal()


@pytest.fixture
def use(portal: HubSpotPortal) -> Callable[..., Any]:
    def run(work: Work, key_property: str = "") -> Any:
        async def scenario() -> Any:
            async with serving(portal.answer) as web:
                made = Portal(secret("HUBSPOT_TOKEN"), web.url, key_property=key_property)
                box = Toolbox(hubspot_tools(made))
                try:
                    return await work(box, web)
                finally:
                    await box.close()

        with structlog.testing.capture_logs():
            return asyncio.run(scenario())

    return run


def one(name: str, /, key: str = "call:1", **arguments: Any) -> Work:
    return lambda box, web: box.run(name, arguments, key)


@pytest.mark.parametrize(
    ("arguments", "matches", "customer"),
    [
        ({"name": "Maria Lopez"}, 2, None),
        ({"name": "Maria Lopez", "phone": "202 555 0101"}, 1, "102"),
        ({"email": "m@example.com"}, 1, "101"),
    ],
)
def test_a_customer_is_found(use: Any, arguments: dict[str, Any], matches: int, customer: str | None) -> None:
    assert use(one("find_customer", **arguments)) == Outcome(True, {"matches": matches, "customer": customer})


def test_who_is_not_there_is_not_found(use: Any) -> None:
    assert use(one("find_customer", name="Nobody Atall")).kind == "not_found"
    assert use(one("find_customer")).kind == "invalid"


@pytest.mark.parametrize(
    ("arguments", "customer", "need"),
    [
        ({"name": "Maria Lopez", "born": "1984-03-12"}, "101", None),
        ({"phone": "+12025550101", "postcode": "73301"}, "102", None),
        ({"name": "Maria Lopez", "born": "1984-03-13"}, None, None),
        ({"name": "Maria Lopez"}, None, "born"),
    ],
)
def test_only_what_fits_together_verifies(
    use: Any, arguments: dict[str, Any], customer: str | None, need: str | None
) -> None:
    value = use(one("verify_customer", **arguments)).value
    assert (value["verified"], value.get("customer"), value.get("need")) == (customer is not None, customer, need)
    assert value.get("first_name") == ("Maria" if customer else None)


def test_a_ticket_is_opened_and_found_again_by_its_customer_only(use: Any, portal: HubSpotPortal) -> None:
    async def work(box: Toolbox, web: Web) -> list[Outcome]:
        asked = {"subject": "Wrong invoice", "text": "Number 7", "customer": "101"}
        opened = await box.run("open_ticket", asked, "call:1")
        mine = await box.run("ticket_status", {"customer": "101", "ticket": "9001"})
        return [opened, mine, await box.run("ticket_status", {"customer": "102", "ticket": "9001"})]

    opened, mine, not_mine = use(work)
    assert opened.value == {"ticket": "9001", "status": "open", "subject": "Wrong invoice", "done": "opened"}
    assert (mine.value["status"], mine.value["stage"], mine.value["opened"]) == ("open", "1", "2026-11-23")
    assert not_mine.error == "not_found: There is no ticket 9001 under this customer."
    assert portal.tickets["9001"]["properties"]["content"] == "Number 7"


def test_a_ticket_of_nobody_or_that_is_not_there_is_not_found(use: Any) -> None:
    async def work(box: Toolbox, web: Web) -> list[str]:
        await box.run("open_ticket", {"subject": "anonymous"}, "call:1")
        return [(await box.run("ticket_status", {"customer": "101", "ticket": t})).error for t in ("9001", "9002")]

    assert use(work) == [f"not_found: There is no ticket {t} under this customer." for t in ("9001", "9002")]


def test_with_a_key_property_a_ticket_is_opened_once(use: Any, portal: HubSpotPortal) -> None:
    async def work(box: Toolbox, web: Web) -> list[Outcome]:
        asked = {"subject": "Wrong invoice", "customer": "101"}
        return [await Toolbox(box.tools.values()).run("open_ticket", asked, "call:1/a") for _ in range(2)]

    first, again = use(work, key_property="call_key")
    assert first == again
    assert first.ok
    assert list(portal.tickets) == ["9001"]


def test_without_a_key_property_a_lost_answer_is_not_asked_for_again(use: Any, portal: HubSpotPortal) -> None:
    async def work(box: Toolbox, web: Web) -> list[Any]:
        portal.fault = "cut"
        lost = await box.run("open_ticket", {"subject": "Wrong invoice"}, "call:1")
        portal.fault = None
        return [lost, await box.run("open_ticket", {"subject": "Wrong invoice"}, "call:1"), len(portal.asked)]

    first, again, asked = use(work)
    assert first == again == Outcome(False, None, "unavailable: The system cannot be reached.")
    assert (asked, portal.tickets) == (1, {})


def test_contact_details_are_changed(use: Any, portal: HubSpotPortal) -> None:
    changed = use(one("change_contact", customer="101", phone="303 555 0144", email="new@example.com"))
    assert changed.value["phone"] == "+13035550144"
    assert (portal.people["101"]["phone"], portal.people["101"]["email"]) == ("+13035550144", "new@example.com")
    assert use(one("change_contact", customer="109", phone="303 555 0144")).kind == "not_found"
    refused = use(one("change_contact", customer="101", email="x@y.invalid"))
    assert refused.error == "refused: Email address x is invalid"


def test_a_callback_is_a_ticket(use: Any, portal: HubSpotPortal) -> None:
    asked = {"phone": "202 555 0100", "reason": "refund", "when": "2026-11-24T15:00", "customer": "101"}
    assert use(one("request_callback", **asked)).value == {
        "ticket": "9001",
        "phone": "+12025550100",
        "callback": "2026-11-24T15:00",
        "done": "opened",
    }
    told = portal.tickets["9001"]["properties"]
    assert (told["subject"], told["content"]) == ("Call back: refund", "Call +12025550100, not before 2026-11-24T15:00")


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (Reply(500, b"<html>"), "unavailable: The system answered with an error (500)."),
        (Reply(429, {"category": "RATE_LIMITS"}), "unavailable: The system answered with an error (429)."),
        (Reply(403, {"category": "MISSING_SCOPES"}), "unavailable: The system answered with an error (403)."),
        (Reply(400, b"nonsense"), "unavailable: The system answered with an error (400)."),
        (Reply(302, headers={"Location": "http://evil.example/"}), "unavailable: The system cannot be reached."),
        ("cut", "unavailable: The system cannot be reached."),
    ],
)
def test_what_goes_wrong_is_typed_and_asked_once(use: Any, portal: HubSpotPortal, fault: Any, error: str) -> None:
    portal.fault = fault
    assert use(one("find_customer", email="m@example.com")).error == error
    assert len(portal.asked) == 1


@pytest.mark.slow
def test_a_portal_that_stalls_is_a_timeout(use: Any, portal: HubSpotPortal) -> None:
    portal.fault = "stall"
    assert TIMEOUT[1] < 6
    assert use(one("find_customer", email="m@example.com")).kind == "timeout"


def test_nobody_home_is_unavailable() -> None:
    made = Portal(secret("HUBSPOT_TOKEN"), "http://127.0.0.1:9")
    outcome = asyncio.run(Toolbox(hubspot_tools(made)).run("find_customer", {"email": "m@example.com"}))
    assert outcome.error == "unavailable: The system cannot be reached."


def test_the_token_is_read_at_the_call_and_shown_nowhere(use: Any, token: str, monkeypatch: Any) -> None:
    ran: list[Ran] = []
    portal_echo = Reply(400, {"category": "VALIDATION_ERROR", "message": f"token {token} may not do that"})

    async def work(box: Toolbox, web: Web) -> Outcome:
        return await box.run("change_contact", {"customer": "101", "email": "a@b.c"}, "k", ran.append)

    outcome = use_with(portal_echo, work)
    assert outcome.error == "refused: token [HUBSPOT_TOKEN] may not do that"
    assert token not in repr(ran)
    monkeypatch.setenv("HUBSPOT_TOKEN", "")
    assert use(one("find_customer", email="m@example.com")).error == "unavailable: The secret HUBSPOT_TOKEN is not set."


def use_with(reply: Reply, work: Work) -> Any:
    async def answer(asked: Asked) -> Reply:
        return reply

    async def scenario() -> Any:
        async with serving(answer) as web:
            return await work(Toolbox(hubspot_tools(Portal(secret("HUBSPOT_TOKEN"), web.url))), web)

    return asyncio.run(scenario())


def test_many_at_once_share_the_client(use: Any, portal: HubSpotPortal) -> None:
    async def work(box: Toolbox, web: Web) -> tuple[list[Outcome], int]:
        for _ in range(3):
            await box.run("find_customer", {"email": "m@example.com"})
        many = [box.run("find_customer", {"email": "m@example.com"}) for _ in range(8)]
        before = web.connections
        return list(await asyncio.gather(*many)), before

    outcomes, connections = use(work)
    assert all(one.ok for one in outcomes)
    assert connections == 1
