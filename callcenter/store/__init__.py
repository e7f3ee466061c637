"""What stays of a call: a spool of files on local disk, and a database made from it.

    spool = Spool(settings.var)                     # one a process; starts its writer thread
    spool.recover()                                 # before serving: calls of killed processes become `lost`
    store = Store(settings.database, settings.country)      # connects when first used; synchronous: use threads
    shipper = Shipper(spool, store)                 # thread: spool -> database, once a second

    scribe = spool.open(call_id, leg, {"row": {"carrier": "twilio", ...}, "setup": {...}}, record=True)
    scribe.add(at, event, commands)                 # every event; never blocks; a `line.Diary`
    scribe.remark("status", call_status="completed")        # beside the conversation; replay passes it by
    scribe.close(reason, outcome, final=True)       # False: the call goes on without us (transfer)

    store.ring(call_id, now, carrier="twilio", carrier_call=sid, caller=..., called=..., arm=...) -> Call
    store.started(call_id, at)  store.ended(call_id, at, reason, outcome)  store.tell(call_id, amd="human")
    store.claim(nonce, expires) -> bool             # True once
    store.plan(call_id, {...})  store.take_plan(call_id) -> dict | None     # what the next TwiML must do
    store.send(call_id, {...})  store.deliver(call_ids) -> [Message]        # orders to live calls, each once
    store.row(call_id)  store.row_of("twilio", sid)  store.calls(Search(state="live")) -> Page
    store.legs(call_id)  store.journal(call_id, writer) -> [line]  store.transcript(call_id)
    store.give_up(before)                           # rings that nobody answered or ended
    store.answers() -> bool                         # for /readyz

    shipper.backlog() -> bytes not in the database yet;  shipper.flush(timeout) -> bool;  shipper.close()
    shipper.failure, shipper.stuck                  # why the database lags, and which legs cannot be shipped
    spool.waiting, spool.stalled                    # for /metrics, /readyz and admission
    spool.again()                                   # ship everything once more, into a new database
    Files(spool.root, call_id, writer).sound        # what `journal.replay` and a reader of the recording need

    migrations.upgrade(url) -> revision;  migrations.current(url);  migrations.drift(url) -> [difference]

A database that is down raises `StoreDown` from every method of the store, and nothing else; scribes do not notice.
`row` in a header takes the columns of `Call`, and makes the row even if `ring` could not.
"""

from callcenter.store.files import Files
from callcenter.store.scribe import Scribe
from callcenter.store.ship import Shipper
from callcenter.store.spool import Spool
from callcenter.store.store import Page, Search, Store, StoreDown
from callcenter.store.tables import Call, Leg, Message, Utterance

__all__ = [
    "Call",
    "Files",
    "Leg",
    "Message",
    "Page",
    "Scribe",
    "Search",
    "Shipper",
    "Spool",
    "Store",
    "StoreDown",
    "Utterance",
]
