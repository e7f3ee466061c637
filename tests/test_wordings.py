"""The sentences that teach which words follow which."""

import gzip
import json
from random import Random

import pytest

from callcenter.callers.heldout import held_out
from callcenter.train.wordings import (
    SMALL,
    agents_words,
    bare_answers,
    generated,
    grammar_words,
    phrases,
    read_aloud,
    sentences,
)

SAID = [f"could you please send me {n} of them" for n in ("one", "two", "three", "four", "five", "six", "seven", "ten")]


@pytest.fixture
def data(tmp_path):
    (tmp_path / "text").mkdir()
    (tmp_path / "speech").mkdir()
    with gzip.open(tmp_path / "text" / "callers.txt.gz", "wt") as file:
        file.write("\n".join(SAID * 40))
    with gzip.open(tmp_path / "text" / "agents.txt.gz", "wt") as file:
        file.write("your parcel is here\n" * 3 + "seldom\n")
    rows = [{"text": f"the reader reads {who}", "speaker": f"so-{who}"} for who in range(60)]
    rows += [{"text": "everybody reads this", "speaker": row["speaker"]} for row in rows]
    (tmp_path / "speech" / "speechocean.jsonl").write_text("\n".join(map(json.dumps, rows)))
    return tmp_path


def test_nothing_that_is_held_out_teaches(data):
    told = {" ".join(words) for words in sentences(data, Random(1), 0.005)}
    assert {text for text in SAID if not held_out("sentence", text)} <= told
    assert not {text for text in SAID if held_out("sentence", text)} & told
    assert not {text for text in told if held_out("sentence", text) and text in phrases(evaluation=True)}


def test_what_somebody_who_is_held_out_reads_teaches_nobody(data):
    told = read_aloud(data)
    assert told
    assert "everybody reads this" not in told
    assert not [text for text in told if held_out("speaker", f"so-{text.split()[-1]}")]


def test_bare_answers_are_on_one_side():
    teaching, measuring = (set(bare_answers(Random(seed), 400, seed == 1)) for seed in (0, 1))
    assert not {text for text in teaching & measuring if " " in text and text not in SMALL}
    assert set(SMALL) & teaching
    assert any(text.split()[0].isalpha() for text in measuring)


def test_generated_sentences_are_many():
    assert len(set(generated(Random(3), 300))) > 200


def test_words_come_from_agents_and_from_every_grammar(data):
    assert agents_words(data) == ["here", "is", "parcel", "your"]
    assert {"zimmer", "postcode", "triple", "thirty", "tyres"} <= set(grammar_words())
    assert agents_words(data / "nowhere") == []
