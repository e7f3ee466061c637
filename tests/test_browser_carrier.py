"""The browser's own telephone on the wire: every message it may send, and nonsense, which is told apart."""

import pytest

from callcenter.carriers import CarrierError, Media
from callcenter.carriers.browser import Browser
from callcenter.events import Marked, Pressed, Started, Stopped
from callcenter.units import FRAME, SILENT_FRAME


def started():
    browser = Browser()
    browser.parse('{"start":"browser-1"}')
    return browser


def test_a_stream_begins_speaks_and_stops():
    browser = Browser()
    assert browser.parse('{"start":"browser-1"}') == Started(stream="browser-1", carrier_call="browser-1")
    assert browser.parse((3).to_bytes(4, "little") + SILENT_FRAME) == Media(3 * FRAME, SILENT_FRAME)
    assert browser.parse('{"mark":"m1"}') == Marked("m1")
    assert browser.parse('{"press":"5"}') == Pressed("5")
    assert browser.parse('{"stop":true}') == Stopped()
    assert browser.parse((4).to_bytes(4, "little") + SILENT_FRAME) is None
    assert browser.parse('{"mark":"late"}') is None


def test_what_we_send_is_what_the_page_reads():
    browser = started()
    assert browser.media(SILENT_FRAME) == SILENT_FRAME
    assert browser.mark('a "name"') == '{"mark":"a \\"name\\""}'
    assert browser.clear() == '{"clear":true}'


@pytest.mark.parametrize(
    ("message", "kind"),
    [
        ("{", "not_json"),
        ("[]", "not_an_object"),
        ('{"start":"again"}', "wrong_order"),
        ('{"press":"x"}', "bad_field"),
        ('{"mark":3}', "bad_field"),
        ("{}", "bad_field"),
        (b"\0\0\0\0", "bad_field"),
        (b"\0" * 5_000, "oversized"),
        ('"' + "x" * 5_000 + '"', "oversized"),
    ],
)
def test_nonsense_is_a_typed_fault(message, kind):
    with pytest.raises(CarrierError) as caught:
        started().parse(message)
    assert caught.value.kind == kind


@pytest.mark.parametrize("message", [b"\0" * 164, '{"mark":"m"}', '{"start":""}'])
def test_nothing_comes_before_the_start(message):
    with pytest.raises(CarrierError) as caught:
        Browser().parse(message)
    assert caught.value.kind == "wrong_order"
