"""The server: the one place where everything is built and wired together, and the life of the process."""

import asyncio
import gc
import os
import random
import resource
import signal
import socket
import zlib
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import replace
from datetime import datetime
from functools import cache, partial
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

import torch
import uvicorn
import uvloop
from fastapi import FastAPI
from sqlalchemy.exc import SQLAlchemyError

import admin
import flows
from callcenter import __version__, api, glossary, logs, webhooks
from callcenter.background.crm import crm_tools
from callcenter.background.crm.spoken import Named, spoken
from callcenter.background.http_tools import shared_client
from callcenter.background.llm import Endpoint, Llm
from callcenter.background.secret import Secret as NamedSecret
from callcenter.background.stock import open_stock
from callcenter.background.tools import Toolbox
from callcenter.call import PERSON
from callcenter.config import Settings
from callcenter.door import Door
from callcenter.duplex.dialects import DIALECTS, Persona
from callcenter.duplex.ears import Deaf, Ears
from callcenter.duplex.interaction import Interaction
from callcenter.duplex.live import INSTRUCTIONS, Hosted, Where
from callcenter.duplex.moshi import Moshi, load
from callcenter.duplex.own_ears import OwnEars
from callcenter.duplex.parrot import Parrot
from callcenter.duplex.person import Desk, Person
from callcenter.duplex.tongue import PAUSE
from callcenter.duplex.transcription import Recogniser, Transcription
from callcenter.duplex.turnbased import Thresholds, TurnBased
from callcenter.duplex.utterances import Utterances
from callcenter.duplex.vad import network
from callcenter.duplex.whisper import Whisper
from callcenter.engine import Engine
from callcenter.engine.runner import Runner
from callcenter.events import Phrase
from callcenter.glossary import GlossaryError, Learner
from callcenter.house import House
from callcenter.liaison import Office
from callcenter.logs import log
from callcenter.model.checkpoint import load as load_model
from callcenter.model.checkpoint import shipped as shipped_model
from callcenter.model.lexicon import Lexicon
from callcenter.model.own import HUMS
from callcenter.model.own import PHRASES as OPENINGS
from callcenter.model.vocabulary import Vocabulary
from callcenter.store import Spool, Store
from callcenter.store.ship import Shipper
from callcenter.switchboard import BROWSER_PATH, STREAM_PATH, Context, Maker, Switchboard, token_secret
from callcenter.telephony.origin import Origin
from callcenter.telephony.rest import Account
from callcenter.telephony.signatures import Signatures
from callcenter.telephony.tokens import Tokens
from callcenter.telephony.transfer import Exchange, read_targets
from callcenter.tracing import exporting, forget
from callcenter.voices import Streaming, VoiceError
from callcenter.voices.choice import Voices
from callcenter.wire import fork
from flows import Flow

LINGER_S: Final = 1.0
"""The provider asks what comes next after the last stream has ended: somebody is still there to answer."""

REHEARSED: Final = "rehearsal"
"""The id of calls without a clock: their speech is made where it is asked for."""

OWN: Final = (*HUMS, *(text for texts in OPENINGS.values() for text in texts))
"""What the interaction model says without a note; a voice that is far away has it ready."""

PHRASES: Final = {
    "hold": "One moment, please.",
    "sorry": "I am sorry, something went wrong on our side.",
    "goodbye": "Thank you for calling. Goodbye.",
    "transfer": "I am putting you through. One moment, please.",
}


def duplexes(settings: Settings, voices: Voices | None = None) -> dict[str, Maker]:
    """The duplexes that can be served, by name."""
    engine, voices = engine_of(settings), voices or Voices(settings)
    served: dict[str, Maker] = {
        "interaction": interaction(engine, voices),
        "turnbased": turnbased(settings, engine, voices),
        "parrot": lambda _context: Parrot(),
    }
    if settings.live_url:
        served["live"] = live(settings)
    if settings.moshi:
        served["moshi"] = lambda _context: Moshi(load(settings.moshi))
    return served


def live(settings: Settings) -> Maker:
    """The hosted model that is set, a session a call."""
    where = Where(settings.live_url, settings.live_key)
    persona = Persona(settings.live_model, settings.live_voice, INSTRUCTIONS)
    return lambda _context: Hosted(DIALECTS[settings.live_protocol](), where, persona)


def engine_of(settings: Settings) -> Callable[[], Engine]:
    """The engine that the calls of this process share, begun with the first that needs it."""
    return partial(started, settings.model, settings.sessions, settings.device, settings.words)


@cache
def started(weights: str, sessions: int, device: str, words: str) -> Engine:
    model = load_model(Path(weights)) if weights else shipped_model()
    torch.set_num_threads(1)
    runner = Runner(model.network, sessions, vocabulary(words), model.priors, device)
    engine = Engine(runner, sessions, runner.most)
    engine.thresholds = model.thresholds
    return engine


