"""Signing in and out."""

from typing import Any

from flask import Blueprint, current_app, redirect, render_template, request
from werkzeug.wrappers import Response

from services.accounts.domain.account import WrongCredentials
from services.accounts.usecases.issue_token import SESSION_SECONDS, issue_token
from services.accounts.usecases.sign_in import sign_in
from shared import web
from shared.auth import COOKIE, Verifier
from shared.problems import Problem

pages = Blueprint("pages", __name__, template_folder="templates")

_FORM = "application/x-www-form-urlencoded"


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
    except (WrongCredentials, Problem) as error:
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


def _token(pasted: str) -> str:
    if pasted:
        verifier: Verifier = current_app.extensions["groundswell.verifier"]
        verifier.reader(pasted)
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
