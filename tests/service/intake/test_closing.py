"""The seal of a closed survey counts every answer that stands, however late it was written."""

import pytest

from services.intake.store import open_store
from services.intake.usecases import change_response
from services.intake.usecases.close_survey import close_survey, seal_survey
from services.intake.usecases.count_responses import count_responses
from services.intake.usecases.erase_response import erase_response
from shared import set_hash, times

ANSWERS = {"advising": {"importance": 5, "satisfaction": 2}}
REVISED = {"advising": {"importance": 1, "satisfaction": 1}}


@pytest.fixture
def store(database):
    return open_store(database, "a secret that is long enough")


@pytest.fixture
def receipt(respondent, survey) -> str:
    body = {"id": "r1", "group": "student", "answers": ANSWERS}
    return respondent("POST", f"/surveys/{survey}/responses", json=body).json["receipt"]


def seal(store) -> None:
    for closing in store.surveys.with_status("closing"):
        seal_survey(store, closing)


def assert_sealed_with_what_stands(store, survey: str) -> None:
    standing = [f"{r.id}:{r.revision}" for r in store.responses.all_of(survey) if r.content]
    sealed = store.surveys.get("careers", survey)
    assert sealed.status == "closed"
    assert sealed.seal == {
        "count": len(standing),
        "set_hash": set_hash.combine(set_hash.EMPTY, came=standing, went=[]),
    }


def revise(store, receipt: str) -> None:
    change_response.revise_response(
        store, name="r1", receipt=receipt, group="student", profile={}, answers=REVISED
    )


def withdraw(store, receipt: str) -> None:
    change_response.withdraw_response(store, name="r1", receipt=receipt)


@pytest.mark.parametrize("change", [revise, withdraw])
def test_a_change_that_was_let_in_and_came_after_the_seal_is_sealed_anew(
    store, survey, receipt, change, monkeypatch
):
    write = store.responses.update

    def stalled(*arguments):
        close_survey(store, unit="careers", name=survey)
        seal(store)
        write(*arguments)

    monkeypatch.setattr(store.responses, "update", stalled)
    monkeypatch.setattr(change_response, "PATIENCE_SECONDS", 0.05)
    change(store, receipt)
    seal(store)
    assert_sealed_with_what_stands(store, survey)
    assert store.surveys.get("careers", survey).seals == 2


def test_an_answer_that_comes_while_the_seal_is_being_made_is_counted(
    store, survey, receipt, database, monkeypatch
):
    close_survey(store, unit="careers", name=survey)
    count = store.responses.tally

    def overtaken(name):
        counted = count(name)
        late = database["responses"].find_one()
        database["responses"].insert_one({**late, "_id": f"{survey}.late"})
        store.surveys.reopen_seal([survey])
        return counted

    monkeypatch.setattr(store.responses, "tally", overtaken)
    seal(store)
    monkeypatch.setattr(store.responses, "tally", count)
    seal(store)
    assert_sealed_with_what_stands(store, survey)


def test_a_survey_is_sealed_once_when_nothing_comes_late(store, survey, receipt):
    close_survey(store, unit="careers", name=survey)
    seal(store)
    seal(store)
    assert_sealed_with_what_stands(store, survey)
    assert store.surveys.get("careers", survey).seals == 1


def said_counts(database) -> int:
    (document,) = database["surveys"].find()
    return [said["type"] for said in document["outbox"]].count("intake.responses_counted.v1")


def test_what_stands_of_a_sealed_survey_is_said_twice_more_and_then_never_read_again(
    store, survey, receipt, database, monkeypatch
):
    close_survey(store, unit="careers", name=survey)
    seal(store)
    count_responses(store)
    count_responses(store)
    assert said_counts(database) == 1, "not again before its time"
    database["surveys"].update_one({}, {"$set": {"recount.due": times.now()}})
    count_responses(store)
    assert said_counts(database) == 2
    database["surveys"].update_one({"recount": {"$exists": True}}, {"$set": {"recount.left": 1}})
    monkeypatch.setattr(store.responses, "tally", None)
    count_responses(store)
    assert said_counts(database) == 2


def test_a_process_that_dies_while_it_erases_leaves_a_seal_that_is_made_again(
    store, survey, receipt, monkeypatch
):
    close_survey(store, unit="careers", name=survey)
    seal(store)

    def died(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(store.vault, "forget", died)
    with pytest.raises(KeyboardInterrupt):
        erase_response(store, unit="careers", survey=survey, name="r1", reason="asked")
    seal(store)
    assert_sealed_with_what_stands(store, survey)
    assert store.surveys.get("careers", survey).seal["count"] == 0
