"""Metrics over HTTP."""

import csv
import io

import orjson
import pytest

from services.metrics.domain.snapshot import content_hash
from services.metrics.schemas import SnapshotSchema
from services.metrics.usecases.take_snapshots import take_snapshots
from shared import times
from tests.service.metrics.messages import (
    DEFINITION,
    UNIT,
    answered,
    deliver,
    graduate,
    published,
    record,
    response,
    waiting,
)

RATES = [
    *(graduate(f"a{i}", college="Arts", major="Music") for i in range(9)),
    graduate("a9", "seeking_employment", college="Arts", major="=SUM(A1)"),
    graduate("s1", "unknown", college="Science, Law: other"),
    graduate("o1", year="2014"),
]


@pytest.fixture
def cut(store):
    record(store, *RATES)
    return take_snapshots(store, UNIT)


def snapshots(call, **query) -> list[dict]:
    answer = call("GET", "/snapshots", query_string=query)
    assert answer.status_code == 200, answer.json
    return answer.json["snapshots"]


def segments(call, **query) -> list[dict]:
    return [row["segment"] for row in snapshots(call, **query)]


# snapshots


def test_a_snapshot_says_all_that_it_promises(call, cut):
    (total,) = snapshots(call, metric="nace.knowledge_rate", period="2015", segment="")
    assert total["value"] == 10 / 11
    assert (total["numerator"], total["denominator"], total["n"]) == (10, 11, 11)
    assert total["segment"] == {}
    assert total["period"] == {"grain": "class_year", "start": "2014-07-01", "end": "2015-06-30"}
    assert total["valid_at"] == "2015-06-30T23:59:59.999Z"
    assert total["recorded_at"] == times.rfc3339(cut.recorded_at)
    assert total["definition_version"] == 1
    assert total["suppressed"] is False
    assert total["small"] is False
    assert total.keys() == SnapshotSchema().fields.keys()
    for name in ("id", "hash"):
        assert call("GET", f"/snapshots/{total[name]}").json == total


def test_figures_that_count_invented_outcomes_or_answers_say_so_in_json_and_csv(call, store, cut):
    record(store, {**graduate("i1", college="Invented"), "synthetic": True})
    deliver(store, published({**DEFINITION, "synthetic": True}), response("r1", answered(2)))
    take_snapshots(store, UNIT)
    found = snapshots(call, period="2015") + snapshots(call, metric="intake.responses")
    marked = {(row["metric"], *row["segment"].values()) for row in found if row["synthetic"]}
    invented = {(name, "Invented") for name in ("nace.knowledge_rate", "nace.career_outcomes_rate")}
    totals = {(name,) for name, _ in invented}
    assert marked == invented | totals | {
        ("intake.responses", "s1"),
        ("intake.responses", "s1", "student"),
    }
    table = call("GET", "/snapshots", headers={"Accept": "text/csv"}).text
    rows = list(csv.DictReader(io.StringIO(table)))
    assert {row["college"] for row in rows if row["synthetic"] == "True"} == {"Invented", ""}
    assert {row["synthetic"] for row in rows if row["college"] == "Arts"} == {"False"}


def test_an_outcome_is_corrected_from_invented_to_real(call, store):
    sent = {**graduate("i1"), "synthetic": True}
    record(store, sent)
    record(store, {**sent, "synthetic": False})
    take_snapshots(store, UNIT)
    assert [row["synthetic"] for row in snapshots(call, metric="nace.knowledge_rate")] == [False]
    assert [row["synthetic"] for row in call("GET", "/outcomes").json["outcomes"]] == [False]


def test_small_numbers_are_marked(call, cut):
    (music,) = snapshots(call, metric="nace.career_outcomes_rate", segment="major:Music", limit=1)
    assert (music["n"], music["small"]) == (9, True)


def test_snapshots_are_found_by_the_dimensions_that_are_given(call, cut):
    rate = "nace.knowledge_rate"
    assert segments(call, metric=rate, segment="major:Music") == [
        {"college": "Arts", "major": "Music"},
        {"major": "Music"},
    ]
    both = [{"college": "Arts", "major": "Music"}]
    assert segments(call, metric=rate, segment="college:Arts,major:Music") == both
    assert segments(call, metric=rate, segment=["college:Arts", "major:Music"]) == both
    comma = "college:Science, Law: other"
    assert segments(call, metric=rate, segment=comma) == [{"college": "Science, Law: other"}]
    assert segments(call, metric=rate, segment="college:Nowhere") == []


