"""The provider's webhooks: a phone rings, a stream ended, a transfer ended, somebody picked up.

They carry only a call's id and may reach any process; what they need is in the store. Every one is signed, and one that
is not never gets past `genuine`.
"""

import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from functools import partial
from typing import Annotated, Final, TypeVar
from urllib.parse import parse_qsl, urlencode

from fastapi import Depends, FastAPI, HTTPException, Request, Response
from starlette.requests import ClientDisconnect

from callcenter import metrics
from callcenter.house import House
from callcenter.logs import log
from callcenter.store import Call, Store, StoreDown
from callcenter.switchboard import STREAM_PATH
from callcenter.telephony import callbacks, twiml
from callcenter.telephony.callbacks import CallbackError, Outcome
from callcenter.telephony.signatures import Verdict
from callcenter.telephony.transfer import SENTENCES
from callcenter.telephony.transfer import Refused as NotTransferred

LONGEST_FORM: Final = 65_536
QUEUE_ATTEMPTS: Final = 12
QUEUE_PAUSE_S: Final = 10
MOST_LEGS: Final = 4
"""Streams of one call: the first, and one after each transfer that failed (the exchange allows three)."""

SAY_FULL: Final = "All our lines are busy at the moment. Please hold, and you will be connected."
SAY_STILL_FULL: Final = "I am sorry, all our lines are still busy. Please call again later."
SAY_DRAINING: Final = "I am sorry, we cannot take your call right now. Please call again in a minute."
SAY_BROKEN: Final = "I am sorry, something went wrong on our side."

Form = dict[str, str]
T = TypeVar("T")


