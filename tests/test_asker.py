"""Asking a store that answers, refuses or hangs."""

import asyncio
import threading
import time

import pytest

from callcenter.asker import THREADS, WITHIN, Asker
from callcenter.store import StoreDown


@pytest.fixture
def asker():
    asker = Asker()
    yield asker
    asker.close()


class Shop:
    """Something to ask: open, shut, or with a queue that never moves."""

    def __init__(self):
        self.shut = False
        self.moving = threading.Event()
        self.moving.set()
        self.told = []

    def tell(self, news):
        if not self.moving.wait(20.0):
            raise AssertionError("nobody opened")
        if self.shut:
            raise StoreDown("shut")
        if news == "nonsense":
            raise ValueError(news)
        self.told.append(news)
        return news


def test_an_answer_is_passed_on_and_so_is_an_error(asker):
    shop = Shop()
    assert asyncio.run(asker.ask(lambda: shop.tell("a"))) == "a"
    with pytest.raises(ValueError, match="nonsense"):
        asyncio.run(asker.ask(lambda: shop.tell("nonsense")))
    shop.shut = True
    with pytest.raises(StoreDown, match="shut"):
        asyncio.run(asker.ask(lambda: shop.tell("b")))


def test_a_store_that_hangs_costs_two_seconds_once_and_then_nothing(asker):
    shop = Shop()
    shop.moving.clear()

    async def many():
        began = time.monotonic()
        answers = await asyncio.gather(
            *(asker.ask(lambda: shop.tell("x")) for _ in range(3 * THREADS)), return_exceptions=True
        )
        waited = time.monotonic()
        with pytest.raises(StoreDown, match="left alone"):
            await asker.ask(lambda: shop.tell("y"))
        return answers, waited - began, time.monotonic() - waited

    answers, first, second = asyncio.run(many())
    shop.moving.set()
    assert {type(answer) for answer in answers} == {StoreDown}
    assert WITHIN <= first < 3 * WITHIN
    assert second < 0.2


def test_news_are_told_later_in_their_order_and_nonsense_stops_none(asker):
    shop = Shop()
    shop.shut = True

    async def through_an_outage():
        for news in ("one", "nonsense", "two"):
            await asker.tell("test", "call", lambda news=news: shop.tell(news))
        await asker.catch_up()
        assert asker.untold == 3
        shop.shut = False
        await asker.tell("test", "call", lambda: shop.tell("three"))
        assert shop.told == []
        await asker.catch_up()

    asyncio.run(through_an_outage())
    assert shop.told == ["one", "two", "three"]
    assert asker.untold == 0
