"""Salesforce at its HTTP boundary: the maintained client, over real TLS, against a small org that answers SOQL."""

import asyncio
import base64
import datetime as dt
import ipaddress
import re
import sqlite3
import ssl
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
import structlog
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from web import Asked, Cut, Reply, Web, serving

from callcenter.background.outcome import Outcome
from callcenter.background.salesforce import TIMEOUT, Org, open_session, salesforce_tools
from callcenter.background.secret import secret
from callcenter.background.tools import Ran, Toolbox

HOST = "acme.my.salesforce.com"
MARIA, TWIN, ODD = "003000000000001AAA", "003000000000002AAA", "003000000000003AAA"


@pytest.fixture(autouse=True)
def secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"SF_TOKEN": "00Dtoken", "SF_KEY": "3MVGkey", "SF_SECRET": "consumer-secret"}.items():
        monkeypatch.setenv(name, value)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate for this machine and for the org's name, its own authority; key and certificate in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test")])
    names = [x509.DNSName(HOST), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "org.pem"
    plain = serialization.NoEncryption()
    private = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
    path.write_bytes(private + made.public_bytes(serialization.Encoding.PEM))
    return path


class Acme:
    """An org: contacts, cases and tasks in a table each, asked in SOQL, and rules of its own."""

    def __init__(self) -> None:
        self.tokens = {"00Dtoken"}
        self.sign_ins = 0
        self.fault: Any = None
        self.db = sqlite3.connect(":memory:")
        self.db.row_factory = sqlite3.Row
        self.db.executescript(f"""
            CREATE TABLE Contact (Id, Name, FirstName, Phone, MobilePhone, Email, Birthdate, MailingPostalCode);
            CREATE TABLE Cases (Id, CaseNumber, Subject, Description, Origin, ContactId, Status DEFAULT 'New',
                IsClosed DEFAULT 0, CreatedDate DEFAULT '2026-11-23T09:30:00.000+0000', Callcenter_Key__c);
            CREATE TABLE Task (Id, Subject, Description, ActivityDate, WhoId, Callcenter_Key__c);
            INSERT INTO Contact VALUES
                ('{MARIA}', 'Maria Lopez', 'Maria', '+12025550100', NULL, 'm@example.com', '1984-03-12', '60614'),
                ('{TWIN}', 'Maria Lopez', 'Maria', NULL, '+12025550101', NULL, '1991-07-30', '73301'),
                ('{ODD}', "Sam O'Brien \\ Co", 'Sam', NULL, NULL, NULL, NULL, NULL);
        """)

    async def answer(self, asked: Asked) -> Reply:
        if self.fault == "cut":
            raise Cut
        if self.fault == "stall":
            await asyncio.Event().wait()
        if isinstance(self.fault, Reply):
            return self.fault
        if asked.path == "/services/oauth2/token":
            return self.sign_in(asked)
        if asked.headers.get("authorization", "").removeprefix("Bearer ") not in self.tokens:
            return Reply(401, [{"errorCode": "INVALID_SESSION_ID", "message": "Session expired or invalid"}])
        place = asked.path.removeprefix("/services/data/v62.0/")
        assert place != asked.path, asked.path
        if place == "query/":
            return self.query(asked.query["q"])
        return self.record(asked, *map(unquote, place.removeprefix("sobjects/").rstrip("/").split("/")))

    def sign_in(self, asked: Asked) -> Reply:
        known = base64.b64encode(b"3MVGkey:consumer-secret").decode()
        if asked.headers.get("authorization") != f"Basic {known}" or asked.body != b"grant_type=client_credentials":
            return Reply(400, {"error": "invalid_client", "error_description": "invalid client credentials"})
        self.sign_ins += 1
        self.tokens = {f"session{self.sign_ins}"}
        return Reply(body={"access_token": f"session{self.sign_ins}", "instance_url": f"https://{HOST}"})

    def query(self, soql: str) -> Reply:
        sql = re.sub(r"= (\d{4}-\d\d-\d\d)", r"= '\1'", soql.replace("FROM Case ", "FROM Cases "))
        sql = re.sub(r"'((?:\\.|[^'\\])*)'", lambda text: "'" + plain(text[1]).replace("'", "''") + "'", sql)
        rows = [dict(row) for row in self.db.execute(sql)]
        return Reply(body={"totalSize": len(rows), "done": True, "records": rows})

    def record(self, asked: Asked, kind: str, *where: str) -> Reply:
        told = asked.json
        if "forbidden" in str(told):
            error = {"errorCode": "FIELD_CUSTOM_VALIDATION_EXCEPTION", "message": "This subject is not allowed."}
            return Reply(400, [error])
        table = "Cases" if kind == "Case" else kind
        match asked.method, where:
            case "POST", ():
                return self.create(table, told)
            case "PATCH", (str(record),):
                names = ", ".join(f"{name} = ?" for name in told)
                done = self.db.execute(f"UPDATE {table} SET {names} WHERE Id = ?", [*told.values(), record])
                return Reply(204) if done.rowcount else Reply(404, [{"errorCode": "NOT_FOUND", "message": "x"}])
            case "PATCH", (field, key):
                assert field == "Callcenter_Key__c"
                old = self.db.execute(f"SELECT Id FROM {table} WHERE {field} = ?", [key]).fetchone()
                if old:
                    return Reply(200, {"id": old["Id"], "success": True, "errors": [], "created": False})
                return self.create(table, {**told, field: key})
        raise AssertionError(asked)

    def create(self, table: str, told: dict[str, Any]) -> Reply:
        count = self.rows(table) + 1
        row = {"Id": f"500{count:015d}", **told, **({"CaseNumber": f"{1000 + count:08d}"} if table == "Cases" else {})}
        marks = ", ".join("?" * len(row))
        self.db.execute(f"INSERT INTO {table} ({', '.join(row)}) VALUES ({marks})", list(row.values()))
        return Reply(201, {"id": row["Id"], "success": True, "errors": []})

    def rows(self, table: str) -> int:
        return int(self.db.execute(f"SELECT count(*) FROM {table}").fetchone()[0])


def plain(literal: str) -> str:
    """What a SOQL text means."""
    return re.sub(r"\\(.)", lambda escaped: {"n": "\n", "t": "\t"}.get(escaped[1], escaped[1]), literal)


Work = Callable[[Toolbox, Web], Awaitable[Any]]


@pytest.fixture
def acme() -> Acme:
    return Acme()


@pytest.fixture
def use(acme: Acme, certificate: Path) -> Callable[..., Any]:
    """Run something with the org's tools; `login`: sign in by the org's own name, through a tunnel to this machine."""

    def run(work: Work, key_field: str = "", login: bool = False) -> Any:
        async def scenario() -> Any:
            tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
            tls.load_cert_chain(certificate)
            session = open_session()
            session.verify = str(certificate)
            async with serving(acme.answer, tls) as web:
                port = int(web.url.rpartition(":")[2])
                proxy = await asyncio.start_server(lambda r, w: tunnel(r, w, port), "127.0.0.1", 0)
                if login:
                    session.proxies = {"https": f"http://127.0.0.1:{proxy.sockets[0].getsockname()[1]}"}
                    org = Org(f"https://{HOST}", None, secret("SF_KEY"), secret("SF_SECRET"), key_field)
                else:
                    org = Org(web.url, secret("SF_TOKEN"), key_field=key_field)
                box = Toolbox(salesforce_tools(org, session))
                try:
                    return await work(box, web)
                finally:
                    await box.close()
                    session.close()
                    proxy.close()

        with structlog.testing.capture_logs():
            return asyncio.run(scenario())

    return run


async def tunnel(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, port: int) -> None:
    """A proxy's CONNECT, which leads to this machine wherever it was to lead."""
    head = await reader.readuntil(b"\r\n\r\n")
    assert head.startswith(f"CONNECT {HOST}:443 ".encode())
    writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
    inner, outer = await asyncio.open_connection("127.0.0.1", port)
    await asyncio.gather(pour(reader, outer), pour(inner, writer))


async def pour(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    try:
        while piece := await source.read(65_536):
            target.write(piece)
            await target.drain()
    except ConnectionError:
        pass
    finally:
        target.close()


def one(name: str, /, key: str = "call:1", **arguments: Any) -> Work:
    return lambda box, web: box.run(name, arguments, key)


# ------------------------------------------------------------------------------------------------------ who is calling


@pytest.mark.parametrize(
    ("arguments", "matches", "customer"),
    [
        ({"name": "Maria Lopez"}, 2, None),
        ({"name": "Maria Lopez", "phone": "202 555 0101"}, 1, TWIN),
        ({"email": "m@example.com"}, 1, MARIA),
        ({"name": "Sam O'Brien \\ Co"}, 1, ODD),
    ],
)
def test_a_customer_is_found(use: Any, arguments: dict[str, Any], matches: int, customer: str | None) -> None:
    assert use(one("find_customer", **arguments)) == Outcome(True, {"matches": matches, "customer": customer})


@pytest.mark.parametrize("name", ["x' OR Name != '", "x\\' OR Name != \\'", "x%", "' OR ''='"])
def test_a_name_stays_a_name(use: Any, name: str) -> None:
    assert use(one("find_customer", name=name)).kind == "not_found"


@pytest.mark.parametrize(
    ("arguments", "customer", "need"),
    [
        ({"name": "Maria Lopez", "born": "1984-03-12"}, MARIA, None),
        ({"phone": "+12025550101", "postcode": "73301"}, TWIN, None),
        ({"name": "Maria Lopez", "born": "1984-03-13"}, None, None),
        ({"name": "Maria Lopez"}, None, "born"),
        ({"born": "1984-03-12"}, None, "name"),
    ],
)
def test_only_what_fits_together_verifies(
    use: Any, arguments: dict[str, Any], customer: str | None, need: str | None
) -> None:
    value = use(one("verify_customer", **arguments)).value
    assert (value["verified"], value.get("customer"), value.get("need")) == (customer is not None, customer, need)


# ------------------------------------------------------------------------------------------------------------- changes


def test_a_ticket_is_opened_and_found_again_by_its_customer_only(use: Any, acme: Acme) -> None:
    async def work(box: Toolbox, web: Web) -> list[Outcome]:
        asked = {"subject": "Wrong invoice", "text": "Number 7", "customer": MARIA}
        opened = await box.run("open_ticket", asked, "call:1")
        mine = await box.run("ticket_status", {"customer": MARIA, "ticket": "1001"})
        return [opened, mine, await box.run("ticket_status", {"customer": TWIN, "ticket": "1001"})]

    opened, mine, not_mine = use(work)
    assert opened.value == {"ticket": "00001001", "status": "open", "subject": "Wrong invoice", "done": "opened"}
    assert (mine.value["stage"], mine.value["opened"]) == ("New", "2026-11-23")
    assert not_mine.error == "not_found: There is no ticket 1001 under this customer."
    row = dict(acme.db.execute("SELECT * FROM Cases").fetchone())
    assert (row["Origin"], row["ContactId"], row["Description"]) == ("Phone", MARIA, "Number 7")


def test_with_a_key_field_a_lost_answer_may_be_asked_for_again(use: Any, acme: Acme) -> None:
    async def work(box: Toolbox, web: Web) -> list[Outcome]:
        asked = {"subject": "Wrong invoice"}
        return [await Toolbox(box.tools.values()).run("open_ticket", asked, "call:1/a") for _ in range(2)]

    first, again = use(work, key_field="Callcenter_Key__c")
    assert first == again
    assert first.ok
    assert acme.rows("Cases") == 1


def test_without_a_key_field_a_lost_answer_is_not_asked_for_again(use: Any, acme: Acme) -> None:
    async def work(box: Toolbox, web: Web) -> list[Outcome]:
        acme.fault = "cut"
        lost = await box.run("open_ticket", {"subject": "Wrong invoice"}, "call:1")
        acme.fault = None
        return [lost, await box.run("open_ticket", {"subject": "Wrong invoice"}, "call:1")]

    first, again = use(work)
    assert first == again == Outcome(False, None, "unavailable: The system cannot be reached.")
    assert acme.rows("Cases") == 0


def test_contact_details_are_changed(use: Any, acme: Acme) -> None:
    changed = use(one("change_contact", customer=MARIA, phone="303 555 0144", email="new@example.com"))
    assert changed.value["phone"] == "+13035550144"
    row = acme.db.execute("SELECT Phone, Email FROM Contact WHERE Id = ?", [MARIA]).fetchone()
    assert tuple(row) == ("+13035550144", "new@example.com")
    assert use(one("change_contact", customer="003000000000009AAA", phone="303 555 0144")).kind == "not_found"
    assert use(one("change_contact", customer="../Account/1", phone="303 555 0144")).kind == "invalid"


def test_a_callback_is_a_task(use: Any, acme: Acme) -> None:
    asked = {"phone": "202 555 0100", "reason": "refund", "when": "2026-11-24T15:00", "customer": MARIA}
    assert use(one("request_callback", **asked)).value["callback"] == "2026-11-24T15:00"
    row = acme.db.execute("SELECT Subject, Description, ActivityDate FROM Task").fetchone()
    assert tuple(row) == ("Call back: refund", "Call +12025550100, not before 2026-11-24T15:00", "2026-11-24")


# -------------------------------------------------------------------------------------------------------------- faults


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (Reply(500, b"<html>"), "unavailable: The system answered with an error (500)."),
        (
            Reply(403, [{"errorCode": "REQUEST_LIMIT_EXCEEDED"}]),
            "unavailable: The system answered with an error (403).",
        ),
        (Reply(400, [{"errorCode": "MALFORMED_QUERY"}]), "unavailable: The system answered with an error (400)."),
        (Reply(404, []), "not_found: There is no such record."),
        (Reply(302, headers={"Location": "https://evil.example/"}), "unavailable: The system cannot be reached."),
        (Reply(401, [{"errorCode": "INVALID_SESSION_ID"}]), "unavailable: The system answered with an error (401)."),
        ("cut", "unavailable: The system cannot be reached."),
    ],
)
def test_what_goes_wrong_is_typed(use: Any, acme: Acme, fault: Any, error: str) -> None:
    acme.fault = fault
    assert use(one("find_customer", email="m@example.com")).error == error


