"""The words that tell what a number is: "card", "social", "call me at", and those that say it is nobody's secret."""

from collections.abc import Mapping, Sequence
from typing import Final

from callcenter.background.grammar.words import vocabulary

CARD: Final = vocabulary("card cards visa mastercard amex discover credit debit pan maestro")
CODE: Final = vocabulary("cvv cvc cv2 cvv2 csc")
SSN: Final = vocabulary("social ssn socials taxpayer itin tin")
PHONE: Final = vocabulary(
    "phone telephone cell cellphone mobile landline callback fax text whatsapp dial reach phones area ring"
)
OTHER: Final = vocabulary(
    """
    order orders tracking track invoice invoices confirmation confirm reference ref case ticket zip zipcode postal
    postcode account member membership policy claim serial model part item items sku quantity amount price priced cost
    costs total balance owe date dob birth birthday birthdate born expires expire expiry expiration expiring valid
    flight booking reservation room unit apartment suite street avenue boulevard po purchase version meter isbn barcode
    upc shipment parcel package loyalty id odometer mileage reading routing iban vin plate population year years
    appointment pin passcode permit license
    """
)
PHRASES: Final[Mapping[tuple[str, ...], str]] = {
    ("american", "express"): "card",
    ("security", "code"): "code",
    ("back", "of"): "code",
    ("on", "the", "back"): "code",
    ("verification", "value"): "code",
    ("tax", "id"): "ssn",
    ("tax", "identification"): "ssn",
    ("social", "media"): "",
    ("in", "case"): "",
    ("in", "order"): "",
    ("call", "me"): "phone",
    ("call", "you"): "phone",
    ("call", "him"): "phone",
    ("call", "her"): "phone",
    ("call", "back"): "phone",
    ("contact", "number"): "phone",
    ("my", "number"): "phone",
    ("your", "number"): "phone",
    ("best", "number"): "phone",
    ("number", "to"): "phone",
    ("number", "is"): "number",
    ("tracking", "number"): "other",
    ("gift", "card"): "card",
    ("ring", "me"): "phone",
    ("phone", "order"): "other",
    ("credit", "of"): "other",
    ("a", "credit"): "other",
    ("text", "message"): "",
}
"""Longer ones win over their words; an empty meaning takes them out."""

CORRECTION: Final = vocabulary(
    "no sorry wait actually correction mistake wrong meant mean scratch oops rather apologies nope ~no"
)
FILLER: Final = vocabulary(
    """
    um uh er erm ah eh hmm hm mm mhm uhm okay ok and then so dash hyphen space minus stroke slash dot period comma like
    that's is it's its yeah yes yep right alright next plus well sorry ~
    """
)
"""What may stand between the digits of one number and mean nothing."""

UNITS: Final = vocabulary(
    """
    dollar dollars buck bucks cent cents euro euros pound pounds percent minute minutes hour hours day days week weeks
    month months year years item items piece pieces unit units people person times time am pm a.m p.m o'clock mile
    miles degrees pack packs box boxes copies copy seats seat kids guests inch inches feet foot tickets bags pairs
    gallons ounces kilos kilometers calls orders units points stars grand k
    """
)
"""After these a number counts something."""

MONTHS: Final = vocabulary(
    "january february march april may june july august september october november december jan feb mar apr jun jul aug "
    "sep sept oct nov dec"
)


def meanings(words: Sequence[str]) -> list[str]:
    """What each word says a number near it is: card, code, ssn, phone, email, other, or nothing."""
    found = [_alone(word) for word in words]
    there = set(words)
    for phrase, meaning in PHRASES.items():
        if not there.issuperset(phrase):
            continue
        for at in range(len(words) - len(phrase) + 1):
            if tuple(words[at : at + len(phrase)]) == phrase and (meaning != "number" or not found[at]):
                found[at : at + len(phrase)] = [""] * (len(phrase) - 1) + ["" if meaning == "number" else meaning]
    return found


_MEANING: Final = {
    **dict.fromkeys(OTHER, "other"),
    **dict.fromkeys(PHONE, "phone"),
    **dict.fromkeys(SSN, "ssn"),
    **dict.fromkeys(CODE, "code"),
    **dict.fromkeys(CARD, "card"),
    **dict.fromkeys(("email", "e-mail", "mail", "emails", "inbox"), "email"),
}


def _alone(word: str) -> str:
    return _MEANING.get(word.removesuffix("'s"), "")
