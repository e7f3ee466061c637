"""Words from an OpenAI-compatible endpoint: a small strict server on loopback."""

import asyncio
import io
import json
import threading
import wave
from contextlib import contextmanager
from email.parser import BytesParser
from email.policy import HTTP
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx
import pytest

from callcenter.config import Secret
from callcenter.duplex.transcription import Recogniser, Transcription, words_of
from callcenter.duplex.utterances import EarsError
from callcenter.units import RATE, samples
from callcenter.voices import Word

KEY = "a key of some length"
WORDS = {
    "text": "Hello there.",
    "duration": 1.0,
    "words": [{"word": " Hello", "start": 0.1, "end": 0.4}, {"word": "there.", "start": 0.5, "end": 0.9}],
}


class Endpoint(ThreadingHTTPServer):
    """As strict as the published protocol: the path, the key, the fields, a wav of ours."""

    daemon_threads = True

    def __init__(self, answer=(200, WORDS)):
        super().__init__(("127.0.0.1", 0), Asked)
        self.answer = answer
        self.seconds = []

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_address[1]}/v1"


class Asked(BaseHTTPRequestHandler):
    def log_message(self, *_):
        pass

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        status, answer = self.judged(body)
        told = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(told)))
        self.end_headers()
        self.wfile.write(told)

    def judged(self, body):
        if self.path != "/v1/audio/transcriptions":
            return 404, {"error": {"message": f"no {self.path}"}}
        if self.headers["Authorization"] != f"Bearer {KEY}":
            return 401, {"error": {"message": "Incorrect API key"}}
        head = f"Content-Type: {self.headers['Content-Type']}\r\n\r\n".encode()
        parts = {
            part.get_param("name", header="content-disposition"): part
            for part in BytesParser(policy=HTTP).parsebytes(head + body).iter_parts()
        }
        fields = {name: part.get_content().strip() for name, part in parts.items() if name != "file"}
        wanted = {"model": "ears-1", "language": "en", "response_format": "verbose_json"}
        if fields != {**wanted, "timestamp_granularities[]": "word"} or not parts["file"].get_filename():
            return 400, {"error": {"message": f"fields {fields}"}}
        with wave.open(io.BytesIO(parts["file"].get_payload(decode=True))) as sound:
            if (sound.getframerate(), sound.getnchannels(), sound.getsampwidth()) != (RATE, 1, 2):
                return 400, {"error": {"message": "no wav of ours"}}
            self.server.seconds.append(sound.getnframes() / RATE)
        return self.server.answer


@contextmanager
def serving(answer=(200, WORDS)):
    with Endpoint(answer) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


def transcribed(url, key=KEY, seconds=1.0):
    async def run():
        async with httpx.AsyncClient(trust_env=False) as client:
            recogniser = Recogniser(url, "ears-1", Secret(key))
            return await Transcription(recogniser, client).transcribe(bytes([0x80]) * samples(seconds))

    return asyncio.run(run())


def test_words_come_with_their_times():
    with serving() as server:
        assert transcribed(server.url, seconds=1.5) == (Word("Hello", 800, 3200), Word("there.", 4000, 7200))
        assert server.seconds == [1.5]


def test_an_answer_without_times_is_spread_over_the_sound():
    with serving((200, {"text": "ab cdef"})) as server:
        words = transcribed(server.url, seconds=0.75)
    assert [word.text for word in words] == ["ab", "cdef"]
    assert (words[0].start, words[-1].end) == (0, 6000)


@pytest.mark.parametrize(
    "answer",
    [
        (500, {"error": {"message": "overloaded"}}),
        (200, b"<html>"),
        (200, {"words": []}),
        (200, []),
        (200, {"text": "a", "words": [{"word": "a"}]}),
        (200, {"text": "a", "words": [{"word": "a", "start": "soon", "end": "later"}]}),
    ],
)
def test_anything_but_words_is_a_typed_failure(answer):
    with serving(answer) as server, pytest.raises(EarsError):
        transcribed(server.url)


def test_a_wrong_key_and_a_server_that_is_not_there_are_typed_failures():
    with serving() as server, pytest.raises(EarsError, match="401"):
        transcribed(server.url, key="another")
    with pytest.raises(EarsError, match="ConnectError"):
        transcribed("http://127.0.0.1:9/v1")


def test_silence_has_no_words():
    assert words_of({"text": "  "}, 8000) == ()