def vocabulary(words: str) -> Vocabulary:
    """What ears know, with the words of a file."""
    try:
        return Vocabulary.shipped(own=glossary.learnt(glossary.read(Path(words)), Lexicon.load()) if words else {})
    except VoiceError as error:
        raise GlossaryError(f"nobody can tell how the words of {words} sound: {error}") from error


os.register_at_fork(after_in_child=started.cache_clear)
"""The engine's thread is not there in a forked process, which begins an engine of its own."""


def interaction(engine: Callable[[], Engine], voices: Voices) -> Maker:
    """The interaction model with the voice that is set, or the arm's."""

    def make(context: Context) -> Interaction:
        voice = voices.voice(context.arm.voice if context.arm else "")
        rehearsed = context.call_id == REHEARSED
        if isinstance(voice, Streaming) and not rehearsed:
            voice.learn(OWN)
        return Interaction(engine, voice, seed=zlib.crc32(context.call_id.encode()), inline=rehearsed)

    return make


def turnbased(settings: Settings, engine: Callable[[], Engine], voices: Voices) -> Maker:
    """The turn-based bot, with the ears and the voice that are set; sentences that recur are spoken once."""
    ears = ears_of(settings, engine)
    pause = PAUSE if voices.trims else 0

    def make(context: Context) -> TurnBased:
        voice = voices.plain(context.arm.voice if context.arm else "")
        return TurnBased(Thresholds(), ears(), voice, pause)

    return make


def ears_of(settings: Settings, engine: Callable[[], Engine]) -> Callable[[], Ears]:
    if settings.ears == "own":
        return lambda: OwnEars(engine)
    if settings.ears == "none":
        return Deaf
    kind, _, weights = settings.ears.partition(":")
    if kind == "whisper":
        return lambda: Utterances(Whisper(weights))
    recogniser = Recogniser(settings.ears, settings.ears_model, settings.ears_key)
    client = shared_client()
    return lambda: Utterances(Transcription(recogniser, client))


def build(settings: Settings, makers: Mapping[str, Maker] | None = None, bound: str = "") -> House:
    """Wire a server together. `bound` is the address it listens on, for a local phone when no public URL is set."""
    voices = Voices(settings)
    desk = Desk()
    person: dict[str, Maker] = {PERSON: lambda context: Person(desk.of(context.call_id))}
    makers = {**duplexes(settings, voices), **(makers or {}), **person}
    for name in filter(None, (settings.duplex, settings.fallback)):
        if name not in makers:
            raise ValueError(f"no duplex is called {name!r}; known: {', '.join(sorted(makers))}")
    chosen = (settings.duplex, settings.fallback)
    learner = None
    if "interaction" in chosen or ("turnbased" in chosen and settings.ears == "own"):
        learner = Learner(engine_of(settings)().know, engine_of(settings)().favour)
    if "turnbased" in chosen:
        network()  # what is missing is told now, and the first call need not load it
    if "moshi" in (settings.duplex, settings.fallback):
        load(settings.moshi)
    secret = token_secret(settings)
    origin = Origin.read(settings.public_url or bound or f"http://{settings.host}:{settings.port}")
    spool = Spool(settings.var)
    spool.recover()
    store = Store(settings.database, settings.country)
    office = open_office(settings, store) if settings.flow else None
    if learner is not None and office is not None:
        named = named_in(store)
        learner.hear((*named.articles, *named.others), "the CRM")
        learner.favour(named.articles)
        learner.learn(office.flow)
    targets = read_targets({**(flow_targets(office.flow) if office else {}), **settings.transfers}, settings.country)
    board = Switchboard(
        settings,
        store=store,
        spool=spool,
        signatures=Signatures([secret], origin, settings.trusted_proxies),
        tokens=Tokens(secret.encode(), settings.token_s),
        phrases=phrases(settings, voices),
        duplexes=makers,
        begin=exporting() if settings.otel else forget,
        office=office,
        learner=learner,
    )
    account = None
    if settings.twilio_account and settings.twilio_token:
        account = Account(settings.twilio_account, settings.twilio_token.reveal(), api=settings.twilio_api)
    exchange = Exchange(targets, settings.dial_allowed)
    return House(settings, origin, store, spool, Shipper(spool, store), board, exchange, account, desk)


def named_in(store: Store) -> Named:
    """What callers may name of the embedded CRM's records, if they can be had now: calls are taken without it."""
    try:
        return spoken(store.engine)
    except SQLAlchemyError as error:
        log.warning("what the CRM's records name is not known to the ears", why=str(error))
        return Named((), ())


def open_office(settings: Settings, store: Store) -> Office:
    """The background that all calls share: the flow and its tools."""
    zone = ZoneInfo(settings.zone)

    def now() -> datetime:
        """The company's clock; its CRM keeps local times without a zone."""
        return datetime.now(zone).replace(tzinfo=None)

    toolbox = toolbox_of(settings, store, now)
    office = Office(flow_of(settings.flow), toolbox, now, planner_of(settings, toolbox), settings.rescue)
    office.agent("nobody", "")  # the flow's phrases are learnt here, before the first call needs them
    return office


