"""Salesforce as the CRM, through `simple-salesforce` (extra `salesforce`): contacts, cases, tasks.

The tools have the names and the answers of the embedded CRM's, so that a flow does not care which of them it talks to.
A customer is a contact, a ticket a case. The client is synchronous and runs in the toolbox's threads; it is made, and
signs in, at the first call. Every request has a deadline and follows no redirect.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Annotated, Any, Final, TypeVar
from urllib.parse import quote

import requests
from pydantic import Field, NaiveDatetime
from requests.adapters import HTTPAdapter
from simple_salesforce.api import Salesforce
from simple_salesforce.exceptions import (
    SalesforceError,
    SalesforceExpiredSession,
    SalesforceMalformedRequest,
    SalesforceResourceNotFound,
)
from simple_salesforce.format import format_soql
from simple_salesforce.login import SalesforceLogin

from callcenter.background.arguments import Digits, Email, Key, Phone, Subject, Text
from callcenter.background.identity import Answer, Claim, Person, Reception
from callcenter.background.outcome import ToolError
from callcenter.background.secret import Secret
from callcenter.background.tools import Tool, tool

VERSION: Final = "62.0"
TIMEOUT: Final = (2.0, 4.0)
"""Seconds to connect, and between two pieces of an answer."""

Contact = Annotated[str, Field(description="The contact's id.", pattern=r"^[A-Za-z0-9]{15}([A-Za-z0-9]{3})?$")]
Found = TypeVar("Found")
NO_KEY: Final = Key("")


@dataclass(frozen=True, slots=True)
class Org:
    """Where the org is, and how to sign in: with a token, or as a connected app with client credentials."""

    url: str
    """https://example.my.salesforce.com"""
    token: Secret | None = None
    key: Secret | None = None
    secret: Secret | None = None
    key_field: str = ""
    """An external id of Case and Task, such as `Callcenter_Key__c`: with it a case is opened once per key."""

    @property
    def secrets(self) -> tuple[Secret, ...]:
        return tuple(one for one in (self.token, self.key, self.secret) if one)


class Timed(HTTPAdapter):
    """Requests without a deadline wait for ever."""

    def send(self, request: Any, *args: Any, **options: Any) -> requests.Response:
        options["timeout"] = options.get("timeout") or TIMEOUT
        return super().send(request, *args, **options)


def open_session() -> requests.Session:
    session = requests.Session()
    session.trust_env = False
    session.max_redirects = 0
    session.mount("https://", Timed())
    return session


def salesforce_tools(org: Org, session: requests.Session | None = None) -> list[Tool]:
    desk = Desk(org, session or open_session())
    opening = [tool(desk.open_ticket, changes=True), tool(desk.request_callback, changes=True)]
    if not org.key_field:
        opening = [replace(one, key_parameter="") for one in opening]
    made = [
        tool(desk.find_customer),
        tool(desk.verify_customer),
        tool(desk.change_contact, changes=True, private=True),
        tool(desk.ticket_status, private=True),
        *opening,
    ]
    return [replace(one, secrets=org.secrets) for one in made]


