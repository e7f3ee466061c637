"""`callcenter serve` as people run it: a process of its own, which a test may stop, kill and start again."""

import os
import signal
import subprocess
import sys

import httpx
from running import free_port
from waiting import until

from callcenter.callers.phone import Dialling, Phone
from callcenter.callers.process import rss_kb

TOKEN = "a-token-for-the-tests"


class Served:
    def __init__(self, folder, database, **settings):
        self.folder = folder
        self.database = database
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        told = {"host": "127.0.0.1", "port": self.port, "database": database, "var": folder / "var"}
        told |= {"twilio_token": TOKEN, "log_level": "warning", "log_format": "json"}
        told |= {"duplex": "parrot", "fallback": "", "flow": "", **settings}
        kept = {name: value for name, value in os.environ.items() if not name.startswith("CALLCENTER_")}
        self._environ = kept | {f"CALLCENTER_{name.upper()}": str(value) for name, value in told.items()}
        self.process = None

    def command(self, *words):
        done = subprocess.run(
            [sys.executable, "-m", "callcenter", *words], env=self._environ, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def start(self):
        self.log = (self.folder / "log").open("ab")
        self.process = subprocess.Popen(
            [sys.executable, "-m", "callcenter", "serve"], env=self._environ, stdout=self.log, stderr=self.log
        )
        until(self.answers, 60.0)

    def answers(self):
        assert self.process.poll() is None, (self.folder / "log").read_text()[-3_000:]
        try:
            return self.get("/healthz").status_code == 200
        except httpx.TransportError:
            return False

    def get(self, path):
        return httpx.get(self.url + path, timeout=20, trust_env=False)

    def signal(self, number):
        self.process.send_signal(number)

    def gone(self, patience=60.0):
        """Waits for its end; the exit status."""
        code = self.process.wait(patience)
        self.log.close()
        return code

    def kill(self):
        self.signal(signal.SIGKILL)
        return self.gone()

    def stop(self):
        if self.process is not None and self.process.poll() is None:
            self.signal(signal.SIGTERM)
            self.signal(signal.SIGTERM)
            self.gone()
        elif self.process is not None:
            self.log.close()

    def told(self):
        return (self.folder / "log").read_text()

    @property
    def rss_kb(self):
        return rss_kb(self.process.pid)

    def phone(self, mouth, **dialling):
        return Phone(Dialling(url=self.url, **{"token": TOKEN, "seconds": 600.0, **dialling}), mouth)
