"""HubSpot as the CRM, through `hubspot-api-client` (extra `hubspot`): contacts and tickets.

The tools have the names and the answers of the embedded CRM's, so that a flow does not care which of them it talks to.
The client is synchronous and runs in the toolbox's threads. Every request has a deadline, is sent once and follows no
redirect.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Annotated, Any, Final

import orjson
import urllib3
from hubspot import HubSpot
from hubspot.crm import contacts, tickets
from pydantic import Field, NaiveDatetime

from callcenter.background.arguments import Digits, Email, Key, Phone, Subject, Text
from callcenter.background.identity import Answer, Claim, Person, Reception
from callcenter.background.outcome import ToolError
from callcenter.background.secret import Secret
from callcenter.background.tools import Tool, tool

TIMEOUT: Final = (2.0, 4.0)
"""Seconds to connect, and for an answer."""
TICKET_OF_CONTACT: Final = 16
"""HubSpot's number for the tie between a ticket and its contact."""
SHOWN: Final = ("subject", "hs_pipeline_stage", "createdate", "closed_date")

NO_KEY: Final = Key("")


@dataclass(frozen=True, slots=True)
class Portal:
    token: Secret
    url: str = "https://api.hubapi.com"
    stage: str = "1"
    """The stage of a new ticket in the default pipeline."""
    key_property: str = ""
    """A ticket property with unique values: with it a ticket is opened once per key."""


def hubspot_tools(portal: Portal) -> list[Tool]:
    desk = Desk(portal)
    opening = [tool(desk.open_ticket, changes=True), tool(desk.request_callback, changes=True)]
    if not portal.key_property:
        opening = [replace(one, key_parameter="") for one in opening]
    made = [
        tool(desk.find_customer),
        tool(desk.verify_customer),
        tool(desk.change_contact, changes=True, private=True),
        tool(desk.ticket_status, private=True),
        *opening,
    ]
    return [replace(one, secrets=(portal.token,)) for one in made]


