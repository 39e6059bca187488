"""Planning over HTTP."""

import json
from datetime import UTC, datetime

import pytest

from services.planning.usecases.draft_proposals import draft_closed_surveys
from shared import times
from shared.auth import COOKIE
from tests.service.planning.messages import (
    DEFINITION,
    ITEMS,
    closed,
    crowd,
    deliver,
    members,
    published,
)


@pytest.fixture
def surveyed(store):
    everyone = crowd()
    deliver(store, published(), everyone, closed(members(everyone)))
    return store


@pytest.fixture
def drafted(surveyed):
    draft_closed_surveys(surveyed)
    return surveyed


def first(call) -> dict:
    return call("GET", "/proposals").json["proposals"][0]


def add_goal(call, title: str = "Access", weight: float = 1.0, **options) -> dict:
    body = {"title": title, "weight": weight, "period": "2026-2030"}
    return call("POST", "/institutional-goals", json=body, **options)


def make_ready(call, name: str) -> dict:
    goal = add_goal(call).json["id"]
    change = {"owner": "kim", "institutional_goals": [goal]}
    return call("PATCH", f"/proposals/{name}", json=change).json


def decide(call, name: str, decision: str, reason: str = "because", **options):
    body = {"decision": decision, "reason": reason}
    return call("POST", f"/proposals/{name}/decisions", json=body, **options)


NEED_KEYS = {
    *("item", "group", "n", "importance_mean", "satisfaction_mean", "gap", "mwds", "mwds_ci95"),
    *("rds", "quadrant", "rank", "rank_interval"),
}
PROPOSAL_KEYS = {
    *("id", "version", "status", "title", "objective", "group", "score", "evidence", "measures"),
    "institutional_goals",
}


def test_what_rests_on_generated_answers_says_so_and_nothing_else_does(call, store) -> None:
    everyone = crowd()
    for synthetic in (False, True):
        definition = {**DEFINITION, "synthetic": synthetic}
        deliver(store, published(definition), everyone, closed(members(everyone)))
        assert call("GET", "/surveys/s1").json["synthetic"] is synthetic
        assert call("GET", "/surveys").json["surveys"][0]["synthetic"] is synthetic
        assert call("GET", "/surveys/s1/needs").json["synthetic"] is synthetic
        drafts = call("POST", "/surveys/s1/proposals").json["proposals"]
        store.proposals.documents.collection.delete_many({})
        assert {each["evidence"]["synthetic"] for each in drafts} == {synthetic}


def test_pages_say_where_a_text_is_in_another_language(call, store) -> None:
    items = [
        {"id": item, "type": "need", "text": {"es": f"Más {item}"}, "scale": {"min": 1, "max": 5}}
        for item in ITEMS
    ]
    definition = {**DEFINITION, "title": {"es": "¿Qué necesita?"}, "items": items}
    deliver(store, published(definition), crowd())
    name = call("POST", "/surveys/s1/proposals").json["proposals"][0]["id"]
    title = '<span lang="es" dir="ltr">¿Qué necesita?</span>'
    need = '<span lang="es" dir="ltr">Más advising</span>'
    for path, marked in {
        "/": (title,),
        "/surveys/s1": (title, need, f"Meet the need: {need}"),
        "/proposals": (title, f"Meet the need: {need}"),
        f"/proposals/{name}": (title, f"Meet the need: {need}"),
    }.items():
        headers = {"Authorization": f"Bearer {call.token}"}
        page = call.client.get(path, headers=headers).text
        assert all(text in page for text in marked), path
        assert "<title>" in page
        assert "<span" not in page.partition("<title>")[2].partition("</title>")[0]


def test_needs_come_ranked_with_their_evidence(call, surveyed) -> None:
    answer = call("GET", "/surveys/s1/needs")
    needs = answer.json["needs"]
    assert answer.json["next"] is None
    assert [need["rank"] for need in needs] == [1, 2, 3, 4, 5]
    assert needs[0].keys() >= NEED_KEYS
    assert (needs[0]["item"], needs[0]["n"], needs[0]["mwds"]) == ("advising", 20, 20)
    assert call("GET", "/surveys/s1/needs").headers["ETag"] == answer.headers["ETag"]


def test_needs_of_one_group(call, surveyed) -> None:
    needs = call("GET", "/surveys/s1/needs?group=staff").json["needs"]
    assert {(need["group"], need["n"]) for need in needs} == {("staff", 10)}


