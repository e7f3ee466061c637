"""Calls follow what was published last; a call that has begun keeps its version."""

import pytest

import flows
from callcenter.published import Published
from callcenter.store import Store
from callcenter.store import published as shelf
from flows import FlowError
from flows.versions import edited, published, rolled_back

RETAIL = flows.shipped()["retail"]
TEXT = RETAIL.text
OTHER = TEXT.replace("Larkfield Home", "Oakfield Home")


@pytest.fixture
def store(database):
    store = Store(database)
    yield store
    store.close()


def publish(store, text, by="ana", note=""):
    def deed(history):
        return published(edited(history, text), "now", by, note)

    return shelf.change(store, "retail", by, deed)


def test_before_anything_is_published_the_configured_flow_is_meant(store):
    assert Published(store).published(RETAIL) is None


def test_the_newest_publication_is_followed_until_an_older_one_is_published_again(store):
    offer = Published(store)
    publish(store, TEXT)
    publish(store, OTHER)
    assert "Oakfield" in offer.published(RETAIL).greeting
    shelf.change(store, "retail", "ben", lambda history: rolled_back(history, 1, "now", "ben"))
    assert "Larkfield" in offer.published(RETAIL).greeting


def test_a_call_that_comes_back_keeps_the_version_it_began_with(store):
    publish(store, OTHER)
    began = Published(store).published(RETAIL)
    publish(store, TEXT)
    assert Published(store).published(RETAIL, began.hash) == began
    assert Published(store).published(RETAIL, RETAIL.hash) is None


def test_a_history_is_kept_as_it_was_made(store):
    publish(store, TEXT, note="first")
    history = publish(store, OTHER, by="ben")
    kept = shelf.history(store, "retail")
    assert (kept.draft, kept.versions) == (history.draft, history.versions)
    assert [(one.number, one.by) for one in kept.publications] == [(1, "ana"), (2, "ben")]
    assert shelf.names(store) == ["retail"]
    assert shelf.text_of(store, kept.versions[0].hash) == TEXT
    assert shelf.history(store, "billing") is None


def test_a_deed_that_fails_leaves_everything_as_it_was(store):
    publish(store, TEXT)
    with pytest.raises(FlowError):
        publish(store, "name = ")
    assert shelf.history(store, "retail").draft == TEXT
    assert shelf.live_text(store, "retail") == TEXT


def test_a_draft_can_be_tried_and_one_that_is_not_there_cannot(store):
    shelf.change(store, "retail", "ana", lambda history: edited(history, OTHER))
    assert "Oakfield" in Published(store).tried("retail").greeting
    with pytest.raises(FlowError, match="no draft"):
        Published(store).tried("billing")
