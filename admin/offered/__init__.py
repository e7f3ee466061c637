"""The JSON API for flows, experiments, and what is worked out of calls; calls themselves are `callcenter.api`.

The same deeds as the pages', with the same checks, and noted in the same audit log.
"""

from fastapi import FastAPI

from admin.offered import calls, experiments, flows
from admin.procedures import Procedures
from admin.reviews import Reviews
from admin.search import Search
from callcenter.api import Guard
from callcenter.house import House


def install(
    app: FastAPI,
    house: House,
    guard: Guard,
    desk: Procedures,
    search: Search,
    reviews: Reviews,
    redacted: Reviews,
) -> None:
    """`redacted` has the reviews that leave the house."""
    calls.install(app, house, guard, search, reviews, redacted)
    flows.install(app, house, guard, desk)
    experiments.install(app, house, guard)