def test_needs_of_a_group_that_was_not_asked_are_refused(call, surveyed) -> None:
    answer = call("GET", "/surveys/s1/needs?group=alumni")
    assert (answer.status_code, answer.json["errors"][0]["field"]) == (422, "group")


def test_a_survey_shows_who_answered_and_whether_that_is_all(call, surveyed) -> None:
    survey = call("GET", "/surveys/s1").json
    assert survey["n_by_group"] == {"student": 10, "staff": 10}
    assert (survey["n"], survey["expected"], survey["complete"]) == (20, 20, True)


def test_surveys_are_listed(call, surveyed) -> None:
    (survey,) = call("GET", "/surveys").json["surveys"]
    assert (survey["id"], survey["title"]) == ("s1", {"en": "Needs 2026"})


def test_a_planner_drafts_from_what_is_there_now(call, store) -> None:
    deliver(store, published(), crowd())
    answer = call("POST", "/surveys/s1/proposals")
    assert answer.status_code == 200
    assert len(answer.json["proposals"]) == 9
    again = call("POST", "/surveys/s1/proposals")
    assert again.json == answer.json


def test_proposals_come_by_priority_and_in_pages(call, drafted) -> None:
    everything = call("GET", "/proposals").json["proposals"]
    totals = [proposal["score"]["total"] for proposal in everything]
    assert totals == sorted(totals, reverse=True)
    paged, cursor = [], ""
    while cursor is not None:
        page = call("GET", f"/proposals?limit=2{cursor and '&cursor=' + cursor}").json
        paged += page["proposals"]
        cursor = page["next"]
    assert paged == everything


def test_proposals_are_filtered(call, drafted) -> None:
    staff = call("GET", "/proposals?group=staff&survey=s1&status=draft").json["proposals"]
    assert {proposal["group"] for proposal in staff} == {"staff"}
    assert call("GET", "/proposals?survey=s2").json["proposals"] == []
    assert call("GET", "/proposals?status=accepted").json["proposals"] == []
    assert call("GET", "/proposals?status=lost").status_code == 422
    assert call("GET", "/proposals?state=draft").status_code == 422


def test_a_proposal_holds_what_it_rests_on(call, drafted) -> None:
    listed = call("GET", "/proposals").json["proposals"]
    name = next(each["id"] for each in listed if each["group"] is None)
    proposal = call("GET", f"/proposals/{name}").json
    assert proposal.keys() >= PROPOSAL_KEYS
    assert proposal["evidence"].keys() >= {"survey", "survey_version", "evidence_hash", "items"}
    assert proposal["evidence"]["cut_off"] == "2026-05-01T12:00:00.000Z"
    assert [row["group"] for row in proposal["evidence"]["items"]] == [None, "staff", "student"]
    components = proposal["score"]["components"]
    assert sum(part["points"] for part in components) == proposal["score"]["total"]
    assert (proposal["buy_in"], proposal["initiatives"], proposal["status"]) == (None, [], "draft")


def test_a_proposal_is_accepted_and_adopted(call, drafted) -> None:
    name = first(call)["id"]
    assert make_ready(call, name)["status"] == "in_review"
    assert decide(call, name, "accept").json["status"] == "accepted"
    assert call("POST", f"/proposals/{name}/adoption").json["status"] == "active"
    history = call("GET", f"/proposals/{name}/history").json["history"]
    assert [entry["action"] for entry in history] == ["draft", "edit", "accept", "adopt"]
    assert history[2]["reason"] == "because"
    assert history[2]["who"] == "planner@careers"


def test_acceptance_needs_a_goal_and_an_owner(call, drafted) -> None:
    answer = decide(call, first(call)["id"], "accept")
    assert answer.status_code == 409
    assert answer.json["type"] == "urn:groundswell:problem:not-ready-to-accept"
    assert "an institutional goal it serves and an owner" in answer.json["detail"]


def test_a_rejected_proposal_cannot_be_accepted(call, drafted) -> None:
    name = first(call)["id"]
    decide(call, name, "reject")
    make_ready(call, name)
    answer = decide(call, name, "accept")
    assert (answer.status_code, answer.json["type"][-15:]) == (409, "already-decided")


def test_a_decision_sent_twice_is_one_decision(call, drafted) -> None:
    name = first(call)["id"]
    once = decide(call, name, "defer")
    assert decide(call, name, "defer").json == once.json


@pytest.mark.parametrize("reason", [None, "", "  "])
def test_a_decision_needs_a_reason(call, drafted, reason) -> None:
    body = {"decision": "reject"} | ({} if reason is None else {"reason": reason})
    answer = call("POST", f"/proposals/{first(call)['id']}/decisions", json=body)
    assert (answer.status_code, answer.json["errors"][0]["field"]) == (422, "reason")


