"""What a call is to do next: each document is parsed again and compared element by element."""

from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from callcenter.callers import twiml as phone
from callcenter.numbers import Address, Number
from callcenter.telephony import twiml
from callcenter.telephony.twiml import Speaker, StreamTo

steady = settings(max_examples=200, derandomize=True, deadline=None, database=None)
STREAM = StreamTo("wss://a.example.com/s/T", "https://a.example.com/twilio/action?call=c1", "https://a.example.com/st")
GERMAN = Speaker("de-DE", "Polly.Vicki-Neural")


def outline(text):
    """(tag, attributes, text or children), which is all that XML means here."""

    def part(element):
        inner = [part(child) for child in element] or element.text or ""
        return (element.tag, dict(element.attrib), inner)

    root = ElementTree.fromstring(text)
    assert root.tag == "Response"
    assert not root.attrib
    return [part(element) for element in root]


def say(text, language="en-US"):
    return ("Say", {"language": language}, text)


def connected(*params):
    stream = {"url": STREAM.url, "name": "main", "statusCallback": STREAM.status, "statusCallbackMethod": "POST"}
    inner = [("Parameter", {"name": name, "value": value}, "") for name, value in params]
    return ("Connect", {"action": STREAM.action, "method": "POST"}, [("Stream", stream, inner or "")])


HANGUP = ("Hangup", {}, "")


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        pytest.param(twiml.connect(STREAM), [connected()], id="answer"),
        pytest.param(
            twiml.connect(STREAM, {"leg": "0", "note": '<&"\u00e9>'}),
            [connected(("leg", "0"), ("note", '<&"\u00e9>'))],
            id="answer with parameters",
        ),
        pytest.param(
            twiml.return_to_agent(STREAM, "busy", "The line is busy.", {"leg": "1"}),
            [say("The line is busy."), connected(("leg", "1"), ("returned", "busy"))],
            id="back to the agent",
        ),
        pytest.param(
            twiml.return_to_agent(STREAM, "no_answer"), [connected(("returned", "no_answer"))], id="back without a word"
        ),
        pytest.param(
            twiml.wait("Please hold.", "https://a.example.com/twilio/voice", 0, 3, "Sorry."),
            [
                say("Please hold."),
                ("Pause", {"length": "10"}, ""),
                ("Redirect", {"method": "POST"}, "https://a.example.com/twilio/voice?attempt=1"),
            ],
            id="full, first attempt",
        ),
        pytest.param(
            twiml.wait("Please hold.", "https://a.example.com/twilio/voice?x=1", 2, 3, "Sorry.", pause_s=5),
            [
                say("Please hold."),
                ("Pause", {"length": "5"}, ""),
                ("Redirect", {"method": "POST"}, "https://a.example.com/twilio/voice?x=1&attempt=3"),
            ],
            id="full, last attempt",
        ),
        pytest.param(
            twiml.wait("Please hold.", "https://a.example.com/twilio/voice", 3, 3, "Sorry."),
            [say("Sorry."), HANGUP],
            id="full, given up",
        ),
        pytest.param(twiml.reject(), [("Reject", {"reason": "busy"}, "")], id="busy tone"),
        pytest.param(twiml.reject("rejected"), [("Reject", {"reason": "rejected"}, "")], id="out of service"),
        pytest.param(twiml.hang_up("Goodbye."), [say("Goodbye."), HANGUP], id="goodbye"),
        pytest.param(twiml.hang_up(), [HANGUP], id="hang up"),
        pytest.param(
            twiml.hang_up("Auf Wiederh\u00f6ren.", GERMAN),
            [("Say", {"language": "de-DE", "voice": "Polly.Vicki-Neural"}, "Auf Wiederh\u00f6ren."), HANGUP],
            id="goodbye in German",
        ),
        pytest.param(
            twiml.dial(Number("+15550100"), "https://a.example.com/d?call=c1&leg=0"),
            [
                (
                    "Dial",
                    {
                        "action": "https://a.example.com/d?call=c1&leg=0",
                        "method": "POST",
                        "timeout": "25",
                        "answerOnBridge": "true",
                    },
                    [("Number", {}, "+15550100")],
                )
            ],
            id="transfer",
        ),
        pytest.param(
            twiml.dial(
                Address("sip", "desk@pbx.example.com"),
                "https://a.example.com/d",
                caller_id="+15550199",
                timeout_s=12,
                limit_s=600,
                text="One moment.",
                whisper="https://a.example.com/w?call=c1",
            ),
            [
                say("One moment."),
                (
                    "Dial",
                    {
                        "action": "https://a.example.com/d",
                        "method": "POST",
                        "timeout": "12",
                        "timeLimit": "600",
                        "answerOnBridge": "true",
                        "callerId": "+15550199",
                    },
                    [("Sip", {"url": "https://a.example.com/w?call=c1"}, "sip:desk@pbx.example.com")],
                ),
            ],
            id="transfer to a SIP phone with everything",
        ),
        pytest.param(twiml.announce("A caller about invoice 7."), [say("A caller about invoice 7.")], id="whisper"),
        pytest.param(
            twiml.voicemail("Leave a message.", "https://a.example.com/a", "https://a.example.com/r", 60),
            [
                say("Leave a message."),
                (
                    "Record",
                    {
                        "action": "https://a.example.com/a",
                        "method": "POST",
                        "maxLength": "60",
                        "timeout": "5",
                        "finishOnKey": "#",
                        "playBeep": "true",
                        "trim": "trim-silence",
                        "recordingStatusCallback": "https://a.example.com/r",
                        "recordingStatusCallbackMethod": "POST",
                    },
                    "",
                ),
                HANGUP,
            ],
            id="voicemail",
        ),
    ],
)
def test_each_situation_has_its_document(document, expected):
    assert outline(document) == expected