class Desk(Reception):
    def __init__(self, portal: Portal) -> None:
        self.portal = portal

    @cached_property
    def _crm(self) -> Any:
        once = urllib3.Retry(total=0, redirect=0)
        return HubSpot(access_token=self.portal.token.reveal(), host=self.portal.url, retry=once).crm

    @cached_property
    def _contacts(self) -> Any:
        return self._crm.contacts.basic_api

    @cached_property
    def _search(self) -> Any:
        return self._crm.contacts.search_api

    @cached_property
    def _tickets(self) -> Any:
        return self._crm.tickets.basic_api

    # -------------------------------------------------------------------------------------------------- who is calling

    def matching(self, claim: Claim, email: str | None = None) -> list[Person]:
        first, _, last = (claim.name or "").strip().partition(" ")
        wanted = {
            "firstname": first,
            "lastname": last.strip(),
            "phone": claim.phone or "",
            "email": email or "",
            "date_of_birth": claim.born.isoformat() if claim.born else "",
            "zip": claim.postcode or "",
        }
        filters = [
            contacts.Filter(property_name=name, operator="EQ", value=value) for name, value in wanted.items() if value
        ]
        request = contacts.PublicObjectSearchRequest(
            filter_groups=[contacts.FilterGroup(filters=filters)], properties=["firstname", "lastname"], limit=5
        )
        with translated():
            found = self._search.do_search(public_object_search_request=request, _request_timeout=TIMEOUT)
        return [_person(one) for one in found.results]

    def change_contact(
        self,
        customer: Digits,
        key: Key,
        phone: Phone | None = None,
        email: Email | None = None,
    ) -> Answer:
        """Change the telephone number or the e-mail of a customer."""
        if not (phone or email):
            raise ToolError("invalid", "A new telephone number or a new e-mail is needed.")
        changed = {name: value for name, value in (("phone", phone), ("email", email)) if value}
        with translated():  # the same twice is the same once: the key has nothing to do
            self._contacts.update(
                customer,
                simple_public_object_input=contacts.SimplePublicObjectInput(properties=changed),
                _request_timeout=TIMEOUT,
            )
        return {"customer": customer, "phone": phone, "email": email, "done": "changed"}

    # --------------------------------------------------------------------------------------------------------- tickets

    def open_ticket(
        self, subject: Subject, text: Text = "", customer: Digits | None = None, key: Key = NO_KEY
    ) -> Answer:
        """Write a question down for the staff."""
        return {
            "ticket": self._made(subject, text, customer, key),
            "status": "open",
            "subject": subject,
            "done": "opened",
        }

    def request_callback(
        self,
        phone: Annotated[Phone, Field(description="Where to call.")],
        reason: Subject,
        when: Annotated[NaiveDatetime | None, Field(description="Not before; at once if it is left out.")] = None,
        customer: Digits | None = None,
        key: Key = NO_KEY,
    ) -> Answer:
        """Have a person call back."""
        at = when.isoformat(timespec="minutes") if when else None
        text = f"Call {phone}" + (f", not before {at}" if at else "")
        ticket = self._made(f"Call back: {reason}", text, customer, key)
        return {"ticket": ticket, "phone": phone, "callback": at, "done": "opened"}

    def ticket_status(self, customer: Digits, ticket: Digits) -> Answer:
        """Tell how a ticket stands."""
        missing = ToolError("not_found", f"There is no ticket {ticket} under this customer.")
        with translated(missing):
            found = self._tickets.get_by_id(
                ticket, properties=list(SHOWN), associations=["contacts"], _request_timeout=TIMEOUT
            )
        ties = (found.associations or {}).get("contacts")
        if not ties or customer not in [tie.id for tie in ties.results]:
            raise missing
        told = found.properties
        return {
            "ticket": found.id,
            "status": "closed" if told.get("closed_date") else "open",
            "stage": told.get("hs_pipeline_stage"),
            "subject": told.get("subject"),
            "opened": (told.get("createdate") or "")[:10] or None,
        }

    def _made(self, subject: str, text: str, customer: str | None, key: str) -> str:
        """The id of a new ticket; with a key property, of the one that this key made."""
        keyed = {self.portal.key_property: key} if self.portal.key_property and key else {}
        told = {"subject": subject, "content": text, "hs_pipeline": "0", "hs_pipeline_stage": self.portal.stage}
        tie = tickets.AssociationSpec(association_category="HUBSPOT_DEFINED", association_type_id=TICKET_OF_CONTACT)
        ties = [tickets.PublicAssociationsForObject(to=tickets.PublicObjectId(id=customer), types=[tie])]
        made = tickets.SimplePublicObjectInputForCreate(properties=told | keyed, associations=ties if customer else [])
        with translated():
            try:
                created = self._tickets.create(simple_public_object_input_for_create=made, _request_timeout=TIMEOUT)
            except tickets.ApiException as error:
                if error.status != 409 or not keyed:
                    raise
                created = self._tickets.get_by_id(key, id_property=self.portal.key_property, _request_timeout=TIMEOUT)
        return str(created.id)


def _person(one: Any) -> Person:
    first, last = one.properties.get("firstname") or "", one.properties.get("lastname") or ""
    return Person(one.id, f"{first} {last}".strip(), first)


@contextmanager
def translated(missing: ToolError | None = None) -> Iterator[None]:
    """The client's errors as answers. What HubSpot says of the values given may be told; anything else may not."""
    try:
        yield
    except (contacts.ApiException, tickets.ApiException) as error:
        if error.status == 404:
            raise missing or ToolError("not_found", "There is no such record.") from None
        if error.status == 400 and (said := _validation(error.body)):
            raise ToolError("refused", said) from None
        raise ToolError("unavailable", f"The system answered with an error ({error.status}).") from None
    except urllib3.exceptions.TimeoutError:
        raise ToolError("timeout", "The system did not answer in time.") from None
    except urllib3.exceptions.HTTPError as error:
        slow = isinstance(getattr(error, "reason", None), urllib3.exceptions.ReadTimeoutError)
        if slow:
            raise ToolError("timeout", "The system did not answer in time.") from None
        raise ToolError("unavailable", "The system cannot be reached.") from None


def _validation(body: Any) -> str:
    try:
        told = orjson.loads(body or b"{}")
    except orjson.JSONDecodeError:
        return ""
    return str(told.get("message", ""))[:300] if told.get("category") == "VALIDATION_ERROR" else ""
