"""Who calls and who is called: a number in E.164, an address, or a caller who withholds it.

A number is read the way people and carriers write it (`+49 (0)30 901820`, `030/901820`, `00 49 30 901820`,
`tel:+49-30-901820`) and has one spelling afterwards, so that one caller is one caller everywhere. What cannot be read
with certainty is an error, never a guess; `caller` is the reading that never fails, for a phone that already rings.
"""

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Literal, NamedTuple


class NumberError(ValueError):
    """A text is no number that could be dialled. `kind` is a bounded label, `detail` quotes the text."""

    def __init__(self, kind: str, detail: str) -> None:
        super().__init__(f"{kind}: {detail!r}")
        self.kind = kind
        self.detail = detail


class Withheld(StrEnum):
    """A caller who shows no number, and the network's word for why."""

    ANONYMOUS = "anonymous"
    RESTRICTED = "restricted"
    BLOCKED = "blocked"
    UNAVAILABLE = "unavailable"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Number:
    e164: str

    def __str__(self) -> str:
        return self.e164


@dataclass(frozen=True, slots=True)
class Address:
    """A party reached by name: a SIP phone or a client of the provider's SDK."""

    scheme: Literal["sip", "client"]
    name: str

    def __str__(self) -> str:
        return f"{self.scheme}:{self.name}"


Party = Number | Address | Withheld


class Plan(NamedTuple):
    """How a country writes its own numbers: `trunk` before an area code, `exit` before a foreign country code."""

    code: str
    trunk: str
    exit: str
    shortest: int
    longest: int


PLANS: Final = {
    "AE": Plan("971", "0", "00", 8, 9),
    "AR": Plan("54", "0", "00", 10, 11),
    "AT": Plan("43", "0", "00", 4, 13),
    "AU": Plan("61", "0", "0011", 6, 10),
    "BE": Plan("32", "0", "00", 8, 9),
    "BG": Plan("359", "0", "00", 7, 9),
    "BR": Plan("55", "0", "00", 10, 11),
    "CA": Plan("1", "1", "011", 10, 10),
    "CH": Plan("41", "0", "00", 9, 9),
    "CL": Plan("56", "", "00", 9, 9),
    "CN": Plan("86", "0", "00", 9, 11),
    "CO": Plan("57", "", "00", 10, 10),
    "CY": Plan("357", "", "00", 8, 8),
    "CZ": Plan("420", "", "00", 9, 9),
    "DE": Plan("49", "0", "00", 6, 12),
    "DK": Plan("45", "", "00", 8, 8),
    "EE": Plan("372", "", "00", 7, 8),
    "EG": Plan("20", "0", "00", 8, 10),
    "ES": Plan("34", "", "00", 9, 9),
    "FI": Plan("358", "0", "00", 5, 12),
    "FR": Plan("33", "0", "00", 9, 9),
    "GB": Plan("44", "0", "00", 9, 10),
    "GR": Plan("30", "", "00", 10, 10),
    "HK": Plan("852", "", "001", 8, 8),
    "HR": Plan("385", "0", "00", 8, 9),
    "HU": Plan("36", "06", "00", 8, 9),
    "ID": Plan("62", "0", "001", 7, 12),
    "IE": Plan("353", "0", "00", 7, 9),
    "IL": Plan("972", "0", "00", 8, 9),
    "IN": Plan("91", "0", "00", 10, 10),
    "IS": Plan("354", "", "00", 7, 9),
    "IT": Plan("39", "", "00", 6, 11),
    "JP": Plan("81", "0", "010", 9, 10),
    "KE": Plan("254", "0", "000", 7, 10),
    "KR": Plan("82", "0", "00", 8, 10),
    "KZ": Plan("7", "8", "810", 10, 10),
    "LT": Plan("370", "0", "00", 8, 8),
    "LU": Plan("352", "", "00", 4, 11),
    "LV": Plan("371", "", "00", 8, 8),
    "MA": Plan("212", "0", "00", 9, 9),
    "MT": Plan("356", "", "00", 8, 8),
    "MX": Plan("52", "", "00", 10, 10),
    "MY": Plan("60", "0", "00", 8, 10),
    "NG": Plan("234", "0", "009", 7, 10),
    "NL": Plan("31", "0", "00", 7, 10),
    "NO": Plan("47", "", "00", 8, 8),
    "NZ": Plan("64", "0", "00", 8, 10),
    "PE": Plan("51", "0", "00", 8, 9),
    "PH": Plan("63", "0", "00", 8, 10),
    "PL": Plan("48", "", "00", 9, 9),
    "PT": Plan("351", "", "00", 9, 9),
    "RO": Plan("40", "0", "00", 9, 9),
    "RS": Plan("381", "0", "00", 7, 10),
    "RU": Plan("7", "8", "810", 10, 10),
    "SA": Plan("966", "0", "00", 8, 9),
    "SE": Plan("46", "0", "00", 7, 10),
    "SG": Plan("65", "", "000", 8, 8),
    "SI": Plan("386", "0", "00", 8, 8),
    "SK": Plan("421", "0", "00", 9, 9),
    "TH": Plan("66", "0", "001", 8, 9),
    "TR": Plan("90", "0", "00", 10, 10),
    "TW": Plan("886", "0", "002", 8, 9),
    "UA": Plan("380", "0", "00", 9, 9),
    "US": Plan("1", "1", "011", 10, 10),
    "VN": Plan("84", "0", "00", 9, 10),
    "ZA": Plan("27", "0", "00", 9, 9),
}

