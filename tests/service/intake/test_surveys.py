"""Surveys over HTTP."""

from services.intake.store import open_store
from services.intake.usecases.close_survey import seal_survey
from tests.service.callers import caller
from tests.service.intake.conftest import DEFINITION


def test_a_plain_text_is_kept_in_the_survey_s_first_language(planner, draft):
    definition = planner("GET", f"/surveys/{draft}").json["definition"]
    assert definition["title"] == {"en": "Career services needs"}
    assert definition["items"][0]["choices"][0]["text"] == {"en": "First"}


def test_every_contradiction_of_a_definition_is_named_at_once(planner):
    items = [
        {"id": "a", "type": "rating", "text": "A", "scale": {"min": 5, "max": 1}},
        {"id": "a", "type": "single_choice", "text": "B"},
        {"id": "c", "type": "text", "text": "C", "visible_if": {"==": [{"var": "later"}, 1]}},
        {"id": "d", "type": "text", "text": "D", "visible_if": {"no such": [1]}},
    ]
    answer = planner("POST", "/surveys", json={**DEFINITION, "items": items})
    assert answer.status_code == 422
    assert {error["field"] for error in answer.json["errors"]} == {
        "items.0.scale",
        "items.1.choices",
        "items.1.id",
        "items.2.visible_if",
        "items.3.visible_if",
    }


def test_unknown_fields_of_a_definition_are_refused(planner):
    answer = planner("POST", "/surveys", json={**DEFINITION, "status": "open"})
    assert answer.status_code == 422
    assert answer.json["errors"] == [{"field": "status", "message": "Unknown field."}]


def test_a_draft_can_be_edited(planner, draft):
    changed = {**DEFINITION, "title": "Another title"}
    edited = planner("PUT", f"/surveys/{draft}", json=changed).json
    assert edited["revision"] == 2
    assert edited["definition"]["title"] == {"en": "Another title"}


def test_an_edit_of_a_state_that_has_changed_is_refused(planner, draft):
    seen = planner("GET", f"/surveys/{draft}").headers["ETag"]
    first = planner("PUT", f"/surveys/{draft}", json=DEFINITION, headers={"If-Match": seen})
    second = planner("PUT", f"/surveys/{draft}", json=DEFINITION, headers={"If-Match": seen})
    assert (first.status_code, second.status_code) == (200, 412)


def test_the_same_idempotency_key_makes_one_survey(planner):
    key = {"Idempotency-Key": "once"}
    first = planner("POST", "/surveys", json=DEFINITION, headers=key)
    again = planner("POST", "/surveys", json=DEFINITION, headers=key)
    other = planner("POST", "/surveys", json={**DEFINITION, "title": "Other"}, headers=key)
    assert first.json["id"] == again.json["id"]
    assert other.status_code == 422


def test_another_unit_s_survey_looks_like_a_missing_one(flask_app, survey):
    stranger = caller(flask_app, "planner", unit="elsewhere")
    hidden = stranger("GET", f"/surveys/{survey}")
    missing = stranger("GET", "/surveys/none")
    assert hidden.status_code == missing.status_code == 404
    assert hidden.json | {"instance": ""} == missing.json | {"instance": ""}


def test_only_planners_write_surveys(flask_app, respondent):
    assert caller(flask_app, "administrator")("POST", "/surveys", json={}).status_code == 422
    assert (
        caller(flask_app, "administrator")("POST", "/surveys", json=DEFINITION).status_code == 403
    )
    assert respondent("POST", "/surveys", json=DEFINITION).status_code == 401


def test_surveys_are_listed_in_pages_behind_a_cursor(planner):
    made = {planner("POST", "/surveys", json=DEFINITION).json["id"] for _ in range(3)}
    first = planner("GET", "/surveys?limit=2").json
    second = planner("GET", f"/surveys?limit=2&cursor={first['next']}").json
    assert {s["id"] for s in first["surveys"] + second["surveys"]} == made
    assert second["next"] is None
    assert planner("GET", "/surveys?cursor=made-up").status_code == 422


def test_a_closed_survey_is_sealed_with_the_count_and_hash_of_its_answers(
    planner, respondent, survey, database
):
    answers = {"advising": {"importance": 5, "satisfaction": 2}}
    for name in ("a", "b"):
        body = {"id": name, "group": "student", "answers": answers}
        respondent("POST", f"/surveys/{survey}/responses", json=body)
    assert planner("POST", f"/surveys/{survey}/close").json["status"] == "closing"
    store = open_store(database, "a secret that is long enough")
    for closing in store.surveys.with_status("closing"):
        seal_survey(store, closing)
    closed = planner("GET", f"/surveys/{survey}").json
    assert closed["status"] == "closed"
    assert closed["seal"]["count"] == 2


def test_nobody_can_answer_once_a_survey_was_closed(planner, respondent, survey):
    body = {"group": "student", "answers": {"advising": {"importance": 5, "satisfaction": 2}}}
    path = f"/surveys/{survey}/responses"
    assert respondent("POST", path, json={**body, "id": "early"}).status_code == 201
    planner("POST", f"/surveys/{survey}/close")
    assert respondent("POST", path, json={**body, "id": "late"}).status_code == 409
    assert respondent("POST", path, json={**body, "id": "early"}).status_code == 200
