"""The provider's REST interface on loopback: the part we use, and as strict."""

import base64
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

SID, TOKEN = "AC" + "0" * 32, "the auth token of the account"
LIVE, OVER, QUEUED, GONE = ("CA" + digit * 32 for digit in "1234")
OWN = "+15550100"


class Provider(ThreadingHTTPServer):
    """The part of the REST that we use, as strict: credentials, parameters, and what state a call is in."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Counter)
        self.calls = {LIVE: "in-progress", OVER: "completed", QUEUED: "queued"}
        self.orders = []
        self.strange = None
        """(status, body) to answer everything with."""
        self.holding = threading.Event()
        self.holding.set()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_address[1]}"

    def answer(self, method, path, query, form, authorization):
        self.holding.wait(30)
        if self.strange:
            return self.strange
        if authorization != "Basic " + base64.b64encode(f"{SID}:{TOKEN}".encode()).decode():
            return 401, {"code": 20003, "message": "Authenticate", "status": 401}
        match [method, *path.strip("/").split("/")]:
            case ["GET", "2010-04-01", "Accounts", sid]:
                known = sid == f"{SID}.json"
                account = {"sid": SID, "friendly_name": "Test", "status": "active", "type": "Trial"}
                return (200, account) if known else _unknown(path)
            case ["GET", "2010-04-01", "Accounts", _, "IncomingPhoneNumbers.json"]:
                number = {"sid": "PN1", "phone_number": OWN, "voice_url": "https://a/v", "voice_method": "POST"}
                numbers = [number] if query.get("PhoneNumber") == OWN else []
                return 200, {"incoming_phone_numbers": numbers, "page": 0, "page_size": 1, "uri": path}
            case ["POST", "2010-04-01", "Accounts", _, "Calls.json"]:
                return self._create(form)
            case ["POST", "2010-04-01", "Accounts", _, "Calls", call]:
                return self._update(call.removesuffix(".json"), form, path)
        return _unknown(path)

    def _create(self, form):
        if not form.get("To") or not form.get("From"):
            return _refusal(21201, "No 'To' or 'From' number is specified")
        if sum(way in form for way in ("Twiml", "Url", "ApplicationSid")) != 1:
            return _refusal(21205, "Exactly one of Url, Twiml and ApplicationSid is needed")
        if form.get("AsyncAmd") == "true" and "AsyncAmdStatusCallback" not in form:
            return _refusal(21262, "AsyncAmd needs AsyncAmdStatusCallback")
        if form["To"].startswith("+1900"):
            return _refusal(21215, "Account not authorized to call +1900", status=403)
        if form["To"].startswith("+1429"):
            return 429, {"code": 20429, "message": "Too many requests", "status": 429}
        sid = f"CA{len(self.calls):032d}"
        self.calls[sid] = "queued"
        return 201, {"sid": sid, "status": "queued", "to": form["To"], "from": form["From"]}

    def _update(self, call, form, path):
        if sum(way in form for way in ("Twiml", "Url", "Status")) != 1:
            return _refusal(21218, "Exactly one of Twiml, Url and Status is needed")
        if call not in self.calls:
            return _unknown(path)
        if self.calls[call] == "completed":
            return _refusal(21220, "Unable to update call. Call is not in-progress.")
        if len(form.get("Twiml", "")) > 4_000:
            return _refusal(21220, "Twiml is too long")
        if "Status" in form:
            self.calls[call] = form["Status"]
        return 200, {"sid": call, "status": self.calls[call]}


def _refusal(code, message, status=400):
    return status, {"code": code, "message": message, "status": status, "more_info": "https://example.com"}


def _unknown(path):
    return _refusal(20404, f"The requested resource {path} was not found", 404)


class Counter(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self._exchange({})

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        fields = parse_qs(body, keep_blank_values=True, strict_parsing=True)
        self.server.orders.append(fields)
        self._exchange({name: values[0] for name, values in fields.items()})

    def _exchange(self, form):
        url = urlsplit(self.path)
        query = {name: values[0] for name, values in parse_qs(url.query).items()}
        answer = self.server.answer(self.command, url.path, query, form, self.headers["Authorization"])
        status, content = answer
        body = content if isinstance(content, bytes) else json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        """Quiet."""
