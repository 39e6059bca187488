"""Accounts over HTTP."""

from typing import Any

from flask import current_app

from services.accounts.domain.account import (
    AccountDisabled,
    NameTaken,
    NoSuchAccount,
    OwnAccount,
    WrongCredentials,
)
from services.accounts.schemas import (
    AccountPageSchema,
    AccountSchema,
    AddAccountSchema,
    CredentialsSchema,
    TokenSchema,
)
from services.accounts.usecases.add_account import add_account
from services.accounts.usecases.disable_account import disable_account, enable_account
from services.accounts.usecases.issue_token import SESSION_SECONDS, issue_token
from services.accounts.usecases.sign_in import sign_in
from shared import paging, web
from shared.auth import reader, requires
from shared.paging import PageSchema
from shared.problems import Problem, Rules, not_found

RULES: Rules = {
    NameTaken: lambda error: Problem(409, "name-taken", str(error)),
    NoSuchAccount: lambda _: not_found("account"),
    AccountDisabled: lambda error: Problem(403, "account-disabled", str(error)),
    OwnAccount: lambda error: Problem(409, "own-account", str(error)),
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


@accounts.get("/accounts")
@accounts.arguments(PageSchema(), location="query")
@accounts.response(200, AccountPageSchema)
@requires("administrator")
def list_accounts(query: dict[str, Any]) -> Any:
    """The accounts of one's own unit, by name."""
    found = web.store().page(
        reader().unit, after=paging.after(query["cursor"]), limit=query["limit"] + 1
    )
    return paging.page("accounts", found, query["limit"], lambda each: each.name, lambda each: each)


@accounts.post("/accounts/<name>/disable")
@accounts.response(200, AccountSchema)
@requires("administrator")
def disable(name: str) -> Any:
    """Let nobody sign in with it any more. Who is signed in stays so for eight hours at most."""
    return disable_account(web.store(), name=name, unit=reader().unit, who=reader().name)


@accounts.post("/accounts/<name>/enable")
@accounts.response(200, AccountSchema)
@requires("administrator")
def enable(name: str) -> Any:
    """Take it back into use, with the password that it had."""
    return enable_account(web.store(), name=name, unit=reader().unit)


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
