"""What callers may name of the embedded CRM's records, for the ears: articles, people, streets, towns."""

from typing import Final, NamedTuple

from sqlalchemy import Engine
from sqlmodel import Session, col, select

from callcenter.background.crm.tables import Customer, OrderLine

MOST: Final = 5_000
"""Records of each kind that are read; of people the newest."""


class Named(NamedTuple):
    """Each once, as it is written. `articles` are what callers are most likely to speak of."""

    articles: tuple[str, ...]
    others: tuple[str, ...]


def spoken(engine: Engine) -> Named:
    with Session(engine) as session:
        articles = session.exec(select(OrderLine.name).distinct().limit(MOST)).all()
        people = session.exec(select(Customer).order_by(col(Customer.id).desc()).limit(MOST)).all()
        others = dict.fromkeys(part for one in people for part in (one.name, one.street, one.city))
    return Named(tuple(articles), tuple(others))
