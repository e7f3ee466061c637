"""Words of a company's own: read from a file, said by the synthesizer, heard by the ears of every call."""

import os
import subprocess
import sys
from random import Random

import numpy as np
import pytest
from little_model import network

import flows
from callcenter import glossary
from callcenter.background.crm.spoken import spoken
from callcenter.bench.ears import telephoned
from callcenter.bench.listeners import Streamed, Taught
from callcenter.bench.textcall import world
from callcenter.callers.studio import Studio
from callcenter.callers.suite import Beds
from callcenter.callers.takes import plain
from callcenter.config import Settings
from callcenter.doctor import _words
from callcenter.engine.engine import Engine
from callcenter.engine.runner import Runner
from callcenter.glossary import GlossaryError, Learner, Term, learnt, read, terms, terms_of, unknown
from callcenter.model.checkpoint import shipped
from callcenter.model.config import LATE
from callcenter.model.lexicon import Lexicon, Words
from callcenter.model.phones import NUMBER, PHONES
from callcenter.model.vocabulary import Vocabulary
from callcenter.server import build, engine_of, named_in, started, vocabulary
from callcenter.store import Store
from callcenter.voices import VoiceError

TOLD = """
# what we sell
Vortexa
Kings Cross Arcade   # a mall
Siobhan = shivawn
"""
NAMES = ("quillon", "zephyrine", "tandrillo", "ostrava", "drummoyne", "szymanski", "nimbostar", "prendergast")
SENTENCES = ("my name is {}", "i ordered the {} last week", "{}", "i have a question about the {}")


@pytest.fixture(scope="module")
def lexicon() -> Lexicon:
    return Lexicon.load()


def test_a_name_a_line_is_read_and_how_it_sounds() -> None:
    assert tuple(terms(TOLD)) == (
        Term(("vortexa",)),
        Term(("kings", "cross", "arcade")),
        Term(("siobhan",), "shivawn"),
    )


@pytest.mark.parametrize(
    ("line", "cause"),
    [
        ("4217", "line 2: '4217' has no letters"),
        ("Kings Cross = kings", "one word, a ="),
        ("Siobhan =", "how it sounds"),
    ],
)
def test_what_cannot_be_used_is_told_with_its_line_and_what_to_write(line: str, cause: str) -> None:
    with pytest.raises(GlossaryError, match=cause):
        tuple(terms(f"fine\n{line}\n"))


def test_a_file_that_is_none_is_told(tmp_path) -> None:
    with pytest.raises(GlossaryError, match="a name a line is wanted"):
        read(tmp_path / "nowhere.txt")
    (tmp_path / "words.bin").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(GlossaryError, match="cannot be read"):
        read(tmp_path / "words.bin")


def test_only_what_is_not_known_is_learnt_or_what_sounds_otherwise(lexicon: Lexicon) -> None:
    own = learnt([*terms(TOLD), Term(("order", "number"))], lexicon)
    assert own.keys() == {"vortexa", "arcade", "siobhan"}
    assert own["siobhan"][0][:2] == (NUMBER["SH"], NUMBER["IH"])
    assert unknown(terms(TOLD), lexicon) == ["arcade", "siobhan", "vortexa"]


def test_a_word_that_is_known_gets_a_further_sound_and_keeps_its_own(lexicon: Lexicon) -> None:
    own = learnt(terms("order = ardour"), lexicon)
    both = lexicon.besides(own)
    at = lexicon.number()["order"]
    assert both.words == lexicon.words
    assert both.sounds[at][: len(lexicon.sounds[at])] == lexicon.sounds[at]
    assert set(own["order"]) <= set(both.sounds[at])


def test_more_than_can_be_searched_is_refused(monkeypatch, lexicon: Lexicon) -> None:
    monkeypatch.setattr(glossary, "MOST", 2)
    with pytest.raises(GlossaryError, match="leave some out"):
        learnt(terms("vortexa\nquillon\nzephyrine"), lexicon)


def test_nothing_new_asks_no_synthesizer(monkeypatch, lexicon: Lexicon) -> None:
    monkeypatch.setattr(glossary, "pronounced", lambda words: pytest.fail("nobody needs to say anything"))
    assert learnt([Term(("order",))], lexicon) == {}


@pytest.mark.parametrize("name", sorted(flows.shipped()))
def test_what_the_callers_of_a_flow_may_say_is_learnt_once(name: str, lexicon: Lexicon) -> None:
    flow, taught = flows.shipped()[name], []
    learner = Learner(taught.append)
    for _ in range(2):
        learner.learn(flow)
    assert learner.knows(flow)
    assert sorted(word for own in taught for word in own) == unknown(terms_of(flow), lexicon)


def test_words_that_another_flow_had_are_not_learnt_again() -> None:
    taught: list[Words] = []
    learner = Learner(taught.append)
    for name in ("retail", "front_desk", "appointments"):
        learner.learn(flows.shipped()[name])
    words = [word for own in taught for word in own]
    assert len(words) == len(set(words)) > 0


def test_what_the_records_of_a_crm_name_is_learnt(lexicon: Lexicon) -> None:
    taught: list[Words] = []
    named = spoken(world("2026-11-24T10:00").engine)
    assert {"bookcase", "wool blanket"} <= set(named.articles)
    texts = (*named.articles, *named.others)
    assert len(texts) == len(set(texts))
    learner = Learner(taught.append)
    learner.favour(named.articles)
    for _ in range(2):
        learner.hear(texts, "the CRM")
    assert len(taught) == 1
    assert {"bookcase", "blanket", "laurent", "elm"} <= set(taught[0])
    assert "lamp" not in taught[0]


