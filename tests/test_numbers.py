"""One caller has one spelling, whoever wrote the number down; what cannot be read with certainty is an error."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from callcenter.numbers import PLANS, Address, Number, NumberError, Withheld, caller, code, masked, read

steady = settings(max_examples=200, derandomize=True, deadline=None, database=None)


@pytest.mark.parametrize(
    ("text", "country", "e164"),
    [
        ("+15550100123", "US", "+15550100123"),
        ("(555) 010-0123", "US", "+15550100123"),
        ("1-555-010-0123", "US", "+15550100123"),
        ("555.010.0123", "CA", "+15550100123"),
        ("011 49 30 901820", "US", "+4930901820"),
        ("+49 (0)30 901820", "US", "+4930901820"),
        ("+49 030 901820", "US", "+4930901820"),
        ("030/901820", "DE", "+4930901820"),
        ("030 \u2013 90 18 20", "DE", "+4930901820"),
        ("030\u00a0901820", "DE", "+4930901820"),
        ("0049 30 901820", "DE", "+4930901820"),
        ("0049 (0) 30 901820", "DE", "+4930901820"),
        ("4915112345678", "DE", "+4915112345678"),
        ("0151 12345678", "DE", "+4915112345678"),
        ("tel:+49-30-901820", "US", "+4930901820"),
        ("tel:030-901820;phone-context=+49", "DE", "+4930901820"),
        ("TEL:+15550100123", "DE", "+15550100123"),
        ("020 7946 0958", "GB", "+442079460958"),
        ("+44 (0)20 7946 0958", "GB", "+442079460958"),
        ("06 1234 5678", "IT", "+390612345678"),
        ("+39 06 1234 5678", "IT", "+390612345678"),
        ("+39 (0)6 1234 5678", "US", "+390612345678"),
        ("06 1 234 5678", "HU", "+3612345678"),
        ("8 (495) 123-45-67", "RU", "+74951234567"),
        ("812 123-45-67", "RU", "+78121234567"),
        ("8 10 49 30 901820", "RU", "+4930901820"),
        ("0011 1 555 010 0123", "AU", "+15550100123"),
        ("0412 345 678", "AU", "+61412345678"),
        ("1300 123 456", "AU", "+611300123456"),
        ("010 1 555 010 0123", "JP", "+15550100123"),
        ("09123 456789", "IN", "+919123456789"),
        ("9123456789", "IN", "+919123456789"),
        ("919123456789", "IN", "+919123456789"),
        ("138 1234 5678", "CN", "+8613812345678"),
        ("06 12 34 56 78", "FR", "+33612345678"),
        ("612 345 678", "ES", "+34612345678"),
        ("sip:+15550100123@trunk.example.com;transport=tls", "US", "+15550100123"),
        ("sips:+15550100123@trunk.example.com?x=y", "US", "+15550100123"),
    ],
)
def test_a_number_has_one_spelling(text, country, e164):
    assert read(text, country) == Number(e164)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", Withheld.UNKNOWN),
        ("  ", Withheld.UNKNOWN),
        ("anonymous", Withheld.ANONYMOUS),
        ("Anonymous", Withheld.ANONYMOUS),
        ("RESTRICTED", Withheld.RESTRICTED),
        ("private", Withheld.RESTRICTED),
        ("unavailable", Withheld.UNAVAILABLE),
        ("+266696687", Withheld.ANONYMOUS),
        ("+7378742833", Withheld.RESTRICTED),
        ("+2562533", Withheld.BLOCKED),
        ("+86282452253", Withheld.UNAVAILABLE),
        ("+8656696", Withheld.UNKNOWN),
        ("sip:anonymous@anonymous.invalid", Withheld.ANONYMOUS),
        ("sip:restricted@pbx.example.com", Withheld.RESTRICTED),
        ("sip:whoever@anonymous.invalid", Withheld.ANONYMOUS),
    ],
)
def test_a_withheld_number_is_no_number_and_says_why(text, why):
    assert read(text) is why
    assert caller(text) is why


def test_the_numbers_that_stand_for_a_word_spell_it_on_a_keypad():
    keys = {
        letter: str(key)
        for key, letters in enumerate(["abc", "def", "ghi", "jkl", "mno", "pqrs", "tuv", "wxyz"], 2)
        for letter in letters
    }
    for word in Withheld:
        assert read("+" + "".join(keys[letter] for letter in word)) is word


@pytest.mark.parametrize(
    ("text", "party"),
    [
        ("sip:1001@pbx.example.com", Address("sip", "1001@pbx.example.com")),
        ("sip:anna@pbx.example.com:5061;transport=tcp", Address("sip", "anna@pbx.example.com:5061")),
        ("client:anna_2", Address("client", "anna_2")),
    ],
)
def test_a_party_may_have_a_name_instead(text, party):
    assert read(text) == party
    assert read(str(party)) == party


@pytest.mark.parametrize(
    ("text", "country", "kind"),
    [
        ("911", "US", "too_short"),
        ("112", "DE", "too_short"),
        ("012345", "DE", "too_short"),
        ("010-0123", "US", "too_short"),
        ("+112", "US", "too_short"),
        ("+1234567890123456", "US", "too_long"),
        ("555 010 01234", "US", "too_long"),
        ("9" * 300, "US", "too_long"),
        ("+0 30 901820", "US", "no_such_country"),
        ("0000 30 901820", "DE", "no_such_country"),
        ("1-800-FLOWERS", "US", "not_a_number"),
        ("+49 30 901820 ext. 7", "DE", "not_a_number"),
        ("++4930901820", "DE", "not_a_number"),
        ("+49+30901820", "DE", "not_a_number"),
        ("+\u0664\u0669 30901820", "DE", "not_a_number"),
        ("-", "US", "not_a_number"),
        ("+", "US", "not_a_number"),
        ("hello", "US", "not_a_number"),
        ("sip:", "US", "bad_address"),
        ("sip:a b@x", "US", "bad_address"),
        ('sip:a"<Dial/>@x', "US", "bad_address"),
        ("sip:a@b@c", "US", "bad_address"),
        ("client:", "US", "bad_address"),
        ("+4930901820", "XX", "unknown_country"),
    ],
)
def test_what_cannot_be_dialled_is_an_error_that_says_why(text, country, kind):
    with pytest.raises(NumberError) as caught:
        read(text, country)
    assert caught.value.kind == kind


def test_a_phone_that_rings_is_answered_whatever_its_number_looks_like():
    assert caller("1-800-FLOWERS") is Withheld.UNKNOWN
    assert caller("+15550100123") == Number("+15550100123")


@pytest.mark.parametrize(
    ("e164", "country_code"),
    [
        ("+15550100123", "1"),
        ("+74951234567", "7"),
        ("+4930901820", "49"),
        ("+35312345678", "353"),
        ("+8613812345678", "86"),
    ],
)
def test_a_country_code_is_found(e164, country_code):
    assert code(e164) == country_code


@pytest.mark.parametrize(("country", "plan"), PLANS.items())
def test_every_plan_reads_its_own_numbers_in_every_spelling(country, plan):
    assert code("+" + plan.code + "2" * plan.longest) == plan.code
    for length in (plan.shortest, plan.longest):
        own = "2" * length
        e164 = Number("+" + plan.code + own)
        if len(plan.code) + length < 7:
            continue
        spellings = ["+" + plan.code + own, plan.exit + plan.code + own, plan.trunk + own, own]
        assert {read(spelling, country) for spelling in spellings} == {e164}


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("+15550100123", "+1••••••••23"),
        ("+4930901820", "+49••••••20"),
        ("+35312345678", "+353••••••78"),
        ("+1234", "+1•34"),
        ("+491", "+•••"),
        ("sip:anna@pbx.example.com", "sip:a•••@pbx.example.com"),
        ("client:anna", "client:a•••"),
        ("anonymous", "anonymous"),
        ("", ""),
        ("5550123", "•••••••"),
    ],
)
def test_a_masked_party_cannot_be_called(text, shown):
    assert masked(text) == shown


@steady
@given(st.text(max_size=60), st.sampled_from(sorted(PLANS)))
def test_any_text_is_a_party_or_an_error_and_a_party_reads_as_itself(text, country):
    party = caller(text, country)
    assert read(str(party), country) == party


@steady
@given(st.text(alphabet="+0123456789 ()-./", max_size=24), st.sampled_from(sorted(PLANS)))
def test_whatever_is_read_as_a_number_is_e164_and_reads_the_same_anywhere(text, country):
    party = caller(text, country)
    if isinstance(party, Number):
        assert party.e164[0] == "+"
        assert party.e164[1] in "123456789"
        assert party.e164[1:].isdecimal()
        assert 8 <= len(party.e164) <= 16
        assert {read(party.e164, other) for other in PLANS} == {party}


@steady
@given(st.from_regex(r"\+[1-9][0-9]{5,14}", fullmatch=True))
def test_a_mask_shows_at_most_the_country_and_two_digits(e164):
    shown = masked(e164)
    assert len(shown) == len(e164)
    assert sum(letter.isdigit() for letter in shown) <= len(code(e164)) + 2
