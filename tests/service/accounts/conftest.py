"""Accounts beside intake, as one machine runs them: one key, two applications."""

from functools import partial

import pytest
from argon2 import PasswordHasher

from services.accounts import app as accounts_wiring
from services.accounts.usecases import add_account, sign_in
from services.intake import app as intake_wiring
from tests.service.callers import Caller, caller, make_app

PASSWORD = "four words will do"


@pytest.fixture(autouse=True)
def cheap_hashes(monkeypatch):
    """A hash is dear on purpose; these protect nobody."""
    for usecase in (add_account, sign_in):
        cheap = partial(PasswordHasher, time_cost=1, memory_cost=8, parallelism=1)
        monkeypatch.setattr(usecase, "PasswordHasher", cheap)


@pytest.fixture
def flask_app(database, tmp_path, monkeypatch):
    return make_app(accounts_wiring.create_app, database, tmp_path, monkeypatch)


@pytest.fixture
def intake(database, tmp_path, monkeypatch):
    return make_app(intake_wiring.create_app, database, tmp_path, monkeypatch)


@pytest.fixture
def administrator(flask_app) -> Caller:
    return caller(flask_app, "administrator")


@pytest.fixture
def anybody(flask_app) -> Caller:
    return Caller(flask_app.test_client())


@pytest.fixture
def kim(administrator) -> dict[str, str]:
    """An account's name and password."""
    account = {"name": "kim", "password": PASSWORD, "role": "planner"}
    assert administrator("POST", "/accounts", json=account).status_code == 201
    return {"name": "kim", "password": PASSWORD}
