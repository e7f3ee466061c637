"""Moshi, with tiny random weights of its real architecture in real files, loaded the real way.

The package is no part of the test setup (it pins an older torch): `pip install 'callcenter[moshi]'` and
`pip install --no-deps moshi==0.2.13` to run these. What random weights say is noise; what is tested is everything else.
"""

import asyncio
import copy
import json
import warnings

import numpy as np
import pytest
from waiting import until

pytest.importorskip("moshi", reason="the package moshi is not installed: none of this was tested here")
pytestmark = pytest.mark.filterwarnings("ignore")

from callcenter.audio import encode  # noqa: E402
from callcenter.duplex.moshi import Moshi, MoshiError, load  # noqa: E402
from callcenter.events import Heard, Note, Policy, Yielded  # noqa: E402
from callcenter.units import SILENT_TURN, TURN  # noqa: E402
from callcenter.voices import Espeak  # noqa: E402

TEXT = "Your order left our warehouse on Monday."
SENTENCES = [TEXT, "Thank you for calling, how can I help you today?", "It will be with you within three working days."]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """What a repository of Moshi holds, in small."""
    warnings.simplefilter("ignore")
    import sentencepiece
    import torch
    from moshi.models import loaders
    from safetensors.torch import save_file

    folder = tmp_path_factory.mktemp("moshi")
    torch.manual_seed(0)
    mimi = copy.deepcopy(loaders._mimi_config)
    mimi["seanet"].update(n_filters=4, dimension=32)
    mimi["transformer"].update(
        d_model=32,
        num_heads=2,
        num_layers=1,
        dim_feedforward=64,
        input_dimension=32,
        output_dimensions=[32],
        context=50,
    )
    mimi["quantizer"].update(dimension=16, n_q=8, bins=64, input_dimension=32, output_dimension=32)
    save_file(loaders.get_mimi(None, mimi_config=mimi).state_dict(), folder / "mimi.safetensors")
    (folder / "mimi.json").write_text(json.dumps(mimi))
    lm = dict(loaders._lm_kwargs)
    lm |= {"dim": 64, "text_card": 60, "card": 64, "num_heads": 4, "num_layers": 2, "context": 64, "depformer_dim": 32}
    lm |= {"depformer_dim_feedforward": 64, "depformer_num_heads": 4, "depformer_num_layers": 1}
    model = loaders.get_moshi_lm(None, lm_kwargs=lm, device="cpu", dtype=torch.float32)
    for parameter in model.parameters():
        torch.nn.init.normal_(parameter, std=0.05)
    save_file(model.state_dict(), folder / "lm.safetensors")
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(SENTENCES * 20), model_prefix=str(folder / "text"), vocab_size=60, pad_id=3,
        unk_id=0, bos_id=1, eos_id=2, minloglevel=2, hard_vocab_limit=False,
    )  # fmt: skip
    names = {"moshi_name": "lm.safetensors", "mimi_name": "mimi.safetensors", "tokenizer_name": "text.model"}
    (folder / "config.json").write_text(json.dumps({**lm, **names, "mimi_config_name": "mimi.json"}))
    return folder


@pytest.fixture
def brain(folder):
    brain = load(str(folder))
    yield brain
    until(lambda: not brain._taken)


def talk(brain, turns, notes=(), audio=None):
    """Turns with it; `notes` are (turn, note), `audio` the caller's channel."""

    async def run():
        moshi = Moshi(brain)
        moshi.open(Policy(), ())
        try:
            spoken = []
            for turn in range(turns):
                heard = (audio or b"")[turn * TURN : (turn + 1) * TURN].ljust(TURN, b"\xff")
                given = tuple(note for at, note in notes if at == turn)
                spoken.append(await moshi.turn(Heard(turn, heard, notes=given)))
            return spoken
        finally:
            moshi.close()

    return asyncio.run(run())


def test_every_turn_has_a_whole_turn_of_sound_once_its_streams_are_full(brain):
    spoken = talk(brain, 14)
    assert {len(s.audio) for s in spoken if s.audio} == {TURN}
    assert [bool(s.audio) for s in spoken].count(False) <= 3
    assert all(s.audio for s in spoken[3:])


def test_a_note_is_said_word_by_word_by_forcing_the_text_stream(brain):
    tokens = []
    hook = brain.generator.on_text_hook

    def watched(token):
        hook(token)
        tokens.append(int(token[0]))

    brain.generator.on_text_hook = watched
    try:
        spoken = talk(brain, 24, [(1, Note("n1", "say", TEXT))])
    finally:
        brain.generator.on_text_hook = hook
    assert " ".join(s.said_text for s in spoken if s.said_text) == TEXT
    assert {s.note for s in spoken if s.said_text} == {"n1"}
    words = [piece for word in TEXT.split() for piece in brain.tokenizer.encode(word)]
    assert [token for token in tokens if token not in (0, 3)] == [token for token in words if token not in (0, 3)]
    assert tokens[:3] == [3, 3, 3] or tokens[:2] == [3, 3]


def test_without_a_note_it_has_no_words(brain):
    assert not any(s.said_text or s.note for s in talk(brain, 6))


def test_a_caller_who_speaks_on_over_a_note_ends_it(brain):
    voice = Espeak().speak("no wait that is not what I meant at all please stop", "en-us+m3").audio
    quiet = encode(np.random.default_rng(0).normal(0, 20, 5 * TURN).astype(np.int16))
    spoken = talk(brain, 24, [(1, Note("n1", "say", f"{TEXT} {TEXT}"))], quiet + voice)
    assert sum(isinstance(act, Yielded) for s in spoken for act in s.acts) == 1
    assert len(" ".join(s.said_text for s in spoken).split()) < 14


def test_a_note_taken_back_is_not_said_on(brain):
    back = Note("no", "know", "", supersedes=("n1",))
    spoken = talk(brain, 16, [(1, Note("n1", "say", TEXT)), (4, back)])
    assert not any(s.said_text for s in spoken[5:])


def test_one_set_of_weights_serves_one_call_at_a_time(brain):
    first = Moshi(brain)
    first.open(Policy(), ())
    with pytest.raises(MoshiError, match="busy") as found:
        Moshi(brain).open(Policy(), ())
    assert found.value.kind == "busy"
    Moshi(brain).close()
    first.close()


def test_the_next_call_starts_afresh(brain):
    assert [s.audio for s in talk(brain, 1)] == [None]
    assert len(talk(brain, 6, audio=SILENT_TURN)) == 6
