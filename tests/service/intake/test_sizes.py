"""What is too long for an event is refused where it is written, with what to do about it."""

import copy
import json
from pathlib import Path

import orjson
import pytest

from services.intake.domain import answers, definition
from shared import event
from tests.service.intake.conftest import DEFINITION

SHIPPED = Path(__file__).parents[3] / "services/intake/starters/career_services_needs.json"


def definition_of(size: int) -> dict:
    """One that is stored as so many bytes of JSON."""
    asked = {**copy.deepcopy(DEFINITION), "title": {"en": "Long"}, "languages": ["en"]}
    asked |= {"minimum_group_size": 10, "participation": "anonymous", "access": "open"}
    asked["sections"] = []
    items = [
        {"id": f"i{n}", "type": "text", "text": {"en": "x" * 4000}} for n in range(size // 4200)
    ]
    asked["items"] = [{"id": "last", "type": "text", "text": {"en": "x"}}, *items]
    missing = size - len(orjson.dumps(asked))
    asked["items"][0]["text"]["en"] += "x" * missing
    return asked


def longest_answers(fill: str, excess: int = 0) -> dict:
    """Answers to WORDY which are, with their group, as long as may be."""
    given = {"group": "student", "profile": {}, "answers": {f"t{n}": fill * 9000 for n in range(3)}}
    given["answers"]["t3"] = fill * (answers.MOST_BYTES + excess - len(orjson.dumps(given)) - 8)
    assert len(orjson.dumps(given)) == answers.MOST_BYTES + excess
    return given


WORDY = {
    "title": "Words",
    "groups": ["student"],
    "items": [
        {"id": f"t{n}", "type": "text", "text": "Why?", "max_length": 10_000} for n in range(4)
    ],
}


@pytest.fixture
def wordy(planner) -> str:
    name = planner("POST", "/surveys", json=WORDY).json["id"]
    planner("POST", f"/surveys/{name}/publish")
    return name


def largest_event(collection) -> int:
    return max(len(each["body"]) for d in collection.find() for each in d.get("outbox", []))


def test_the_longest_definition_that_is_taken_can_be_published(planner, database):
    created = planner("POST", "/surveys", json=definition_of(definition.MOST_BYTES))
    assert created.status_code == 201
    assert planner("POST", f"/surveys/{created.json['id']}/publish").status_code == 200
    assert definition.MOST_BYTES < largest_event(database.surveys) <= event.MOST_BYTES


def test_a_longer_definition_is_refused_as_a_draft_with_what_to_do(planner, draft, database):
    longer = definition_of(definition.MOST_BYTES + 1)
    for method, path in (("POST", "/surveys"), ("PUT", f"/surveys/{draft}")):
        refused = planner(method, path, json=longer)
        assert refused.status_code == 422
        assert "shorten its texts, or make it two surveys" in refused.json["detail"]
        (error,) = refused.json["errors"]
        assert "60,001 bytes as JSON; at most 60,000" in error["message"]
    assert database.surveys.count_documents({}) == 1


def test_a_hundred_items_in_three_languages_are_no_long_definition(planner):
    shipped = json.loads(SHIPPED.read_text("utf-8"))
    asked = in_a_third_language(shipped) | {"languages": ["en", "es", "fr"]}
    items = [{**asked["items"][n % 15], "id": f"item_{n}"} for n in range(100)]
    asked["items"] = [
        {k: v for k, v in each.items() if k not in {"role", "visible_if"}} for each in items
    ]
    created = planner("POST", "/surveys", json=asked)
    assert created.status_code == 201
    assert planner("POST", f"/surveys/{created.json['id']}/publish").status_code == 200


def in_a_third_language(part):
    if isinstance(part, list):
        return [in_a_third_language(each) for each in part]
    if not isinstance(part, dict):
        return part
    if part.keys() == {"en", "es"}:
        return {**part, "fr": part["es"]}
    return {name: in_a_third_language(value) for name, value in part.items()}


def test_the_longest_answers_that_are_taken_can_be_revised_and_withdrawn(
    wordy, respondent, database
):
    name = "n" * 128
    before, after = longest_answers("x"), longest_answers("y")
    sent = respondent("POST", f"/surveys/{wordy}/responses", json={"id": name, **before})
    assert sent.status_code == 201
    own = {"path": f"/responses/{name}", "headers": {"Receipt": sent.json["receipt"]}}
    assert respondent("PUT", json=after, **own).status_code == 200
    assert largest_event(database.responses) > 2 * answers.MOST_BYTES
    assert respondent("DELETE", **own).status_code == 204


def test_longer_answers_are_refused_at_the_longest_of_them(wordy, respondent, database):
    longer = longest_answers("x", excess=1)
    refused = respondent("POST", f"/surveys/{wordy}/responses", json={"id": "r", **longer})
    assert refused.status_code == 422
    (error,) = refused.json["errors"]
    assert error["field"] == "answers.t0"
    assert "30,001 bytes altogether, at most 30,000 are taken: shorten this" in error["message"]
    assert database.responses.count_documents({}) == 0


def test_the_form_asks_to_shorten_the_longest_answer(wordy, flask_app):
    typed = {f"a.{name}": text for name, text in longest_answers("x", 1)["answers"].items()}
    shown = flask_app.test_client().post(f"/s/{wordy}/answers", data={"group": "student", **typed})
    assert shown.status_code == 422
    assert "shorten this one" in shown.text


def test_ten_megabytes_are_refused_before_they_are_read(planner, respondent, survey, database):
    enormous = {"id": "r", "group": "student", "answers": {"why": "x" * 10_000_000}}
    for call, path in ((planner, "/surveys"), (respondent, f"/surveys/{survey}/responses")):
        refused = call("POST", path, json=enormous)
        assert refused.status_code == 413
        assert refused.content_type == "application/problem+json"
        assert "at most 1,000,000 bytes" in refused.json["detail"]
    assert database.responses.count_documents({}) == 0
