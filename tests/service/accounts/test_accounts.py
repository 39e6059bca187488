"""Who may sign in, and as what, over HTTP."""

import re
import threading

import pytest

from services.accounts.usecases.issue_token import issue_token
from tests.service.accounts.conftest import PASSWORD
from tests.service.callers import PRIVATE_KEY, Caller, caller

NEW = {"name": "pat", "password": PASSWORD, "role": "planner"}


def test_name_and_password_become_a_token_that_intake_takes(anybody, kim, intake):
    signed = anybody("POST", "/tokens", json=kim)
    assert (signed.status_code, signed.json["token_type"]) == (201, "Bearer")
    as_kim = Caller(intake.test_client(), signed.json["access_token"])
    assert as_kim("GET", "/surveys").status_code == 200


@pytest.mark.parametrize("password", [PASSWORD, "what nobody has as a password"])
def test_a_wrong_name_and_a_wrong_password_answer_alike(anybody, kim, password):
    wrong_password = anybody("POST", "/tokens", json={**kim, "password": "another"})
    wrong_name = anybody("POST", "/tokens", json={"name": "nobody", "password": password})
    assert wrong_password.status_code == 401
    assert wrong_password.data == wrong_name.data
    assert dict(wrong_password.headers) == dict(wrong_name.headers)


def test_a_name_is_taken_once(administrator, anybody, kim):
    again = administrator("POST", "/accounts", json={**NEW, "name": "kim"})
    assert again.status_code == 409
    assert again.json["type"] == "urn:groundswell:problem:name-taken"
    assert anybody("POST", "/tokens", json=kim).status_code == 201


def test_of_ten_that_want_one_name_one_gets_it(flask_app):
    statuses = []

    def add() -> None:
        statuses.append(
            caller(flask_app, "administrator")("POST", "/accounts", json=NEW).status_code
        )

    threads = [threading.Thread(target=add) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(statuses) == [201] + [409] * 9


def test_a_new_account_is_of_its_maker_s_unit_and_role_as_given(flask_app, anybody, intake):
    other_unit = caller(flask_app, "administrator", unit="elsewhere")
    made = other_unit("POST", "/accounts", json=NEW)
    said = {"name": "pat", "unit": "elsewhere", "role": "planner", "disabled": False}
    assert made.json == said
    token = anybody("POST", "/tokens", json={"name": "pat", "password": PASSWORD}).json
    survey = caller(intake, "planner", unit="elsewhere")
    made_there = survey("POST", "/surveys", json=DEFINITION).json["id"]
    as_pat = Caller(intake.test_client(), token["access_token"])
    assert as_pat("GET", f"/surveys/{made_there}").status_code == 200
    stranger = caller(intake, "planner", unit="careers")
    assert stranger("GET", f"/surveys/{made_there}").status_code == 404


DEFINITION = {
    "title": "T",
    "groups": ["student"],
    "items": [{"id": "why", "type": "text", "text": "Why?"}],
}


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"password": "too short"}, "password"),
        ({"role": "king"}, "role"),
        ({"name": "a b"}, "name"),
        ({"name": {"$ne": ""}}, "name"),
        ({"unit": "elsewhere"}, "unit"),
        ({"_id": "x"}, "_id"),
    ],
)
def test_what_makes_no_account_is_refused_by_field(administrator, database, change, field):
    refused = administrator("POST", "/accounts", json={**NEW, **change})
    assert refused.status_code == 422
    assert [error["field"] for error in refused.json["errors"]] == [field]
    assert database["accounts"].count_documents({}) == 0


@pytest.mark.parametrize("body", [{}, {"name": "kim"}, {"name": ["kim"], "password": PASSWORD}])
def test_credentials_that_are_none_are_refused(anybody, kim, body):
    assert anybody("POST", "/tokens", json=body).status_code == 422


def test_a_password_is_kept_as_a_hash_and_never_answered(administrator, database):
    made = administrator("POST", "/accounts", json=NEW)
    (stored,) = database["accounts"].find()
    assert stored["password_hash"].startswith("$argon2id$")
    assert PASSWORD not in str(stored)
    assert made.json.keys() == {"name", "unit", "role", "disabled"}