class Desk(Reception):
    def __init__(self, org: Org, session: requests.Session) -> None:
        self.org = org
        self.session = session
        self._lock = threading.Lock()
        self._client: Salesforce | None = None

    def _ask(self, work: Callable[[Any], Found]) -> Found:
        """Do something with the client. A session that has expired did nothing: sign in again and ask once more."""
        with translated():
            try:
                return work(self._signed_in())
            except SalesforceExpiredSession:
                self._client = None
                return work(self._signed_in())

    def _signed_in(self) -> Salesforce:
        with self._lock:
            self._client = self._client or self._sign_in()
            return self._client

    def _sign_in(self) -> Salesforce:
        """The client is given a session and never a way to renew it: it would try for ever."""
        org, session = self.org, self.session
        if org.token:
            return Salesforce(instance_url=org.url, session_id=org.token.reveal(), session=session, version=VERSION)
        if not org.key or not org.secret:
            raise ToolError("unavailable", "No way to sign in to Salesforce is set.")
        token, host = SalesforceLogin(
            domain=org.url.removeprefix("https://").removesuffix(".salesforce.com"),
            consumer_key=org.key.reveal(),
            consumer_secret=org.secret.reveal(),
            session=session,
        )
        return Salesforce(instance=host, session_id=token, session=session, version=VERSION)

    # -------------------------------------------------------------------------------------------------- who is calling

    def matching(self, claim: Claim, email: str | None = None) -> list[Person]:
        wanted = [
            format_soql("Name = {}", claim.name) if claim.name else "",
            format_soql("(Phone = {0} OR MobilePhone = {0})", claim.phone) if claim.phone else "",
            format_soql("Email = {}", email) if email else "",
            format_soql("Birthdate = {}", claim.born) if claim.born else "",
            format_soql("MailingPostalCode = {}", claim.postcode) if claim.postcode else "",
        ]
        where = " AND ".join(filter(None, wanted))
        return [
            Person(row["Id"], row["Name"], row["FirstName"] or row["Name"])
            for row in self._query(f"SELECT Id, Name, FirstName FROM Contact WHERE {where} LIMIT 5")
        ]

    def change_contact(
        self,
        customer: Contact,
        key: Key,
        phone: Phone | None = None,
        email: Email | None = None,
    ) -> Answer:
        """Change the telephone number or the e-mail of a customer."""
        if not (phone or email):
            raise ToolError("invalid", "A new telephone number or a new e-mail is needed.")
        told = {"Phone": phone, "Email": email}
        changed = {name: value for name, value in told.items() if value}
        # The same twice is the same once: the key has nothing to do.
        self._ask(lambda client: client.Contact.update(customer, changed))
        return {"customer": customer, "phone": changed.get("Phone"), "email": email, "done": "changed"}

    # --------------------------------------------------------------------------------------------------------- tickets

    def open_ticket(
        self, subject: Subject, text: Text = "", customer: Contact | None = None, key: Key = NO_KEY
    ) -> Answer:
        """Write a question down for the staff."""
        case = self._made(
            "Case", key, {"Subject": subject, "Description": text, "Origin": "Phone", "ContactId": customer}
        )
        row = self._query(format_soql("SELECT CaseNumber, Status FROM Case WHERE Id = {}", case))[0]
        return {"ticket": row["CaseNumber"], "status": "open", "subject": subject, "done": "opened"}

    def ticket_status(self, customer: Contact, ticket: Digits) -> Answer:
        """Tell how a ticket stands."""
        rows = self._query(
            format_soql(
                "SELECT CaseNumber, Status, IsClosed, Subject, CreatedDate FROM Case "
                "WHERE CaseNumber IN {} AND ContactId = {} LIMIT 1",
                [ticket, ticket.zfill(8)],
                customer,
            )
        )
        if not rows:
            raise ToolError("not_found", f"There is no ticket {ticket} under this customer.")
        row = rows[0]
        return {
            "ticket": row["CaseNumber"],
            "status": "closed" if row["IsClosed"] else "open",
            "stage": row["Status"],
            "subject": row["Subject"],
            "opened": row["CreatedDate"][:10],
        }

    def request_callback(
        self,
        phone: Annotated[Phone, Field(description="Where to call.")],
        reason: Subject,
        when: Annotated[NaiveDatetime | None, Field(description="Not before; at once if it is left out.")] = None,
        customer: Contact | None = None,
        key: Key = NO_KEY,
    ) -> Answer:
        """Have a person call back."""
        at = when.isoformat(timespec="minutes") if when else None
        told = {
            "Subject": f"Call back: {reason}",
            "Description": f"Call {phone}" + (f", not before {at}" if at else ""),
            "ActivityDate": when.date().isoformat() if when else None,
            "WhoId": customer,
        }
        self._made("Task", key, told)
        return {"phone": phone, "callback": at, "done": "opened"}

    def _made(self, kind: str, key: str, told: dict[str, Any]) -> str:
        """The id of a new record; with a key field, of the one that this key made."""
        data = {name: value for name, value in told.items() if value}
        if not self.org.key_field or not key:
            return str(self._ask(lambda client: getattr(client, kind).create(data))["id"])
        path = f"{self.org.key_field}/{quote(key, safe='')}"
        return str(self._ask(lambda client: getattr(client, kind).upsert(path, data, raw_response=True)).json()["id"])

    def _query(self, soql: str) -> list[dict[str, Any]]:
        return list(self._ask(lambda client: client.query(soql))["records"])


@contextmanager
def translated() -> Iterator[None]:
    """The client's errors as answers. What Salesforce's own rules say may be told; anything else may not."""
    try:
        yield
    except SalesforceResourceNotFound:
        raise ToolError("not_found", "There is no such record.") from None
    except SalesforceMalformedRequest as error:
        raise _refusal(error) from None
    except SalesforceError as error:
        raise ToolError("unavailable", f"The system answered with an error ({error.status}).") from None
    except requests.Timeout:
        raise ToolError("timeout", "The system did not answer in time.") from None
    except requests.RequestException:
        raise ToolError("unavailable", "The system cannot be reached.") from None


def _refusal(error: SalesforceMalformedRequest) -> ToolError:
    content: Any = error.content
    first = content[0] if isinstance(content, list) and content else {}
    if first.get("errorCode") == "FIELD_CUSTOM_VALIDATION_EXCEPTION":
        return ToolError("refused", str(first.get("message"))[:300])
    return ToolError("unavailable", f"The system answered with an error ({error.status}).")
