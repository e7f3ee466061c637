"""The switchboard: which calls are admitted, who serves them, and what the carrier is told when a stream ends.

Admission is decided before a phone is answered. What another process may be asked about a call (a token used, what
comes next, an order to a live call) is in the store; while the store is down this process answers for its own calls
from memory, so that calls begin, go on and end without it.
"""

import asyncio
import os
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from http import HTTPStatus
from secrets import token_hex
from typing import Any, Final, Literal

from callcenter import metrics
from callcenter.asker import Asker
from callcenter.call import Call, Setup
from callcenter.carriers import Caps, Carrier
from callcenter.carriers.browser import Browser
from callcenter.carriers.twilio import Twilio
from callcenter.codec import decode, encode
from callcenter.config import Settings
from callcenter.duplex import Duplex
from callcenter.events import Directed, Event, HangUp, Phrase, Policy, Rang, Transfer
from callcenter.experiment import Arm
from callcenter.glossary import Learner
from callcenter.liaison import Liaison, Office
from callcenter.line import End, Line
from callcenter.logs import log
from callcenter.published import Published
from callcenter.store import Call as CallRow
from callcenter.store import Scribe, Spool, Store, StoreDown
from callcenter.telephony.signatures import Signatures, Verdict
from callcenter.telephony.tokens import Grant, TokenError, Tokens
from callcenter.tracing import Begin, forget
from callcenter.trials import Trials
from callcenter.units import RATE, seconds
from callcenter.wire import Refused, Upgrade
from flows import Flow, FlowError

STREAM_PATH: Final = "/twilio/stream/"
BROWSER_PATH: Final = "/phone/stream/"
"""Where the admin site's own phone comes in; only its tokens, which are minted for people who are signed in, fit."""

CARRIERS: Final[Mapping[str, Callable[[], Carrier]]] = {"twilio": Twilio, "browser": Browser}
REMEMBERED: Final = 10_000
"""Calls this process keeps facts of; the oldest are forgotten first."""

ORDERS_EVERY: Final = 0.5
"""Seconds between two looks for orders to our calls from other processes."""

SWEEP_EVERY: Final = 600.0
"""Seconds between two looks for calls that nobody has ended; they must be older than any call may be."""

CLEAN: Final = {"hangup": "caller_hung_up", "machine": "machine"}
BROKEN: Final = frozenset(
    {"lost", "gone", "dropped", "stalled_peer", "no_start", "no_media", "crashed", "bad_frame", "not_utf8"}
    | {"binary", "oversized", "not_json", "not_an_object", "bad_field", "wrong_order", "wrong_format"}
    | {"bad_position", "position_jump", "long_frame", "too_fast"}
)

Admission = Literal["admitted", "full", "draining", "stalled"]


@dataclass(frozen=True, slots=True)
class Context:
    """What a duplex may know about the call it is built for."""

    call_id: str
    caller: str
    called: str
    direction: str
    leg: int = 0
    arm: Arm | None = None
    """What an experiment serves on this call."""


Maker = Callable[[Context], Duplex]


@dataclass(frozen=True, slots=True)
class Ringing:
    """A call that was admitted, until its stream opens."""

    call_id: str
    carrier_call: str
    rang: Rang
    rung_at: datetime
    arm: str = ""
    experiment: str = ""
    serves: Arm | None = None
    """The arm itself, where an experiment chose it."""
    carrier: str = "twilio"
    flow: Flow | None = None
    """The flow to try instead of the published one."""


@dataclass(slots=True)
class Memory:
    """Facts of recent calls, the oldest forgotten first."""

    facts: OrderedDict[str, Any] = field(default_factory=OrderedDict)

    def put(self, key: str, value: Any) -> None:
        self.facts[key] = value
        self.facts.move_to_end(key)
        if len(self.facts) > REMEMBERED:
            self.facts.popitem(last=False)

    def take(self, key: str) -> Any:
        return self.facts.pop(key, None)

    def look(self, key: str) -> Any:
        return self.facts.get(key)