def test_only_an_accepted_proposal_is_adopted(call, drafted) -> None:
    answer = call("POST", f"/proposals/{first(call)['id']}/adoption")
    assert (answer.status_code, answer.json["type"][-12:]) == (409, "not-accepted")


def test_serving_a_goal_counts_by_its_weight(call, drafted) -> None:
    access, _ = (add_goal(call, title, weight).json for title, weight in (("A", 3), ("B", 1)))
    name = first(call)["id"]
    change = {"institutional_goals": [access["id"]]}
    components = call("PATCH", f"/proposals/{name}", json=change).json["score"]["components"]
    assert {part["name"]: part["value"] for part in components}["alignment"] == 0.75


def test_an_unknown_institutional_goal_is_refused(call, drafted) -> None:
    change = {"institutional_goals": ["nowhere"]}
    answer = call("PATCH", f"/proposals/{first(call)['id']}", json=change)
    assert (answer.status_code, answer.json["errors"][0]["field"]) == (422, "institutional_goals")


def test_measures_are_set_with_baseline_target_and_date(call, drafted) -> None:
    measure = {"metric": "m", "baseline": 1.0, "target": 2.0, "due": "2027-06-30", "segment": {}}
    path = f"/proposals/{first(call)['id']}"
    assert call("PATCH", path, json={"measures": [measure]}).json["measures"] == [measure]
    wrong = {**measure, "due": "soon"}
    assert call("PATCH", path, json={"measures": [wrong]}).status_code == 422


def test_a_changed_measure_is_refused_that_cannot_be_reached_and_the_answer_says_what_can(
    call, drafted
) -> None:
    path = f"/proposals/{first(call)['id']}"
    before = call("GET", path).json
    wrong = before["measures"][0] | {"target": 99, "due": "2020-01-01"}
    refused = call("PATCH", path, json={"measures": [wrong]})
    assert refused.status_code == 422
    told = {each["field"]: each["message"] for each in refused.json["errors"]}
    assert "give 2026-06-01 or a later day" in told["measures.0.due"]
    assert "give one from 1 to 5" in told["measures.0.target"]
    assert call("GET", path).json == before
    share = {**wrong, "metric": "of_graduates", "due": "2026-06-01"}
    assert call("PATCH", path, json={"measures": [share]}).status_code == 200


@pytest.mark.parametrize("target", ["NaN", "Infinity", "-Infinity"])
def test_a_target_that_is_no_number_is_refused(call, drafted, target) -> None:
    found = first(call)
    body = json.dumps({"measures": [found["measures"][0] | {"target": "?"}]})
    sent = body.replace('"?"', target)
    path = f"/proposals/{found['id']}"
    assert call("PATCH", path, data=sent, content_type="application/json").status_code in {400, 422}
    body = {"measures": [found["measures"][0] | {"target": target}]}
    assert call("PATCH", path, json=body).status_code == 422


def test_a_measure_whose_day_has_come_is_kept_by_edits_of_other_fields_but_not_accepted(
    call, drafted, monkeypatch
) -> None:
    name = first(call)["id"]
    measures = call("GET", f"/proposals/{name}").json["measures"]
    monkeypatch.setattr(times, "now", lambda: datetime(2028, 1, 1, tzinfo=UTC))
    make_ready(call, name)
    same = {"owner": "lee", "measures": measures}
    assert call("PATCH", f"/proposals/{name}", json=same).json["owner"] == "lee"
    refused = decide(call, name, "accept")
    assert refused.status_code == 409
    assert "needs measures that are due 2028-01-01 or later" in refused.json["detail"]
    later = [measures[0] | {"due": "2028-01-01"}]
    assert call("PATCH", f"/proposals/{name}", json={"measures": later}).status_code == 200
    assert decide(call, name, "accept").json["status"] == "accepted"


def test_the_page_says_what_is_wrong_with_a_measure_and_keeps_what_was_typed(call, drafted) -> None:
    found = first(call)
    form = {
        "revision": found["revision"],
        "owner": "kim",
        "objective": found["objective"],
        "target": "99",
        "due": "2020-01-01",
    }
    headers = {"Authorization": f"Bearer {call.token}"}
    call.client.set_cookie(COOKIE, call.token)  # by which the page shows its forms
    refused = call.client.post(f"/proposals/{found['id']}/edit", data=form, headers=headers)
    assert refused.status_code == 422
    assert "give one from 1 to 5." in refused.text
    assert "The due date 2020-01-01 is past" in refused.text
    assert 'value="99"' in refused.text


