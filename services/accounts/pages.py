"""Signing in and out, and the administrator's list of accounts."""

from typing import Any

from flask import Blueprint, current_app, redirect, render_template, request, url_for
from marshmallow import ValidationError
from werkzeug.wrappers import Response

from services.accounts.domain.account import (
    ROLES,
    AccountDisabled,
    NameTaken,
    WrongCredentials,
)
from services.accounts.schemas import AddAccountSchema
from services.accounts.usecases.add_account import add_account
from services.accounts.usecases.disable_account import disable_account, enable_account
from services.accounts.usecases.issue_token import SESSION_SECONDS, issue_token
from services.accounts.usecases.sign_in import sign_in
from shared import paging, web
from shared.auth import COOKIE, page_for, reader, reader_of
from shared.problems import Problem, flattened

pages = Blueprint("pages", __name__, template_folder="templates")

Page = str | Response | tuple[str, int]

_FORM = "application/x-www-form-urlencoded"
_LONG = 20


@pages.get("/sign-in")
@web.takes_query("next")
def form() -> str:
    return render_template("sign_in.html", next=_destination(request.args.get("next")), wrong="")


@pages.post("/sign-in")
@web.accepts(_FORM)
def enter() -> Response | tuple[str, int]:
    """With name and password, or with an access token as the local run writes it."""
    destination = _destination(request.form.get("next"))
    try:
        signed = _token(request.form.get("token", "").strip())
    except (WrongCredentials, AccountDisabled, Problem) as error:
        return render_template("sign_in.html", next=destination, wrong=str(error)), 401
    answer = redirect(destination, 303)
    local = current_app.config["SETTINGS"].local
    answer.set_cookie(
        COOKIE, signed, max_age=SESSION_SECONDS, httponly=True, samesite="Lax", secure=not local
    )
    return answer


@pages.post("/sign-out")
@web.accepts(_FORM)
def leave() -> Response:
    answer = redirect("/accounts/sign-in", 303)
    answer.delete_cookie(COOKIE)
    return answer


@pages.get("/")
@web.takes_query("cursor", "added")
@page_for("administrator")
def people() -> str:
    """Who may sign in, and a form for another one."""
    return _people_page()


@pages.post("/")
@web.accepts(_FORM)
@page_for("administrator")
def add() -> Page:
    fields = {name: request.form.get(name, "") for name in ("name", "password", "role")}
    try:
        account = add_account(web.store(), unit=reader().unit, **AddAccountSchema().load(fields))
    except ValidationError as error:
        return _people_page(flattened(error.messages)), 422
    except NameTaken as error:
        return _people_page([{"field": "name", "message": str(error)}]), 409
    return redirect(url_for("pages.people", added=account.name), 303)


@pages.post("/<name>/disable")
@web.accepts(_FORM)
@page_for("administrator")
def disable(name: str) -> Response:
    disable_account(web.store(), name=name, unit=reader().unit, who=reader().name)
    return redirect(url_for("pages.people"), 303)


@pages.post("/<name>/enable")
@web.accepts(_FORM)
@page_for("administrator")
def enable(name: str) -> Response:
    enable_account(web.store(), name=name, unit=reader().unit)
    return redirect(url_for("pages.people"), 303)


def _people_page(errors: list[dict[str, str]] | None = None) -> str:
    after = paging.after(request.args.get("cursor"))
    found = web.store().page(reader().unit, after=after, limit=_LONG + 1)
    page = paging.page("accounts", found, _LONG, lambda each: each.name, lambda each: each)
    return render_template(
        "people.html",
        **page,
        first=after is None,
        added=request.args.get("added"),
        errors=errors or [],
        hours=SESSION_SECONDS // 3600,
        roles=ROLES,
        me=reader().name,
    )


def _token(pasted: str) -> str:
    if pasted:
        reader_of(pasted)
        return pasted
    name, password = request.form.get("name", ""), request.form.get("password", "")
    account = sign_in(web.store(), name=name, password=password)
    key: Any = current_app.config["PRIVATE_KEY"]
    return issue_token(key, name=account.name, role=account.role, unit=account.unit)


def _destination(path: str | None) -> str:
    """Only a path of ours: an address elsewhere would make the sign-in a trap."""
    if path is None or not path.startswith("/") or path.startswith(("//", "/\\")):
        return "/"
    return path
