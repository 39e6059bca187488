"""Intake with its store on the embedded database."""

import pytest

from services.intake import app as wiring
from tests.service.callers import Caller, caller, make_app


@pytest.fixture
def flask_app(database, tmp_path, monkeypatch):
    return make_app(wiring.create_app, database, tmp_path, monkeypatch)


@pytest.fixture
def planner(flask_app) -> Caller:
    return caller(flask_app, "planner")


@pytest.fixture
def administrator(flask_app) -> Caller:
    return caller(flask_app, "administrator")


@pytest.fixture
def respondent(flask_app) -> Caller:
    return Caller(flask_app.test_client())


DEFINITION = {
    "title": "Career services needs",
    "groups": ["student", "staff"],
    "items": [
        {
            "id": "year",
            "type": "single_choice",
            "role": "profile",
            "text": "Class year",
            "choices": [{"value": "first", "text": "First"}, {"value": "last", "text": "Last"}],
        },
        {
            "id": "advising",
            "type": "need",
            "text": "Advising",
            "scale": {"min": 1, "max": 5},
            "required": True,
        },
        {
            "id": "overall",
            "type": "rating",
            "role": "overall_satisfaction",
            "text": "Overall",
            "scale": {"min": 1, "max": 7},
        },
        {
            "id": "why",
            "type": "text",
            "text": "Why?",
            "max_length": 20,
            "visible_if": {"<": [{"var": "overall"}, 4]},
        },
    ],
}


@pytest.fixture
def draft(planner) -> str:
    return planner("POST", "/surveys", json=DEFINITION).json["id"]


@pytest.fixture
def survey(planner, draft) -> str:
    planner("POST", f"/surveys/{draft}/publish")
    return draft


ANSWERS = {"advising": {"importance": 5, "satisfaction": 2}}


@pytest.fixture
def answered(respondent, planner, survey) -> str:
    """Anonymous and open: a and b stand, c was withdrawn, t is a test answer."""
    for name in ("a", "b", "c"):
        body = {"id": name, "group": "student", "profile": {"year": "last"}, "answers": ANSWERS}
        receipt = respondent("POST", f"/surveys/{survey}/responses", json=body).json["receipt"]
    respondent("DELETE", "/responses/c", headers={"Receipt": receipt})
    planner("POST", f"/surveys/{survey}/trials", json={**body, "id": "t"})
    return survey
