"""The rim of every page: who is asking, whether they may, whether the form is ours, and what browsers are told.

A page names the permission it needs when it is registered (`site.get("/calls", "calls")`), and there is no other way to
register one. What changes something must come from our own pages: its origin is ours, and it carries the token that
only pages shown to this very sign-in hold.
"""

import hmac
import secrets
import time
from collections.abc import Awaitable, Callable
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Any, Final, Protocol
from urllib.parse import parse_qsl, quote, urlsplit
from zoneinfo import ZoneInfo

from fastapi import Depends, FastAPI, Request, WebSocket
from fastapi.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.concurrency import run_in_threadpool
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from admin import audit, users
from admin.assets import REMEDY, Assets
from admin.keyring import Keyring
from admin.outcomes import tone
from admin.roles import masked, may
from admin.rounds import Rounds
from admin.users import Signed, UserError
from callcenter.api import TooOften
from callcenter.house import House
from callcenter.logs import log
from callcenter.store import StoreDown
from callcenter.units import RATE

COOKIE: Final = "callcenter"
THEME: Final = "callcenter-theme"
LONGEST_FORM: Final = 1 << 20
PATIENCE_S: Final = 3.0
"""For all that goes on beside the pages together, when the server stops: whatever is cut short is done again."""

OPEN: Final = "nothing"
"""What pages need that everybody may see."""

Form = dict[str, str]
Endpoint = Callable[..., Any]

HEADERS: Final = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "microphone=(self), camera=(), geolocation=(), payment=()",
}

NAV: Final = (
    ("/dashboard", "Dashboard", "calls", "chart"),
    ("/calls", "Calls", "calls", "calls"),
    ("/live", "Live", "live", "live"),
    ("/flows", "Flows", "flows", "flow"),
    ("/experiments", "Experiments", "calls", "test"),
    ("/phone", "Phone", "phone", "phone"),
    ("/users", "Users", "users", "users"),
    ("/audit", "Audit log", "users", "log"),
    ("/keeping", "Keeping", "house", "box"),
    ("/keys", "API keys", "house", "key"),
    ("/webhooks", "Webhooks", "house", "hook"),
)
"""Address, title, the permission it needs, its icon. A page that is not installed is not shown."""


class Refused(Exception):
    """A request that gets no page; the sentence is shown to whoever asked."""

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(sentence)
        self.status = status
        self.sentence = sentence


class NotSignedIn(Exception):
    pass


class Work(Protocol):
    """Something that goes on beside the pages for as long as the server serves."""

    def start(self) -> None: ...

    def stop(self) -> None: ...


