"""The HTTP side that all services share: strict bodies, problems, ETags, headers, health."""

import functools
import hmac
import os
import shutil
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from tempfile import TemporaryFile
from typing import Any, BinaryIO, cast
from uuid import uuid4

import flask
import flask_smorest
import orjson
from apispec.ext.marshmallow.common import resolve_schema_instance
from flask import Flask, Request, Response, current_app, render_template, request
from flask.json.provider import JSONProvider
from marshmallow import Schema
from pymongo.database import Database
from pymongo.errors import PyMongoError
from webargs.flaskparser import FlaskParser
from werkzeug.datastructures import FileStorage

from shared import auth, logs, problems, times
from shared.documents import Document, connect, worker_seen
from shared.indexes import made_whole
from shared.problems import Problem, Rules, invalid
from shared.settings import Settings

MOST_BYTES = 1_000_000
_CHUNK = 65_536
_BODY_METHODS = {"POST", "PUT", "PATCH"}
_SECURITY = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; script-src 'self'; "
    "img-src 'self' data:; connect-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
}


class _StrictJson(JSONProvider):
    """JSON as the standard has it: no NaN, no lone surrogates, bounded depth; speed besides."""

    def dumps(self, obj: Any, **_: Any) -> str:
        return orjson.dumps(obj).decode()

    def loads(self, s: str | bytes, **_: Any) -> Any:
        return orjson.loads(s)

    def response(self, *args: Any, **kwargs: Any) -> Response:
        body = orjson.dumps(self._prepare_response_obj(args, kwargs))
        return Response(body, content_type="application/json")


class _Service(Flask):
    """Flask, for views of which none is a coroutine: to ask each of them each time costs 4 % of a
    small request."""

    def ensure_sync(self, func: Callable[..., Any]) -> Callable[..., Any]:
        return func


class _StrictParser(FlaskParser):
    """webargs, reading JSON as strictly as the rest and answering for what is none."""

    def _raw_load_json(self, req: Request) -> Any:
        try:
            return orjson.loads(req.get_data())
        except orjson.JSONDecodeError as error:
            raise Problem(400, "not-json", f"The body is not JSON: {error}.") from error


class AsGiven(Schema):
    """Documents a body that its view gives as JSON already, so that nothing is left to convert."""

    def dump(self, obj: Any, **_: Any) -> Any:
        return obj


class Blueprint(flask_smorest.Blueprint):
    """A blueprint of the API, with strict bodies."""

    ARGUMENTS_PARSER = _StrictParser()

    def arguments(self, schema: Any, **options: Any) -> Any:
        """As flask-smorest's, with one schema for all requests: given a class, webargs would make
        one for each, at a fifth of the cost of a request."""
        made = schema() if isinstance(schema, type) else schema
        return super().arguments(made, **options)


def create_app(
    settings: Settings,
    title: str,
    blueprints: Sequence[Blueprint],
    pages: Sequence[flask.Blueprint] = (),
    rules: Rules | None = None,
    open_store: Callable[[Database[Document]], Any] = lambda database: database,
    template_folder: str | None = None,
) -> Flask:
    """One service's WSGI application.

    `open_store` makes what the service keeps, and its indexes, once a process, at the first
    request that finds the database there. `rules` say
    which problems the service's own errors are.
    """
    logs.configure(settings.service)
    app = _Service(settings.service, static_folder=None, template_folder=template_folder)
    app.json = _StrictJson(app)
    app.config.update(
        SETTINGS=settings,
        MAX_CONTENT_LENGTH=MOST_BYTES,
        API_TITLE=title,
        API_VERSION="v1",
        OPENAPI_VERSION="3.1.0",
        OPENAPI_URL_PREFIX="/v1",
        OPENAPI_JSON_PATH="openapi.json",
        SESSION_COOKIE_SAMESITE="Lax",
    )
    app.extensions["groundswell.store"] = _Store(settings, open_store)
    auth.register(app, settings.public_key)
    app.register_blueprint(_common(title))
    api = flask_smorest.Api(app)
    for blueprint in blueprints:
        api.register_blueprint(blueprint)
    for page in pages:
        app.register_blueprint(page)
    app.before_request(_refuse_unclear_requests)
    app.after_request(_finish)
    problems.register(app, rules or {})
    app.jinja_env.globals.update(form_token=auth.form_token, signed_in=auth.signed_in)
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    return app


class _Store:
    """What a service keeps, opened after gunicorn forked, by the first request that needs it."""

    def __init__(self, settings: Settings, open_store: Callable[[Database[Document]], Any]) -> None:
        self.database = functools.cache(lambda: connect(settings.database_url, settings.database))
        self._open = open_store
        self._opened: Any = None
        self._opening = threading.Lock()

    def get(self) -> Any:
        if self._opened is None:
            with self._opening:
                if self._opened is None:
                    with made_whole(self.database()):
                        self._opened = self._open(self.database())
        return self._opened


def store() -> Any:
    """What `open_store` made."""
    return current_app.extensions["groundswell.store"].get()


def settings() -> Settings:
    found: Settings = current_app.config["SETTINGS"]
    return found


def creation_id() -> str:
    """The id of what a POST creates: from the Idempotency-Key where there is one, so that a
    request whose answer was lost can be sent again and finds what it made."""
    key = request.headers.get("Idempotency-Key")
    if key is None:
        return uuid4().hex
    actor = auth.reader()
    text = f"{actor.unit}\0{actor.name}\0{request.path}\0{key}"
    return sha256(text.encode()).hexdigest()[:32]


