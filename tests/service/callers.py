"""One service's HTTP side as a test calls it: as somebody, of some unit."""

import os
from collections.abc import Callable
from copy import copy
from dataclasses import dataclass
from functools import cache
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from flask import Flask
from flask.testing import FlaskClient

from services.accounts.usecases.issue_token import issue_token

_KEY = Ed25519PrivateKey.generate()
PRIVATE_KEY = _KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
PUBLIC_KEY = _KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def make_app(create_app: Callable[[], Flask], database, folder, monkeypatch) -> Flask:
    """The service as gunicorn makes it, on the given database; one at a time."""
    (folder / "public.pem").write_bytes(PUBLIC_KEY)
    (folder / "private.pem").write_text(PRIVATE_KEY)
    for name, value in {
        "SECRET": "a secret that is long enough",
        "DATABASE_URL": "mongodb://127.0.0.1:1",
        "BROKER_URL": "sqlite:///none",
        "TOPOLOGY": "none",
        "PUBLIC_KEY": str(folder / "public.pem"),
        "PRIVATE_KEY": str(folder / "private.pem"),
        "LOCAL": "true",
    }.items():
        monkeypatch.setenv(f"GROUNDSWELL_{name}", value)
    app, config, store = _made(create_app, _settings())
    app.config.clear()
    app.config.update(config)
    app.extensions["groundswell.store"] = copy(store)
    app.extensions["groundswell.store"].database = lambda: database
    return app


@cache
def _made(create_app: Callable[[], Flask], settings: frozenset) -> tuple[Flask, dict, Any]:
    """Made once, with its templates and routes, which is most of what a short test would cost; and
    what is put back for each test."""
    app = create_app()
    return app, dict(app.config), app.extensions["groundswell.store"]


def _settings() -> frozenset[tuple[str, str]]:
    names = {name for name in os.environ if name.startswith("GROUNDSWELL_")}
    return frozenset((name, os.environ[name]) for name in names if not name.endswith("_KEY"))


@dataclass
class Caller:
    """An HTTP client that is somebody, or nobody where there is no token."""

    client: FlaskClient
    token: str | None = None

    def __call__(self, method: str, path: str, *, headers: dict | None = None, **options: Any):
        sent = {} if self.token is None else {"Authorization": f"Bearer {self.token}"}
        return self.client.open(
            f"/v1{path}", method=method, headers={**sent, **(headers or {})}, **options
        )


def caller(app: Flask, role: str, unit: str = "careers") -> Caller:
    token = issue_token(PRIVATE_KEY, name=f"{role}@{unit}", role=role, unit=unit, lifetime=60)
    return Caller(app.test_client(), token)