WITHHELD: Final = {word.value: word for word in Withheld} | {
    "": Withheld.UNKNOWN,
    "private": Withheld.RESTRICTED,
    "withheld": Withheld.RESTRICTED,
    # The provider spells the word on a telephone keypad when its own API insists on digits.
    "+266696687": Withheld.ANONYMOUS,
    "+7378742833": Withheld.RESTRICTED,
    "+2562533": Withheld.BLOCKED,
    "+86282452253": Withheld.UNAVAILABLE,
    "+8656696": Withheld.UNKNOWN,
}

_SEPARATORS: Final = re.compile(r"[\s\u2010-\u2015./()\-]+", re.ASCII)
_ADDRESS_NAME: Final = re.compile(r"[A-Za-z0-9_.!~*'%+$\-]+(@[A-Za-z0-9.\-]+(:[0-9]{1,5})?)?")
_TWO_DIGIT_CODES: Final = re.compile(r"2[07]|3[0-469]|4[013-9]|5[1-8]|6[0-6]|8[1246]|9[0-58]")
_LONGEST_TEXT: Final = 255


def read(text: str, country: str = "US") -> Party:
    """The party a text means; numbers without a country code belong to `country` (ISO 3166, two letters)."""
    if country not in PLANS:
        raise NumberError("unknown_country", country)
    if len(text) > _LONGEST_TEXT:
        raise NumberError("too_long", text[:20])
    bare = text.replace("\u00a0", " ").strip()
    scheme, _, rest = bare.partition(":")
    if scheme.lower() in ("sip", "sips"):
        return _sip(rest, country)
    if scheme.lower() == "client":
        return _address("client", rest)
    if scheme.lower() == "tel":
        bare = rest.partition(";")[0]
    word = WITHHELD.get(bare.lower())
    return word if word is not None else Number(_e164(bare, PLANS[country]))


def caller(text: str, country: str = "US") -> Party:
    """Who a carrier says is calling. A phone that rings is answered, whatever its number looks like."""
    try:
        return read(text, country)
    except NumberError:
        return Withheld.UNKNOWN


def code(e164: str) -> str:
    """The country code of a number: `49` of `+4930901820`."""
    digits = e164.removeprefix("+")
    if digits[:1] in ("1", "7"):
        return digits[:1]
    return digits[:2] if _TWO_DIGIT_CODES.match(digits) else digits[:3]


def masked(text: str) -> str:
    """A party for people who need not know it: country and last two digits of a number, first letter of a name."""
    if text.startswith("+"):
        shown = "+" + code(text)
        hidden = len(text) - len(shown) - 2
        return shown + "•" * hidden + text[-2:] if hidden > 0 else "+" + "•" * (len(text) - 1)
    scheme, colon, name = text.partition(":")
    if colon:
        user, at, host = name.partition("@")
        return f"{scheme}:{user[:1]}•••{at}{host}"
    return text if text in WITHHELD else "•" * len(text)


def _sip(rest: str, country: str) -> Party:
    uri = re.split("[;>?]", rest, maxsplit=1)[0]
    user, _, host = uri.partition("@")
    word = WITHHELD.get(user.lower()) if user else None
    if word is not None or host.lower() == "anonymous.invalid":
        return word or Withheld.ANONYMOUS
    return Number(_e164(user, PLANS[country])) if user.startswith("+") else _address("sip", uri)


def _address(scheme: Literal["sip", "client"], name: str) -> Address:
    if not _ADDRESS_NAME.fullmatch(name):
        raise NumberError("bad_address", f"{scheme}:{name[:40]}")
    return Address(scheme, name)


def _e164(text: str, plan: Plan) -> str:
    digits = _digits(text.removeprefix("+"))
    if text.startswith("+"):
        whole = digits
    elif digits.startswith(plan.exit):
        whole = digits.removeprefix(plan.exit)
    else:
        whole = plan.code + _national(digits, plan, text)
    if whole.startswith("0"):
        raise NumberError("no_such_country", text)
    whole = _without_trunk_zero(whole)
    if not 7 <= len(whole) <= 15:
        raise NumberError("too_short" if len(whole) < 7 else "too_long", text)
    return "+" + whole


def _without_trunk_zero(whole: str) -> str:
    """`49 (0)30 ...` is `49 30 ...`, but Italy's zeros belong to the number."""
    country = code(whole)
    has_trunk_zero = any(plan.code == country and plan.trunk == "0" for plan in PLANS.values())
    return country + whole.removeprefix(country).removeprefix("0") if has_trunk_zero else whole


def _national(digits: str, plan: Plan, text: str) -> str:
    """The digits after the country code. A number too long to be national may be a foreign way to write our own."""
    bare = digits.removeprefix(plan.trunk)
    candidates = [bare]
    if not plan.trunk.startswith("0"):
        candidates.append(digits)
    if digits.startswith(plan.code):
        candidates.append(digits.removeprefix(plan.code))
    for candidate in candidates:
        if plan.shortest <= len(candidate) <= plan.longest:
            return candidate
    raise NumberError("too_short" if len(bare) < plan.shortest else "too_long", text)


def _digits(text: str) -> str:
    digits = _SEPARATORS.sub("", text)
    if not (digits.isascii() and digits.isdecimal()):
        raise NumberError("not_a_number", text)
    return digits