def test_a_client_is_dialled_by_its_name():
    [(_, _, inner)] = outline(twiml.dial(Address("client", "anna"), "https://a.example.com/d"))
    assert inner == [("Client", {}, "anna")]


def test_a_stream_without_a_status_callback_names_no_method():
    [(_, _, [(_, attributes, _)])] = outline(
        twiml.connect(StreamTo("wss://a.example.com/s", "https://a.example.com/a"))
    )
    assert set(attributes) == {"url", "name"}


def test_waiting_ends_however_often_the_caller_is_sent_round():
    documents = [twiml.wait("Hold.", "https://a.example.com/v", attempt, 4, "Sorry.") for attempt in range(20)]
    assert sum("Redirect" in document for document in documents) == 4


@pytest.mark.parametrize("url", ["https://a.example.com/s", "wss://a.example.com/s?token=1", ""])
def test_a_stream_goes_to_a_websocket_url_without_a_query(url):
    with pytest.raises(ValueError, match="without a query"):
        StreamTo(url, "https://a.example.com/a")


def test_a_parameter_has_a_name_and_room_for_less_than_500_characters():
    assert "Parameter" in twiml.connect(STREAM, {"note": "x" * 495})
    for params in ({"note": "x" * 496}, {"": "x"}):
        with pytest.raises(ValueError, match="nameless or too long"):
            twiml.connect(STREAM, params)


@pytest.mark.parametrize(
    ("document", "steps"),
    [
        (
            twiml.connect(STREAM, {"leg": "0"}),
            [phone.Connect(phone.Stream(STREAM.url, "main", (("leg", "0"),), STREAM.status), STREAM.action)],
        ),
        (twiml.hang_up("Goodbye."), [phone.Say("Goodbye."), phone.Hangup()]),
        (twiml.reject(), [phone.Reject("busy")]),
        (
            twiml.wait("Hold.", "https://a.example.com/v?x=1", 0, 3, "Sorry."),
            [phone.Say("Hold."), phone.Pause(10.0), phone.Redirect("https://a.example.com/v?x=1&attempt=1")],
        ),
        (
            twiml.dial(Address("sip", "a@b"), "https://a.example.com/d", caller_id="+15550199", whisper="https://w"),
            [phone.Dial((phone.Party("sip", "sip:a@b", "https://w"),), "https://a.example.com/d", 25.0, "+15550199")],
        ),
    ],
)
def test_the_phone_understands_what_it_is_told(document, steps):
    assert list(phone.parse(document)) == steps


@steady
@given(st.text(max_size=200))
def test_any_text_is_spoken_as_text_and_never_as_markup(text):
    for document in (
        twiml.hang_up(text),
        twiml.return_to_agent(STREAM, text, text, {"note": text}),
        twiml.wait(text, "https://a.example.com/v", 0, 1, text),
        twiml.voicemail(text, "https://a.example.com/a", "https://a.example.com/r"),
        twiml.announce(text),
    ):
        tags = [tag for tag, _, _ in outline(document)]
        assert set(tags) <= {"Say", "Hangup", "Connect", "Pause", "Redirect", "Record"}
        assert tags.count("Say") <= 1
