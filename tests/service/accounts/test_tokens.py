"""Which tokens a service takes: ours, whole and in date; which role may call which route."""

import base64
import hmac
import json
import re
import time

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from services.accounts.usecases.issue_token import issue_token
from shared.tokens import AUDIENCE, ISSUER
from tests.service.callers import PRIVATE_KEY, PUBLIC_KEY, Caller, caller

STRANGER = Ed25519PrivateKey.generate()


def claims(**changes) -> dict:
    now = int(time.time())
    said = {"sub": "kim", "role": "planner", "unit": "careers", "iat": now, "exp": now + 60}
    return {**said, "aud": AUDIENCE, "iss": ISSUER, **changes}


def without(name: str) -> dict:
    return {key: value for key, value in claims().items() if key != name}


def signed(said: dict, key=PRIVATE_KEY, algorithm: str = "EdDSA", **header) -> str:
    return jwt.encode(said, key, algorithm=algorithm, headers=header)


def encoded(part: dict) -> str:
    return base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode()


def signed_with_the_public_key(said: dict) -> str:
    """As an HMAC of what everybody knows; jwt.encode itself refuses to make such a one."""
    text = f"{encoded({'alg': 'HS256', 'typ': 'JWT'})}.{encoded(said)}"
    signature = hmac.digest(PUBLIC_KEY, text.encode(), "sha256")
    return f"{text}.{base64.urlsafe_b64encode(signature).rstrip(b'=').decode()}"


def embedding_its_own_key(said: dict) -> str:
    public = STRANGER.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    key = base64.urlsafe_b64encode(public).rstrip(b"=").decode()
    return signed(said, STRANGER, jwk={"kty": "OKP", "crv": "Ed25519", "x": key})


def tampered(token: str) -> str:
    header, _, signature = token.split(".")
    return f"{header}.{encoded(claims(role='administrator'))}.{signature}"


FORGED = {
    "none": "",
    "nonsense": "nonsense",
    "expired": signed(claims(iat=1, exp=int(time.time()) - 11)),
    "algorithm none": f"{encoded({'alg': 'none'})}.{encoded(claims())}.",
    "HS256 with the public key": signed_with_the_public_key(claims()),
    "another's key": signed(claims(), STRANGER),
    "an embedded key": embedding_its_own_key(claims()),
    "another audience": signed(claims(aud="elsewhere")),
    "another issuer": signed(claims(iss="elsewhere")),
    "another role than was signed": tampered(signed(claims())),
    "from the future": signed(claims(iat=int(time.time()) + 3600)),
    **{f"no {name}": signed(without(name)) for name in claims()},
}


@pytest.mark.parametrize("kind", FORGED)
def test_no_token_but_ours_is_taken(intake, flask_app, kind):
    for app, method, path in ((intake, "GET", "/surveys"), (flask_app, "POST", "/accounts")):
        body = {"name": "pat", "password": "four words will do", "role": "planner"}
        options = {"json": body} if method == "POST" else {}
        refused = Caller(app.test_client(), FORGED[kind])(method, path, **options)
        assert refused.status_code == 401
        assert refused.headers["WWW-Authenticate"] == "Bearer"


@pytest.mark.parametrize("kind", FORGED)
def test_no_forged_session_opens_a_page(intake, kind):
    client = intake.test_client()
    client.set_cookie("groundswell_session", FORGED[kind])
    assert client.get("/v1/surveys").status_code == 401


def test_a_token_of_ours_is_taken_until_it_expires(intake, monkeypatch):
    token = issue_token(PRIVATE_KEY, name="kim", role="planner", unit="careers", lifetime=60)
    as_kim = Caller(intake.test_client(), token)
    assert as_kim("GET", "/surveys").status_code == 200
    later = time.time() + 60 + 11
    monkeypatch.setattr("shared.tokens.time.time", lambda: later)
    monkeypatch.setattr("jwt.api_jwt.datetime", Later(later))
    assert as_kim("GET", "/surveys").status_code == 401


class Later:
    """The clock that jwt looks at, put forward."""

    def __init__(self, instant: float) -> None:
        self.instant = instant

    def now(self, **_):
        return self

    def timestamp(self) -> float:
        return self.instant


