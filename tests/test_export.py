import json
import wave
from pathlib import Path

import numpy as np
import pytest
from calls_by_hand import at, call, gone, line
from invented import hasty, observed, patient, sound

from callcenter.audio import encode
from callcenter.bench.export import WIDE, export_full_duplex_bench, wide
from callcenter.bench.lanes import Audio
from callcenter.bench.tau import export_tau_voice, ticks_of
from callcenter.bench.words import words_of
from callcenter.measures import Backchannel, Background, Pause, SideTalk, Span, Tic, Turn, judge
from callcenter.units import RATE, samples

NUMBER = (int, float)
WORDS = {"text": str, "chunks": [{"text": str, "timestamp": [NUMBER]}]}
MARKS = [{"text": str, "timestamp": [NUMBER]}]
METADATA = {"context_text": str, "current_turn_text": str, "timestamps": [NUMBER]}
ALWAYS = {"input.wav", "output.wav", "input.json", "output.json"}
SHAPES = {
    "v1.0/synthetic_pause_handling": {"pause.json": MARKS},
    "v1.0/candor_turn_taking": {"turn_taking.json": MARKS},
    "v1.0/synthetic_user_interruption": {
        "interrupt.json": [{"context": str, "interrupt": str, "timestamp": [NUMBER]}],
    },
    "v1.0/icc_backchannel": {},
    "v1.5/user_interruption": {"metadata.json": METADATA},
    "v1.5/user_backchannel": {"metadata.json": METADATA},
    "v1.5/talking_to_other": {"metadata.json": METADATA},
    "v1.5/background_speech": {"metadata.json": METADATA},
}
"""The documented files of each task and what they hold; nothing else may be there."""


def fits(value, shape) -> bool:
    if isinstance(shape, dict):
        return isinstance(value, dict) and set(value) == set(shape) and all(fits(value[k], shape[k]) for k in shape)
    if isinstance(shape, list):
        return isinstance(value, list) and all(fits(each, shape[0]) for each in value)
    return isinstance(value, shape) and not isinstance(value, bool)


def read(path: Path):
    return json.loads(path.read_text())


def frames(path: Path) -> int:
    with wave.open(str(path)) as file:
        assert (file.getnchannels(), file.getsampwidth(), file.getframerate()) == (1, 2, WIDE)
        return file.getnframes()


def with_background(number, agent):
    made = observed(number, agent)
    truth = (*made.truth, at(Background, 22, 23, "the news at eight"))
    return type(made)(made.name, made.timeline, truth, made.caller, made.group)


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    folder = tmp_path_factory.mktemp("fdb")
    calls = [with_background(n, agent) for agent in (hasty, patient) for n in range(2)]
    counts = export_full_duplex_bench([(each, sound(each)) for each in calls], folder)
    return folder, counts


def items(folder):
    return [(task, item) for task in SHAPES for item in sorted((folder / task).iterdir())]


def test_every_task_has_items_in_folders_named_by_digits(exported):
    folder, counts = exported
    assert set(counts) == set(SHAPES)
    for task, count in counts.items():
        first = 0 if task == "v1.0/icc_backchannel" else 1
        found = {path.name for path in (folder / task).iterdir()}
        assert found == {str(n) for n in range(first, first + count)}


def test_every_item_holds_the_documented_files_in_the_documented_form_and_no_other(exported):
    folder, _ = exported
    for task, item in items(folder):
        assert {path.name for path in item.iterdir()} == ALWAYS | set(SHAPES[task])
        for name in ("input.json", "output.json"):
            assert fits(read(item / name), WORDS), item
        for name, shape in SHAPES[task].items():
            assert fits(read(item / name), shape), item


def test_both_channels_are_16_khz_mono_and_equally_long_and_all_times_lie_within(exported):
    folder, _ = exported
    for task, item in items(folder):
        length = frames(item / "input.wav")
        assert length == frames(item / "output.wav") > 0
        seconds = length / WIDE
        for chunk in read(item / "output.json")["chunks"]:
            start, end = chunk["timestamp"]
            assert 0 <= start <= end <= seconds + 1e-3
        for name in SHAPES[task]:
            content = read(item / name)
            marks = content if isinstance(content, list) else [content]
            for mark in marks:
                start, end = mark.get("timestamp") or mark["timestamps"]
                assert 0 <= start < end <= seconds + 1e-3