def test_a_disabled_account_signs_in_no_more_until_it_is_enabled(administrator, anybody, kim):
    for _ in range(2):
        assert administrator("POST", "/accounts/kim/disable").json["disabled"] is True
    refused = anybody("POST", "/tokens", json=kim)
    assert (refused.status_code, refused.json["type"].rpartition(":")[2]) == (
        403,
        "account-disabled",
    )
    wrong = anybody("POST", "/tokens", json={**kim, "password": "another"})
    assert wrong.status_code == 401, "only who knows the password learns that it is disabled"
    assert administrator("POST", "/accounts/kim/enable").json["disabled"] is False
    assert anybody("POST", "/tokens", json=kim).status_code == 201


def test_nobody_disables_an_account_of_another_unit_or_their_own(flask_app, anybody, kim):
    stranger = caller(flask_app, "administrator", unit="elsewhere")
    assert stranger("POST", "/accounts/kim/disable").status_code == 404
    assert stranger("GET", "/accounts").json == {"accounts": [], "next": None}
    me = caller(flask_app, "administrator")
    assert me("POST", "/accounts/administrator@careers/disable").status_code == 409
    assert anybody("POST", "/tokens", json=kim).status_code == 201


def test_accounts_are_listed_by_name_a_page_at_a_time(administrator, kim):
    administrator("POST", "/accounts", json={**NEW, "name": "ada"})
    first = administrator("GET", "/accounts?limit=1").json
    rest = administrator("GET", f"/accounts?limit=1&cursor={first['next']}").json
    assert [each["name"] for each in first["accounts"] + rest["accounts"]] == ["ada", "kim"]
    assert rest["next"] is None


def test_an_administrator_adds_lists_and_disables_accounts_on_a_page(flask_app, anybody, kim):
    client = flask_app.test_client()
    token = issue_token(PRIVATE_KEY, name="root", role="administrator", unit="careers")
    client.set_cookie("groundswell_session", token)
    field = re.search(r'name="form_token" value="(\w+)"', client.get("/").text)[1]
    form = {"form_token": field}
    assert client.post("/", data={**form, **NEW}).status_code == 303
    taken = client.post("/", data={**form, **NEW})
    assert (taken.status_code, "There is an account named pat" in taken.text) == (409, True)
    short = client.post("/", data={**form, **NEW, "name": "ada", "password": "short"})
    assert (short.status_code, "At least 12 characters" in short.text) == (422, True)
    assert client.post("/kim/disable", data=form).status_code == 303
    assert anybody("POST", "/tokens", json=kim).status_code == 403
    listed = client.get("/").text
    assert listed.index("kim</th>") < listed.index("pat</th>")
    assert "argon2" not in listed
    assert client.post("/kim/enable").status_code == 403, "no other site can send the form"
    as_kim = client.post("/sign-in", data=kim)
    assert (as_kim.status_code, "account is disabled" in as_kim.text) == (401, True)


def test_signing_in_on_the_page_sets_a_cookie_no_script_reads(flask_app, kim):
    client = flask_app.test_client()
    answer = client.post("/sign-in", data={**kim, "next": "/intake/surveys"})
    assert (answer.status_code, answer.location) == (303, "/intake/surveys")
    cookie = answer.headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie


@pytest.mark.parametrize("next_", ["//evil.example", "https://evil.example", "/\\evil.example", ""])
def test_signing_in_leads_nowhere_else(flask_app, kim, next_):
    answer = flask_app.test_client().post("/sign-in", data={**kim, "next": next_})
    assert answer.location == "/"


@pytest.mark.parametrize(
    "wrong", [{"password": "another"}, {"name": "nobody"}, {"token": "e30.e.e"}]
)
def test_signing_in_wrongly_sets_no_cookie(flask_app, kim, wrong):
    answer = flask_app.test_client().post("/sign-in", data={**kim, **wrong})
    assert answer.status_code == 401
    assert "Set-Cookie" not in answer.headers
