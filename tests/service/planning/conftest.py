"""Planning with its store on the embedded database: its handlers, its ticks and its HTTP side."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from flask.testing import FlaskClient

from services.planning import app as wiring
from services.planning.store import Store
from shared.auth import AUDIENCE, ISSUER

KEY = Ed25519PrivateKey.generate()


@pytest.fixture
def store(database) -> Store:
    return wiring.open_store(database)


@pytest.fixture
def flask_app(database, tmp_path, monkeypatch):
    public = KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    (tmp_path / "public.pem").write_bytes(public)
    for name, value in {
        "SECRET": "a secret that is long enough",
        "DATABASE_URL": "mongodb://127.0.0.1:1",
        "BROKER_URL": "sqlite:///none",
        "TOPOLOGY": "none",
        "PUBLIC_KEY": str(tmp_path / "public.pem"),
    }.items():
        monkeypatch.setenv(f"GROUNDSWELL_{name}", value)
    app = wiring.create_app()
    app.extensions["groundswell.store"].database = lambda: database
    return app


@dataclass
class Caller:
    """An HTTP client that is somebody."""

    client: FlaskClient
    token: str

    def __call__(self, method: str, path: str, *, headers: dict | None = None, **options: Any):
        sent = {"Authorization": f"Bearer {self.token}", **(headers or {})}
        return self.client.open(f"/v1{path}", method=method, headers=sent, **options)


@pytest.fixture
def call_as(flask_app) -> Callable[..., Caller]:
    def caller(role: str, unit: str = "careers") -> Caller:
        now = int(time.time())
        claims = {"sub": f"{role}@{unit}", "role": role, "unit": unit, "iat": now, "exp": now + 60}
        claims |= {"aud": AUDIENCE, "iss": ISSUER}
        return Caller(flask_app.test_client(), jwt.encode(claims, KEY, algorithm="EdDSA"))

    return caller


@pytest.fixture
def call(call_as) -> Caller:
    return call_as("planner")