def test_only_the_output_json_ends_like_one(exported):
    folder, _ = exported
    for _, item in items(folder):
        assert [path.name for path in item.iterdir() if path.name.endswith("output.json")] == ["output.json"]


def test_a_patient_agent_leaves_pause_items_empty_and_a_hasty_one_does_not(exported):
    folder, _ = exported
    listed = [entry for entry in read(folder / "items.json") if entry["task"] == "v1.0/synthetic_pause_handling"]
    words = [len(read(folder / entry["task"] / entry["item"] / "output.json")["chunks"]) for entry in listed]
    assert words == [1, 1, 0, 0]


def test_the_first_word_after_a_turn_gives_the_latency_that_we_measure(exported):
    folder, _ = exported
    entry = next(e for e in read(folder / "items.json") if e["task"] == "v1.0/candor_turn_taking")
    item = folder / entry["task"] / entry["item"]
    end = read(item / "turn_taking.json")[0]["timestamp"][0]
    late = [c["timestamp"][0] - end for c in read(item / "output.json")["chunks"] if c["timestamp"][0] >= end]
    ours = next(o for o in judge(with_background(0, hasty)).outcomes if o.measure == "L_R")
    assert late[0] == pytest.approx(ours.value, abs=2e-3)


def test_after_an_interruption_only_later_words_count(exported):
    folder, _ = exported
    for item in (folder / "v1.0/synthetic_user_interruption").iterdir():
        end = read(item / "interrupt.json")[0]["timestamp"][1]
        starts = [chunk["timestamp"][0] for chunk in read(item / "output.json")["chunks"]]
        assert starts
        assert min(starts) >= end


def test_the_expected_backchannels_are_a_distribution_for_each_story(exported):
    folder, counts = exported
    expected = read(folder / "v1.0" / "icc_gt_distribution.json")
    assert set(expected) == {str(n) for n in range(counts["v1.0/icc_backchannel"])}
    for name, shares in expected.items():
        assert sum(shares) == pytest.approx(1)
        seconds = frames(folder / "v1.0/icc_backchannel" / name / "input.wav") / WIDE
        assert len(shares) == int(seconds / 0.2) + 1
        assert max(shares) > 10 * min(shares)


def test_the_folder_says_what_its_scores_are_not(exported):
    folder, _ = exported
    assert "not rows of their tables" in (folder / "README.md").read_text()


def test_resampling_keeps_time_to_the_sample():
    pcm = np.zeros(RATE, np.int16)
    pcm[4000:4400] = (8000 * np.sin(2 * np.pi * 440 * np.arange(400) / RATE)).astype(np.int16)
    out = wide(encode(pcm), Span(0, RATE)).astype(float)
    assert len(out) == 2 * RATE
    centre = (out**2 @ np.arange(len(out))) / (out**2).sum()
    assert centre / WIDE == pytest.approx(4200 / RATE, abs=1e-3)


def test_a_channel_that_ends_early_is_silent_from_there_on():
    assert len(wide(b"\xff" * 100, Span(0, 800))) == 1600
    assert not wide(b"", Span(0, 800)).any()


# ------------------------------------------------------------------------------------------------------------ words


def test_words_share_the_sound_under_their_line_and_skip_its_silence():
    timeline = call(6, [(1, 2), (3, 4)], [], lines=[line("agent", 1, 4, "aaaa bbbb cccc dddd", "never heard")]).timeline
    words = words_of(timeline, "agent")
    assert [word.text for word in words] == ["aaaa", "bbbb", "cccc", "dddd"]
    seconds = [(word.start / RATE, word.end / RATE) for word in words]
    assert seconds == [(1, 1.5), (1.5, 2), (3, 3.5), (3.5, 4)]


def test_words_without_any_sound_keep_the_times_of_their_line():
    timeline = call(6, [], [], lines=[line("agent", 1, 2, "one two")]).timeline
    assert [word.start for word in words_of(timeline, "agent")] == [samples(1), samples(1.5)]


# --------------------------------------------------------------------------------------------------------- tau-voice

CHUNK = {"role", "content", "is_audio", "chunk_id", "timestamp", "contains_speech"}
OPTIONAL = {"turn_taking_action", "utterance_ids", "speech_effects", "source_effects"}


