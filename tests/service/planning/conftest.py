"""Planning with its store on the embedded database: its handlers, its ticks and its HTTP side."""

from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial

import pytest

from services.planning import app as wiring
from services.planning.store import Store
from shared import times
from tests.service.callers import Caller, caller, make_app


@pytest.fixture(autouse=True)
def _soon_after_the_survey(monkeypatch):
    """The surveys of these tests close in May 2026, and what is drafted then is due in 2027."""
    now = times.now
    shift = datetime(2026, 6, 1, tzinfo=UTC) - now()
    monkeypatch.setattr(times, "now", lambda: now() + shift)


@pytest.fixture
def store(database) -> Store:
    return wiring.open_store(database)


@pytest.fixture
def flask_app(database, tmp_path, monkeypatch):
    return make_app(wiring.create_app, database, tmp_path, monkeypatch)


@pytest.fixture
def call_as(flask_app) -> Callable[..., Caller]:
    return partial(caller, flask_app)


@pytest.fixture
def call(call_as) -> Caller:
    return call_as("planner")