class Switchboard:
    def __init__(
        self,
        settings: Settings,
        *,
        store: Store,
        spool: Spool,
        signatures: Signatures,
        tokens: Tokens,
        phrases: Mapping[str, Phrase],
        duplexes: Mapping[str, Maker],
        begin: Begin = forget,
        office: Office | None = None,
        learner: Learner | None = None,
    ) -> None:
        self.settings = settings
        self.store = store
        self.spool = spool
        self.tokens = tokens
        self.signatures = signatures
        self.lines: dict[str, Line] = {}
        self.draining = False
        self._phrases = phrases
        self._kept = {name: spool.keep(phrase.audio) for name, phrase in phrases.items()}
        self._duplexes = duplexes
        self._begin = begin
        self._office = office
        self._learner = learner
        self._flows = Published(store)
        self._endings: set[asyncio.Task[None]] = set()
        self._ringing: dict[str, tuple[Ringing, float]] = {}
        self._plans = Memory()
        self._nonces = Memory()
        self._calls = Memory()
        """Calls that rang here, by our id and by the carrier's."""
        self.asker = Asker()
        self.trials = Trials(store, self.asker, settings.country)
        self._sweep = 0.0
        self._empty = asyncio.Event()
        self._empty.set()

    @property
    def serves(self) -> tuple[str, ...]:
        """The duplexes a call may be served by."""
        return tuple(self._duplexes)

    @property
    def follows(self) -> Flow | None:
        """The flow that is configured; what was published under its name comes before it."""
        return self._office.flow if self._office else None

    # -------------------------------------------------------------------------------------------------- admission

    def admission(self, carrier_call: str = "") -> Admission:
        """Whether a phone that rings now is answered; one we are told of again has its slot already."""
        now = time.monotonic()
        self._ringing = {sid: held for sid, held in self._ringing.items() if held[1] > now}
        if self.draining:
            return "draining"
        if self.spool.stalled:
            return "stalled"
        known: Ringing | None = self._calls.look(carrier_call) if carrier_call else None
        if known is not None and (known.call_id in self._ringing or known.call_id in self.lines):
            return "admitted"
        return "admitted" if len(self.lines) + len(self._ringing) < self.settings.max_calls else "full"

    async def ring(
        self,
        carrier_call: str,
        rang: Rang,
        call_id: str = "",
        arm: str = "",
        carrier: str = "twilio",
        flow: Flow | None = None,
    ) -> Ringing:
        """A phone rings and is admitted: the call's row is written now, and a slot is held for its stream."""
        now = datetime.now(UTC)
        known: Ringing | None = self._calls.look(carrier_call) if carrier_call else None
        ringing = known or await self._placed(call_id, carrier_call, rang)
        if ringing is None:
            fresh = Ringing(call_id or new_call_id(now), carrier_call, rang, now, arm, carrier=carrier, flow=flow)
            ringing = await self._assigned(fresh)
        write = partial(
            self.store.ring,
            ringing.call_id,
            ringing.rung_at,
            carrier=ringing.carrier,
            carrier_call=carrier_call,
            caller=rang.caller,
            called=rang.called,
            direction=rang.direction,
            arm=ringing.arm,
            experiment=ringing.experiment,
            assigned=ringing.serves.duplex if ringing.serves else self.settings.duplex,
        )
        try:
            row = await self.asker.ask(write)
            ringing = replace(await self._ringing_of(row, carrier_call, rang), flow=ringing.flow)
        except StoreDown:
            self.asker.keep("ring", ringing.call_id, write)
        self.hold(ringing)
        return ringing

    async def _placed(self, call_id: str, carrier_call: str, rang: Rang) -> Ringing | None:
        """A call that we placed ourselves and that rings now: its arm was settled when it was placed."""
        placed: Ringing | None = self._calls.look(call_id) if call_id else None
        if placed is not None:
            return replace(placed, carrier_call=carrier_call, rang=rang)
        try:
            row = await self.asker.ask(partial(self.store.row, call_id)) if call_id else None
        except StoreDown:
            return None
        return await self._ringing_of(row, carrier_call, rang) if row is not None else None

    async def _assigned(self, ringing: Ringing) -> Ringing:
        """A call that rings gets its arm before anything else is known of it; one that was named has it already.

        Calls from our own phone page are people trying the agent, no callers: they take no part.
        """
        if ringing.arm or ringing.carrier == "browser":
            return ringing
        assigned = await self.trials.assign(ringing.rang, ringing.call_id)
        if assigned is None:
            return ringing
        return replace(ringing, arm=assigned.arm.name, experiment=assigned.experiment, serves=assigned.arm)

    async def _ringing_of(self, row: CallRow, carrier_call: str, rang: Rang) -> Ringing:
        """A call as its row tells it, whichever process wrote that."""
        serves = await self.trials.arm(row.experiment, row.arm)
        return Ringing(row.id, carrier_call, rang, row.rung_at, row.arm, row.experiment, serves, row.carrier)

    def hold(self, ringing: Ringing) -> None:
        """Keep a slot for a call until its stream opens."""
        for name in filter(None, (ringing.call_id, ringing.carrier_call)):
            self._calls.put(name, ringing)
        if ringing.call_id not in self.lines:
            self._ringing[ringing.call_id] = (ringing, time.monotonic() + self.tokens.life)

    def mint(self, call_id: str, leg: int) -> str:
        return self.tokens.mint(call_id, leg, time.time())

    # ------------------------------------------------------------------------------------------------ opening a stream

    async def accept(self, upgrade: Upgrade) -> Line | Refused:
        """A stream wants to open: its signature, its token, its call. Any doubt refuses it before it is accepted."""
        carrier = "browser" if upgrade.path.startswith(BROWSER_PATH) else "twilio"
        if carrier == "twilio":
            headers = dict(upgrade.headers.raw_items())
            if (verdict := self.signatures.upgrade(upgrade.path, headers, upgrade.host)) is not Verdict.GENUINE:
                return _refused(HTTPStatus.FORBIDDEN, f"signature_{verdict.value}")
        try:
            grant = self.tokens.read(upgrade.path.rpartition("/")[2], time.time(), self._unseen)
            await self._claim(grant)
        except TokenError as error:
            return _refused(HTTPStatus.FORBIDDEN, f"token_{error.kind}")
        ringing = await self._find(grant.call, grant.leg)
        if ringing is None or ringing.carrier != carrier:
            return _refused(HTTPStatus.NOT_FOUND, "unknown_call")
        if self.draining and grant.leg == 0:
            return _refused(HTTPStatus.SERVICE_UNAVAILABLE, "draining")
        if grant.call in self.lines:
            return _refused(HTTPStatus.CONFLICT, "already_open")
        self._ringing.pop(grant.call, None)
        return self._open(ringing, grant, await self._office_of(ringing, grant.leg))

    def _unseen(self, nonce: str) -> bool:
        """Whether this process sees a token for the first time; on the loop's thread, so that two at once are not."""
        if self._nonces.look(nonce):
            return False
        self._nonces.put(nonce, True)
        return True

    async def _claim(self, grant: Grant) -> None:
        """A token is used once, in whichever process."""
        claim = partial(self.store.claim, grant.nonce, datetime.fromtimestamp(grant.expires, UTC))
        try:
            if not await self.asker.ask(claim):
                raise TokenError("used")
        except StoreDown:
            self.asker.keep("claim", grant.call, claim)

    async def _find(self, call_id: str, leg: int) -> Ringing | None:
        """A call that may open a stream: one that rang, or one whose caller comes back to us with a later leg."""
        held = self._ringing.get(call_id)
        if held is not None:
            return held[0]
        try:
            row = await self.asker.ask(partial(self.store.row, call_id))
        except StoreDown:
            mine: Ringing | None = self._calls.look(call_id)
            return mine
        if row is None or not row.carrier_call or (row.state not in ("ringing", "live") and not leg):
            return None
        direction: Literal["inbound", "outbound"] = "outbound" if row.direction == "outbound" else "inbound"
        return await self._ringing_of(row, row.carrier_call, Rang(row.caller, row.called, direction))

    async def _office_of(self, ringing: Ringing, leg: int) -> Office | None:
        """The background with the flow a call follows: one that is tried, its arm's, the published, the configured."""
        office = self._office
        if office is None:
            return None
        if ringing.flow is not None:
            office = replace(office, flow=ringing.flow)
        else:
            try:
                office = await self.asker.ask(partial(self._published, office, ringing, leg))
            except (StoreDown, FlowError) as error:
                log.error("the configured flow instead of the published one", call=ringing.call_id, error=str(error))
        if self._learner is not None and not self._learner.knows(office.flow):
            await asyncio.to_thread(self._learner.learn, office.flow)
        return office

    def _published(self, office: Office, ringing: Ringing, leg: int) -> Office:
        row = self.store.row(ringing.call_id) if leg else None
        version = (row.flow_version if row else "") or (ringing.serves.flow_version if ringing.serves else "")
        found = self._flows.published(office.flow, version)
        return office if found is None else replace(office, flow=found)

    def _open(self, ringing: Ringing, grant: Grant, office: Office | None) -> Line:
        call_id, settings = ringing.call_id, self.settings
        carrier = CARRIERS[ringing.carrier]()
        arm = self._servable(ringing, office)
        setup = self.setup(carrier.caps, arm)
        scribe = self.spool.open(call_id, grant.leg, self._header(ringing, setup, office), record=settings.record)
        context = Context(call_id, ringing.rang.caller, ringing.rang.called, ringing.rang.direction, grant.leg, arm)

        async def leaving(last: HangUp | Transfer) -> None:
            await self._leaving(call_id, grant.leg, last)

        def ended(line: Line, end: End) -> None:
            self._ended(ringing, scribe, line, end)

        liaison = Liaison(office, call_id, context.caller, scribe) if office else None
        line = Line(
            call_id=call_id,
            call=Call(setup),
            carrier=carrier,
            expect=ringing.carrier_call,
            leg=grant.leg,
            make=lambda name: self._duplexes[name](context),
            policy=arm.policy if arm else Policy(),
            diary=scribe,
            span=self._begin("stream", call=call_id, leg=grant.leg, duplex=setup.duplex),
            liaison=liaison,
            clock=lambda: time.monotonic() * settings.speed,
            speed=settings.speed,
            leaving=leaving,
            ended=ended,
        )
        self.lines[call_id] = line
        self._count()
        log.info("stream opens", call=call_id, leg=grant.leg, duplex=setup.duplex)
        return line

    def _servable(self, ringing: Ringing, office: Office | None) -> Arm | None:
        """The call's arm, if this server can serve it; if not, what is usual is served, and the rows say so."""
        arm = ringing.serves
        if arm is None:
            return None
        flow = office.flow.hash if office else ""
        lacking = [name for name in (arm.duplex, arm.fallback) if name and name not in self._duplexes]
        if not lacking and arm.flow_version == flow:
            return arm
        why = f"no duplex {lacking[0]}" if lacking else f"flow {arm.flow_version[:12]} is not the one served"
        metrics.fault("arm")
        log.error("arm cannot be served", call=ringing.call_id, arm=arm.name, why=why)
        return None

    def setup(self, caps: Caps, arm: Arm | None = None) -> Setup:
        settings = self.settings
        return Setup(
            caps=caps,
            duplex=arm.duplex if arm else settings.duplex,
            fallback=(arm.fallback if arm else "") or settings.fallback,
            lead=settings.lead_ms * RATE // 1_000,
            phrases=self._phrases,
            rescue=settings.rescue,
            silence_limit=settings.silence_s * RATE,
            length_limit=settings.max_call_s * RATE,
            on_machine="hang_up" if settings.on_machine == "hang_up" else "stay",
        )

    def _header(self, ringing: Ringing, setup: Setup, office: Office | None) -> dict[str, Any]:
        row = {
            "carrier": setup.caps.name,
            "carrier_call": ringing.carrier_call,
            "caller": ringing.rang.caller,
            "called": ringing.rang.called,
            "direction": ringing.rang.direction,
            "rung_at": ringing.rung_at.isoformat(),
            "assigned": ringing.serves.duplex if ringing.serves else setup.duplex,
            "experiment": ringing.experiment,
            "arm": ringing.arm,
            "voice": self.settings.voice,
        }
        if office is not None:
            row |= {"flow": office.flow.name, "flow_version": office.flow.hash}
        return {"row": row, "setup": setup_header(setup, self._kept)}

    # ----------------------------------------------------------------------------------------------- leaving a stream

    async def _leaving(self, call_id: str, leg: int, last: HangUp | Transfer) -> None:
        """Write down what the carrier is to be told when it asks, before its stream is closed.

        Of a stream that broke nothing is written: whoever is asked then finds no plan, says sorry and helps on.
        """
        if last.reason in BROKEN - {"lost"}:
            return
        plan: dict[str, Any] = {"do": "hang_up", "reason": last.reason, "leg": leg}
        if isinstance(last, Transfer):
            plan = {"do": "transfer", "target": last.target, "reason": last.reason, "leg": leg}
        self._plans.put(call_id, plan)
        try:
            await self.asker.ask(partial(self.store.plan, call_id, plan))
        except StoreDown as error:
            log.warning("store down", call=call_id, doing="plan", error=str(error))

    async def next_step(self, call_id: str, leg: int) -> dict[str, Any] | None:
        """What was planned for a call whose stream ended; None if it ended without a plan, which is a fault.

        A plan of an earlier stream, found late because the store was down, is none.
        """
        mine = self._plans.take(call_id)
        try:
            stored = await self.asker.ask(partial(self.store.take_plan, call_id))
        except StoreDown:
            stored = None
        return next((plan for plan in (mine, stored) if plan and plan.get("leg", leg) == leg), None)

    def _ended(self, ringing: Ringing, scribe: Scribe, line: Line, end: End) -> None:
        if self.lines.get(ringing.call_id) is line:
            del self.lines[ringing.call_id]
        self._count()
        outcome = outcome_of(end.last)
        final = not isinstance(end.last, Transfer) or ringing.carrier == "browser"  # nobody there dials on
        label = self._close_background(line, end)
        scribe.close(
            end.last.reason, (label if label and outcome != "failed" else outcome) if final else "", final=final
        )
        if final:
            metrics.CALLS.labels(ringing.rang.direction, outcome).inc()
        log.info("stream ends", call=ringing.call_id, reason=end.last.reason, seconds=round(seconds(end.samples), 2))

    def _close_background(self, line: Line, end: End) -> str:
        """Let the background come to its end beside everything else; how the call came out, in the flow's words."""
        if line.liaison is None:
            return ""
        ending = asyncio.get_running_loop().create_task(line.liaison.end(end.samples))
        self._endings.add(ending)
        ending.add_done_callback(self._endings.discard)
        return line.liaison.label

    def _count(self) -> None:
        metrics.CALLS_ACTIVE.set(len(self.lines))
        if self.lines:
            self._empty.clear()
        else:
            self._empty.set()

    # ------------------------------------------------------------------------------------------------------- orders

    async def order(self, call_id: str, event: Event) -> None:
        """Give a live call an event, here or in whichever process has its line."""
        line = self.lines.get(call_id)
        if line is not None:
            line.feed(event)
            return
        payload = encode(event)
        try:
            await self.asker.ask(partial(self.store.send, call_id, payload))
        except StoreDown as error:
            log.warning("store down", call=call_id, doing="order", error=str(error))

    async def take_orders(self) -> None:
        """Looks for orders to our calls until cancelled."""
        while True:
            await asyncio.sleep(ORDERS_EVERY)
            try:
                await self._look_at_the_store()
            except StoreDown:
                continue
            except Exception as error:
                log.error("orders", error=repr(error), exc_info=error)

    async def _look_at_the_store(self) -> None:
        await self.asker.catch_up()
        for message in await self.asker.ask(partial(self.store.deliver, tuple(self.lines))):
            line = self.lines.get(message.call_id)
            if line is not None:
                line.feed(decode(message.payload))
        if time.monotonic() >= self._sweep:
            self._sweep = time.monotonic() + SWEEP_EVERY
            forgotten = datetime.now(UTC) - timedelta(seconds=self.settings.max_call_s + SWEEP_EVERY)
            if lost := await self.asker.ask(partial(self.store.give_up, forgotten)):
                log.warning("calls that nobody ended", calls=lost)

    async def drain(self, patience: float) -> None:
        """Admit nobody any more, let the calls finish, and say goodbye to those that do not."""
        self.draining = True
        log.info("draining", calls=len(self.lines))
        await self._wait_for_lines(patience)
        for line in list(self.lines.values()):
            line.feed(Directed("hang_up", "shutdown", by="server"))
        await self._wait_for_lines(10.0)

    async def _wait_for_lines(self, patience: float) -> None:
        try:
            await asyncio.wait_for(self._empty.wait(), patience)
        except TimeoutError:
            log.warning("calls still open", calls=len(self.lines))