def test_the_orgs_own_rules_are_told(use: Any) -> None:
    assert use(one("open_ticket", subject="forbidden")).error == "refused: This subject is not allowed."


@pytest.mark.slow
def test_an_org_that_stalls_is_a_timeout(use: Any, acme: Acme) -> None:
    acme.fault = "stall"
    assert TIMEOUT[1] < 6
    assert use(one("find_customer", email="m@example.com")).kind == "timeout"


def test_a_stranger_with_another_certificate_is_not_spoken_to(acme: Acme, use: Any, monkeypatch: Any) -> None:
    async def work(box: Toolbox, web: Web) -> list[Any]:
        org = Org(web.url, secret("SF_TOKEN"))
        outcome = await Toolbox(salesforce_tools(org)).run("find_customer", {"email": "m@example.com"})
        return [outcome, web.asked]

    outcome, asked = use(work)
    assert (outcome.error, asked) == ("unavailable: The system cannot be reached.", [])


# ---------------------------------------------------------------------------------------------------------- signing in


def test_a_connected_app_signs_in_once_and_again_when_its_session_has_expired(use: Any, acme: Acme) -> None:
    async def work(box: Toolbox, web: Web) -> list[Outcome]:
        asked = {"email": "m@example.com"}
        outcomes = list(await asyncio.gather(*(box.run("find_customer", asked) for _ in range(4))))
        acme.tokens = set()
        return [*outcomes, await box.run("find_customer", asked)]

    assert [outcome.ok for outcome in use(work, login=True)] == [True] * 5
    assert acme.sign_ins == 2