def install(app: FastAPI, house: House) -> None:
    origin, board, store = house.origin, house.board, house.store

    def genuine(kind: str) -> Callable[[Request], Awaitable[Form]]:
        """The form of a request that the provider signed; anything else ends here."""

        async def check(request: Request) -> Form:
            body = await _body(request)
            pairs = parse_qsl(body.decode(errors="replace"), keep_blank_values=True)
            query = f"?{request.url.query}" if request.url.query else ""
            verdict = board.signatures.request(
                request.method,
                request.url.path + query,
                dict(request.headers),
                pairs,
                b"" if pairs else body,
                request.client.host if request.client else "",
            )
            metrics.CALLBACKS.labels(kind, verdict.value).inc()
            if verdict is not Verdict.GENUINE:
                log.warning("webhook refused", kind=kind, verdict=verdict.value)
                raise HTTPException(403, f"signature {verdict.value}")
            return dict(pairs)

        return check

    def stream(call_id: str, leg: int) -> twiml.StreamTo:
        about = urlencode({"call": call_id, "leg": leg})
        return twiml.StreamTo(
            url=origin.ws(STREAM_PATH + board.mint(call_id, leg)),
            action=origin.http(f"/twilio/action?{about}"),
            status=origin.http(f"/twilio/stream-status?{about}"),
        )

    def dial(call_id: str, leg: int, target: str, reason: str) -> str:
        """Pass a caller on, or say why not and give them back to the agent."""
        decided = house.exchange.decide(target, leg, time.monotonic(), datetime.now(UTC))
        log.info("transfer", call=call_id, target=target, reason=reason, decided=type(decided).__name__)
        if isinstance(decided, NotTransferred):
            return back(call_id, leg, decided.outcome)
        about = urlencode({"call": call_id, "leg": leg, "target": target})
        action = origin.http(f"/twilio/dialled?{about}")
        return twiml.dial(decided.party, action, caller_id=house.settings.from_number, timeout_s=decided.timeout_s)

    def back(call_id: str, leg: int, outcome: Outcome) -> str:
        if leg + 1 >= MOST_LEGS or board.draining:
            return twiml.hang_up(SENTENCES[outcome])
        return twiml.return_to_agent(stream(call_id, leg + 1), outcome.value, SENTENCES[outcome])

    def full(attempt: int, again: str, ringing_for: str) -> str:
        match house.settings.when_full:
            case "reject":
                return twiml.reject()
            case "transfer" if house.settings.rescue:
                return dial(ringing_for, 0, house.settings.rescue, "full")
            case _:
                return twiml.wait(SAY_FULL, again, attempt, QUEUE_ATTEMPTS, SAY_STILL_FULL, QUEUE_PAUSE_S)

    @app.post("/twilio/voice")
    async def voice(
        form: Annotated[Form, Depends(genuine("voice"))], attempt: int = 0, call: str = "", arm: str = ""
    ) -> Response:
        """The phone rings."""
        ringing = _read(lambda: callbacks.ringing(form, house.settings.country))
        admission = board.admission(ringing.carrier_call)
        metrics.ADMISSIONS.labels(admission).inc()
        if admission == "draining":
            return _xml(twiml.hang_up(SAY_DRAINING))
        if admission != "admitted":
            log.warning("not admitted", why=admission, attempt=attempt)
            return _xml(full(attempt, origin.http("/twilio/voice"), call or ringing.carrier_call))
        rung = await board.ring(ringing.carrier_call, ringing.rang, call, arm)
        log.info("phone rings", call=rung.call_id, direction=ringing.rang.direction)
        return _xml(twiml.connect(stream(rung.call_id, 0), {"call": rung.call_id}))

    @app.post("/twilio/action")
    async def action(_form: Annotated[Form, Depends(genuine("action"))], call: str, leg: int = 0) -> Response:
        """A stream ended and the caller is still there: what comes next?"""
        plan = await board.next_step(call, leg)
        log.info("next step", call=call, plan=plan)
        match plan:
            case {"do": "transfer", "target": str(target), "reason": str(reason)}:
                return _xml(dial(call, leg, target, reason))
            case {"do": "hang_up"}:
                return _xml(twiml.hang_up())
            case _ if house.settings.rescue and leg + 1 < MOST_LEGS:
                return _xml(dial(call, leg, house.settings.rescue, "broken"))
            case _:
                return _xml(twiml.hang_up(SAY_BROKEN))

    @app.post("/twilio/dialled")
    async def dialled(
        form: Annotated[Form, Depends(genuine("dialled"))], call: str, leg: int = 0, target: str = ""
    ) -> Response:
        """How a transfer ended. Nobody there: the caller hears why and is with the agent again."""
        outcome = callbacks.dialled(form)
        log.info("transfer ended", call=call, target=target, outcome=outcome.value)
        if outcome is Outcome.COMPLETED:
            facts = {"state": "ended", "ended_at": datetime.now(UTC), "outcome": "transferred"}
            await board.asker.tell("dialled", call, partial(store.tell, call, **facts))
            return _xml(twiml.hang_up())
        return _xml(back(call, leg, outcome))

    @app.post("/twilio/status")
    async def status(form: Annotated[Form, Depends(genuine("status"))], call: str = "") -> Response:
        """The provider's view of the call. It has the last word only on calls that never reached us."""
        progress = _read(lambda: callbacks.progress(form))
        outcome, now = progress.outcome, datetime.now(UTC)
        if outcome is None:
            return Response(status_code=204)

        def news() -> None:
            row = row_of(store, call, progress.carrier_call)
            if row is not None:
                silent = row.legs == 0 and row.id not in board.lines
                ended = "abandoned" if outcome is Outcome.COMPLETED else outcome.value
                store.tell(row.id, state="ended", ended_at=now, outcome=ended if silent else "")

        await board.asker.tell("status", call or progress.carrier_call, news)
        return Response(status_code=204)

    @app.post("/twilio/stream-status")
    async def stream_status(
        form: Annotated[Form, Depends(genuine("stream_status"))], call: str, leg: int = 0
    ) -> Response:
        event, error = form.get("StreamEvent", ""), form.get("StreamError", "")
        (log.warning if error else log.info)("stream status", call=call, leg=leg, event_=event[:40], error=error[:200])
        return Response(status_code=204)

    @app.post("/twilio/recording")
    async def recording(form: Annotated[Form, Depends(genuine("recording"))], call: str = "") -> Response:
        """A recording the provider made (voicemail); ours is written by ourselves."""
        log.info(
            "recording", call=call, status=form.get("RecordingStatus", "")[:40], sid=form.get("RecordingSid", "")[:64]
        )
        return Response(status_code=204)

    @app.post("/twilio/amd")
    async def amd(form: Annotated[Form, Depends(genuine("amd"))], call: str = "") -> Response:
        """Who picked up an outbound call."""
        sid = _read(lambda: callbacks.sid(form, "CallSid"))
        detected = callbacks.detected(form.get("AnsweredBy", ""))
        try:
            row = await board.asker.ask(partial(row_of, store, call, sid))
        except StoreDown:
            row = None
        if row is not None or call in board.lines:
            call_id = row.id if row is not None else call
            await board.asker.tell("amd", call_id, partial(store.tell, call_id, amd=detected.party))
            await board.order(call_id, detected)
        return Response(status_code=204)


def _xml(text: str) -> Response:
    return Response(text, media_type="application/xml")


async def _body(request: Request) -> bytes:
    body = b""
    try:
        async for part in request.stream():
            body += part
            if len(body) > LONGEST_FORM:
                raise HTTPException(413, "too long")
    except ClientDisconnect:
        raise HTTPException(400, "the body never came") from None
    return body


def _read(reading: Callable[[], T]) -> T:
    try:
        return reading()
    except CallbackError as error:
        raise HTTPException(422, str(error)) from None


def row_of(store: Store, call_id: str, carrier_call: str) -> Call | None:
    """The call a callback is about: by our id, or by the provider's."""
    return (store.row(call_id) if call_id else None) or store.row_of("twilio", carrier_call)