@pytest.mark.parametrize("field", ["status", "score", "evidence", "_id", "unit", "history"])
def test_what_is_not_a_planners_to_write_cannot_be_written(call, drafted, field) -> None:
    path = f"/proposals/{first(call)['id']}"
    before = call("GET", path).json
    assert call("PATCH", path, json={field: "x"}).status_code == 422
    assert call("GET", path).json == before


def test_an_edit_of_what_somebody_else_changed_is_refused(call, drafted) -> None:
    path = f"/proposals/{first(call)['id']}"
    seen = {"If-Match": call("GET", path).headers["ETag"]}
    assert call("PATCH", path, json={"owner": "kim"}, headers=seen).status_code == 200
    assert call("PATCH", path, json={"owner": "lee"}, headers=seen).status_code == 412
    assert call("GET", path).json["owner"] == "kim"
    assert decide(call, path[len("/proposals/") :], "reject", headers=seen).status_code == 412


def test_a_goal_that_is_added_twice_with_one_key_is_one_goal(call, store) -> None:
    key = {"Idempotency-Key": "k1"}
    once = add_goal(call, headers=key)
    assert once.status_code == 201
    assert add_goal(call, headers=key).json == once.json
    assert add_goal(call, title="Other", headers=key).status_code == 422
    assert call("GET", "/institutional-goals").json["institutional_goals"] == [once.json]


@pytest.mark.parametrize("weight", [0, -1, "NaN", 1e300, None])
def test_a_goal_needs_a_weight(call, store, weight) -> None:
    assert add_goal(call, weight=weight).status_code == 422


READS = [
    *("/surveys", "/surveys/s1", "/surveys/s1/needs", "/proposals", "/proposals/{id}"),
    *("/proposals/{id}/history", "/institutional-goals"),
]
WRITES = [
    ("POST", "/surveys/s1/proposals", None),
    ("PATCH", "/proposals/{id}", {"owner": "kim"}),
    ("POST", "/proposals/{id}/decisions", {"decision": "defer", "reason": "no"}),
    ("POST", "/proposals/{id}/adoption", None),
    ("POST", "/institutional-goals", {"title": "A", "weight": 1, "period": "2026"}),
]


def test_administrators_read_and_do_not_write(call, call_as, drafted) -> None:
    name = first(call)["id"]
    administrator = call_as("administrator")
    for path in READS:
        assert administrator("GET", path.format(id=name)).status_code == 200
    for method, path, body in WRITES:
        assert administrator(method, path.format(id=name), json=body).status_code == 403


def test_others_neither_read_nor_write(call, call_as, flask_app, drafted) -> None:
    name = first(call)["id"]
    for path in READS:
        assert call_as("respondent")("GET", path.format(id=name)).status_code == 403
        assert flask_app.test_client().get("/v1" + path.format(id=name)).status_code == 401
    for method, path, body in WRITES:
        answer = flask_app.test_client().open(
            "/v1" + path.format(id=name), method=method, json=body
        )
        assert answer.status_code == 401


def test_another_unit_sees_what_it_would_see_if_nothing_were_there(call, call_as, drafted) -> None:
    name = first(call)["id"]
    stranger = call_as("planner", unit="elsewhere")
    for path in ("/surveys/{}", "/surveys/{}/needs", "/proposals/{}", "/proposals/{}/history"):
        real = "s1" if "surveys" in path else name
        theirs, missing = (stranger("GET", path.format(each)) for each in (real, "missing"))
        assert theirs.status_code == missing.status_code == 404
        assert theirs.json["detail"] == missing.json["detail"]
    for path, body in (("decisions", {"decision": "defer", "reason": "no"}), ("adoption", None)):
        assert stranger("POST", f"/proposals/{name}/{path}", json=body).status_code == 404
    assert stranger("PATCH", f"/proposals/{name}", json={"owner": "x"}).status_code == 404
    for path in ("/surveys", "/proposals", "/institutional-goals"):
        (collection,) = (v for k, v in stranger("GET", path).json.items() if k != "next")
        assert collection == []


def test_every_need_of_the_survey_is_listed(call, surveyed) -> None:
    needs = call("GET", "/surveys/s1/needs").json["needs"]
    assert {need["item"] for need in needs} == set(ITEMS)


def test_the_api_describes_itself(flask_app) -> None:
    paths = flask_app.test_client().get("/v1/openapi.json").json["paths"]
    assert "/v1/proposals/{proposal_id}/decisions" in paths