def test_a_session_that_never_holds_is_given_up(use: Any, acme: Acme) -> None:
    acme.fault = Reply(401, [{"errorCode": "INVALID_SESSION_ID"}])

    async def work(box: Toolbox, web: Web) -> tuple[Outcome, int]:
        return await box.run("find_customer", {"email": "m@example.com"}), len(web.asked)

    outcome, asked = use(work)
    assert (outcome.kind, asked) == ("unavailable", 2)


def test_wrong_credentials_are_an_error_that_shows_none_of_them(use: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SF_SECRET", "wrong-secret")
    ran: list[Ran] = []
    outcome = use(lambda box, web: box.run("find_customer", {"email": "m@example.com"}, report=ran.append), login=True)
    assert outcome.error == "unavailable: The system answered with an error (401)."
    assert "wrong-secret" not in repr(ran)
    monkeypatch.delenv("SF_SECRET")
    assert use(one("find_customer", email="x@example.com"), login=True).error == (
        "unavailable: The secret SF_SECRET is not set."
    )


def test_the_tools_are_those_of_the_embedded_crm(use: Any) -> None:
    async def work(box: Toolbox, web: Web) -> Toolbox:
        return box

    tools = use(work).tools
    assert {name for name, made in tools.items() if made.changes} == {
        "change_contact",
        "open_ticket",
        "request_callback",
    }
    assert {name for name, made in tools.items() if made.private} == {"change_contact", "ticket_status"}
    assert all(made.secrets for made in tools.values())