def test_a_tau_results_folder_is_complete_and_its_index_matches_its_files(tmp_path):
    count = export_tau_voice([observed(0), observed(1, hasty)], tmp_path, "interaction", seed=7)
    results = read(tmp_path / "results.json")
    assert count == 2
    assert {entry["id"] for entry in results["simulation_index"]} == {
        path.stem for path in (tmp_path / "simulations").glob("*.json")
    }
    assert set(results["info"]) >= {
        "git_commit", "num_trials", "max_steps", "max_errors", "user_info", "agent_info", "environment_info",
    }  # fmt: skip
    assert results["tasks"] == []
    run = read(tmp_path / "simulations" / "call-00000.json")
    assert set(run) >= {"id", "task_id", "start_time", "end_time", "duration", "termination_reason", "ticks", "mode"}
    assert run["mode"] == "full_duplex"
    assert run["duration"] == pytest.approx(len(run["ticks"]) * 0.2)


def test_every_tick_is_200_ms_and_says_of_both_sides_whether_they_speak():
    ticks = ticks_of(observed(0))
    assert [tick["tick_id"] for tick in ticks] == list(range(len(ticks)))
    for tick in ticks:
        assert set(tick) == {"tick_id", "timestamp", "tick_duration_seconds", "agent_chunk", "user_chunk"}
        assert tick["tick_duration_seconds"] == 0.2
        for role, chunk in (("assistant", tick["agent_chunk"]), ("user", tick["user_chunk"])):
            assert CHUNK <= set(chunk) <= CHUNK | OPTIONAL
            assert chunk["role"] == role
            assert isinstance(chunk["contains_speech"], bool)
    assert ticks[7]["timestamp"] == "2000-01-01T00:00:01.400000"


def speaking(ticks, side):
    return [tick["tick_id"] for tick in ticks if tick[f"{side}_chunk"]["contains_speech"]]


def test_a_turn_is_one_utterance_and_a_backchannel_is_marked_as_one():
    truth = [at(Turn, 1, 3, "where is it"), at(Pause, 1.6, 2.4), at(Backchannel, 5, 5.4, "mm-hmm"), gone(8)]
    ticks = ticks_of(call(8, [(3.2, 7)], truth, lines=[line("agent", 3.2, 7, "It is here.")]))
    assert speaking(ticks, "user") == [*range(5, 15), 25, 26]
    assert speaking(ticks, "agent") == list(range(16, 35))
    actions = {ticks[n]["user_chunk"]["turn_taking_action"]["action"] for n in range(5, 15)}
    assert actions == {"generate_message"}
    assert ticks[25]["user_chunk"]["turn_taking_action"]["action"] == "backchannel"
    assert "".join(tick["agent_chunk"]["content"] or "" for tick in ticks) == "It is here. "


def test_coughs_and_side_talk_are_effects_of_ticks_without_speech():
    truth = [at(Tic, 1, 1.4, "cough"), at(SideTalk, 3, 3.4), at(Background, 5, 5.4), gone(8)]
    ticks = ticks_of(call(8, [], truth))
    assert speaking(ticks, "user") == []
    inserts = {tick["tick_id"]: tick["user_chunk"].get("speech_effects") for tick in ticks}
    assert inserts[5] == {"speech_insert": {"text": "cough", "type": "vocal_tic"}}
    assert inserts[15] == {"speech_insert": {"text": "[side talk]", "type": "non_directed_phrase"}}
    assert inserts[0] is None
    assert ticks[25]["user_chunk"]["source_effects"] == {"burst_noise_file": "voices"}


def test_the_same_calls_are_exported_byte_for_byte(tmp_path):
    for name in ("a", "b"):
        calls = [(observed(0), sound(observed(0)))]
        export_full_duplex_bench(calls, tmp_path / name / "fdb")
        export_tau_voice([call for call, _ in calls], tmp_path / name / "tau", "x")
    first, second = (sorted(p for p in (tmp_path / name).rglob("*") if p.is_file()) for name in ("a", "b"))
    assert len(first) == len(second) > 10
    assert all(one.read_bytes() == other.read_bytes() for one, other in zip(first, second, strict=True))


def test_a_call_without_events_exports_nothing_but_the_notes(tmp_path):
    assert export_full_duplex_bench([(call(3, [], []), Audio(b"", b""))], tmp_path) == {}
    assert read(tmp_path / "items.json") == []
