"""Accounts over HTTP."""

from typing import Any

from flask import current_app

from services.accounts.domain.account import NameTaken, WrongCredentials
from services.accounts.schemas import (
    AccountSchema,
    AddAccountSchema,
    CredentialsSchema,
    TokenSchema,
)
from services.accounts.usecases.add_account import add_account
from services.accounts.usecases.issue_token import SESSION_SECONDS, issue_token
from services.accounts.usecases.sign_in import sign_in
from shared import web
from shared.auth import reader, requires
from shared.problems import Problem, Rules

RULES: Rules = {
    NameTaken: lambda error: Problem(409, "name-taken", str(error)),
    WrongCredentials: lambda error: Problem(401, "wrong-credentials", str(error)),
}

accounts = web.Blueprint("accounts", __name__, url_prefix="/v1", description="Who may sign in")


@accounts.post("/accounts")
@accounts.arguments(AddAccountSchema)
@accounts.response(201, AccountSchema)
@requires("administrator")
def add(body: dict[str, str]) -> Any:
    """Give somebody an account in one's own unit."""
    return add_account(web.store(), unit=reader().unit, **body)


@accounts.post("/tokens")
@accounts.arguments(CredentialsSchema)
@accounts.response(201, TokenSchema)
def token(body: dict[str, str]) -> Any:
    """Exchange name and password for an access token."""
    account = sign_in(web.store(), **body)
    signed = issue_token(
        current_app.config["PRIVATE_KEY"], name=account.name, role=account.role, unit=account.unit
    )
    return {"access_token": signed, "token_type": "Bearer", "expires_in": SESSION_SECONDS}
