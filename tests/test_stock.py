"""The stock of tools: what an operator writes, and what they are told when it is wrong."""

import asyncio
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

from callcenter.background.crm.seed import create_tables, seed
from callcenter.background.described import DescriptionError
from callcenter.background.stock import Stock, open_stock
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
    stock = opened("", folder, engine)
    assert len(stock.toolbox.tools) == 25
    asyncio.run(stock.close())


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
    stock = opened(text.replace("[http.parcels]", "").replace('file = "parcels.toml"', ""), folder, engine)
    notes = stock.toolbox.tools["parcel_notes"]
    assert (notes.changes, notes.private) == (False, False)
    asyncio.run(stock.close())


def test_what_was_opened_on_one_loop_serves_another(folder: Path, engine: Engine) -> None:
    stock = opened(f'[mcp.warehouse]\ncommand = ["{sys.executable}", "{SERVER}"]', folder, engine)

    async def serve() -> list[Any]:
        place = await stock.toolbox.run("parcel_place", {"number": "1"})
        found = await stock.toolbox.run("find_customer", {"name": "James Carter"})
        await stock.close()
        return [place.ok, found.value]

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
    stock = opened(source, folder, engine)
    assert {"find_customer", "verify_customer", "open_ticket"} <= set(stock.toolbox.tools)
    assert "balance" not in stock.toolbox.tools
    assert all(one.secrets for one in stock.toolbox.tools.values())
    asyncio.run(stock.close())


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
