"""Webhooks for ended calls: signed, delivered once they can be, over failures and restarts, and never just anywhere."""

import hmac
import json
import re
import shutil
import threading
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from random import Random

import httpx
import pytest
from kept_call import keep
from running import free_port, running
from sqlalchemy import update
from sqlmodel import select
from visitor import visitor_of
from waiting import until

from admin import audit, reach
from admin.courier import Courier
from admin.outbox import LEASE, OVERLAP, TRIES, Outbox, wait
from admin.tables import Delivery, Hook
from callcenter.store import Store
from callcenter.store.tables import Call

NOW = datetime.now(UTC)
HERE = ("127.0.0.1",)


class Receiver:
    """Somebody's server: answers with the statuses it is told, then with 200; keeps what it got."""

    def __init__(self, port=0):
        self.statuses = []
        self.got = []
        outer = self

        class Answers(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                outer.got.append((dict(self.headers), body))
                status = outer.statuses.pop(0) if outer.statuses else 200
                self.send_response(status)
                if status in (301, 302, 307):
                    self.send_header("Location", f"http://127.0.0.1:{outer.port}/elsewhere")
                self.end_headers()
                self.wfile.write(b"told" if status == 200 else b"out of order")

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", port), Answers)
        self.port = self.server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}/calls"
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02})
        self.thread.start()

    def stop(self):
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()


@pytest.fixture
def receiver():
    made = Receiver()
    yield made
    made.stop()


@pytest.fixture
def store(database):
    made = Store(database)
    yield made
    made.close()


@pytest.fixture
def outbox(store):
    return Outbox(store)


@pytest.fixture
def courier(outbox):
    made = Courier(outbox, HERE)
    yield made
    made.stop()


def call_ended(store, call_id, seconds=0):
    at = datetime.now(UTC) + timedelta(seconds=seconds)
    store.ring(call_id, at, caller="+15550104418")
    store.ended(call_id, at, "hangup", "answered")


def deliveries(store):
    with store.reading() as session:
        return session.exec(select(Delivery).order_by(Delivery.made_at)).all()


def proven(secret, headers, body):
    """What a receiver does: the HMAC of the time and the body, by the secret it was given."""
    stamp = re.search(r"t=(\d+)", headers["Callcenter-Signature"])[1]
    assert abs(int(stamp) - datetime.now(UTC).timestamp()) < 300
    right = hmac.new(secret.encode(), f"{stamp}.".encode() + body, sha256).hexdigest()
    return right in re.findall(r"v1=(\w+)", headers["Callcenter-Signature"])


def test_a_call_that_ends_is_told_once_and_signed(store, outbox, courier, receiver):
    hook = outbox.add(receiver.url, "ana")
    call_ended(store, "c1")
    store.ring("c2", datetime.now(UTC))  # rings still
    assert courier.round(datetime.now(UTC)) == 1
    assert courier.round(datetime.now(UTC)) == 0
    ((headers, body),) = receiver.got
    assert proven(hook.secret, headers, body)
    assert not proven(hook.secret, headers, body + b" ")
    assert not proven("whsec_other", headers, body)
    told = json.loads(body)
    assert (told["event"], told["call"]["id"], told["call"]["outcome"]) == ("call.ended", "c1", "answered")
    assert told["id"] == headers["Callcenter-Delivery"]
    (row,) = deliveries(store)
    assert (row.state, row.status, row.tries) == ("delivered", 200, 1)


def test_a_call_that_ended_before_the_webhook_was_there_is_not_told(store, outbox, courier, receiver):
    call_ended(store, "c1", seconds=-5)
    outbox.add(receiver.url, "ana")
    assert courier.round(datetime.now(UTC)) == 0


def test_a_receiver_that_fails_is_asked_again_later_and_later_until_it_recovers(store, outbox, courier, receiver):
    receiver.statuses = [500, 503, 302, 404]
    outbox.add(receiver.url, "ana")
    call_ended(store, "c1")
    waits = []
    for _ in range(4):
        now = datetime.now(UTC)
        (row,) = deliveries(store) or [None]
        courier.round(row.due_at if row else now)
        (row,) = deliveries(store)
        assert row.state == "waiting"
        assert courier.round(datetime.now(UTC)) == 0
        waits.append((row.due_at - datetime.now(UTC)).total_seconds())
    assert waits == sorted(waits)
    assert 8 < waits[0] < 12
    assert 70 < waits[3] < 90
    courier.round(deliveries(store)[0].due_at)
    (row,) = deliveries(store)
    assert (row.state, row.tries) == ("delivered", 5)
    assert len({headers["Callcenter-Delivery"] for headers, _ in receiver.got}) == 1
    assert len(receiver.got) == 5, "a redirect is not followed"


