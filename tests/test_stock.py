"""The stock of tools: what an operator writes, and what they are told when it is wrong."""

import asyncio
import re
import sys
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
import structlog
from sqlalchemy import Engine, create_engine
from sqlalchemy.pool import StaticPool
from test_http_tools import PARCELS

from callcenter.background import stock
from callcenter.background.crm import crm_tools
from callcenter.background.crm.seed import create_tables, seed
from callcenter.background.described import DescriptionError
from callcenter.background.http_shape import Api, Argument, Described
from callcenter.background.stock import Stock, open_stock
from callcenter.background.tools import Toolbox
from callcenter.config import Settings
from callcenter.server import open_office
from callcenter.store import Store

SERVER = Path(__file__).with_name("mcp_server.py")
NOW = datetime(2026, 11, 23, 10)


@pytest.fixture
def engine() -> Iterator[Engine]:
    engine = create_engine("sqlite://", connect_args={"check_same_thread": False}, poolclass=StaticPool)
    create_tables(engine)
    seed(engine, date(2026, 11, 23))
    yield engine
    engine.dispose()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "parcels.toml").write_text(PARCELS.replace("URL", "https://api.example"))
    (tmp_path / "broken.toml").write_text(PARCELS.replace("URL", "ftp://api.example"))
    return tmp_path


def opened(text: str, folder: Path, engine: Engine) -> Stock:
    with structlog.testing.capture_logs():
        return asyncio.run(open_stock(text, folder, engine, lambda: NOW))


def test_nothing_written_is_the_embedded_crm(folder: Path, engine: Engine) -> None:
    found = opened("", folder, engine)
    assert len(found.toolbox.tools) == 25
    asyncio.run(found.close())


def test_everything_at_once(folder: Path, engine: Engine) -> None:
    text = f"""
        [http.parcels]
        file = "parcels.toml"
        [mcp.warehouse]
        command = ["{sys.executable}", "{SERVER}"]
        secrets = {{ TOKEN = "PARCEL_TOKEN" }}
        reading = ["parcel_notes"]
        public = ["parcel_notes"]
    """
    with pytest.raises(DescriptionError, match="secret PARCEL_TOKEN is not set"):
        opened(text, folder, engine)
    text = text.replace('secrets = { TOKEN = "PARCEL_TOKEN" }\n', "")
    with pytest.raises(DescriptionError, match="parcel_place, redirect_parcel: offered twice"):
        opened(text, folder, engine)
    found = opened(text.replace("[http.parcels]", "").replace('file = "parcels.toml"', ""), folder, engine)
    notes = found.toolbox.tools["parcel_notes"]
    assert (notes.changes, notes.private) == (False, False)
    asyncio.run(found.close())


def test_what_was_opened_on_one_loop_serves_another(folder: Path, engine: Engine) -> None:
    found = opened(f'[mcp.warehouse]\ncommand = ["{sys.executable}", "{SERVER}"]', folder, engine)

    async def serve() -> list[Any]:
        place = await found.toolbox.run("parcel_place", {"number": "1"})
        customer = await found.toolbox.run("find_customer", {"name": "James Carter"})
        await found.close()
        return [place.ok, customer.value]

    with structlog.testing.capture_logs():
        assert asyncio.run(serve()) == [True, {"matches": 1, "customer": "1003"}]


@pytest.mark.parametrize(
    "source",
    [
        '[salesforce]\nurl = "https://acme.my.salesforce.com"\ntoken = "SF_TOKEN"',
        '[salesforce]\nurl = "https://acme.my.salesforce.com"\nkey = "SF_KEY"\nsecret = "SF_SECRET"',
        '[hubspot]\ntoken = "HUBSPOT_TOKEN"',
    ],
)
def test_another_crm_takes_the_place_of_the_embedded(folder: Path, engine: Engine, source: str) -> None:
    found = opened(source, folder, engine)
    assert {"find_customer", "verify_customer", "open_ticket"} <= set(found.toolbox.tools)
    assert "balance" not in found.toolbox.tools
    assert all(one.secrets for one in found.toolbox.tools.values())
    asyncio.run(found.close())


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[crm", "line 1: TOML"),
        ("crn = true", "line 1: crn: Extra inputs are not permitted."),
        ('[http.parcels]\nfile = "nowhere.toml"', "line 1: http.parcels.file: "),
        ('[http.parcels]\nfile = "broken.toml"', "line 3: broken.toml: api.url: is no web address."),
        ("[http.parcels]", "line 1: http.parcels.file: Field required."),
        ("[mcp.w]", "line 1: mcp.w: needs a command or a url."),
        ('[mcp.w]\ncommand = ["x"]\nurl = "https://x"', "line 1: mcp.w: needs a command or a url."),
        ('[mcp.w]\nurl = "http://x.example"', "line 2: mcp.w.url: would send secrets in the clear."),
        ('[mcp.w]\nurl = "https://x"\nbearer = "tok-1"', "line 3: mcp.w.bearer: is not the name of a secret."),
        ('[mcp.w]\ncommand = ["/nonexistent"]', "line 1: mcp.w: The system cannot be reached."),
        ('[hubspot]\ntoken = "pat-1"', "line 2: hubspot.token: is not the name of a secret."),
        ('[salesforce]\nurl = "https://x"', "line 1: salesforce: has no way to sign in."),
        ('crm = true\n[hubspot]\ntoken = "T"', "line 2: hubspot: hubspot and crm offer the same tools."),
        ('[mcp.w]\nurl = "https://x"\ndeadline = 900', "line 3: mcp.w.deadline: "),
        ('[hubspot]\ntoken = "T"\nurl = "nowhere"', "line 3: hubspot.url: is no web address."),
    ],
)
def test_what_is_wrong_is_told_with_line_cause_and_remedy(
    folder: Path, engine: Engine, text: str, message: str
) -> None:
    with pytest.raises(DescriptionError) as caught:
        opened(text, folder, engine)
    told = [str(problem) for problem in caught.value.problems]
    assert any(one.startswith(message) for one in told), told
    assert all(problem.remedy for problem in caught.value.problems)
    assert "pat-1" not in str(told)
    assert "tok-1" not in str(told)