def test_snapshots_are_found_by_period_however_it_is_written(call, cut):
    for period in ("2014", "2013-07-01/2014-06-30"):
        found = snapshots(call, period=period)
        assert {row["period"]["end"] for row in found} == {"2014-06-30"}
        assert len(found) == 2


def test_pages_hold_every_snapshot_once_although_cuts_go_on(call, store, cut):
    rows, cursor = [], None
    while True:
        query = {"limit": 3} | ({"cursor": cursor} if cursor else {})
        answer = call("GET", "/snapshots", query_string=query).json
        rows += answer["snapshots"]
        cursor = answer["next"]
        record(store, graduate(f"late{len(rows)}", college="Arts"))
        take_snapshots(store, UNIT)
        if cursor is None:
            break
    assert len({row["id"] for row in rows}) == len(rows)
    assert {row["recorded_at"] for row in rows} == {times.rfc3339(cut.recorded_at)}


def test_history_pages_hold_every_snapshot_in_order(call, store, cut):
    for key in ("x", "y"):
        record(store, graduate(key, college="Arts"))
        take_snapshots(store, UNIT)
    query = {"metric": "nace.knowledge_rate", "period": "2015", "history": "true"}
    whole = snapshots(call, **query)
    totals = [row["n"] for row in whole if row["segment"] == {}]
    assert totals == [11, 12, 13]
    paged, cursor = [], None
    while cursor is not None or not paged:
        more = {"limit": 2} | ({"cursor": cursor} if cursor else {})
        answer = call("GET", "/snapshots", query_string=query | more).json
        paged += answer["snapshots"]
        cursor = answer["next"]
    assert paged == whole


def test_an_answer_as_of_the_past_never_changes(call, store, cut):
    query = {"recorded_at": times.rfc3339(cut.recorded_at)}
    before = call("GET", "/snapshots", query_string=query)
    record(store, graduate("s1"))
    take_snapshots(store, UNIT)
    after = call("GET", "/snapshots", query_string=query)
    assert after.data == before.data
    assert after.headers["ETag"] == before.headers["ETag"]
    assert snapshots(call) != before.json["snapshots"]
    assert snapshots(call, recorded_at="2020-01-01") == []
    offset = cut.recorded_at.isoformat()
    assert call("GET", f"/snapshots?recorded_at={offset}").json == before.json


def test_valid_time_leaves_out_what_speaks_of_later(call, cut):
    ends = {row["period"]["end"] for row in snapshots(call, valid_at="2014-06-30")}
    assert ends == {"2014-06-30"}
    assert snapshots(call, valid_at="2014-06-30T00:00:00Z") == []


def test_an_answer_that_was_seen_is_not_sent_again(call, cut):
    tag = call("GET", "/snapshots").headers["ETag"]
    again = call("GET", "/snapshots", headers={"If-None-Match": tag})
    assert again.status_code == 304


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"metric": "nace.x"}, "metric"),
        ({"segment": "colour:red"}, "segment"),
        ({"segment": "college"}, "segment"),
        ({"period": "15"}, "period"),
        ({"valid_at": "yesterday"}, "valid_at"),
        ({"recorded_at": "2026-01-01T00:00:00"}, "recorded_at"),
        ({"recorded_at": "2999-01-01"}, "recorded_at"),
        ({"limit": "501"}, "limit"),
        ({"cursor": "x"}, "cursor"),
        ({"metric[$ne]": "1"}, "metric[$ne]"),
    ],
)
def test_a_query_that_cannot_be_answered_names_what_is_wrong(call, cut, query, field):
    answer = call("GET", "/snapshots", query_string=query)
    assert answer.status_code == 422
    assert answer.mimetype == "application/problem+json"
    assert [error["field"] for error in answer.json["errors"]] == [field]


def test_another_units_snapshots_are_not_there(call, call_as, cut):
    (total,) = snapshots(call, metric="nace.knowledge_rate", period="2015", segment="")
    stranger = call_as("administrator", "another")
    assert snapshots(stranger) == []
    for name in ("id", "hash"):
        assert stranger("GET", f"/snapshots/{total[name]}").status_code == 404


def test_survey_figures_are_snapshots_too(call, store):
    deliver(store, published(), response("r1", answered(2)))
    take_snapshots(store, UNIT)
    (found,) = snapshots(call, segment="group:student,item:advising")
    assert found["metric"] == "intake.need_satisfaction"
    assert (found["value"], found["n"]) == (2, 1)
    assert found["valid_at"] == "2026-10-01T09:00:00.000Z"


