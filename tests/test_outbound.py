"""Calls that we place, and webhooks that reach another process than the one whose line is open."""

import asyncio

import httpx
import pytest
from provider import OWN, SID, TOKEN
from running import running, until
from test_server import row_of

from callcenter.callers.mouth import Mute
from callcenter.callers.phone import Dialling, Phone
from callcenter.callers.provider import sign
from callcenter.config import Secret
from callcenter.events import Directed, Rang, Transfer

ACCOUNT = {"twilio_account": SID, "twilio_token": Secret(TOKEN), "from_number": OWN, "dial_allowed": ("+1555",)}
PERSON = {"person": {"number": "+15550177", "timeout": 5}}


def order(server, to):
    return httpx.post(server.url + "/v1/calls", json={"to": to}, trust_env=False, timeout=20)


def pick_up(server, placed, answered_by, seconds=3.0):
    """The person called answers: the provider asks the webhook that the order named."""
    path = f"?call={placed['id']}"
    dialling = Dialling(
        url=server.url,
        token=TOKEN,
        account=SID,
        call=placed["carrier_call"],
        caller=OWN,
        called="+15550123",
        direction="outbound-api",
        answered_by=answered_by,
        voice="/twilio/voice" + path,
        status="/twilio/status" + path,
        amd="/twilio/amd" + path,
        seconds=seconds,
    )
    return asyncio.run(Phone(dialling, Mute()).place())


@pytest.mark.parametrize(
    ("answered_by", "amd", "outcome"), [("human", "human", "caller_hung_up"), ("machine_start", "machine", "machine")]
)
def test_a_call_is_placed_and_knows_who_picked_up(lite, provider, answered_by, amd, outcome):
    with running(*lite, **ACCOUNT, twilio_api=provider.url) as server:
        placed = order(server, "+1 555 0123").json()
        (asked,) = provider.orders
        assert asked["To"] == ["+15550123"]
        assert asked["Url"] == [f"{server.url}/twilio/voice?call={placed['id']}"]
        report = pick_up(server, placed, answered_by)
        assert report.failure is None
        row = row_of(server, report)
        assert (row.id, row.direction, row.amd, row.outcome) == (placed["id"], "outbound", amd, outcome)


@pytest.mark.parametrize(("to", "status"), [("+15550123", 201), ("+19005550123", 403), ("hello", 422)])
def test_only_allowed_prefixes_are_dialled(lite, provider, to, status):
    with running(*lite, **ACCOUNT, twilio_api=provider.url) as server:
        assert order(server, to).status_code == status
        assert len(provider.orders) == (status == 201)


def test_an_outbound_call_that_nobody_answers_says_so(lite, provider):
    with running(*lite, **ACCOUNT, twilio_api=provider.url) as server:
        placed = order(server, "+15550123").json()
        path = f"/twilio/status?call={placed['id']}"
        form = {"CallSid": placed["carrier_call"], "CallStatus": "no-answer"}
        headers = {"X-Twilio-Signature": sign(TOKEN, server.url + path, form)}
        assert httpx.post(server.url + path, data=form, headers=headers, trust_env=False).status_code == 204
        row = server.house.store.row(placed["id"])
        assert (row.state, row.outcome) == ("ended", "no_answer")


def test_without_an_account_nothing_is_placed(lite):
    with running(*lite) as server:
        assert order(server, "+15550123").status_code == 409


def signed_post(server, path, form):
    headers = {"X-Twilio-Signature": sign(TOKEN, server.url + path, form)}
    return httpx.post(server.url + path, data=form, headers=headers, trust_env=False, timeout=20)


def test_webhooks_of_a_call_may_reach_another_process(database, tmp_path):
    """The line is in one process; the provider asks another one what comes next, and tells it who picked up."""
    shared = {"twilio_token": Secret(TOKEN), "transfers": PERSON, "dial_allowed": ("+1555",)}
    with (
        running(tmp_path / "one", database, **shared) as one,
        running(tmp_path / "other", database, **shared) as other,
    ):
        rung = one.call(one.house.board.ring("CA7", Rang("+15550100", "+15550199")))
        one.call(one.house.board._leaving(rung.call_id, 0, Transfer("person", "asked")))
        answer = signed_post(other, f"/twilio/action?call={rung.call_id}&leg=0", {"CallSid": "CA7"})
        assert "<Dial" in answer.text
        assert "+15550177" in answer.text
        ended = signed_post(
            other, f"/twilio/dialled?call={rung.call_id}&target=person", {"DialCallStatus": "completed"}
        )
        assert "<Hangup" in ended.text
        assert one.house.store.row(rung.call_id).outcome == "transferred"
        assert signed_post(other, "/twilio/amd", {"CallSid": "CA7", "AnsweredBy": "human"}).status_code == 204
        assert one.house.store.row(rung.call_id).amd == "human"


def test_an_order_reaches_the_process_that_has_the_line(database, tmp_path):
    shared = {"twilio_token": Secret(TOKEN)}
    with (
        running(tmp_path / "one", database, **shared) as one,
        running(tmp_path / "other", database, **shared) as other,
    ):

        async def talk():
            call = asyncio.create_task(Phone(Dialling(url=one.url, token=TOKEN, seconds=20.0), Mute()).place())
            await until(lambda: any(line.at > 4_000 for line in one.house.board.lines.values()))
            (call_id,) = one.house.board.lines
            order = other.house.board.order(call_id, Directed("hang_up", "enough", by="supervisor"))
            await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(order, other.loop))
            return await call

        report = asyncio.run(talk())
        assert report.events[-1].at < 15
        assert row_of(one, report).ended_reason == "enough"
