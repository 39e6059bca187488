"""A clock that steps ten minutes, either way, loses nothing and holds nothing up."""

import time
from datetime import timedelta

import pytest

from services.accounts.usecases.issue_token import issue_token
from shared import documents, times
from shared.event import decode
from shared.outbox import Relay
from shared.parking import Parking
from shared.tokens import Verifier
from tests.integration.tally import Tally, numbers_of
from tests.service.callers import PRIVATE_KEY, PUBLIC_KEY

TEN_MINUTES = 600


@pytest.fixture(params=[-TEN_MINUTES, TEN_MINUTES], ids=["back", "forth"])
def step(request, monkeypatch):
    """Steps every clock that a wall clock is read from."""

    def happen() -> None:
        now, nanoseconds, seconds = times.now, time.time_ns, time.time
        by = request.param
        monkeypatch.setattr(times, "now", lambda: now() + timedelta(seconds=by))
        monkeypatch.setattr(documents.time, "time_ns", lambda: nanoseconds() + by * 10**9)
        monkeypatch.setattr(time, "time", lambda: seconds() + by)

    return happen


def test_what_was_stored_before_and_after_a_step_is_relayed_and_folded_once(database, step):
    tally = Tally(database)
    tally.drawn.ensure_indexes()
    tally.work()
    tally.draw(range(5))
    step()
    tally.draw(range(5, 10))

    def deliver(events) -> None:
        tally.hear([decode(event.body) for event in events])

    relay = Relay([tally.drawn], deliver)
    assert relay.relay() == 10
    assert relay.relay() == 0
    tally.draw(range(10, 12))
    assert relay.relay() == 2
    assert sorted(numbers_of(tally.fold)) == list(range(12))


def test_a_message_that_failed_before_a_step_is_tried_again_soon(database, step, monkeypatch):
    parking = Parking(database)
    parking.failed(b"message", ValueError("not yet"))
    step()
    later = times.now() + timedelta(seconds=5)
    monkeypatch.setattr(times, "now", lambda: later)
    handled: list[bytes] = []
    parking.retry_due(handled.append)
    assert handled == [b"message"]


def test_who_signed_in_before_a_step_stays_signed_in(step):
    token = issue_token(PRIVATE_KEY, name="pat", role="planner", unit="careers", lifetime=3600)
    keys = Verifier(PUBLIC_KEY.decode())
    step()
    assert keys.reader(token).name == "pat"
