"""The provider's form fields: one table a callback."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from callcenter.events import Detected, Rang
from callcenter.telephony import callbacks
from callcenter.telephony.callbacks import CallbackError, Outcome, Progress, Ringing

steady = settings(max_examples=200, derandomize=True, deadline=None, database=None)
CALL = "CA" + "1" * 32
RING = {"CallSid": CALL, "AccountSid": "AC1", "From": "+15550100123", "To": "+15550100999", "Direction": "inbound"}


@pytest.mark.parametrize(
    ("change", "rang"),
    [
        ({}, Rang("+15550100123", "+15550100999")),
        ({"From": "(555) 010-0123"}, Rang("+15550100123", "+15550100999")),
        ({"From": "anonymous"}, Rang("anonymous", "+15550100999")),
        ({"From": "+266696687"}, Rang("anonymous", "+15550100999")),
        ({"From": "<script>"}, Rang("unknown", "+15550100999")),
        ({"From": "sip:7@pbx.example.com"}, Rang("sip:7@pbx.example.com", "+15550100999")),
        ({"Direction": "outbound-api"}, Rang("+15550100123", "+15550100999", "outbound")),
        ({"Direction": "outbound-dial"}, Rang("+15550100123", "+15550100999", "outbound")),
        ({"Direction": ""}, Rang("+15550100123", "+15550100999")),
    ],
)
def test_a_voice_webhook_says_who_calls_whom(change, rang):
    assert callbacks.ringing(RING | change) == Ringing(CALL, "AC1", rang)


@pytest.mark.parametrize("call", [None, "", " ", "CA 1", "CA\n1", "x" * 65, "\u00e9", "../x"])
def test_a_callback_without_a_call_is_refused(call):
    form = {"CallStatus": "completed"} | ({} if call is None else {"CallSid": call})
    for read in (callbacks.ringing, callbacks.progress):
        with pytest.raises(CallbackError, match="CallSid="):
            read(form)


@pytest.mark.parametrize(
    ("status", "seconds", "outcome", "duration"),
    [
        ("queued", None, None, 0),
        ("initiated", None, None, 0),
        ("ringing", None, None, 0),
        ("in-progress", None, None, 0),
        ("completed", "61", Outcome.COMPLETED, 61),
        ("busy", "0", Outcome.BUSY, 0),
        ("no-answer", "0", Outcome.NO_ANSWER, 0),
        ("canceled", "", Outcome.CANCELED, 0),
        ("failed", "-1", Outcome.FAILED, 0),
        ("something-new", "1e9", Outcome.FAILED, 0),
    ],
)
def test_a_status_callback_says_whether_the_call_goes_on(status, seconds, outcome, duration):
    form = {"CallSid": CALL, "CallStatus": status} | ({} if seconds is None else {"CallDuration": seconds})
    assert callbacks.progress(form) == Progress(CALL, status, outcome, duration)


@pytest.mark.parametrize(
    ("form", "outcome"),
    [
        ({"DialCallStatus": "completed"}, Outcome.COMPLETED),
        ({"DialCallStatus": "answered"}, Outcome.COMPLETED),
        ({"DialCallStatus": "completed", "DialBridged": "true"}, Outcome.COMPLETED),
        ({"DialCallStatus": "completed", "DialBridged": "false"}, Outcome.NO_ANSWER),
        ({"DialCallStatus": "busy"}, Outcome.BUSY),
        ({"DialCallStatus": "no-answer"}, Outcome.NO_ANSWER),
        ({"DialCallStatus": "failed"}, Outcome.FAILED),
        ({"DialCallStatus": "canceled"}, Outcome.CANCELED),
        ({"DialCallStatus": "something-new"}, Outcome.FAILED),
        ({}, Outcome.FAILED),
    ],
)
def test_a_dial_ended_for_a_typed_reason(form, outcome):
    assert callbacks.dialled(form) is outcome


@pytest.mark.parametrize(
    ("answered_by", "party"),
    [
        ("human", "human"),
        ("machine_start", "machine"),
        ("machine_end_beep", "machine"),
        ("machine_end_silence", "machine"),
        ("machine_end_other", "machine"),
        ("fax", "fax"),
        ("unknown", "unknown"),
        ("", "unknown"),
        ("robot", "unknown"),
    ],
)
def test_machine_detection_says_who_picked_up(answered_by, party):
    assert callbacks.detected(answered_by) == Detected(party)


@steady
@given(
    st.dictionaries(st.sampled_from([*RING, "CallStatus", "CallDuration", "DialCallStatus", "DialBridged"]), st.text())
)
def test_any_form_is_read_or_refused(form):
    for read in (callbacks.ringing, callbacks.progress):
        try:
            read(form)
        except CallbackError:
            continue
    assert callbacks.dialled(form) in Outcome
