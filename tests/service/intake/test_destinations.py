"""Who answers by name where their way has led them is an outcome while the answer stands."""

import json

import pytest

CHOICES = ["military", "self_employed", "unknown"]
DEFINITION = {
    "title": "First destinations (synthetic)",
    "synthetic": True,
    "groups": ["graduate"],
    "participation": "identified",
    "access": "invited",
    "outcome_period": "2026",
    "items": [
        {
            "id": "now",
            "type": "single_choice",
            "role": "first_destination",
            "text": "What do you do now?",
            "choices": [{"value": value, "text": value} for value in CHOICES],
        }
    ],
}


@pytest.fixture
def survey(planner) -> str:
    name = planner("POST", "/surveys", json=DEFINITION).json["id"]
    planner("POST", f"/surveys/{name}/publish")
    return name


def outcomes(database) -> list[tuple[int, str | None]]:
    """What each event says, by revision."""
    (response,) = database.responses.find()
    said = [json.loads(event["body"])["data"] for event in response["outbox"]]
    named = ("metric", "period", "synthetic")
    assert {tuple(each["outcome"][name] for name in named) for each in said} == {
        ("nace.first_destination", "2026", True)
    }
    return [(each["revision"], each["outcome"]["category"]) for each in said]


def test_an_answer_is_an_outcome_until_it_is_withdrawn(survey, planner, respondent, database):
    rows = {"invitations": [{"email": "ana@example.edu", "name": "Ana"}]}
    planner("POST", f"/surveys/{survey}/invitations", json=rows)
    (made,) = planner("POST", f"/surveys/{survey}/invitations/links").json["links"]
    secret = made["link"].partition("#")[2]

    def said(value):
        return {"group": "graduate", "answers": {"now": value}}

    path = f"/surveys/{survey}/responses"
    sent = respondent("POST", path, json={**said("military"), "invitation": secret}).json
    (invitation,) = database.invitations.find()
    assert database.responses.find_one()["carried"]["invitee"] == invitation["_id"]
    own = {"path": f"/responses/{sent['id']}", "headers": {"Receipt": sent["receipt"]}}
    respondent("PUT", json=said("self_employed"), **own)
    respondent("DELETE", **own)
    assert outcomes(database) == [(1, "military"), (2, "self_employed"), (3, None)]


def test_an_erased_answer_is_no_outcome(survey, planner, administrator, respondent, database):
    rows = {"invitations": [{"email": "ana@example.edu"}]}
    planner("POST", f"/surveys/{survey}/invitations", json=rows)
    (made,) = planner("POST", f"/surveys/{survey}/invitations/links").json["links"]
    headers = {"Invitation": made["link"].partition("#")[2]}
    body = {"group": "graduate", "answers": {"now": "military"}}
    sent = respondent("POST", f"/surveys/{survey}/responses", json=body, headers=headers).json
    path = f"/surveys/{survey}/responses/{sent['id']}/erasure"
    administrator("POST", path, json={"reason": "asked"})
    assert outcomes(database) == [(2**31 - 1, None)]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"participation": "anonymous"}, "items.0.role"),
        ({"outcome_period": "this year"}, "outcome_period"),
        ({"items": [{**DEFINITION["items"][0], "other": True}]}, "items.0.choices"),
        ({"items": [{"id": "now", "type": "text", "role": "first_destination", "text": "?"}]},
         "items.0.type"),
    ],
)  # fmt: skip
def test_a_survey_that_could_tell_no_outcome_is_refused(planner, change, field):
    refused = planner("POST", "/surveys", json={**DEFINITION, **change})
    assert refused.status_code == 422
    assert field in {error["field"] for error in refused.json["errors"]}