def test_a_snapshot_says_how_many_that_it_counted_were_erased_and_stays_as_it_was(
    call, store, database
):
    deliver(store, published(), response("r1", answered(4)), response("r2", answered(2)))
    take_snapshots(store, UNIT)
    deliver(store, response("r2", answered(3), answered(2), revision=2))
    take_snapshots(store, UNIT)
    stored = {row["_id"]: row["content"] for row in database["snapshots"].find()}
    query = {"metric": "intake.responses", "segment": "survey:s1", "history": True, "limit": 1}
    (before,) = snapshots(call, **query)
    deliver(store, response("r2", None, answered(3), revision=3))
    take_snapshots(store, UNIT)
    (after,) = snapshots(call, **query)
    assert (before["erased"], before["n"]) == (0, 2)
    assert after == before | {"erased": 1}
    content = {name: value for name, value in after.items() if name not in {"id", "erased"}}
    assert content_hash(content) == after["hash"]
    for row in database["snapshots"].find():
        content = call("GET", f"/snapshots/{row['_id']}").json
        assert content["erased"] == (row["_id"] in stored)
        assert stored.get(row["_id"], row["content"]) == row["content"]
    assert {row["erased"] for row in table(call, history=True)} == {"0", "1"}


def test_a_suppressed_snapshot_does_not_say_how_many_were_erased(call, store, database):
    deliver(store, published(), response("r1", answered(4)))
    take_snapshots(store, UNIT)
    deliver(store, response("r1", None, answered(4), revision=2))
    row = database["snapshots"].find_one()
    hidden = orjson.dumps(orjson.loads(row["content"]) | {"suppressed": True})
    database["snapshots"].update_one({"_id": row["_id"]}, {"$set": {"content": hidden}})
    assert "erased" not in call("GET", f"/snapshots/{row['_id']}").json


# as a table


def table(call, **query) -> list[dict]:
    answer = call("GET", "/snapshots", headers={"Accept": "text/csv"}, query_string=query)
    assert answer.status_code == 200
    assert answer.mimetype == "text/csv"
    return list(csv.DictReader(io.StringIO(answer.text)))


def test_the_table_holds_all_that_the_pages_hold(call, cut):
    rows = table(call)
    assert [row["hash"] for row in rows] == [row["hash"] for row in snapshots(call)]
    first = next(row for row in rows if row["college"] == "Arts" and not row["major"])
    assert first["period_end"] == "2015-06-30"
    assert float(first["value"]) == 0.9
    assert len(table(call, limit=2)) == 2


def test_no_cell_of_the_table_is_run_as_a_formula(call, cut):
    majors = {row["major"] for row in table(call)}
    assert majors == {"", "Music", "'=SUM(A1)"}


# cuts


def test_a_cut_on_demand_answers_what_it_made(call, store):
    empty = call("POST", "/snapshots")
    assert (empty.status_code, empty.json["seq"]) == (200, 0)
    record(store, graduate("g1"))
    made = call("POST", "/snapshots")
    assert made.status_code == 201
    assert made.json["snapshots"] == 2
    again = call("POST", "/snapshots")
    assert (again.status_code, again.json) == (200, made.json)


# outcomes


def test_outcomes_are_recorded_and_listed(call):
    rows = [graduate("g1", college="Arts"), graduate("g2", year="2014")]
    answer = call("POST", "/outcomes", json={"outcomes": rows})
    assert answer.status_code == 201
    assert answer.json == {"recorded": 2, "corrected": 0, "unchanged": 0}
    listed = call("GET", "/outcomes?period=2015").json
    assert listed["next"] is None
    (found,) = listed["outcomes"]
    assert (found["key"], found["revision"], found["segment"]) == ("g1", 1, {"college": "Arts"})


def test_the_same_again_changes_nothing_and_other_content_corrects(call, store):
    call("POST", "/outcomes", json={"outcomes": [graduate("g1"), graduate("g2")]})
    body = {"outcomes": [graduate("g1"), graduate("g2", "unknown"), graduate("g2", "unknown")]}
    answer = call("POST", "/outcomes", json=body)
    assert answer.json == {"recorded": 0, "corrected": 1, "unchanged": 1}
    assert call("POST", "/outcomes", json=body).status_code == 200
    (second,) = [
        outcome
        for event in waiting(store)
        for outcome in event.data["outcomes"]
        if outcome["revision"] == 2
    ]
    assert (second["before"]["category"], second["after"]["category"]) == ("military", "unknown")


