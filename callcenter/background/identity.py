"""Whether a caller is who they say: one way of asking and answering, whatever system holds the customers.

A caller names themselves (name, customer number or telephone) and proves it (date of birth or postcode). Just one
record must fit; what does not fit is not said, nor whether anything came close. Over a telephone names are misheard:
one that only sounds like the record's, or of which only one half is right, will do where date of birth and postcode
are both right.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from typing import Annotated, Any, Final

from pydantic import Field

from callcenter.background.arguments import Name, Phone
from callcenter.background.grammar.words import likeness, words
from callcenter.background.outcome import ToolError

Answer = dict[str, Any]

ALIKE: Final = 0.5
"""Likeness of two names from which one may have been misheard as the other; of different people's it is below 0.3."""

SAME: Final = 0.75
"""Likeness of two words from which they are one name, first or last, whatever was misheard around it."""


@dataclass(frozen=True, slots=True)
class Person:
    customer: str
    name: str
    first_name: str


@dataclass(frozen=True, slots=True)
class Claim:
    name: str | None = None
    number: str | None = None
    phone: str | None = None
    born: date | None = None
    postcode: str | None = None

    @property
    def need(self) -> str | None:
        """The detail without which nothing can be decided."""
        if not (self.name or self.number or self.phone):
            return "name"
        return None if self.born or self.postcode else "born"

    def about(self, name: str) -> bool:
        """Whether everything is here that a misheard name takes, and the claimed name sounds like this one."""
        if not (self.name and self.born and self.postcode):
            return False
        claimed, known = (words(one.replace("'", "")) for one in (self.name, name))
        several = (*claimed, *(left + right for left, right in pairwise(claimed)))
        either = max(likeness(one, part) for one in several for part in (known[0], known[-1]))
        return either >= SAME or likeness("".join(claimed), "".join(known)) >= ALIKE

    def verdict(self, found: Sequence[Person]) -> dict[str, Any]:
        """`found` are the records that everything in the claim fits."""
        if self.need or len(found) > 1:
            other = "born" if self.born is None else "postcode" if self.postcode is None else "number"
            return {"verified": False, "need": self.need or other}
        if not found:
            return {"verified": False, "need": None}
        only = found[0]
        return {"verified": True, "customer": only.customer, "name": only.name, "first_name": only.first_name}


class Reception(ABC):
    """Asks who is calling, and answers in the same way whatever system holds the customers."""

    @abstractmethod
    def matching(self, claim: Claim, email: str | None = None) -> list[Person]:
        """The records that everything claimed fits."""

    def find_customer(self, name: Name | None = None, phone: Phone | None = None, email: str | None = None) -> Answer:
        """Count the contacts who fit what is known, and give the id if there is just one."""
        if not (name or phone or email):
            raise ToolError("invalid", "A name, a telephone number or an e-mail is needed.")
        found = self.matching(Claim(name=name, phone=phone), email)
        if not found:
            raise ToolError("not_found", "There is no such customer.")
        return {"matches": len(found), "customer": found[0].customer if len(found) == 1 else None}

    def verify_customer(
        self,
        name: Name | None = None,
        phone: Phone | None = None,
        born: Annotated[date | None, Field(description="Date of birth.")] = None,
        postcode: str | None = None,
    ) -> Answer:
        """Verify who is calling: who they say they are, and a date of birth or postcode that only they know."""
        claim = Claim(name=name, phone=phone, born=born, postcode=postcode)
        return claim.verdict(() if claim.need else self.matching(claim))