def test_what_waits_is_delivered_after_a_restart_and_so_is_what_was_being_sent(store, outbox, receiver):
    port = receiver.port
    receiver.stop()
    first = Courier(outbox, HERE)
    outbox.add(receiver.url, "ana")
    call_ended(store, "c1")
    first.round(datetime.now(UTC))
    (row,) = deliveries(store)
    assert (row.state, row.status) == ("waiting", 0)
    assert "ConnectError" in row.problem
    claimed = outbox.claim(row.due_at)  # a process takes it and dies
    assert len(claimed) == 1
    assert outbox.claim(row.due_at) == []
    first.stop()
    again = Receiver(port)
    receiver.server, receiver.thread = again.server, again.thread
    second = Courier(Outbox(store), HERE)
    assert second.round(row.due_at + LEASE + timedelta(seconds=1)) == 1
    second.stop()
    assert [json.loads(body)["call"]["id"] for _, body in again.got] == ["c1"]


def test_it_is_given_up_after_all_tries_or_when_the_receiver_is_gone_for_good(store, outbox, courier, receiver):
    receiver.statuses = [410, *[500] * 40]
    outbox.add(receiver.url, "ana")
    call_ended(store, "c1")
    courier.round(datetime.now(UTC))
    assert deliveries(store)[0].state == "given up"
    call_ended(store, "c2")
    courier.round(datetime.now(UTC))
    for _ in range(TRIES):
        waiting = [row for row in deliveries(store) if row.state == "waiting"]
        if waiting:
            courier.round(waiting[0].due_at)
    (row,) = [row for row in deliveries(store) if row.call_id == "c2"]
    assert (row.state, row.tries) == ("given up", TRIES)
    assert "out of order" in row.problem


def test_the_waits_grow_to_six_hours_and_last_more_than_a_day():
    waits = [wait(n, Random(1)).total_seconds() for n in range(1, TRIES)]
    assert waits[0] < 12
    assert max(waits) < 6.7 * 3600
    assert sum(waits) > 86_400


def test_a_changed_secret_signs_beside_the_old_one_for_a_day(store, outbox, courier, receiver):
    hook = outbox.add(receiver.url, "ana")
    new = outbox.rotate(hook.id)
    call_ended(store, "c1")
    courier.round(datetime.now(UTC))
    assert proven(new, *receiver.got[0])
    assert proven(hook.secret, *receiver.got[0])
    with store.writing() as session:
        session.execute(update(Hook).values(old_until=datetime.now(UTC) - OVERLAP))
    call_ended(store, "c2")
    courier.round(datetime.now(UTC))
    assert proven(new, *receiver.got[1])
    assert not proven(hook.secret, *receiver.got[1])


def test_a_webhook_that_is_off_is_told_nothing_and_nothing_of_that_time_later(store, outbox, courier, receiver):
    hook = outbox.add(receiver.url, "ana")
    outbox.switch(hook.id, False)
    call_ended(store, "c1")
    assert courier.round(datetime.now(UTC)) == 0
    outbox.switch(hook.id, True)
    call_ended(store, "c2", seconds=1)
    assert courier.round(datetime.now(UTC) + timedelta(seconds=2)) == 1
    assert [row.call_id for row in deliveries(store)] == ["c2"]


