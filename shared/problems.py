"""Errors as RFC 9457 problem details, one shape for all of them."""

from collections.abc import Callable, Mapping, Sequence
from http import HTTPStatus
from typing import Any

import orjson
import structlog
from flask import Flask, Response, render_template, request
from pymongo.errors import ConnectionFailure, OperationFailure, PyMongoError
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge

from shared.documents import OutboxFull
from shared.event import MOST_BYTES, TooLarge

log = structlog.get_logger()

_RETRY_SECONDS = "2"
# What a database says whose disk is full: InternalError, OutOfDiskSpace.
_IN_TROUBLE = {1, 14031}


class Problem(Exception):
    """An answer other than success.

    `slug` is stable and names the kind of problem, `detail` tells what to do, `errors` has one
    `{"field": ..., "message": ...}` for each field at fault.
    """

    def __init__(
        self,
        status: int,
        slug: str,
        detail: str,
        *,
        errors: Sequence[Mapping[str, Any]] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.slug = slug
        self.detail = detail
        self.errors = list(errors)
        self.headers = dict(headers or {})

    def response(self) -> Response:
        """Problem details; to a browser, which asks for a page before JSON, a page."""
        kinds = ["application/problem+json", "text/html"]
        if request.accept_mimetypes.best_match(kinds) == "text/html":
            shown = render_template("problem.html", problem=self)
            return Response(shown, self.status, self.headers, content_type="text/html")
        body: dict[str, Any] = {
            "type": f"urn:groundswell:problem:{self.slug}",
            "title": HTTPStatus(self.status).phrase,
            "status": self.status,
            "detail": self.detail,
            "instance": request.path,
        }
        if self.errors:
            body["errors"] = self.errors
        answer = Response(orjson.dumps(body), self.status, content_type="application/problem+json")
        answer.headers.update(self.headers)
        return answer


def not_found(what: str) -> Problem:
    """The one answer for what is missing and for what belongs to somebody else."""
    return Problem(404, "not-found", f"There is no such {what}.")


def invalid(errors: Sequence[Mapping[str, Any]], detail: str = "") -> Problem:
    return Problem(422, "invalid", detail or "Mend the fields named in errors.", errors=errors)


Rules = Mapping[type[Exception], Callable[[Any], Problem]]


def register(app: Flask, rules: Rules) -> None:
    """Answer every error as a problem; `rules` says which one a service's own errors are."""

    def on_rule(error: Exception) -> Response:
        return rules[type(error)](error).response()

    for kind in rules:
        app.register_error_handler(kind, on_rule)
    app.register_error_handler(Problem, lambda problem: problem.response())
    app.register_error_handler(HTTPException, _on_http)
    app.register_error_handler(PyMongoError, _on_database)
    app.register_error_handler(
        OutboxFull, lambda _: _unavailable("Too many changes of this wait to be sent on.")
    )
    app.register_error_handler(TooLarge, _on_too_large)
    app.register_error_handler(RequestEntityTooLarge, _on_too_long)
    app.register_error_handler(Exception, _on_unexpected)


def _on_http(error: HTTPException) -> Response:
    status = error.code or 500
    by_location = (getattr(error, "data", None) or {}).get("messages") or {}
    fields = [entry for messages in by_location.values() for entry in flattened(messages)]
    slug = HTTPStatus(status).phrase.lower().replace(" ", "-")
    if fields:
        return invalid(fields).response()
    problem = Problem(status, slug, error.description or HTTPStatus(status).phrase)
    kept = ("Allow", "Retry-After", "Location", "WWW-Authenticate")
    problem.headers = {k: v for k, v in error.get_headers() if k in kept}
    return problem.response()


def flattened(messages: Any, path: str = "") -> list[dict[str, str]]:
    """Marshmallow's nested messages: one entry a field, named by its path."""
    if isinstance(messages, Mapping):
        return [
            entry
            for name, inner in messages.items()
            for entry in flattened(inner, f"{path}.{name}" if path else str(name))
        ]
    texts = messages if isinstance(messages, list) else [messages]
    return [{"field": path, "message": " ".join(str(text) for text in texts)}]


def by_field(errors: Sequence[Mapping[str, str]]) -> dict[str, str]:
    """All that is wrong with each field in one text, for a form to show beside it."""
    told: dict[str, str] = {}
    for each in errors:
        told[each["field"]] = f"{told.get(each['field'], '')} {each['message']}".strip()
    return told


def _on_database(error: PyMongoError) -> Response:
    if isinstance(error, ConnectionFailure):
        return _unavailable(
            "The database is away. Send it again as it is: should it be stored already, under its "
            "id it counts once."
        )
    if isinstance(error, OperationFailure) and error.code in _IN_TROUBLE:
        log.error("database.in_trouble", path=request.path, reason=repr(error)[:200])
        return _unavailable("The database cannot store anything now. Send it again.")
    return _on_unexpected(error)


def _on_too_large(error: TooLarge) -> Response:
    log.warning("request.too_large", path=request.path, reason=str(error))
    return Problem(
        413,
        "too-large",
        f"What the other services are to be told of this is longer than {MOST_BYTES:,} bytes, so "
        "nothing was stored. Shorten its texts, or send it in parts.",
    ).response()


def _on_too_long(_: RequestEntityTooLarge) -> Response:
    most = request.max_content_length
    detail = f"A body has at most {most:,} bytes here; nothing was stored. Send it in parts."
    return Problem(413, "too-large", detail).response()


def _unavailable(detail: str) -> Response:
    headers = {"Retry-After": _RETRY_SECONDS}
    return Problem(503, "unavailable", detail, headers=headers).response()


def _on_unexpected(error: Exception) -> Response:
    log.error("request.failed", path=request.path, exc_info=error)
    return Problem(500, "unexpected", "This is our fault; it has been logged.").response()
