"""The admin site: where supervisors review calls, authors write flows, and a newcomer hears the agent.

Server-rendered pages with htmx; `site` decides who may ask, each other module holds the pages of one subject. Nothing
here decides what is said in a call.
"""

from fastapi import FastAPI

from admin import call, calls, dashboard, experiments, live, offered, phone, procedures, signin
from admin.examiner import Examiner
from admin.hub import Hub
from admin.review import Reviews
from admin.search import Search
from admin.site import Site
from callcenter.api import Guard
from callcenter.house import House
from callcenter.published import Published

__all__ = ["Site", "install"]


def install(app: FastAPI, house: House, guard: Guard) -> Site:
    site = Site(app, house)
    reviews = Reviews(house.store, house.spool.root)
    search = Search(house.store, house.settings.country, site.zone)
    published = Published(house.store)
    desk = procedures.Procedures(house.store, house.settings, published)
    examiner = Examiner(house.store, reviews)
    hub = Hub(house.board)
    site.works += [examiner, hub, reviews]
    signin.install(site)
    dashboard.install(site, search)
    calls.install(site, search)
    call.install(site, search, reviews)
    live.install(site, hub)
    procedures.install(site, desk)
    experiments.install(site)
    phone.install(site, hub, published.tried)
    offered.install(app, house, guard, desk, search, reviews)
    return site
