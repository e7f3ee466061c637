"""The admin site: where supervisors review calls, authors write flows, and a newcomer hears the agent.

Server-rendered pages with htmx; `site` decides who may ask, each other module holds the pages of one subject. Nothing
here decides what is said in a call.
"""

from fastapi import FastAPI

from admin import call, calls, hooks, keeping, keys, live, phone, procedures, signin, sso
from admin.courier import Courier
from admin.examiner import Examiner
from admin.hub import Hub
from admin.keeper import Keeper
from admin.keyring import Keyring
from admin.outbox import Outbox
from admin.review import Reviews
from admin.search import Search
from admin.site import Site
from callcenter.house import House
from callcenter.published import Published
from callcenter.store.removal import Removal

__all__ = ["Keyring", "Site", "install"]


def install(app: FastAPI, house: House, ring: Keyring) -> Site:
    site = Site(app, house, ring)
    reviews = Reviews(house.store, house.spool.root)
    search = Search(house.store, house.settings.country, site.zone)
    published = Published(house.store)
    examiner = Examiner(house.store, reviews)
    hub = Hub(house.board)
    removal = Removal(house.store, house.spool.root, keeping.without_comments)
    outbox = Outbox(house.store)
    site.works += [examiner, hub, Keeper(removal), Courier(outbox, house.settings.hooks_allowed)]
    signin.install(site)
    sso.install(site)
    calls.install(site, search)
    call.install(site, search, reviews, Reviews(house.store, house.spool.root, redacting=True))
    live.install(site, hub)
    procedures.install(site, published)
    phone.install(site, hub, published.tried)
    keeping.install(site, removal)
    keys.install(site, ring)
    hooks.install(site, outbox)
    return site