def test_two_processes_deliver_a_call_once(store, outbox, receiver):
    outbox.add(receiver.url, "ana")
    for n in range(10):
        call_ended(store, f"c{n}")
    couriers = [Courier(Outbox(store), HERE) for _ in range(3)]
    threads = [threading.Thread(target=c.round, args=(datetime.now(UTC),)) for c in couriers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for courier in couriers:
        courier.round(datetime.now(UTC))
        courier.stop()
    assert sorted(json.loads(body)["call"]["id"] for _, body in receiver.got) == sorted(f"c{n}" for n in range(10))


def test_a_deleted_call_takes_its_deliveries_along(store, outbox, courier, receiver):
    outbox.add(receiver.url, "ana")
    call_ended(store, "c1")
    courier.round(datetime.now(UTC))
    with store.writing() as session:
        session.delete(session.get(Call, "c1"))
    assert deliveries(store) == []


@pytest.mark.parametrize(
    ("url", "allowed"),
    [
        ("http://169.254.169.254/latest/meta-data", ()),
        ("http://169.254.169.254/latest/meta-data", ("169.254.0.0/16", "169.254.169.254")),
        ("http://[fd00:ec2::254]/", ("::/0",)),
        ("http://[::ffff:169.254.169.254]/", ("0.0.0.0/0",)),
        ("http://127.0.0.1:9/", ()),
        ("https://localhost/", ()),
        ("https://10.1.2.3/", ()),
        ("https://192.168.1.1/", ("10.0.0.0/8",)),
        ("https://[::1]/", ()),
        ("https://0.0.0.0/", ()),
        ("http://93.184.215.14/", ()),
        ("https://no-such-host.invalid/", ()),
        ("ftp://example.com/", ()),
        ("https://user:word@93.184.215.14/", ()),
        ("nonsense", ()),
    ],
)
def test_an_address_that_must_not_be_reached_is_not(url, allowed):
    with pytest.raises(reach.Unreachable):
        reach.resolved(reach.checked(url), allowed)


@pytest.mark.parametrize(
    ("url", "allowed"),
    [
        ("https://93.184.215.14/calls", ()),
        ("http://127.0.0.1:9/", ("127.0.0.1",)),
        ("http://10.1.2.3/", ("10.0.0.0/8",)),
        ("https://[2606:2800:21f:cb07:6820:80da:af6b:8b2c]/", ()),
    ],
)
def test_a_public_address_is_reached_and_an_own_one_that_is_allowed(url, allowed):
    assert reach.resolved(reach.checked(url), allowed)


def test_it_is_decided_at_each_delivery_where_it_goes(store, outbox, receiver):
    """A name that pointed elsewhere when the webhook was added does not lead inside later."""
    outbox.add(receiver.url, "ana")
    call_ended(store, "c1")
    strict = Courier(outbox, ())
    strict.round(datetime.now(UTC))
    strict.stop()
    (row,) = deliveries(store)
    assert row.state == "waiting"
    assert "private network" in row.problem
    assert receiver.got == []


# ------------------------------------------------------------------------------------------------------------ the pages


@pytest.fixture
def server(tmp_path, upgraded):
    shutil.copy(upgraded["sqlite"].removeprefix("sqlite:///"), tmp_path / "h.db")
    with running(tmp_path, f"sqlite:///{tmp_path / 'h.db'}", hooks_allowed=HERE) as server:
        yield server


def test_a_webhook_is_added_told_and_its_log_read_on_the_pages(server, receiver):
    admin = visitor_of(server, "admin")
    admin.get("/webhooks")
    refused = admin.post("/webhooks", {"url": "http://169.254.169.254/"})
    assert refused.status_code == 422
    assert "never reached" in refused.text
    page = admin.post("/webhooks", {"url": receiver.url}).text
    (secret,) = re.findall(r"whsec_[\w-]{43}", page)
    assert secret not in admin.get("/webhooks").text
    (id,) = set(re.findall(r"/webhooks/(\w{12})", admin.get("/webhooks").text))
    receiver.statuses = [500]
    call = keep(server.house, 3)
    until(lambda: receiver.got, 20)
    until(lambda: "answered 500" in admin.get(f"/webhooks/{id}").text, 20)
    assert call in admin.get(f"/webhooks/{id}").text
    admin.post(f"/webhooks/{id}/try")
    until(lambda: len(receiver.got) == 2, 20)
    assert proven(secret, *receiver.got[1])
    new = re.findall(r"whsec_[\w-]{43}", admin.post(f"/webhooks/{id}/rotate").text)
    assert new != [secret]
    until(lambda: "delivered" in admin.get(f"/webhooks/{id}").text, 20)
    delivery = re.findall(r'name="delivery" value="([\w-]+)"', admin.get(f"/webhooks/{id}").text)[0]
    assert admin.post(f"/webhooks/{id}/again", {"delivery": delivery}).status_code == 303
    until(lambda: len(receiver.got) == 3, 20)
    assert admin.post(f"/webhooks/{id}/switch", {"active": "no"}).status_code == 303
    assert admin.post(f"/webhooks/{id}/remove").status_code == 303
    assert admin.get(f"/webhooks/{id}").status_code == 404
    notes = [entry.what for entry in audit.entries(server.house.store)]
    for what in ("added webhook", "tried webhook", "changed secret of webhook", "switched webhook", "removed webhook"):
        assert what in notes
    admin.close()


def test_nobody_listens_at_the_free_port():
    """What the restart test rests on."""
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"http://127.0.0.1:{free_port()}", trust_env=False)
