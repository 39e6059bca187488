"""Answers that come as a table: by the rules of any answer, each once, however often it comes."""

import io
import json
import threading

import pytest

from services.intake import app as wiring
from services.intake.usecases.import_answers import ImportAnswers, import_answers
from shared import web
from shared.event import decode as event_of
from shared.jobs import UNDER_WAY
from tests.service.callers import caller, make_app

HEADER = "group,year,advising.importance,advising.satisfaction,overall,why"
ROWS = ["student,first,5,2,3,Slow", "staff,last,4,4,7,", "student,First,5,unaware,,"]


def table(*rows, header=HEADER):
    return "\n".join([header, *rows]).encode()


@pytest.fixture(scope="module")
def flask_app(mongo_client, tmp_path_factory):
    """One for all tests here: each has a survey of its own, and the only imports."""
    with pytest.MonkeyPatch.context() as patch:
        database = mongo_client["test_imports"]
        yield make_app(wiring.create_app, database, tmp_path_factory.mktemp("imports"), patch)
    mongo_client.drop_database("test_imports")


@pytest.fixture
def store(flask_app):
    with flask_app.app_context():
        store = web.store()
    for left in ("imports", "brought"):
        store.surveys.documents.collection.database[left].delete_many({})
    return store


@pytest.fixture
def send(planner, survey, store):
    """Sends a table to the survey; answers what came back."""

    def send(data, key=None, **options):
        headers = {} if key is None else {"Idempotency-Key": key}
        options = {"content_type": "text/csv", **options}
        path = f"/surveys/{survey}/responses/import"
        return planner("POST", path, data=data, headers=headers, **options)

    return send


@pytest.fixture
def take_in(store):
    """Does all that waits, as the worker would."""

    def take_in():
        while (job := store.imports.take()) is not None:
            for _ in import_answers(store, job):
                pass

    return take_in


@pytest.fixture
def imported(planner, send, take_in):
    """What a table comes to in the end."""

    def imported(data, **options):
        sent = send(data, **options)
        assert sent.status_code == 202, sent.text
        take_in()
        return planner("GET", sent.headers["Location"].removeprefix("/v1")).json

    return imported


def contents(store, survey):
    return [response.content for response in store.responses.all_of(survey)]


def test_rows_become_responses_that_are_said_once_each(imported, store, survey, planner):
    done = imported(table(*ROWS))
    assert (done["state"], done["rows"], done["taken"], done["new"]) == ("done", 3, 3, 3)
    assert {
        "group": "student",
        "profile": {"year": "first"},
        "answers": {"advising": {"importance": 5, "use": "unaware"}},
    } in contents(store, survey)
    documents = list(store.responses.documents.collection.find({"survey": survey}))
    said = [event_of(event["body"]) for each in documents for event in each["outbox"]]
    assert {message.subject for message in said} == {each["_id"] for each in documents}
    assert {message.type for message in said} == {"intake.response_submitted.v1"}
    assert store.responses.documents.waits.count_documents({}) == 1


def test_same_rows_again_double_nothing_and_more_rows_are_added(imported, store, survey):
    imported(table(*ROWS[:2]))
    again = imported(table(*ROWS))
    assert (again["taken"], again["new"]) == (3, 1)
    assert len(contents(store, survey)) == 3


def test_what_was_taken_away_doubles_nothing_where_it_came_from_and_is_whole_elsewhere(
    planner, imported, store, survey, take_in
):
    imported(table(*ROWS))
    taken_away = planner("GET", f"/surveys/{survey}/answers.csv").data
    again = imported(taken_away)
    assert (again["taken"], again["new"], again["refused"]) == (3, 0, [])
    copy = planner("POST", f"/surveys/{survey}/duplicate").json["id"]
    planner("POST", f"/surveys/{copy}/publish")
    path = f"/surveys/{copy}/responses/import"
    planner("POST", path, data=taken_away, content_type="text/csv")
    take_in()
    assert sorted(map(str, contents(store, copy))) == sorted(map(str, contents(store, survey)))


def test_two_people_who_say_the_same_are_two(imported, store, survey):
    assert imported(table(ROWS[0], ROWS[0]))["new"] == 2
    assert imported(table(ROWS[0], ROWS[0]))["new"] == 0


def test_each_refused_row_is_named_as_a_spreadsheet_numbers_it(imported):
    done = imported(
        table(
            'student,first,5,2,3,"Two\nlines"',
            "stranger,first,5,2,,",
            "student,first,9,2,,",
            "",
            "student,first,5,2,7,Only below four",
            "student,first,5",
        )
    )
    said = [(each["row"], each["field"], each["message"]) for each in done["refused"]]
    assert said == [
        (3, "group", "'stranger' has no label in the mapping"),
        (4, "advising.importance", "9 is outside 1 to 5"),
        (6, "answers.why", "This item is hidden by the other answers."),
        (7, "(all)", "the line has 3 cells, the header 6"),
    ]
    assert (done["rows"], done["of"], done["taken"], done["refusals"]) == (5, 5, 1, 4)


def test_lenient_import_takes_of_a_row_what_fits(planner, send, take_in, store, survey):
    sent = send(
        table("student,tenth,,,7,Hidden above three", "stranger,first,5,2,,", "staff,,9,9,,"),
        query_string={"lenient": "true"},
    )
    take_in()
    done = planner("GET", f"/imports/{sent.json['id']}").json
    assert [content["answers"] for content in contents(store, survey)] == [{"overall": 7}]
    assert [each["row"] for each in done["refused"]] == [3, 4]
    assert {(each["field"], each["rows"]) for each in done["left_out"]} == {
        ("year", 1),
        ("answers.why", 1),
    }


