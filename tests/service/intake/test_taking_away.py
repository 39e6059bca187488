"""Taking answers away: exports over HTTP and by the worker, retention."""

import csv
import io
import json
from datetime import timedelta

import pytest

from services.intake.store import open_store
from services.intake.usecases.close_survey import seal_survey
from services.intake.usecases.erase_expired import erase_expired
from services.intake.usecases.export_answers import write_export
from shared import times
from shared.jobs import TakenAway
from tests.service.callers import caller
from tests.service.intake.conftest import ANSWERS, DEFINITION


@pytest.fixture
def store(database):
    return open_store(database, "a secret that is long enough")


def test_a_csv_has_what_stands_and_no_trial_and_of_an_anonymous_answer_only_the_day(
    planner, answered
):
    sent = planner("GET", f"/surveys/{answered}/answers.csv")
    assert sent.mimetype == "text/csv"
    rows = list(csv.DictReader(io.StringIO(sent.get_data().decode("utf-8-sig"))))
    assert sorted(row["response"] for row in rows) == ["a", "b"]
    assert rows[0]["year"] == "last"
    assert rows[0]["advising.importance"] == "5"
    assert rows[0]["at"] == f"{times.now():%Y-%m-%d}"


@pytest.mark.parametrize("kind", ["xlsx", "parquet", "sav"])
def test_a_file_is_made_beside_everything_else_and_fetched(planner, answered, store, kind):
    asked = planner("POST", f"/surveys/{answered}/exports", json={"format": kind})
    assert asked.status_code == 202
    name = asked.json["id"]
    assert planner("GET", f"/exports/{name}/file").status_code == 409
    write_export(store, store.exports.jobs.take())
    done = planner("GET", f"/exports/{name}").json
    assert (done["state"], done["rows"]) == ("done", 2)
    file = planner("GET", f"/exports/{name}/file")
    magic = {"xlsx": b"PK", "parquet": b"PAR1", "sav": b"$FL2"}
    assert file.get_data().startswith(magic[kind])


def test_the_same_request_again_finds_the_export_there_is(planner, answered):
    key = {"Idempotency-Key": "once"}
    path, body = f"/surveys/{answered}/exports", {"format": "sav"}
    first, again = (planner("POST", path, json=body, headers=key).json["id"] for _ in range(2))
    assert first == again


def test_the_same_key_for_another_format_is_refused(planner, answered):
    key = {"Idempotency-Key": "once"}
    first, other = (
        planner("POST", f"/surveys/{answered}/exports", json={"format": kind}, headers=key)
        for kind in ("sav", "xlsx")
    )
    assert (first.status_code, other.status_code) == (202, 422)


def test_the_order_of_an_anonymous_surveys_rows_is_not_that_in_which_they_came(
    respondent, planner, survey
):
    for name in ("z", "m", "a"):
        body = {"id": name, "group": "student", "answers": ANSWERS}
        respondent("POST", f"/surveys/{survey}/responses", json=body)
    sent = planner("GET", f"/surveys/{survey}/answers.jsonl").get_data().splitlines()
    assert [json.loads(line)["response"] for line in sent] == ["a", "m", "z"]


def test_what_was_made_before_an_erasure_is_given_out_no_more_and_what_is_under_way_begins_anew(
    planner, administrator, answered, store
):
    path = f"/surveys/{answered}/exports"
    for _ in range(2):
        planner("POST", path, json={"format": "sav"})
    made = store.exports.jobs.take()
    write_export(store, made)
    under_way = store.exports.jobs.take()
    erasure = f"/surveys/{answered}/responses/a/erasure"
    administrator("POST", erasure, json={"reason": "asked for it"})
    assert "again" in planner("GET", f"/exports/{made['_id']}").json["problem"]
    assert planner("GET", f"/exports/{made['_id']}/file").status_code == 409
    assert list(store.exports.jobs.collection.database["export_files.chunks"].find()) == []
    with pytest.raises(TakenAway):
        write_export(store, under_way)
    write_export(store, store.exports.jobs.take())
    assert planner("GET", f"/exports/{under_way['_id']}").json["rows"] == 1


def test_a_cancelled_export_is_not_made_and_another_goes_on_where_a_worker_died(
    planner, answered, store
):
    name = planner("POST", f"/surveys/{answered}/exports", json={"format": "sav"}).json["id"]
    job = store.exports.jobs.take()
    assert store.exports.jobs.take() is None
    store.exports.jobs.release(job)
    again = store.exports.jobs.take()
    with pytest.raises(TakenAway):
        write_export(store, job)
    planner("DELETE", f"/exports/{name}")
    with pytest.raises(TakenAway):
        write_export(store, again)


def test_another_unit_finds_no_export(flask_app, planner, answered):
    name = planner("POST", f"/surveys/{answered}/exports", json={"format": "sav"}).json["id"]
    stranger = caller(flask_app, "planner", unit="elsewhere")
    assert stranger("GET", f"/exports/{name}").status_code == 404
    assert stranger("GET", f"/surveys/{answered}/answers.csv").status_code == 404


def test_files_are_gone_after_a_day(planner, answered, store, monkeypatch):
    name = planner("POST", f"/surveys/{answered}/exports", json={"format": "sav"}).json["id"]
    write_export(store, store.exports.jobs.take())
    tomorrow = times.now() + timedelta(days=1, seconds=1)
    monkeypatch.setattr("shared.times.now", lambda: tomorrow)
    store.exports.erase_old()
    assert planner("GET", f"/exports/{name}").status_code in {401, 404}


def test_answers_are_erased_when_their_time_is_over_and_not_before(
    planner, respondent, store, monkeypatch
):
    survey = planner("POST", "/surveys", json={**DEFINITION, "retention_days": 30}).json["id"]
    planner("POST", f"/surveys/{survey}/publish")
    for name in ("a", "b"):
        body = {"id": name, "group": "student", "answers": ANSWERS}
        respondent("POST", f"/surveys/{survey}/responses", json=body)
    planner("POST", f"/surveys/{survey}/close")
    for closing in store.surveys.with_status("closing"):
        seal_survey(store, closing)
    assert erase_expired(store) == 0
    assert store.responses.tally(survey)[0] == 2
    later = times.now() + timedelta(days=30, seconds=1)
    monkeypatch.setattr("shared.times.now", lambda: later)
    monkeypatch.setattr("services.intake.usecases.erase_expired._AT_ONCE", 1)
    assert [erase_expired(store), erase_expired(store)] == [1, 1]
    assert store.responses.remains(survey, "a").erased["reason"] == "retention"
    assert store.surveys.with_status("closing") == []  # not before all are gone
    assert erase_expired(store) == 0
    for closing in store.surveys.with_status("closing"):
        seal_survey(store, closing)
    (closed,) = store.surveys.with_status("closed")
    assert (closed.seals, closed.seal["count"]) == (2, 0)
    assert erase_expired(store) == 0
    assert store.surveys.with_status("closing") == []