def test_wrong_rows_are_all_named_and_none_is_stored(call):
    rows = [
        graduate("g1"),
        graduate("g2", "employed", colour="red"),
        {"metric": "x"},
        graduate("g1", "unknown"),
    ]
    answer = call("POST", "/outcomes", json={"outcomes": rows})
    assert answer.status_code == 422
    assert {error["field"] for error in answer.json["errors"]} == {
        "outcomes.1.category",
        "outcomes.1.segment.colour",
        "outcomes.2.metric",
        "outcomes.2.source",
        "outcomes.2.key",
        "outcomes.3.key",
    }
    assert call("GET", "/outcomes").json["outcomes"] == []


def test_outcomes_come_as_a_table_too(call):
    text = (
        "\ufeffsource,key,metric,occurred_at,category,college,degree_level\r\n"
        "fds,g1,nace.first_destination,2015-06-30,military,Arts,\r\n"
        'fds,g2,nace.first_destination,2015-07-01,unknown,"Science, Law",bachelor\r\n\r\n'
    )
    answer = call("POST", "/outcomes", data=text.encode(), content_type="text/csv")
    assert answer.json == {"recorded": 2, "corrected": 0, "unchanged": 0}
    (late,) = call("GET", "/outcomes?period=2016").json["outcomes"]
    assert late["segment"] == {"college": "Science, Law", "degree_level": "bachelor"}


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (b"source,source\n1,2\n", "text/csv", 422),
        (b"source,key\n1,2,3\n", "text/csv", 422),
        (b'source\n"open', "text/csv", 422),
        (b"source\n\xff\n", "text/csv", 400),
        (b"{", "application/json", 400),
        (b"[]", "application/json", 422),
        (b'{"outcomes": {}}', "application/json", 422),
        (b'{"outcomes": [1]}', "application/json", 422),
        (b'{"outcomes": [], "more": 1}', "application/json", 422),
        (b"x", "text/plain", 415),
    ],
)
def test_a_body_that_is_no_list_of_outcomes_is_refused(call, body, kind, status):
    assert call("POST", "/outcomes", data=body, content_type=kind).status_code == status


def test_more_rows_than_one_command_holds_are_recorded_once_each(call):
    lines = [f"fds,g{i},nace.first_destination,2015,military,c{i % 9}" for i in range(1200)]
    text = "\n".join(["source,key,metric,period,category,college", *lines])
    for done in ({"recorded": 1200, "unchanged": 0}, {"recorded": 0, "unchanged": 1200}):
        answer = call("POST", "/outcomes", data=text, content_type="text/csv")
        assert answer.json == {"corrected": 0, **done}


def test_a_body_of_a_whole_class_is_taken(call):
    rows = [graduate(f"g{i}", college="c" * 200, major="m" * 200) for i in range(2500)]
    rows[-1]["category"] = "x"
    answer = call("POST", "/outcomes", json={"outcomes": rows})
    assert [error["field"] for error in answer.json["errors"]] == ["outcomes.2499.category"]


# who may


@pytest.mark.parametrize(
    ("method", "path", "roles"),
    [
        ("GET", "/metrics", {"administrator", "planner"}),
        ("GET", "/snapshots", {"administrator", "planner"}),
        ("GET", "/outcomes", {"administrator", "planner"}),
        ("POST", "/snapshots", {"administrator"}),
    ],
)
def test_only_those_who_may(call_as, method, path, roles):
    for role in ("administrator", "planner", "reviewer", "respondent", "leadership"):
        status = call_as(role)(method, path).status_code
        assert (status == 403) == (role not in roles)


def test_planners_record_no_outcomes(call_as):
    body = {"outcomes": [graduate("g1")]}
    assert call_as("planner")("POST", "/outcomes", json=body).status_code == 403


def test_the_definitions_are_there_to_read(call):
    metrics = {row["name"]: row for row in call("GET", "/metrics").json["metrics"]}
    rate = metrics["nace.career_outcomes_rate"]
    assert rate["publish_from"] == {"metric": "nace.knowledge_rate", "value": 0.65}
    assert ["college", "major", "degree_level"] in rate["lattice"]


def test_the_api_describes_itself(flask_app):
    spec = flask_app.test_client().get("/v1/openapi.json").json
    assert "text/csv" in spec["paths"]["/v1/outcomes"]["post"]["requestBody"]["content"]