ERASURE = {"reason": "asked by the person"}
SURVEY = {
    "title": "T",
    "groups": ["student"],
    "items": [{"id": "why", "type": "text", "text": "Why?"}],
}
TRIAL = {"group": "student", "answers": {}}
LOOK = {"response": "r1", "reason": "asked by the person"}
LETTER = {"subject": "Please answer", "text": "{link}"}
HOOK = {"url": "https://example.edu/hook", "events": ["survey.closed"]}
ACCOUNT = {"name": "pat", "password": "four words will do", "role": "planner"}
# What each route answers to a planner, an administrator and to nobody in particular.
MATRIX = [
    ("accounts", "POST", "/accounts", ACCOUNT, (403, 201, 401)),
    ("accounts", "GET", "/accounts", None, (403, 200, 401)),
    ("accounts", "POST", "/accounts/{name}/disable", None, (403, 404, 401)),
    ("accounts", "POST", "/accounts/{name}/enable", None, (403, 404, 401)),
    ("intake", "POST", "/surveys", SURVEY, (201, 403, 401)),
    ("intake", "GET", "/surveys", None, (200, 200, 401)),
    ("intake", "GET", "/surveys/{survey}", None, (200, 200, 401)),
    ("intake", "PUT", "/surveys/{survey}", SURVEY, (200, 403, 401)),
    ("intake", "DELETE", "/surveys/{survey}", None, (204, 403, 401)),
    ("intake", "DELETE", "/surveys/{survey}/correction", None, (200, 403, 401)),
    ("intake", "POST", "/surveys/{survey}/publish", None, (200, 403, 401)),
    ("intake", "POST", "/surveys/{survey}/close", None, (409, 403, 401)),
    ("intake", "POST", "/surveys/{survey}/archive", None, (409, 403, 401)),
    ("intake", "POST", "/surveys/{survey}/restore", None, (409, 403, 401)),
    ("intake", "POST", "/surveys/{survey}/duplicate", None, (201, 403, 401)),
    ("intake", "POST", "/surveys/{survey}/trials", TRIAL, (201, 403, 401)),
    ("intake", "GET", "/surveys/{survey}/trials", None, (200, 403, 401)),
    ("intake", "DELETE", "/surveys/{survey}/trials", None, (200, 403, 401)),
    ("intake", "GET", "/surveys/{survey}/drop_off", None, (200, 200, 401)),
    ("intake", "POST", "/surveys/{survey}/invitations", {"invitations": []}, (409, 403, 401)),
    ("intake", "GET", "/surveys/{survey}/invitations", None, (409, 403, 401)),
    ("intake", "POST", "/surveys/{survey}/invitations/links", None, (409, 403, 401)),
    ("intake", "PUT", "/surveys/{survey}/population", {"population": []}, (204, 403, 401)),
    ("intake", "GET", "/surveys/{survey}/response_rates", None, (200, 200, 401)),
    ("intake", "POST", "/surveys/{survey}/vault", LOOK, (403, 409, 401)),
    ("intake", "GET", "/surveys/{survey}/vault/uses", None, (200, 200, 401)),
    ("intake", "POST", "/surveys/{survey}/mailings", LETTER, (409, 403, 401)),
    ("intake", "GET", "/surveys/{survey}/mailings", None, (200, 200, 401)),
    ("intake", "POST", "/surveys/{survey}/mailings/{name}/cancel", None, (404, 403, 401)),
    ("intake", "POST", "/surveys/{survey}/draw", {"winners": 1, "seed": "s"}, (409, 403, 401)),
    ("intake", "GET", "/surveys/{survey}/answers.{kind}", None, (200, 403, 401)),
    ("intake", "POST", "/surveys/{survey}/exports", {"format": "sav"}, (202, 403, 401)),
    ("intake", "POST", "/surveys/{survey}/responses/import", b"a,b", (409, 403, 401)),
    ("intake", "POST", "/surveys/import", b"a,b", (415, 415, 415)),
    ("intake", "GET", "/imports/{name}", None, (404, 403, 401)),
    ("intake", "DELETE", "/imports/{name}", None, (404, 403, 401)),
    ("intake", "GET", "/exports/{name}", None, (404, 403, 401)),
    ("intake", "DELETE", "/exports/{name}", None, (404, 403, 401)),
    ("intake", "GET", "/exports/{name}/file", None, (404, 403, 401)),
    ("intake", "POST", "/webhooks", HOOK, (201, 403, 401)),
    ("intake", "GET", "/webhooks", None, (200, 403, 401)),
    ("intake", "DELETE", "/webhooks/{name}", None, (404, 403, 401)),
    ("intake", "POST", "/webhooks/{name}/secret", None, (404, 403, 401)),
    ("intake", "POST", "/webhooks/{name}/test", None, (404, 403, 401)),
    ("intake", "POST", "/webhooks/{name}/pause", None, (404, 403, 401)),
    ("intake", "POST", "/webhooks/{name}/resume", None, (404, 403, 401)),
    ("intake", "GET", "/webhooks/{name}/deliveries", None, (404, 403, 401)),
    ("intake", "POST", "/webhooks/{name}/deliveries/{name}/replay", None, (404, 403, 401)),
    ("intake", "GET", "/surveys/none", None, (404, 404, 401)),
    ("intake", "POST", "/surveys/{survey}/responses/{response}/erasure", ERASURE, (403, 404, 401)),
]


@pytest.mark.parametrize(("service", "method", "path", "body", "expected"), MATRIX)
def test_each_role_may_call_its_routes_and_no_other(
    flask_app, intake, service, method, path, body, expected
):
    app = {"accounts": flask_app, "intake": intake}[service]
    survey = caller(intake, "planner")("POST", "/surveys", json=SURVEY).json["id"]
    people = [caller(app, "planner"), caller(app, "administrator"), Caller(app.test_client())]
    options = {} if body is None else {"json": body}
    if isinstance(body, bytes):
        options = {"data": body, "content_type": "text/csv"}
    answers = [
        person(method, path.format(survey=survey, response="r1", name="n1", kind="csv"), **options)
        for person in people
    ]
    assert tuple(answer.status_code for answer in answers) == expected


def test_the_matrix_has_every_route_that_needs_a_role(intake, flask_app):
    """Who adds a route adds its row."""
    open_to_all = {"/v1/surveys/<survey>/responses", "/v1/responses/<name>", "/v1/tokens"}
    for name, app in (("intake", intake), ("accounts", flask_app)):
        routes = {
            (method, re.sub(r"<[^>]+>", "<>", rule.rule))
            for rule in app.url_map.iter_rules()
            for method in rule.methods - {"HEAD", "OPTIONS"}
            if rule.rule.startswith("/v1/") and "." in rule.endpoint
            and rule.endpoint.partition(".")[0] not in {"common", "api-docs"}
            and rule.rule not in open_to_all
        }  # fmt: skip
        rows = {
            (method, "/v1" + re.sub(r"{\w+}", "<>", path))
            for service, method, path, *_ in MATRIX
            if service == name and not path.endswith("/none")
        }
        assert routes == rows