def body_digest() -> str:
    return sha256(request.get_data()).hexdigest()


def etag_of(body: bytes) -> str:
    """A strong validator, keyed and bound to the reader: it gives away nothing about a body that
    somebody else was shown."""
    audience = request.headers.get("Authorization") or request.cookies.get(auth.COOKIE, "")
    keyed = hmac.new(settings().secret.encode(), audience.encode(), "sha256")
    keyed.update(body)
    return keyed.hexdigest()[:32]


def check_if_match(current: Any) -> None:
    """Raises Problem 412 when the sender's If-Match names another state than `current`, the JSON
    that a GET of the same path would answer."""
    if request.if_match and not request.if_match.contains(etag_of(orjson.dumps(current))):
        raise Problem(412, "changed", "Somebody changed this meanwhile; read it again.")


def _refuse_unclear_requests() -> None:
    if request.url_rule is None:
        return
    view = current_app.view_functions[request.endpoint or ""]
    if request.method in _BODY_METHODS:
        most = getattr(view, "most_bytes", None)
        if most is None:
            _read_whole_body()
        else:
            request.max_content_length = most
        kinds = getattr(view, "accepts", ("application/json",))
        kind = request.mimetype
        if kind not in kinds and (kind or most or request.get_data()):
            raise Problem(415, "media-type", f"Send the body as {' or '.join(kinds)}.")
    if request.args:
        unknown = sorted(set(request.args) - _query_fields(view))
        if not unknown:
            return
        raise invalid([{"field": name, "message": "Unknown argument."} for name in unknown])


def _read_whole_body() -> None:
    """A chunked body has no length to refuse it by, and get_data() would cut it off silently.
    Reading on past the limit is what makes werkzeug say so."""
    if request.content_length is None:
        chunks = iter(lambda: request.stream.read(_CHUNK), b"")
        request._cached_data = b"".join(chunks)  # noqa: SLF001  # where get_data() looks first


def accepts(*kinds: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Which media types a view takes; without it, JSON."""

    def mark(view: Callable[..., Any]) -> Callable[..., Any]:
        view.accepts = kinds  # type: ignore[attr-defined]
        return view

    return mark


@dataclass(frozen=True)
class Upload:
    """A file that was sent: on disk unless it is small, and gone with the request."""

    stream: BinaryIO
    filename: str


def takes_uploads(most: int) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """How many bytes a view takes, whose body is read by `upload` and never held as a whole."""

    def mark(view: Callable[..., Any]) -> Callable[..., Any]:
        view.most_bytes = most  # type: ignore[attr-defined]
        return view

    return mark


@contextmanager
def upload() -> Iterator[Upload]:
    """The field `file` of a form, or else the whole body. Raises Problem 422 where there is
    neither."""
    with TemporaryFile() as body:
        if request.mimetype == "multipart/form-data":
            sent = request.files.get("file")
            found = Upload(body, "") if sent is None else _sent(sent)
        else:
            shutil.copyfileobj(request.stream, body, _CHUNK)
            found = Upload(body, request.args.get("filename", ""))
        if not found.stream.seek(0, os.SEEK_END):
            raise invalid([{"field": "file", "message": "Send a file."}])
        found.stream.seek(0)
        yield found


def _sent(file: FileStorage) -> Upload:
    return Upload(cast(BinaryIO, file.stream), file.filename or "")


def takes_query(*names: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Which query arguments a page takes; an API view says so with its schema."""

    def mark(view: Callable[..., Any]) -> Callable[..., Any]:
        view.query_names = frozenset(names)  # type: ignore[attr-defined]
        return view

    return mark


@functools.cache
def _query_fields(view: Callable[..., Any]) -> frozenset[str]:
    named: frozenset[str] = getattr(view, "query_names", frozenset())
    documented = getattr(view, "_apidoc", {}).get("arguments", {}).get("parameters", [])
    schemas = [p["schema"] for p in documented if p.get("in") == "query"]
    return named.union(*(resolve_schema_instance(schema).load_fields for schema in schemas))


def _finish(response: Response) -> Response:
    response.headers.update(_SECURITY)
    readable = response.mimetype in {"application/json", "text/html"}
    if request.method == "GET" and response.status_code == 200 and readable:
        response.headers.setdefault("Vary", "Authorization, Cookie, Accept")
        response.headers.setdefault("Cache-Control", "no-cache")
        if not response.is_streamed and response.mimetype == "application/json":
            response.set_etag(etag_of(response.get_data()))
            response.make_conditional(request.environ)
    return response


def _common(title: str) -> flask.Blueprint:
    """Health, readiness, the style sheet and the page that shows what the API offers."""
    common = flask.Blueprint(
        "common", __name__, template_folder="templates", static_folder="static"
    )

    @common.get("/health")
    def health() -> dict[str, str]:
        """The process answers."""
        return {"status": "ok"}

    @common.get("/ready")
    def ready() -> dict[str, str | None]:
        """The process can do its work: its database answers. `worker_seen` is when the worker
        last said that it lives."""
        try:
            seen = worker_seen(current_app.extensions["groundswell.store"].database())
        except PyMongoError as error:
            raise Problem(
                503, "unavailable", "The database is away.", headers={"Retry-After": "2"}
            ) from error
        return {"status": "ready", "worker_seen": None if seen is None else times.rfc3339(seen)}

    @common.get("/v1/")
    def reference() -> str:
        spec = current_app.extensions["flask-smorest"]["apis"][""]["ext_obj"].spec.to_dict()
        return render_template("reference.html", title=title, spec=spec)

    return common
