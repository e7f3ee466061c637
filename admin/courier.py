"""The courier: takes what is due out of the outbox and delivers it, in a thread of its own."""

import time
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

import httpx

from admin import reach
from admin.outbox import Outbox, Told, signature
from admin.rounds import Rounds
from admin.tables import Delivery, Hook

SWEEPS: Final = 3600
PATIENCE_S: Final = 10.0
SHOWN: Final = 300
"""Bytes of an answer that the log keeps."""


class Courier(Rounds):
    name = "courier"
    every = 1.0
    gives_way = False

    def __init__(self, outbox: Outbox, allowed: Sequence[str]) -> None:
        super().__init__()
        self._rounds = 0
        self._outbox = outbox
        self._allowed = allowed
        self._client = httpx.Client(trust_env=False, follow_redirects=False, timeout=PATIENCE_S)

    def work(self) -> None:
        if self._rounds % SWEEPS == 0:
            self._outbox.sweep(datetime.now(UTC))
        self._rounds += 1
        self.round(datetime.now(UTC))

    def over(self) -> None:
        self._client.close()

    def round(self, now: datetime) -> int:
        """Delivers what is due; how much there was."""
        self._outbox.fill(now)
        claimed = self._outbox.claim(now)
        for delivery, hook in claimed:
            if self._stop.is_set():
                break  # the claim expires, and somebody else delivers it
            self._outbox.tell(delivery, self.deliver(delivery, hook))
        return len(claimed)

    def deliver(self, delivery: Delivery, hook: Hook) -> Told:
        began = time.monotonic()
        try:
            status, answer = self._post(delivery, hook)
            problem = "" if 200 <= status < 300 else f"answered {status}: {answer}"
        except reach.Unreachable as error:
            status, problem = 0, str(error)
        except httpx.HTTPError as error:
            status, problem = 0, f"{type(error).__name__}: {error}"
        return Told(status, problem, round(1_000 * (time.monotonic() - began)))

    def _post(self, delivery: Delivery, hook: Hook) -> tuple[int, str]:
        url = reach.checked(hook.url)
        address = reach.resolved(url, self._allowed)
        headers = {
            "Host": url.netloc.decode(),
            "Content-Type": "application/json",
            "User-Agent": "callcenter-webhooks",
            "Callcenter-Event": delivery.event,
            "Callcenter-Delivery": delivery.id,
            "Callcenter-Signature": signature(hook, delivery.body, datetime.now(UTC)),
        }
        there = url.copy_with(host=f"[{address}]" if address.version == 6 else str(address))
        named = {"sni_hostname": url.host}
        body = delivery.body.encode()
        with self._client.stream("POST", there, content=body, headers=headers, extensions=named) as answer:
            told = next(answer.iter_bytes(SHOWN), b"")
            return answer.status_code, told.decode(errors="replace")