class Site:
    welcome: Callable[..., Response]
    """Signs a verified user in; set by `signin`."""

    def __init__(self, app: FastAPI, house: House, keys: Keyring) -> None:
        self.app = app
        self.house = house
        self._keys = keys
        self.assets = Assets()
        if self.assets.missing:
            log.warning("browser libraries missing", missing=self.assets.missing, remedy=REMEDY)
        self.paths: set[str] = set()
        self.works: list[Work] = []
        self._zone = ZoneInfo(house.settings.zone)
        self._templates = Environment(
            loader=FileSystemLoader(Path(__file__).parent / "templates"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._templates.globals |= {"url": self.assets.url, "sso": bool(house.settings.oidc_issuer)}
        self._templates.filters |= {
            "clock": clock,
            "tone": tone,
            "moment": self.moment,
            "day": self.day,
            "seconds": lambda samples: samples / RATE,
        }
        app.add_middleware(Headers, secure=house.origin.secure)
        app.add_exception_handler(Refused, self._refused)
        app.add_exception_handler(NotSignedIn, self._not_signed_in)
        app.add_exception_handler(StoreDown, self._store_down)
        app.add_exception_handler(UserError, self.mendable)

    def start(self) -> None:
        for work in self.works:
            work.start()

    def stop(self) -> None:
        for work in self.works:
            work.stop()
        until = time.monotonic() + PATIENCE_S
        for work in self.works:
            if isinstance(work, Rounds):
                work.join(max(0.0, until - time.monotonic()))

    # -------------------------------------------------------------------------------------------------- registering

    def get(self, path: str, needs: str) -> Callable[[Endpoint], Endpoint]:
        return self._route("GET", path, needs)

    def post(self, path: str, needs: str) -> Callable[[Endpoint], Endpoint]:
        return self._route("POST", path, needs)

    def socket(self, path: str) -> Callable[[Endpoint], Endpoint]:
        """A websocket; its endpoint begins by asking `listener` who opens it."""

        def register(endpoint: Endpoint) -> Endpoint:
            self.app.add_api_websocket_route(path, endpoint)
            return endpoint

        return register

    def _route(self, verb: str, path: str, needs: str) -> Callable[[Endpoint], Endpoint]:
        self.paths.add(path)

        def register(endpoint: Endpoint) -> Endpoint:
            self.app.add_api_route(
                path,
                endpoint,
                methods=[verb],
                dependencies=[Depends(self._guard(needs))],
                response_class=HTMLResponse,
                include_in_schema=False,
            )
            return endpoint

        return register

    def _guard(self, needs: str) -> Callable[[Request], Awaitable[None]]:
        async def guard(request: Request) -> None:
            who = await run_in_threadpool(self.who, request)
            request.state.who = who
            request.state.form = await read_form(request) if request.method != "GET" else {}
            if request.method != "GET" and not (who and bearer(request)):  # no browser sends a key by itself
                self._ours(request)
                token = request.state.form.get("csrf", "") or request.headers.get("x-csrf", "")
                if not hmac.compare_digest(token.encode(), csrf(request.cookies.get(COOKIE, "")).encode()):
                    raise Refused(403, "This form is no longer valid. Load the page again.")
            if needs == OPEN:
                return
            if who is None:
                raise NotSignedIn
            if not may(who.role, needs):
                raise Refused(403, f"A {who.role} may not see this page.")

        return guard

    def _ours(self, request: HTTPConnection) -> None:
        """Whether it comes from a page of ours: browsers say so, and what no browser sent needs the form's token."""
        site = request.headers.get("sec-fetch-site", "same-origin")
        origin = request.headers.get("origin")
        host = request.headers.get("host", "")
        theirs = origin is not None and urlsplit(origin).netloc.lower() != host.lower()
        if site not in ("same-origin", "none") or theirs:
            raise Refused(403, "This request comes from another site.")

    async def listener(self, socket: WebSocket, needs: str) -> Signed | None:
        """Who opens a websocket; None (and it is closed) if they may not."""
        who = await run_in_threadpool(self.who, socket)
        try:
            self._ours(socket)
        except Refused:
            who = None
        if who is None or not may(who.role, needs):
            await socket.close(1008, "not allowed")
            return None
        return who

    def who(self, request: HTTPConnection) -> Signed | None:
        if key := bearer(request):
            try:
                return self._keys.who(key, address(request))
            except TooOften as error:
                raise Refused(429, f"{error}.".capitalize()) from None
        return users.signed_in(self.house.store, request.cookies.get(COOKIE, ""))

    # -------------------------------------------------------------------------------------------------------- answering

    def render(self, request: Request, template: str, status: int = 200, **shown: Any) -> HTMLResponse:
        who: Signed | None = getattr(request.state, "who", None)
        nonce = secrets.token_urlsafe(16)
        request.scope["callcenter.nonce"] = nonce
        path = request.url.path
        nav = [entry for entry in NAV if who is not None and may(who.role, entry[2]) and entry[0] in self.paths]
        page = self._templates.get_template(template).render(
            who=who,
            may=lambda permission: who is not None and may(who.role, permission),
            number=lambda text: text if who is not None and may(who.role, "numbers") else masked(text),
            csrf=csrf(request.cookies.get(COOKIE, "")),
            nonce=nonce,
            nav=nav,
            here="/" + path.split("/")[1],
            path=path,
            theme=request.cookies.get(THEME, "") if request.cookies.get(THEME) in ("light", "dark") else "",
            duplex=self.house.settings.duplex,
            **shown,
        )
        return HTMLResponse(page, status)

    def note(self, request: Request, what: str, about: str = "", detail: str = "") -> None:
        audit.note(self.house.store, request.state.who, what, about, detail, address(request))

    def moment(self, moment: datetime | None, seconds: bool = False) -> str:
        if moment is None:
            return ""
        return moment.astimezone(self._zone).strftime("%Y-%m-%d %H:%M:%S" if seconds else "%Y-%m-%d %H:%M")

    def day(self, moment: datetime) -> str:
        return moment.astimezone(self._zone).strftime("%a %d %b %Y")

    @property
    def zone(self) -> ZoneInfo:
        return self._zone

    def cookie(self, response: Response, name: str, value: str, life: int) -> None:
        response.set_cookie(
            name, value, max_age=life, httponly=True, secure=self.house.origin.secure, samesite="lax", path="/"
        )

    # ------------------------------------------------------------------------------------------------------- refusing

    async def _refused(self, request: Request, error: Exception) -> Response:
        assert isinstance(error, Refused)
        if "text/html" not in request.headers.get("accept", "") or "hx-request" in request.headers:
            return JSONResponse({"detail": error.sentence}, error.status)
        return self.render(request, "refused.html", error.status, title="Not possible", sentence=error.sentence)

    async def _not_signed_in(self, request: Request, error: Exception) -> Response:
        if "hx-request" in request.headers:
            return Response(status_code=401, headers={"HX-Redirect": "/sign-in"})
        if request.method != "GET" or "text/html" not in request.headers.get("accept", "text/html"):
            return JSONResponse({"detail": "sign in first"}, 401)
        wanted = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        return RedirectResponse(f"/sign-in?next={quote(wanted, safe='')}", 303)

    async def _store_down(self, request: Request, error: Exception) -> Response:
        return await self._refused(request, Refused(503, "The database does not answer. Calls go on; try again soon."))

    async def mendable(self, request: Request, error: Exception) -> Response:
        return await self._refused(request, Refused(422, f"{error}."))


def inside(path: str) -> str:
    """A path of ours to go on to; anything that leads elsewhere becomes the first page."""
    if not path.startswith("/") or path.startswith(("//", "/\\")) or any(ord(letter) < 33 for letter in path):
        return "/"
    return path


def csrf(token: str) -> str:
    """What our forms carry: whoever cannot read the cookie cannot know it."""
    return sha256(f"form {token}".encode()).hexdigest()


def bearer(request: HTTPConnection) -> str:
    """The key of the API that comes with a request, if any."""
    kind, _, key = request.headers.get("authorization", "").partition(" ")
    return key.strip() if kind.lower() == "bearer" else ""


def address(request: HTTPConnection) -> str:
    return request.client.host if request.client else ""


def clock(seconds: float, tenths: bool = False) -> str:
    """3:07 or 1:02:03; with tenths 3:07.4."""
    whole = int(seconds)
    hours, minutes = divmod(whole // 60, 60)
    text = f"{hours}:{minutes:02d}:{whole % 60:02d}" if hours else f"{minutes}:{whole % 60:02d}"
    return f"{text}.{int(seconds * 10) % 10}" if tenths else text


async def read_form(request: Request) -> Form:
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > LONGEST_FORM:
            raise Refused(413, "That is too long.")
    return dict(parse_qsl(body.decode(errors="replace"), keep_blank_values=True))


class Headers:
    """What browsers are told with every answer."""

    def __init__(self, app: ASGIApp, secure: bool) -> None:
        self._app = app
        self._fixed = [(name.lower().encode(), value.encode()) for name, value in HEADERS.items()]
        if secure:
            self._fixed.append((b"strict-transport-security", b"max-age=31536000"))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def told(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = [*message.get("headers", []), *self._fixed]
                names = {name.lower() for name, _ in headers}
                headers.append((b"content-security-policy", policy(scope.get("callcenter.nonce", "")).encode()))
                if b"cache-control" not in names:
                    headers.append((b"cache-control", b"no-store"))
                message["headers"] = headers
            await send(message)

        await self._app(scope, receive, told if scope["type"] == "http" else send)


def policy(nonce: str) -> str:
    """Nothing from another host, nothing inline but what carries the page's own nonce."""
    styles = f"'self' 'nonce-{nonce}'" if nonce else "'self'"
    return (
        f"default-src 'none'; script-src 'self'; style-src {styles}; img-src 'self' data:; font-src 'self'; "
        "connect-src 'self'; media-src 'self'; worker-src 'self'; form-action 'self'; "
        "frame-ancestors 'none'; base-uri 'none'"
    )
