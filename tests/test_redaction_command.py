"""`callcenter redact` and `callcenter forget`, as an operator runs them."""

import pytest
from kept_call import CALLER, keep, said
from sqlmodel import select
from test_store_removal import place
from typer.testing import CliRunner

from admin import audit
from callcenter.__main__ import Refusal, app
from callcenter.store.tables import Call

RUNNER = CliRunner()
TELLS = {3.0: [type(e)(e.turn, None, heard_text=e.said_text) for e in (said(15, "my card is 4111 1111 1111 1111"),)]}


@pytest.fixture
def house(lite, monkeypatch):
    folder, url = lite
    monkeypatch.setenv("CALLCENTER_DATABASE", url)
    monkeypatch.setenv("CALLCENTER_VAR", str(folder / "var"))
    with place(folder, url) as made:
        yield made


def test_a_call_is_redacted_by_its_id(house):
    call = keep(house, 6, TELLS)
    done = RUNNER.invoke(app, ["redact", call])
    assert done.exit_code == 0, done.output
    assert "words of card" in done.output
    assert "4111" not in "".join(line.text for line in house.store.transcript(call))
    assert audit.entries(house.store)[0].what == "redacted call"
    assert isinstance(RUNNER.invoke(app, ["redact", "none"]).exception, Refusal)


def test_a_caller_is_forgotten_only_when_somebody_is_sure(house):
    call = keep(house, 3)
    assert "1 calls" in RUNNER.invoke(app, ["forget", CALLER]).output
    assert house.store.row(call) is not None
    assert "1 of 1 calls deleted" in RUNNER.invoke(app, ["forget", CALLER, "--sure"]).output
    with house.store.reading() as session:
        assert session.exec(select(Call)).all() == []
