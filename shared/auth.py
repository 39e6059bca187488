"""Who is asking, and what they may: by the bearer token of a program or the cookie of a page."""

import hmac
from collections.abc import Callable
from functools import wraps
from typing import Any, ParamSpec, TypeVar
from urllib.parse import urlencode

from flask import Flask, current_app, g, redirect, request
from werkzeug.wrappers import Response

from shared.problems import Problem
from shared.tokens import InvalidToken, Reader, Verifier

P = ParamSpec("P")
R = TypeVar("R")

COOKIE = "groundswell_session"


def register(app: Flask, public_key: str) -> None:
    app.extensions["groundswell.verifier"] = Verifier(public_key)


def reader() -> Reader:
    """Who asks, from the bearer token or the session cookie. Raises Problem 401."""
    if "reader" not in g:
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not token:
            token = request.cookies.get(COOKIE, "")
            _refuse_forgery(token)
        if not token:
            raise _unauthorised("Send an access token: Authorization: Bearer ...")
        g.reader = reader_of(token)
    found: Reader = g.reader
    return found


def reader_of(token: str) -> Reader:
    """Raises Problem 401 for any token that is not ours, whole and in date."""
    verifier: Verifier = current_app.extensions["groundswell.verifier"]
    try:
        return verifier.reader(token)
    except InvalidToken as error:
        raise _unauthorised(str(error)) from error


def signed_in() -> Reader | None:
    """Whose session this is, for a page to show. It permits nothing: that is `reader`'s to do."""
    try:
        token = request.cookies.get(COOKIE, "")
        return reader_of(token) if token else None
    except Problem:
        return None


def requires(*roles: str) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Only these roles may call the view: 401 without a token, 403 with another role."""

    def decorate(view: Callable[P, R]) -> Callable[P, R]:
        @wraps(view)
        def guarded(*args: P.args, **kwargs: P.kwargs) -> R:
            if reader().role not in roles:
                raise Problem(403, "forbidden", f"This needs the role {' or '.join(roles)}.")
            return view(*args, **kwargs)

        return guarded

    return decorate


def page_for(*roles: str) -> Callable[[Callable[P, Any]], Callable[P, Any]]:
    """As `requires`, for a page: who is not signed in is sent to the sign-in first."""

    def decorate(view: Callable[P, Any]) -> Callable[P, Any]:
        guarded = requires(*roles)(view)

        @wraps(view)
        def page(*args: P.args, **kwargs: P.kwargs) -> Any:
            try:
                return guarded(*args, **kwargs)
            except Problem as problem:
                if problem.status != 401 or request.method != "GET":
                    raise
                return sign_in_first()

        return page

    return decorate


def sign_in_first() -> Response:
    asked = request.script_root + request.full_path.rstrip("?")
    return redirect(f"/accounts/sign-in?{urlencode({'next': asked})}")


def form_token() -> str:
    """What a form of a signed-in page carries, so that no other site can send it."""
    secret = current_app.config["SETTINGS"].secret.encode()
    session = request.cookies.get(COOKIE, "").encode()
    return hmac.digest(secret, b"form:" + session, "sha256").hex()


def _refuse_forgery(session: str) -> None:
    safe = request.method in {"GET", "HEAD", "OPTIONS"}
    if not session or safe:
        return
    if not hmac.compare_digest(request.form.get("form_token", ""), form_token()):
        raise Problem(403, "forged-form", "This form has expired. Load the page again.")


def _unauthorised(detail: str) -> Problem:
    return Problem(401, "unauthorised", detail, headers={"WWW-Authenticate": "Bearer"})
