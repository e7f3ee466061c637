"""A speech endpoint on loopback, as strict as the published protocol: it streams, stalls, refuses."""

import json
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np

KEY = "the key of the voice"
NEEDED = {"model", "voice", "input", "response_format"}


def tone(seconds, rate=24_000, hertz=440.0, loud=6_000):
    at = np.arange(round(seconds * rate)) / rate
    return (loud * np.sin(2 * np.pi * hertz * at)).astype("<i2").tobytes()


@dataclass
class Manner:
    """How it answers. A piece that is an event is waited for; `breaks`: the connection ends where more was promised."""

    pieces: tuple = ()
    status: int = 200
    kind: str = "audio/pcm"
    breaks: bool = False
    headers: dict = field(default_factory=dict)


class Speaker(ThreadingHTTPServer):
    """Each request takes the next manner, the last one for ever."""

    daemon_threads = True

    def __init__(self, *manners):
        super().__init__(("127.0.0.1", 0), Asked)
        self.manners = list(manners)
        self.asked = []
        self.gone = threading.Event()
        """Somebody went away before the end."""

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_address[1]}/v1"

    def next(self):
        return self.manners.pop(0) if len(self.manners) > 1 else self.manners[0]

    def handle_error(self, *_):
        self.gone.set()


class Asked(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.asked.append(body)
        manner = self.judged(body) or self.server.next()
        self.send_response(manner.status)
        if manner.kind:
            self.send_header("Content-Type", manner.kind)
        for name, value in manner.headers.items():
            self.send_header(name, value)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for piece in manner.pieces:
            if isinstance(piece, threading.Event):
                piece.wait(60)
            elif piece:
                self.wfile.write(f"{len(piece):x}\r\n".encode() + piece + b"\r\n")
                self.wfile.flush()
        if not manner.breaks:
            self.wfile.write(b"0\r\n\r\n")
        self.close_connection = True

    def judged(self, body):
        if self.path != "/v1/audio/speech":
            return Manner(status=404)
        if self.headers["Authorization"] != f"Bearer {KEY}":
            return Manner(status=401)
        if set(body) != NEEDED or body["response_format"] != "pcm":
            return Manner(status=400)
        return None


@contextmanager
def speaking(*manners):
    server = Speaker(*manners)
    thread = threading.Thread(target=lambda: server.serve_forever(0.01), daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join(20)
