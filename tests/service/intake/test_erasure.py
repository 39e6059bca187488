"""Who asks to be forgotten is: nothing is kept, nothing waits to be told, nothing comes back."""

from dataclasses import dataclass
from typing import ClassVar

import orjson
import pytest

from services.intake.store import open_store
from services.intake.store.responses import NoSuchResponse
from services.intake.usecases.close_survey import seal_survey
from shared.event import Event

ANSWER = {
    "id": "r1",
    "group": "student",
    "answers": {"advising": {"importance": 4, "satisfaction": 2}, "overall": 3, "why": "secret"},
}


@pytest.fixture
def erase(administrator, survey):
    def ask(name: str = "r1", **options):
        path = f"/surveys/{survey}/responses/{name}/erasure"
        return administrator("POST", path, json={"reason": "asked by the person"}, **options)

    return ask


def submit(respondent, survey):
    return respondent("POST", f"/surveys/{survey}/responses", json=ANSWER)


def test_nothing_of_an_erased_response_is_kept_or_told(respondent, survey, erase, database):
    submit(respondent, survey)
    assert erase().status_code == 204
    (document,) = database["responses"].find()
    assert b"secret" not in repr(document).encode()
    (event,) = [orjson.loads(each["body"]) for each in document["outbox"]]
    assert event["type"] == "intake.response_erased.v1"


def test_an_erased_response_cannot_come_back_under_its_id(respondent, survey, erase):
    receipt = submit(respondent, survey).json["receipt"]
    erase()
    again = submit(respondent, survey)
    assert again.status_code == 410
    assert again.json["type"].endswith("response-erased")
    for method in ("GET", "PUT", "DELETE"):
        body = {"json": {k: v for k, v in ANSWER.items() if k != "id"}} if method == "PUT" else {}
        own = respondent(method, "/responses/r1", headers={"Receipt": receipt}, **body)
        assert own.status_code == 404


def test_erasing_again_says_nothing_new(respondent, survey, erase, database):
    submit(respondent, survey)
    erase()
    before = database["responses"].find_one()
    assert erase().status_code == 204
    assert database["responses"].find_one() == before


def test_what_is_not_there_cannot_be_erased_and_not_by_anybody(planner, survey, erase):
    assert erase("never-sent").status_code == 404
    path = f"/surveys/{survey}/responses/r1/erasure"
    assert planner("POST", path, json={"reason": "because"}).status_code == 403


def test_a_closed_survey_is_sealed_again_without_what_was_erased(
    planner, respondent, survey, erase, database
):
    submit(respondent, survey)
    planner("POST", f"/surveys/{survey}/close")
    store = open_store(database, "a secret that is long enough")
    (closing,) = store.surveys.with_status("closing")
    seal_survey(store, closing)
    erase()
    (closing,) = store.surveys.with_status("closing")
    seal_survey(store, closing)
    (closed,) = store.surveys.with_status("closed")
    assert (closed.seals, closed.seal["count"]) == (2, 0)


@pytest.mark.parametrize("gone", ["erased", "withdrawn"])
def test_a_revision_that_loses_the_race_does_not_bring_the_response_back(
    respondent, survey, erase, database, gone
):
    receipt = submit(respondent, survey).json["receipt"]
    store = open_store(database, "a secret that is long enough")

    def overtaken(response):
        if gone == "erased":
            erase()
        else:
            respondent("DELETE", "/responses/r1", headers={"Receipt": receipt})
        response.revision, response.content = response.revision + 1, {"group": "student"}
        return Revised("careers", survey)

    with pytest.raises(NoSuchResponse):
        store.responses.update(survey, "r1", overtaken)
    assert database["responses"].find_one()["content"] is None


@dataclass(frozen=True)
class Revised(Event):
    type: ClassVar[str] = "intake.response_revised.v1"