def test_row_that_answers_nothing_is_refused(imported):
    done = imported(table("student,,,,,", header=HEADER))
    assert done["refused"] == [{"row": 2, "field": "(all)", "message": "Nothing is answered here."}]


def test_request_that_is_repeated_finds_its_import(send, store):
    first, again = send(table(*ROWS), key="k"), send(table(*ROWS), key="k")
    assert first.json["id"] == again.json["id"]
    assert send(table(*ROWS[:1]), key="k").status_code == 422
    assert len(list(store.brought._collection.find())) == 1


def test_import_that_is_cancelled_stops_and_keeps_nothing_of_the_file(
    planner, send, store, survey, monkeypatch
):
    monkeypatch.setattr("services.intake.usecases.import_answers._AT_ONCE", 1)
    name = send(table(*ROWS)).json["id"]
    original = store.imports.advance

    def cancel_after_one(job):
        planner("DELETE", f"/imports/{name}")
        original(job)

    monkeypatch.setattr(store.imports, "advance", cancel_after_one)
    assert ImportAnswers(store)._import_next(threading.Event())
    job = store.imports.get("careers", name)
    assert job.state == "cancelled"
    assert len(contents(store, survey)) == 1
    assert list(store.brought._collection.find()) == []
    assert store.imports.take() is None


def test_worker_that_is_told_to_stop_leaves_the_rest_to_the_next(
    send, store, survey, monkeypatch, take_in
):
    monkeypatch.setattr("services.intake.usecases.import_answers._AT_ONCE", 1)
    name = send(table(*ROWS)).json["id"]
    stop = threading.Event()
    stop.set()
    assert ImportAnswers(store)._import_next(stop)
    assert store.imports.get("careers", name).rows == 1
    take_in()
    assert store.imports.get("careers", name).new == 3
    assert len(contents(store, survey)) == 3


def test_worker_that_dies_after_storing_leaves_no_answer_doubled(
    send, store, survey, monkeypatch, take_in
):
    name = send(table(*ROWS)).json["id"]
    job = store.imports.take()
    monkeypatch.setattr(store.imports, "advance", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        list(import_answers(store, job))
    monkeypatch.undo()
    assert store.imports.take() is None  # it may be alive
    store.imports.jobs.release(job.lease)
    take_in()
    assert store.imports.get("careers", name).taken == 3
    assert len(contents(store, survey)) == 3


def test_import_into_a_survey_that_closed_meanwhile_says_so(planner, send, store, survey):
    name = send(table(*ROWS)).json["id"]
    planner("POST", f"/surveys/{survey}/close")
    ImportAnswers(store)._import_next(threading.Event())
    job = planner("GET", f"/imports/{name}").json
    assert (job["state"], job["taken"]) == ("failed", 0)
    assert "closed" in job["problem"]


def test_quota_is_kept(planner, store, take_in):
    definition = {
        "title": "Few",
        "groups": ["student"],
        "quotas": {"student": 2},
        "items": [{"id": "why", "type": "text", "text": "Why?"}],
    }
    few = planner("POST", "/surveys", json=definition).json["id"]
    planner("POST", f"/surveys/{few}/publish")
    path = f"/surveys/{few}/responses/import"
    name = planner("POST", path, data=b"why;x\na;\nb;\nc;", content_type="text/csv").json["id"]
    take_in()
    job = planner("GET", f"/imports/{name}").json
    assert job["taken"] == 2
    assert "As many of this group" in job["refused"][0]["message"]


def test_mapping_says_what_columns_mean(imported, store, survey):
    mapping = {
        "title": "ignored",
        "group": {"column": "who", "labels": {"S": "student"}},
        "items": [
            {"id": "advising", "text": "-", "type": "need", "importance": "i", "satisfaction": "s",
             "scale": {"min": 1, "max": 5}, "use": {"9": "unused"}}
        ],
    }  # fmt: skip
    data = {
        "file": (io.BytesIO(table("S,4,9", header="who,i,s")), "answers.csv"),
        "mapping": json.dumps(mapping),
    }
    assert imported(data, content_type="multipart/form-data")["new"] == 1
    [content] = contents(store, survey)
    assert content["answers"] == {"advising": {"importance": 4, "use": "unused"}}


UNREADABLE = {
    "Send a file": b"",
    "Save it as 'CSV UTF-8'": b"group,advising\xff\x81",
    "This is no table": b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR",
    "same name: group": b"group,group\n",
    "No column has the id": b"one,two\n1,2",
    "No column says the group": b"year,why\nfirst,x",
    "at most 1,000 are read": b",".join(b"c%d" % n for n in range(2000)),
    "damaged or protected": b"PK\3\4 no workbook",
    "not CSV from here on": table('student,5,2,3,"never ends'),
}


def test_what_cannot_be_read_is_refused_and_nothing_is_kept(send, store):
    for said, data in UNREADABLE.items():
        answer = send(data)
        assert answer.status_code == 422
        assert said in answer.json["errors"][0]["message"]
    assert list(store.brought._collection.find()) == []
    assert list(store.imports.jobs.collection.find()) == []


def test_file_that_is_too_large_is_refused(send):
    answer = send(b"x" * 51_000_001)
    assert answer.status_code == 413
    assert "51,000,000 bytes" in answer.json["detail"]


def test_import_is_its_own_units_planners_affair(
    planner, administrator, respondent, flask_app, send
):
    name = send(table(*ROWS)).json["id"]
    elsewhere = caller(flask_app, "planner", unit="another")
    assert elsewhere("GET", f"/imports/{name}").status_code == 404
    assert elsewhere("DELETE", f"/imports/{name}").status_code == 404
    assert administrator("GET", f"/imports/{name}").status_code == 403
    assert respondent("GET", f"/imports/{name}").status_code == 401
    assert planner("GET", f"/imports/{name}").json["state"] in UNDER_WAY