def toolbox_of(settings: Settings, store: Store, now: Callable[[], datetime]) -> Toolbox:
    if not settings.tools:
        return Toolbox(crm_tools(store.engine, now))
    path = Path(settings.tools)
    return asyncio.run(open_stock(path.read_text(encoding="utf-8"), path.parent, store.engine, now)).toolbox


def planner_of(settings: Settings, toolbox: Toolbox) -> Llm | None:
    """The remote planner, with one client for all calls; without one the embedded planner plans alone."""
    if not settings.llm_url:
        return None
    key = NamedSecret("CALLCENTER_LLM_KEY") if settings.llm_key else None
    endpoint = Endpoint(settings.llm_url, settings.llm_model, key)
    return Llm(endpoint, shared_client(), toolbox.tools, random.Random())


def flow_of(name: str) -> Flow:
    """A shipped flow, or the one in a file, with the steps of the shipped flows it includes."""
    known = flows.shipped()
    if name in known:
        return known[name]
    path = Path(name)
    if not path.is_file():
        raise ValueError(f"CALLCENTER_FLOW={name!r} is no file and none of {', '.join(sorted(known))}")
    return flows.combine(flows.load(path), known)


def flow_targets(flow: Flow) -> dict[str, dict[str, str]]:
    """Where a flow hands callers over to; its hours are the flow's own business."""
    return {name: {"number": target.dial} for name, target in flow.targets.items()}


def phrases(settings: Settings, voices: Voices) -> dict[str, Phrase]:
    """The sentences spoken without a model, rendered once. Without a voice the carrier speaks the most needed ones."""
    texts = {**PHRASES, **({"greeting": settings.greeting} if settings.greeting else {})}
    try:
        voice = voices.plain()
        return {name: Phrase(text, voice.speak(text).audio) for name, text in texts.items()}
    except VoiceError as error:
        log.warning("no voice for canned sentences", error=str(error))
        return {}


def create_app(house: House) -> FastAPI:
    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        tasks = [asyncio.create_task(house.board.take_orders()), asyncio.create_task(house.board.trials.watch())]
        site.start()
        yield
        await asyncio.to_thread(site.stop)
        for task in tasks:
            task.cancel()

    app = FastAPI(title="callcenter", version=__version__, lifespan=lifespan, docs_url=None, redoc_url=None)
    app.state.house = house
    api.operations(app, house)
    webhooks.install(app, house)
    ring = admin.Keyring(house.store)
    guard = api.Guard(house.settings, ring)
    api.install(app, house, guard)
    site = app.state.site = admin.install(app, house, ring, guard)
    return app


class Server(uvicorn.Server):
    """Uvicorn, except that signals are ours (they drain the calls first) and that it tells when it listens."""

    ready: Callable[[str], None]

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        host, port = self.servers[0].sockets[0].getsockname()[:2]
        self.ready(f"http://{host}:{port}")


def uvicorn_of(house: House, app: FastAPI, ready: Callable[[str], None]) -> Server:
    config = uvicorn.Config(
        app,
        host=house.settings.host,
        port=house.settings.port,
        loop="uvloop",
        http=Door,
        ws=fork((STREAM_PATH, BROWSER_PATH), house.board.accept),
        lifespan="on",
        log_level="warning",
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=5,
        ws_max_size=65_536,
    )
    server = Server(config)
    server.ready = ready
    return server


async def run(house: House, ready: Callable[[str], None]) -> None:
    """Serve until SIGTERM or SIGINT, then drain; a second signal stops at once."""
    server = uvicorn_of(house, create_app(house), ready)
    loop = asyncio.get_running_loop()
    stopping: list[asyncio.Task[None]] = []

    async def stop() -> None:
        await house.board.drain(house.settings.drain_s)
        await asyncio.sleep(LINGER_S)
        server.should_exit = True

    def asked() -> None:
        if stopping:
            server.should_exit = server.force_exit = True
        else:
            stopping.append(loop.create_task(stop()))

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, asked)
    gc.collect()
    gc.freeze()
    await server.serve()
    await asyncio.to_thread(close, house)


def close(house: House) -> None:
    """Everything written goes to disk and, if it answers, into the database."""
    house.shipper.flush(5.0)
    house.shipper.close()
    house.spool.close()
    house.board.asker.close()
    house.store.close()
    if house.account is not None:
        house.account.close()


def serve(settings: Settings, ready: Callable[[str], None]) -> None:
    """Serve until told to stop. A port of 0 is chosen here, because our own URLs have to name it."""
    logs.set_up(settings.log_level, settings.log_format)
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))  # a call is a socket and three files
    if not settings.port:
        with socket.create_server((settings.host, 0)) as probe:
            settings = replace(settings, port=probe.getsockname()[1])
    uvloop.run(run(build(settings), ready))
