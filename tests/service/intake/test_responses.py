"""Responses over HTTP: once, whole, or not at all."""

import threading

import pytest

ANSWERS = {"advising": {"importance": 5, "satisfaction": 2}}


@pytest.fixture
def send(respondent, survey):
    def post(**body):
        return respondent("POST", f"/surveys/{survey}/responses", json={"group": "student", **body})

    return post


def test_a_response_is_stored_once_however_often_it_is_sent(send, database):
    first = send(id="r1", answers=ANSWERS)
    again = send(id="r1", answers=ANSWERS)
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json == again.json
    assert database.responses.count_documents({}) == 1


def test_another_response_under_the_same_id_is_a_conflict(send):
    send(id="r1", answers=ANSWERS)
    other = send(id="r1", answers={"advising": {"importance": 1, "satisfaction": 1}})
    assert other.status_code == 409
    assert "another id" in other.json["detail"]


def test_fifty_senders_of_one_response_make_one(flask_app, survey, database):
    body = {"id": "r1", "group": "student", "answers": ANSWERS}
    statuses = []

    def post():
        path = f"/v1/surveys/{survey}/responses"
        statuses.append(flask_app.test_client().post(path, json=body).status_code)

    threads = [threading.Thread(target=post) for _ in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(statuses) == [200] * 49 + [201]
    assert database.responses.count_documents({}) == 1


def test_a_response_without_an_id_is_told_to_choose_one(send, respondent, survey):
    assert send(answers=ANSWERS).json["errors"][0]["field"] == "id"
    keyed = respondent(
        "POST",
        f"/surveys/{survey}/responses",
        json={"group": "student", "answers": ANSWERS},
        headers={"Idempotency-Key": "k1"},
    )
    assert keyed.json["id"] == "k1"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"group": "nobody"}, "group"),
        ({"answers": {**ANSWERS, "unknown": 1}}, "answers.unknown"),
        ({"answers": {"advising": {"importance": 6, "satisfaction": 2}}}, "answers.advising"),
        ({"answers": {"advising": {"importance": True, "satisfaction": 2}}}, "answers.advising"),
        ({"answers": {"advising": {"importance": 5}}}, "answers.advising"),
        ({"answers": {"advising": {"importance": 5, "use": "often"}}}, "answers.advising"),
        ({"answers": {}}, "answers.advising"),
        ({"answers": {**ANSWERS, "overall": 2.5}}, "answers.overall"),
        ({"answers": {**ANSWERS, "overall": 2**63 - 1}}, "answers.overall"),
        ({"answers": {**ANSWERS, "overall": 3, "why": "x" * 21}}, "answers.why"),
        ({"answers": {**ANSWERS, "overall": 6, "why": "hidden"}}, "answers.why"),
        ({"answers": {**ANSWERS, "year": "third"}}, "answers.year"),
        ({"profile": {"advising": 1}}, "answers.advising"),
        ({"status": "accepted"}, "status"),
        ({"answers": {**ANSWERS, "$where": 1}}, "answers.$where"),
    ],
)
def test_what_does_not_fit_is_named_by_field_and_nothing_is_stored(send, database, body, field):
    refused = send(**{"id": "r1", "answers": ANSWERS, **body})
    assert refused.status_code == 422
    assert field in {error["field"] for error in refused.json["errors"]}
    assert database.responses.count_documents({}) == 0


def test_each_field_at_fault_is_named_in_one_answer(send):
    refused = send(id="r1", answers={"overall": 99, "unknown": 1})
    fields = [error["field"] for error in refused.json["errors"]]
    assert sorted(fields) == ["answers.advising", "answers.overall", "answers.unknown"]


def test_a_profile_item_may_stand_in_either_place(send, respondent):
    first = send(id="r1", answers={**ANSWERS, "year": "first"}).json
    second = send(id="r2", answers=ANSWERS, profile={"year": "last"}).json
    for sent, year in ((first, "first"), (second, "last")):
        own = respondent("GET", f"/responses/{sent['id']}", headers={"Receipt": sent["receipt"]})
        assert own.json["profile"] == {"year": year}


def test_the_holder_of_the_receipt_revises_and_withdraws(send, respondent, database):
    sent = send(id="r1", answers=ANSWERS).json
    receipt = {"Receipt": sent["receipt"]}
    revised = {"group": "staff", "answers": {"advising": {"importance": 3, "use": "unused"}}}
    assert respondent("PUT", "/responses/r1", json=revised, headers=receipt).status_code == 200
    assert respondent("GET", "/responses/r1", headers=receipt).json["group"] == "staff"
    assert respondent("DELETE", "/responses/r1", headers=receipt).status_code == 204
    assert respondent("GET", "/responses/r1", headers=receipt).status_code == 404
    types = [event["type"] for event in database.responses.find_one({})["outbox"]]
    assert types == [
        "intake.response_submitted.v1",
        "intake.response_revised.v1",
        "intake.response_withdrawn.v1",
    ]


def test_a_withdrawn_response_does_not_come_back_with_a_late_retry(send, respondent, database):
    sent = send(id="r1", answers=ANSWERS).json
    respondent("DELETE", "/responses/r1", headers={"Receipt": sent["receipt"]})
    assert send(id="r1", answers=ANSWERS).status_code == 200
    assert database.responses.find_one({})["content"] is None


def test_another_s_receipt_opens_nothing(send, respondent):
    send(id="r1", answers=ANSWERS)
    other = send(id="r2", answers=ANSWERS).json["receipt"]
    refused = respondent("GET", "/responses/r1", headers={"Receipt": other})
    assert refused.status_code == 404


def test_a_draft_takes_no_answers(respondent, draft):
    body = {"id": "r1", "group": "student", "answers": ANSWERS}
    assert respondent("POST", f"/surveys/{draft}/responses", json=body).status_code == 404
