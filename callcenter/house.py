"""Everything a running server is made of, handed to its routes."""

from dataclasses import dataclass

from callcenter.config import Settings
from callcenter.duplex.person import Desk
from callcenter.store import Spool, Store
from callcenter.store.ship import Shipper
from callcenter.switchboard import Switchboard
from callcenter.telephony.origin import Origin
from callcenter.telephony.rest import Account
from callcenter.telephony.transfer import Exchange


@dataclass(frozen=True, slots=True)
class House:
    """Everything a running server is made of."""

    settings: Settings
    origin: Origin
    store: Store
    spool: Spool
    shipper: Shipper
    board: Switchboard
    exchange: Exchange
    account: Account | None
    desk: Desk
