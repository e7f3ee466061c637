"""Every symbol of every synthesizer folds onto phones the model knows."""

import pytest

from callcenter.model.phones import IPA, NUMBER, OTHERS, PHONES, SILENCE, of_ipa, of_letters


def named(phones):
    return " ".join(PHONES[phone] for phone in phones)


@pytest.mark.parametrize("table", [IPA, OTHERS], ids=["espeak", "flite and festival"])
def test_tables_hold_only_phones(table):
    assert {name for folded in table.values() for name in folded.split()} <= set(PHONES)


def test_there_are_forty_and_silence_is_the_first():
    assert len(PHONES) == len(set(PHONES)) == 40
    assert NUMBER["sil"] == SILENCE == 0


@pytest.mark.parametrize(
    ("symbol", "phones"),
    [
        ("ˈaɪ", "AY"),
        ("ˌoʊ", "OW"),
        ("tʃ", "CH"),
        ("aɪə", "AY AH"),
        ("əl", "AH L"),
        ("", "sil"),
        ("_:", "sil"),
        ("ts", "T S"),
        ("☃", ""),
    ],
)
def test_espeak_symbols(symbol, phones):
    assert named(of_ipa(symbol)) == phones


@pytest.mark.parametrize(
    ("symbol", "phones"), [("aa", "AA"), ("pau", "sil"), ("ax", "AH"), ("el", "AH L"), ("HH", "HH"), ("??", "sil")]
)
def test_symbols_of_flite_and_festival(symbol, phones):
    assert named(of_letters(symbol)) == phones
