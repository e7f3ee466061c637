import json
import wave
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote

import pytest
from calls_by_hand import at, call, gone, line
from invented import hasty, observed, sound

from callcenter.bench import people
from callcenter.bench.drawing import Scale, barred, histogram, number, quantiles_of, strips, ticks, verdict_strip
from callcenter.bench.lanes import Audio, moment, window
from callcenter.bench.report import Run, save, write
from callcenter.measures import BY_NAME, MEASURES, Pause, Span, Turn, figures, judge
from callcenter.units import RATE, samples

VOID = {"meta", "link", "br", "img", "input", "hr", "source"}


class Page(HTMLParser):
    """Reads a page strictly: every element must be closed by its own end."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.path, self.open, self.links, self.words = path, [], [], []
        self.ids, self.anchors, self.tags = set(), set(), []
        self.feed(path.read_text())
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        found = dict(attrs)
        self.ids |= {found["id"]} if "id" in found else set()
        for name in ("href", "src", "srcset", "data", "poster", "action"):
            if name in found:
                target = found[name]
                (self.anchors.add(target[1:]) if target.startswith("#") else self.links.append(target))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag):
        assert self.open.pop() == tag, f"{self.path.name}: </{tag}>"

    def handle_data(self, data):
        self.words.append(data)

    @property
    def text(self):
        return " ".join(" ".join(self.words).split())


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    calls = {"patient": [observed(n) for n in range(6)], "hasty": [observed(n, hasty) for n in range(6)]}
    run = Run(
        "quick",
        7,
        True,
        "callcenter bench interaction --seed 7",
        {name: figures(each) for name, each in calls.items()},
        held_out={"voices": ["en-gb+f3"], "speakers": ["george"], "sentences": ["where is it <b>now</b>"]},
        conditions=["2 % frame loss in bursts"],
        sounds=lambda duplex, name: sound(next(c for c in calls[duplex] if c.name == name)),
        pages=2,
    )
    folder = tmp_path_factory.mktemp("report")
    write(run, folder)
    return folder


def pages(folder):
    return [Page(path) for path in sorted(folder.rglob("*.html"))]


def test_nothing_is_loaded_from_anywhere_else_and_every_link_leads_somewhere(report):
    for page in pages(report):
        for link in page.links:
            assert not link.startswith(("http:", "https:", "//", "data:", "/")), (page.path.name, link)
            assert (page.path.parent / unquote(link)).is_file(), (page.path.name, link)
        assert page.anchors <= page.ids
        assert "link" not in page.tags
        assert "@import" not in page.path.read_text()
        assert "url(" not in page.path.read_text()


def test_the_first_page_names_every_measure_with_its_value_n_bar_and_what_it_means(report):
    page = Page(report / "index.html")
    for measure in MEASURES:
        assert measure.title in page.text
        assert measure.says in page.text
        assert measure.name in page.ids
        assert barred(measure, measure.now) in page.text
    assert "callcenter bench interaction --seed 7" in page.text
    assert "2 % frame loss in bursts" in page.text
    assert "not credited: PAUSE must pass too" in page.text
    assert {"en-gb+f3", "george", "where is it <b>now</b>"} <= set(page.words)


def test_each_kind_of_failure_is_listed_and_has_pages_with_sound(report):
    index = Page(report / "index.html")
    linked = [link for link in index.links if link.startswith("failures/")]
    assert {Path(link).name.split("-")[0] for link in linked} >= {"PAUSE", "S_BC", "S_VT", "S_ND", "ECHO"}
    assert "4 more without a page" in index.text
    for link in linked:
        page = Page(report / unquote(link))
        assert page.tags.count("audio") == 1
        assert "leans to" in page.text
        assert "floor" in page.text


def test_the_pages_of_failures_form_one_chain(report):
    index = Page(report / "index.html")
    linked = [unquote(link).removeprefix("failures/") for link in index.links if link.startswith("failures/")]
    at_, seen = linked[0], []
    while at_:
        seen.append(at_)
        text = (report / "failures" / at_).read_text()
        at_ = text.split('rel="next" href="')[1].split('"')[0] if 'rel="next"' in text else ""
    assert seen == linked


def test_the_sound_of_a_failure_is_the_moment_that_is_drawn(report):
    path = next((report / "failures").glob("PAUSE-*.wav"))
    judged = judge(observed(0, hasty))
    outcome = next(o for o in judged.failures if o.measure == "PAUSE")
    view = window(outcome, judged.observed.timeline.length)
    with wave.open(str(path)) as file:
        assert (file.getnchannels(), file.getframerate(), file.getsampwidth()) == (2, RATE, 2)
        assert file.getnframes() == view.end - view.start


def test_the_figures_are_there_for_machines_too(report):
    said = json.loads((report / "figures.json").read_text())
    assert said["duplex"]["hasty"]["PAUSE"] == 1.0
    assert said["seed"] == 7


def test_a_run_in_which_nothing_was_measured_still_makes_a_page(tmp_path):
    page = Page(write(Run("quick", 0, False, "x", {"none": figures([])}), tmp_path))
    assert "cannot be placed" in page.text
    assert page.text.count("not measured") >= len(MEASURES)


def test_words_of_callers_and_names_of_duplexes_cannot_break_the_page(tmp_path):
    nasty = '</title><script>alert("1")</script> & 100 %'
    truth = [at(Turn, 1, 6, nasty), at(Pause, 3, 4), gone(9)]
    observed_ = call(9, [(3.4, 5)], truth, lines=[line("agent", 3.4, 5, nasty)], name=nasty)
    run = Run("quick", 0, True, nasty, {"a/b c": figures([observed_])}, held_out={nasty: [nasty]})
    write(run, tmp_path)
    for page in pages(tmp_path):
        assert page.tags.count("script") == 0
        for link in page.links:
            assert (page.path.parent / unquote(link)).is_file()


# --------------------------------------------------------------------------------------------------------- drawings


def test_a_moment_names_its_states_in_words_and_stays_within_its_frame():
    judged = judge(observed(0, hasty))
    outcome = next(o for o in judged.failures if o.measure == "S_BC")
    drawing = moment(judged, window(outcome, judged.observed.timeline.length), None, outcome)
    for words in ("mm-hmm", "S_BC: stopped talking", ">agent 2", ">nobody", "leans to", "yield"):
        assert words in drawing
    places = [float(part.split('"')[0]) for part in drawing.split(' x="')[1:]]
    assert max(places) <= 1080
    assert min(places) >= 0


def test_a_live_call_says_that_its_events_are_surmised():
    live = call(9, [(3.3, 5)], caller=[(1, 3)])
    drawing = moment(judge(live), Span(0, samples(9)))
    assert "surmised" in drawing
    assert "leans to" not in drawing


def test_a_scale_clips_and_ticks_are_round():
    across = Scale(0, 10, 100, 200)
    assert [across(value) for value in (-5, 0, 5, 10, 99)] == [100, 100, 150, 200, 200]
    assert ticks(-1.5, 3.0) == [-1, 0, 1, 2, 3]
    assert ticks(4.3, 13.1, 14) == [5, 6, 7, 8, 9, 10, 11, 12, 13]


def test_a_histogram_counts_what_lies_outside_at_its_edges():
    drawing = histogram([-9.0, 0.15, 0.15, 9.0], -1.0, 1.0, 0.5, "s")
    assert "1 of 4: -1.0 to -0.5 s" in drawing
    assert "2 of 4: 0.0 to 0.5 s" in drawing
    assert "1 of 4: 0.5 to 1.0 s" in drawing
    assert "nothing measured" in histogram([], -1.0, 1.0, 0.5, "s")


def test_quantiles_stand_under_those_of_people():
    ours = quantiles_of("ours", [0.1, 0.2, 0.3, 0.4, 0.5])
    assert (ours.p10, ours.p50, ours.p90) == (0.1, 0.3, 0.5)
    drawing = strips([ours, people.CONSULTATIONS, None], -1, 3)
    assert "ours: median 0.30 s" in drawing
    assert "people, consultations: median 0.23 s" in drawing


@pytest.mark.parametrize(
    ("value", "kind", "unit", "words"),
    [
        (1.0, "share", "", "100 %"),
        (0.123, "share", "", "12.3 %"),
        (0.254, "median", "s", "0.25 s"),
        (0, "share", "", "0 %"),
    ],
)
def test_values_are_written_as_people_read_them(value, kind, unit, words):
    assert number(value, kind, unit) == words


def test_bars_are_written_in_the_unit_of_their_measure():
    assert barred(BY_NAME["PAUSE"], BY_NAME["PAUSE"].now) == "≤ 10 %"
    assert barred(BY_NAME["L_R"], BY_NAME["L_R"].now) == "≤ 0.45 s"
    assert barred(BY_NAME["BC_per_min"], BY_NAME["BC_per_min"].now) == "3 to 10"
    assert barred(BY_NAME["L_R_p90"], None) == "–"


def test_a_strip_without_a_value_still_shows_the_bars():
    strip = verdict_strip(figures([])["R_R"])
    assert "circle" not in strip
    assert "not measured" in strip


def test_a_saved_wav_holds_the_caller_on_the_left_and_the_agent_on_the_right(tmp_path):
    save(tmp_path / "x.wav", Audio(b"\x80" * 160, b"\xff" * 320))
    with wave.open(str(tmp_path / "x.wav")) as file:
        raw = file.readframes(320)
    left = [int.from_bytes(raw[i : i + 2], "little", signed=True) for i in range(0, len(raw), 4)]
    right = [int.from_bytes(raw[i + 2 : i + 4], "little", signed=True) for i in range(0, len(raw), 4)]
    assert (left[0], left[200]) == (32124, 0)
    assert set(right) == {0}