def test_a_server_offers_the_tools_its_settings_name(folder: Path, database: str) -> None:
    (folder / "tools.toml").write_text('[http.parcels]\nfile = "parcels.toml"')
    store = Store(database)
    office = open_office(Settings(flow="retail", tools=str(folder / "tools.toml")), store)
    assert {"parcel_place", "order_status"} <= set(office.toolbox.tools)
    store.close()


README = (Path(stock.__file__).parent / "README.md").read_text()


ROWS = {found[1]: found[2] for found in re.finditer(r"^\| `(\w+)` \| (.*)\|$", README, re.M)}


def words(cell: str) -> list[str]:
    """The names in a cell; those in brackets keep theirs, explanations in parentheses go."""
    return re.findall(r"\[?[a-z_]+", re.sub(r"\([^)]*\)", "", cell))


def test_every_tool_is_in_the_readme_with_its_arguments(engine: Engine) -> None:
    for one in crm_tools(engine, lambda: NOW):
        arguments, _, kind = ROWS[one.name].split("|")
        wanted = one.parameters.get("required", [])
        assert words(arguments) == [name if name in wanted else f"[{name}" for name in one.parameters["properties"]]
        assert kind.split() == ["private"] * one.private + ["change"] * one.changes, one.name


EXAMPLES: dict[str, dict[str, Any]] = {
    "find_customer": {"name": "James Carter"},
    "verify_customer": {"name": "James Carter", "postcode": "98101"},
    "customer_overview": {"customer": "1003"},
    "change_contact": {"customer": "1003", "email": "a@b.example"},
    "add_note": {"customer": "1003", "text": "called"},
    "list_orders": {"customer": "1003"},
    "order_status": {"customer": "1003", "order": "4217"},
    "return_order": {"customer": "1001", "order": "4201", "reason": "other"},
    "change_address": {"customer": "1003", "street": "1 Elm", "city": "Reno", "postcode": "89501"},
    "cancel_order": {"customer": "1003", "order": "4218"},
    "balance": {"customer": "1004"},
    "list_bills": {"customer": "1004"},
    "bill_status": {"customer": "1004", "bill": "7004"},
    "pay_bill": {"customer": "1004", "bill": "7004", "amount": "10"},
    "send_payment_link": {"customer": "1004", "bill": "7004"},
    "waive_late_fee": {"customer": "1004", "bill": "7004"},
    "dispute_bill": {"customer": "1004", "bill": "7004", "reason": "too much"},
    "free_slots": {"after": "2026-12-01"},
    "list_appointments": {"customer": "1009"},
    "book_appointment": {"customer": "1003", "starts": "", "purpose": "repair"},
    "move_appointment": {"customer": "1009", "appointment": "3009", "starts": ""},
    "cancel_appointment": {"customer": "1010", "appointment": "3010"},
    "open_ticket": {"subject": "a question", "customer": "1003"},
    "request_callback": {"phone": "202 555 0102", "reason": "refund"},
    "ticket_status": {"customer": "1012", "ticket": "8012"},
}


def test_every_answer_has_the_fields_the_readme_promises(engine: Engine) -> None:
    tools = {one.name: one for one in crm_tools(engine, lambda: NOW)}
    assert set(EXAMPLES) == set(tools)

    async def run(name: str, arguments: dict[str, Any]) -> dict[str, Any]:
        box = Toolbox(tools.values())
        if "starts" in arguments:
            slots = await box.run("free_slots", {})
            arguments = arguments | {"starts": slots.value["slots"][0]["starts"]}
        outcome = await box.run(name, arguments, f"key {name}")
        assert outcome.ok, outcome
        return dict(outcome.value)

    for name, arguments in EXAMPLES.items():
        value = asyncio.run(run(name, arguments))
        lists = [item for item in value.values() if isinstance(item, list)]
        answered = {*value, *(key for items in lists for key in items[0])}
        promised = set(words(ROWS[name].split("|")[1]))
        echoed = {"customer", "need"}
        assert promised - echoed == answered - echoed, name


FORMS = (stock.Sources, stock.McpSource, stock.SalesforceSource, stock.HubSpotSource, Api, Described, Argument)


@pytest.mark.parametrize("form", FORMS)
def test_every_key_is_in_the_readme(form: Any) -> None:
    for key in form.model_fields:
        assert re.search(rf"`{key}[`.]", README), key
