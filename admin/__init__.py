"""The admin site: where supervisors review calls, authors write flows, and a newcomer hears the agent.

Server-rendered pages with htmx; `site` decides who may ask, each other module holds the pages of one subject. Nothing
here decides what is said in a call.
"""

from fastapi import FastAPI

from admin import (
    call,
    calls,
    dashboard,
    experiments,
    hooks,
    keeping,
    keys,
    live,
    offered,
    phone,
    procedures,
    signin,
    sso,
    steps,
)
from admin.courier import Courier
from admin.examiner import Examiner
from admin.hub import Hub
from admin.keeper import Keeper
from admin.keyring import Keyring
from admin.outbox import Outbox
from admin.reviews import Reviews
from admin.search import Search
from admin.site import Site
from callcenter.api import Guard
from callcenter.house import House
from callcenter.published import Published
from callcenter.store.removal import Removal

__all__ = ["Keyring", "Site", "install"]


def install(app: FastAPI, house: House, ring: Keyring, guard: Guard) -> Site:
    site = Site(app, house, ring)
    reviews = Reviews(house.store, house.spool.root)
    search = Search(house.store, house.settings.country, site.zone)
    published = Published(house.store)
    desk = procedures.Procedures(house.store, house.settings, published)
    examiner = Examiner(house.store, reviews)
    hub = Hub(house.board)
    redacted = Reviews(house.store, house.spool.root, redacting=True)
    removal = Removal(house.store, house.spool.root, keeping.without_comments)
    outbox = Outbox(house.store)
    site.works += [examiner, hub, reviews, redacted, Keeper(removal), Courier(outbox, house.settings.hooks_allowed)]
    signin.install(site)
    sso.install(site)
    dashboard.install(site, search)
    calls.install(site, search)
    call.install(site, search, reviews, redacted)
    live.install(site, hub)
    procedures.install(site, desk)
    steps.install(site, desk)
    experiments.install(site)
    phone.install(site, hub, published.tried)
    keeping.install(site, removal)
    keys.install(site, ring)
    hooks.install(site, outbox)
    offered.install(app, house, guard, desk, search, reviews, redacted)
    return site