def new_call_id(now: datetime) -> str:
    """Sortable by time, unguessable, fit for a file's name."""
    return f"{now:%Y%m%d-%H%M%S}-{token_hex(5)}"


def outcome_of(last: HangUp | Transfer) -> str:
    if isinstance(last, Transfer):
        return "transferred"
    return "failed" if last.reason in BROKEN else CLEAN.get(last.reason, "completed")


def _refused(status: HTTPStatus, reason: str) -> Refused:
    metrics.REFUSALS.labels(reason).inc()
    log.warning("stream refused", reason=reason)
    return Refused(status, reason)


# ------------------------------------------------------------------------------------------------ setups in journals


def setup_header(setup: Setup, kept: Mapping[str, str]) -> dict[str, Any]:
    """A call's setup as JSON; the phrases' audio is in the spool under the names in `kept`."""
    caps = setup.caps
    return {
        "caps": [caps.name, caps.marks, caps.clear, caps.dtmf_in, caps.dtmf_out, caps.max_message],
        "phrases": {name: [phrase.text, kept[name]] for name, phrase in setup.phrases.items()},
        "duplex": setup.duplex,
        "fallback": setup.fallback,
        "lead": setup.lead,
        "rescue": setup.rescue,
        "silence_limit": setup.silence_limit,
        "length_limit": setup.length_limit,
        "on_machine": setup.on_machine,
    }


def setup_of(header: Mapping[str, Any], kept: Callable[[str], bytes]) -> Setup:
    """The setup that a journal's header tells."""
    told = dict(header["setup"])
    caps = Caps(*told.pop("caps"))
    phrases = {name: Phrase(text, kept(audio)) for name, (text, audio) in told.pop("phrases").items()}
    return replace(Setup(caps, told.pop("duplex")), phrases=phrases, **told)


def token_secret(settings: Settings) -> str:
    """The provider's auth token, or one of our own for local phones, kept beside the calls."""
    if settings.twilio_token:
        return settings.twilio_token.reveal()
    path = settings.var / "local-token"
    if not path.exists():
        settings.var.mkdir(parents=True, exist_ok=True)
        part = path.with_suffix(f".{token_hex(4)}")
        descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(token_hex(16))
        try:
            os.link(part, path)
        except FileExistsError:
            pass
        part.unlink()
    return path.read_text().strip()