def test_what_a_company_sells_is_a_little_likelier_in_all_that_is_said() -> None:
    vocabulary = Vocabulary.shipped()
    selling = vocabulary.favouring(["lamp", "zephyrine"]).besides({"zephyrine": (((3, 4, 5)),)})
    bonus = {word: float(selling.plain.bonus[selling.number[word]]) for word in ("lamp", "zephyrine", "order")}
    assert bonus["lamp"] == bonus["zephyrine"] > bonus["order"] == 0
    expecting = selling.ahead(["order"], 2.0).bonus
    assert 0 < expecting[selling.number["lamp"]] < expecting[selling.number["order"]]
    assert vocabulary.plain.bonus.max() == 0, "others are as they were"
    favoured: list[frozenset[str]] = []
    Learner(lambda own: None, favoured.append).favour(["Desk lamp", "wool blanket"])
    assert favoured == [{"desk", "lamp", "wool", "blanket"}]


def test_a_crm_that_cannot_be_read_teaches_nothing(tmp_path) -> None:
    store = Store(f"sqlite:///{tmp_path}/empty.db")
    assert named_in(store) == ((), ())


def test_without_a_synthesizer_ears_know_what_they_knew(monkeypatch, tmp_path) -> None:
    def silent(_words):
        raise VoiceError("espeak-ng is not installed")

    monkeypatch.setattr(glossary, "pronounced", silent)
    Learner(lambda own: pytest.fail("nobody can say them")).learn(flows.shipped()["retail"])
    path = tmp_path / "words.txt"
    path.write_text(TOLD)
    with pytest.raises(GlossaryError, match="espeak-ng is not installed"):
        vocabulary(str(path))
    assert [finding.state for finding in _words(Settings(words=str(path)))] == ["fail"]


def test_a_server_s_ears_know_the_words_of_its_file_and_of_its_flow(tmp_path) -> None:
    path = tmp_path / "words.txt"
    path.write_text(TOLD)
    house = build(Settings(words=str(path), flow="retail", var=tmp_path, database=f"sqlite:///{tmp_path}/calls.db"))
    try:
        ears = engine_of(house.settings)()._runner.vocabulary
        assert ears is not None
        assert ears.own.keys() == {"vortexa", "siobhan", "arcade", "crack", "faulty", "unwanted"}
    finally:
        engine_of(house.settings)().close()
        started.cache_clear()


def test_calls_that_begin_afterwards_hear_what_was_learnt(lexicon: Lexicon) -> None:
    runner = Runner(network(), 2, Vocabulary.shipped(), np.full(len(PHONES), 1 / len(PHONES), np.float32))
    engine = Engine(runner, 2)
    try:
        before = runner.vocabulary
        engine.know({})
        assert runner.vocabulary is before
        engine.know(learnt(terms("vortexa"), lexicon))
        engine.know(learnt(terms("quillon"), lexicon))
        assert runner.vocabulary is not None
        assert {"vortexa", "quillon"} <= runner.vocabulary.number.keys()
        engine.know(learnt(terms("vortexa = shivawn"), lexicon))
        assert runner.vocabulary.own["vortexa"] == before.besides(learnt(terms("vortexa"), lexicon)).own["vortexa"]
    finally:
        engine.close()


def test_the_doctor_counts_them(tmp_path) -> None:
    (tmp_path / "words.txt").write_text(TOLD)
    (finding,) = _words(Settings(words=str(tmp_path / "words.txt")))
    assert (finding.state, "3 lines" in finding.told, "3 words learnt" in finding.told) == ("ok", True, True)
    assert list(_words(Settings())) == []


def test_the_command_tells_what_ears_do_not_know(tmp_path) -> None:
    (tmp_path / "words.txt").write_text(TOLD)
    line = [sys.executable, "-m", "callcenter", "words", str(tmp_path / "words.txt")]
    environ = {name: value for name, value in os.environ.items() if not name.startswith("CALLCENTER_")}
    done = subprocess.run(line, capture_output=True, text=True, check=True, env=environ)
    assert done.stdout.strip().endswith("5 words, unknown: arcade, siobhan, vortexa")


@pytest.mark.slow
def test_ears_hear_them_in_voices_nobody_learnt_from(lexicon: Lexicon) -> None:
    """One sentence a name, over a line with noise: none is heard before, most are after."""
    own, model = learnt(terms("\n".join(NAMES)), lexicon), shipped()
    assert own.keys() == set(NAMES)
    studio, chance = Studio(), Random("own words")
    beds = Beds(studio, 3)
    told = []
    for at, name in enumerate(NAMES * 2):
        text = SENTENCES[at % len(SENTENCES)].format(name)
        told.append((name, telephoned(studio.take(studio.singer(chance), plain(text)).pcm, chance, beds)))

    def heard(ears: Vocabulary) -> int:
        listening = Streamed(lambda: Taught(model.network.ear), ears, model.priors, LATE)
        return sum(name in listening.hear(audio).split() for name, audio in told)

    assert heard(Vocabulary.shipped()) == 0
    assert heard(Vocabulary.shipped(own=own)) >= 0.6 * len(told)
