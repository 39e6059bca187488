"""What a body, a query or a header must not get away with."""

import pytest

from tests.service.intake.conftest import DEFINITION

JSON = {"Content-Type": "application/json"}


@pytest.fixture
def post(respondent, survey):
    def send(data: bytes, headers: dict | None = None, **options):
        path = f"/surveys/{survey}/responses"
        return respondent("POST", path, data=data, headers=headers or JSON, **options)

    return send


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[1]",
        b'"text"',
        b'{"id": NaN}',
        b'{"id": "\\ud800"}',
        b"\xff\xfe",
        b'{"a":' * 5000 + b"1" + b"}" * 5000,
        b'{"id": "r", "group": "student", "answers": {"overall": ' + b"9" * 5000 + b"}}",
        b'{"id": "r", "group": "student", "answers": {"overall": ' + b"9" * 30 + b"}}",
    ],
)
def test_a_body_that_is_no_proper_json_is_refused(post, database, body):
    assert 400 <= post(body).status_code < 500
    assert database.responses.count_documents({}) == 0


def test_a_body_over_the_limit_is_refused_with_and_without_a_length(post, database):
    body = b'{"id": "r", "group": "student", "answers": {"why": "' + b"x" * 1_100_000 + b'"}}'
    assert post(body).status_code == 413
    chunked = {**JSON, "Transfer-Encoding": "chunked"}
    assert post(body, chunked, environ_overrides={"wsgi.input_terminated": True}).status_code == 413
    assert database.responses.count_documents({}) == 0


@pytest.mark.parametrize("kind", ["text/plain", "application/xml", None])
def test_another_content_type_is_refused(post, kind):
    headers = {} if kind is None else {"Content-Type": kind}
    assert post(b'{"id": "r"}', headers or {"X-None": "1"}).status_code == 415


def test_unknown_query_arguments_are_refused(planner, survey):
    refused = planner("GET", "/surveys?status[$ne]=draft")
    assert refused.status_code == 422
    assert refused.json["errors"] == [{"field": "status[$ne]", "message": "Unknown argument."}]
    assert planner("GET", f"/surveys/{survey}?x=1").status_code == 422


def test_a_wrong_method_is_told_the_right_ones(planner, survey):
    refused = planner("PATCH", f"/surveys/{survey}")
    assert refused.status_code == 405
    assert "GET" in refused.headers["Allow"]


def test_errors_are_problem_details(planner):
    missing = planner("GET", "/surveys/none")
    assert missing.content_type == "application/problem+json"
    assert missing.json == {
        "type": "urn:groundswell:problem:not-found",
        "title": "Not Found",
        "status": 404,
        "detail": "There is no such survey.",
        "instance": "/v1/surveys/none",
    }


def test_an_unchanged_survey_is_not_sent_again(planner, survey):
    first = planner("GET", f"/surveys/{survey}")
    again = planner("GET", f"/surveys/{survey}", headers={"If-None-Match": first.headers["ETag"]})
    assert again.status_code == 304
    assert first.headers["ETag"].startswith('"')


def test_pages_and_answers_forbid_framing_sniffing_and_foreign_script(planner):
    headers = planner("GET", "/surveys").headers
    assert "default-src 'none'" in headers["Content-Security-Policy"]
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"] == "DENY"


@pytest.mark.parametrize("token", ["", "nonsense", "e30.e30.", "eyJhbGciOiJub25lIn0.e30."])
def test_a_token_that_is_not_ours_is_refused(respondent, token):
    headers = {"Authorization": f"Bearer {token}"}
    assert respondent("GET", "/surveys", headers=headers).status_code == 401


def test_the_api_describes_itself(planner):
    spec = planner("GET", "/openapi.json").json
    assert spec["openapi"] == "3.1.0"
    assert "/v1/surveys/{survey}/responses" in spec["paths"]


def test_health_and_readiness_answer(flask_app):
    client = flask_app.test_client()
    assert client.get("/health").json == {"status": "ok"}
    assert client.get("/ready").json == {"status": "ready", "worker_seen": None}


def test_a_definition_that_is_no_object_is_refused(planner):
    for body in (None, [], "text", 5, [DEFINITION]):
        assert planner("POST", "/surveys", json=body).status_code in {400, 422}
