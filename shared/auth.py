"""Who is asking: access tokens that accounts signs and every service verifies by public key."""

import hmac
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any, ParamSpec, TypeVar
from urllib.parse import urlencode

import jwt
from flask import Flask, current_app, g, redirect, request
from werkzeug.wrappers import Response

from shared.problems import Problem

P = ParamSpec("P")
R = TypeVar("R")

AUDIENCE = "groundswell"
ISSUER = "groundswell-accounts"
COOKIE = "groundswell_session"
# A clock may step back: what was issued just before is not from the future.
_STEP_SECONDS = 15 * 60
_LEEWAY_SECONDS = 10
_REMEMBERED = 1000


@dataclass(frozen=True)
class Reader:
    """Who sent the request, as what, and for which unit."""

    name: str
    role: str
    unit: str


class Verifier:
    """Turns a token into a Reader. A signature that was checked once is remembered until the
    token expires, since checking costs more than most requests."""

    def __init__(self, public_key: str) -> None:
        self._key = public_key
        self._known: dict[str, tuple[float, Reader]] = {}

    def reader(self, token: str) -> Reader:
        """Raises Problem 401 for any token that is not ours, whole and in date."""
        known = self._known.get(token)
        if known is not None and known[0] > time.time():
            return known[1]
        try:
            claims = jwt.decode(
                token,
                self._key,
                algorithms=["EdDSA"],
                audience=AUDIENCE,
                issuer=ISSUER,
                leeway=_LEEWAY_SECONDS,
                options={"require": ["exp", "iat", "sub", "role", "unit"], "verify_iat": False},
            )
            if claims["iat"] > time.time() + _STEP_SECONDS:
                raise jwt.ImmatureSignatureError
        except (jwt.InvalidTokenError, TypeError) as error:
            raise _unauthorised("The access token is not valid or has expired.") from error
        reader = Reader(claims["sub"], claims["role"], claims["unit"])
        if len(self._known) >= _REMEMBERED:
            self._known.clear()
        self._known[token] = (claims["exp"] + _LEEWAY_SECONDS, reader)
        return reader


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
        g.reader = current_app.extensions["groundswell.verifier"].reader(token)
    found: Reader = g.reader
    return found


def signed_in() -> Reader | None:
    """Whose session this is, for a page to show. It permits nothing: that is `reader`'s to do."""
    try:
        token = request.cookies.get(COOKIE, "")
        return current_app.extensions["groundswell.verifier"].reader(token) if token else None
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
