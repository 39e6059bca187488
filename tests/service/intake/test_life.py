"""The life of a survey over HTTP: corrections, times, quotas, copies, trials, the archive."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from services.intake.store import open_store
from services.intake.store.surveys import NoSuchSurvey
from services.intake.usecases.close_survey import close_overdue_surveys, seal_survey
from services.intake.usecases.recount_quotas import RecountQuotas
from shared import times
from tests.service.callers import caller
from tests.service.intake.conftest import DEFINITION

ANSWERS = {"advising": {"importance": 5, "satisfaction": 2}}
MORE = {"id": "more", "type": "text", "text": "Anything else?"}
CORRECTED = {**DEFINITION, "title": "Career needs", "items": [*DEFINITION["items"], MORE]}


@pytest.fixture
def store(database):
    return open_store(database, "a secret that is long enough")


def opened(planner, **changes) -> str:
    made = planner("POST", "/surveys", json={**DEFINITION, **changes}).json["id"]
    planner("POST", f"/surveys/{made}/publish")
    return made


def submitted(respondent, survey, name, **changes):
    body = {"id": name, "group": "student", "answers": ANSWERS, **changes}
    return respondent("POST", f"/surveys/{survey}/responses", json=body)


def in_hours(hours: float) -> str:
    return times.rfc3339(times.now() + timedelta(hours=hours))


def test_a_correction_is_asked_once_it_is_published_and_the_first_version_stays(
    planner, respondent, survey, store
):
    answers = {**ANSWERS, "more": "Longer hours."}
    written = planner("PUT", f"/surveys/{survey}", json=CORRECTED).json
    assert written["definition"]["title"] == {"en": "Career services needs"}
    assert written["correction"]["title"] == {"en": "Career needs"}
    assert submitted(respondent, survey, "early", answers=answers).status_code == 422
    published = planner("POST", f"/surveys/{survey}/publish").json
    assert (published["version"], published["correction"]) == (2, None)
    store.surveys.for_answering(survey)
    fresh = open_store(store.responses.documents.collection.database, "a secret that is long")
    assert [len(each["items"]) for each in fresh.surveys.get("careers", survey).published] == [4, 5]
    assert fresh.surveys.for_answering(survey).version == 2


def test_who_began_with_the_first_version_may_send_what_it_asked(planner, respondent, survey):
    planner("PUT", f"/surveys/{survey}", json=CORRECTED)
    planner("POST", f"/surveys/{survey}/publish")
    assert submitted(respondent, survey, "a", survey_version=1).status_code == 201
    assert submitted(respondent, survey, "b", survey_version=3).status_code == 404


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"items": [{**DEFINITION["items"][1], "type": "rating"}]}, "items.0.type"),
        ({"items": [{**DEFINITION["items"][1], "scale": {"min": 1, "max": 7}}]}, "items.0.scale"),
        ({"groups": ["student"]}, "groups"),
        ({"minimum_group_size": 3}, "minimum_group_size"),
    ],
)
def test_a_correction_that_would_change_what_was_published_is_refused(
    planner, survey, change, field
):
    refused = planner("PUT", f"/surveys/{survey}", json={**DEFINITION, **change})
    assert refused.status_code == 422
    assert [error["field"] for error in refused.json["errors"]] == [field]


def test_an_id_keeps_its_meaning_even_after_its_item_was_dropped(planner, survey):
    without = {**DEFINITION, "items": DEFINITION["items"][:2]}
    planner("PUT", f"/surveys/{survey}", json=without)
    planner("POST", f"/surveys/{survey}/publish")
    other = {**MORE, "id": "overall"}
    refused = planner("PUT", f"/surveys/{survey}", json={**without, "items": [other]})
    assert {error["field"] for error in refused.json["errors"]} == {
        "items.0.type", "items.0.scale", "items.0.role",
    }  # fmt: skip


def test_publishing_without_a_correction_is_refused(planner, survey):
    refused = planner("POST", f"/surveys/{survey}/publish")
    assert (refused.status_code, refused.json["type"].rpartition(":")[2]) == (
        409,
        "survey-not-draft",
    )


def test_a_survey_takes_answers_from_when_it_opens_until_it_closes(
    planner, respondent, store, monkeypatch
):
    early = opened(planner, opens_at=in_hours(9))
    late = opened(planner, closes_at=in_hours(1))
    current = opened(planner, opens_at=in_hours(-1), closes_at=in_hours(3))
    later = times.now() + timedelta(hours=2)
    monkeypatch.setattr("shared.times.now", lambda: later)
    refused = submitted(respondent, early, "a")
    assert refused.status_code == 409
    assert "opens on" in refused.json["detail"]
    assert submitted(respondent, late, "a").status_code == 409
    assert submitted(respondent, current, "a").status_code == 201
    close_overdue_surveys(store)
    made = (early, late, current)
    statuses = [planner("GET", f"/surveys/{each}").json["status"] for each in made]
    assert statuses == ["open", "closing", "open"]


def test_what_nobody_could_answer_any_more_is_not_opened(planner):
    draft = planner("POST", "/surveys", json={**DEFINITION, "closes_at": in_hours(-1)}).json["id"]
    refused = planner("POST", f"/surveys/{draft}/publish")
    assert refused.status_code == 422
    assert [error["field"] for error in refused.json["errors"]] == ["closes_at"]
    assert "Change when it closes" in refused.json["errors"][0]["message"]
    assert planner("GET", f"/surveys/{draft}").json["status"] == "draft"


def test_a_survey_closes_after_it_opens(planner):
    times_of_it = {"opens_at": in_hours(2), "closes_at": in_hours(1)}
    refused = planner("POST", "/surveys", json={**DEFINITION, **times_of_it})
    assert [error["field"] for error in refused.json["errors"]] == ["closes_at"]


def test_a_time_without_an_offset_is_refused(planner):
    refused = planner("POST", "/surveys", json={**DEFINITION, "opens_at": "2026-11-24T10:00:00"})
    assert [error["field"] for error in refused.json["errors"]] == ["opens_at"]


def test_a_quota_never_overshoots_under_fifty_parallel_posts(planner, flask_app):
    survey = opened(planner, quotas={"student": 20})

    def post(number: int) -> int:
        body = {"id": f"r{number}", "group": "student", "answers": ANSWERS}
        path = f"/v1/surveys/{survey}/responses"
        return flask_app.test_client().post(path, json=body).status_code

    with ThreadPoolExecutor(50) as clients:
        statuses = sorted(clients.map(post, range(50)))
    assert statuses == [201] * 20 + [409] * 30


def test_a_seat_is_free_again_after_a_withdrawal_or_a_change_of_group_and_not_after_a_retry(
    planner, respondent
):
    survey = opened(planner, quotas={"student": 1})
    receipt = submitted(respondent, survey, "a").json["receipt"]
    assert submitted(respondent, survey, "a").status_code == 200
    full = submitted(respondent, survey, "b")
    assert (full.status_code, full.json["type"]) == (409, "urn:groundswell:problem:group-full")
    staff = {"group": "staff", "answers": ANSWERS}
    assert (
        respondent("PUT", "/responses/a", json=staff, headers={"Receipt": receipt}).status_code
        == 200
    )
    receipt_b = submitted(respondent, survey, "b").json["receipt"]
    student = {"group": "student", "answers": ANSWERS}
    back = respondent("PUT", "/responses/a", json=student, headers={"Receipt": receipt})
    assert back.status_code == 409
    same = {"group": "student", "answers": {"advising": {"importance": 1, "satisfaction": 1}}}
    kept = respondent("PUT", "/responses/b", json=same, headers={"Receipt": receipt_b})
    assert kept.status_code == 200
    respondent("DELETE", "/responses/b", headers={"Receipt": receipt_b})
    assert submitted(respondent, survey, "c").status_code == 201


def test_a_seat_whose_answer_was_never_stored_is_found(planner, respondent, store):
    survey = opened(planner, quotas={"student": 2})
    submitted(respondent, survey, "a")
    store.quotas.take("careers", survey, "student", 2)  # who dies here stores nothing
    assert submitted(respondent, survey, "b").status_code == 409
    recount = RecountQuotas(store, quiet_seconds=0.0)
    recount()  # sees it full for the first time
    assert submitted(respondent, survey, "b").status_code == 409
    recount()
    assert submitted(respondent, survey, "b").status_code == 201
    assert submitted(respondent, survey, "c").status_code == 409


def test_a_discarded_draft_is_gone_with_its_test_answers_and_what_was_published_stays(
    planner, draft, store
):
    body = {"id": "t1", "group": "student", "answers": ANSWERS}
    planner("POST", f"/surveys/{draft}/trials", json=body)
    published = opened(planner)
    assert planner("DELETE", f"/surveys/{draft}").status_code == 204
    assert planner("GET", f"/surveys/{draft}").status_code == 404
    assert planner("DELETE", f"/surveys/{draft}").status_code == 404
    assert list(store.trials.all_of(draft)) == []
    refused = planner("DELETE", f"/surveys/{published}")
    assert (refused.status_code, refused.json["type"].rpartition(":")[2]) == (409, "survey-in-use")
    assert planner("GET", f"/surveys/{published}").json["status"] == "open"


def test_a_draft_that_is_discarded_while_it_is_changed_is_gone(draft, store):
    def change(survey):
        store.surveys.discard("careers", draft)
        survey.edit(CORRECTED)
        return []

    with pytest.raises(NoSuchSurvey):
        store.surveys.update("careers", draft, change)


def test_a_draft_that_somebody_changed_meanwhile_is_not_discarded(planner, draft):
    seen = planner("GET", f"/surveys/{draft}").headers["ETag"]
    planner("PUT", f"/surveys/{draft}", json={**DEFINITION, "title": "Another"})
    refused = planner("DELETE", f"/surveys/{draft}", headers={"If-Match": seen})
    assert refused.status_code == 412
    assert planner("GET", f"/surveys/{draft}").status_code == 200


def test_nobody_discards_the_draft_of_another_unit(flask_app, respondent, planner, draft):
    stranger = caller(flask_app, "planner", unit="elsewhere")
    assert stranger("DELETE", f"/surveys/{draft}").status_code == 404
    assert respondent("DELETE", f"/surveys/{draft}").status_code == 401
    assert planner("GET", f"/surveys/{draft}").status_code == 200


def test_without_its_correction_a_survey_goes_on_as_it_was_published(planner, survey):
    planner("PUT", f"/surveys/{survey}", json=CORRECTED)
    dropped = planner("DELETE", f"/surveys/{survey}/correction").json
    assert (dropped["status"], dropped["version"], dropped["correction"]) == ("open", 1, None)
    assert planner("DELETE", f"/surveys/{survey}/correction").json == dropped
    assert planner("POST", f"/surveys/{survey}/publish").status_code == 409


def test_a_copy_asks_the_same_under_the_same_ids_and_leaves_what_was_of_its_time(planner):
    survey = opened(planner, closes_at=in_hours(1))
    copy = planner("POST", f"/surveys/{survey}/duplicate").json
    assert (copy["status"], copy["version"]) == ("draft", 0)
    assert [item["id"] for item in copy["definition"]["items"]] == [
        item["id"] for item in DEFINITION["items"]
    ]
    assert "closes_at" not in copy["definition"]


def test_trials_are_checked_as_answers_are_and_no_figure_counts_them(
    planner, respondent, draft, store
):
    body = {"id": "t1", "group": "student", "answers": ANSWERS}
    assert planner("POST", f"/surveys/{draft}/trials", json=body).status_code == 201
    wrong = planner("POST", f"/surveys/{draft}/trials", json={**body, "answers": {}})
    assert wrong.status_code == 422
    assert respondent("POST", f"/surveys/{draft}/trials", json=body).status_code == 401
    [trial] = planner("GET", f"/surveys/{draft}/trials").json["trials"]
    assert (trial["id"], trial["answers"]) == ("t1", ANSWERS)
    assert store.responses.tally(draft)[0] == 0
    assert planner("DELETE", f"/surveys/{draft}/trials").json == {"forgotten": 1}


def test_a_closed_survey_is_archived_and_restored_and_an_open_one_is_not(planner, survey, store):
    assert planner("POST", f"/surveys/{survey}/archive").status_code == 409
    planner("POST", f"/surveys/{survey}/close")
    for closing in store.surveys.with_status("closing"):
        seal_survey(store, closing)
    assert planner("POST", f"/surveys/{survey}/archive").json["status"] == "archived"
    assert planner("POST", f"/surveys/{survey}/archive").json["status"] == "archived"
    assert [each.id for each in store.surveys.published()] == [survey]
    assert planner("POST", f"/surveys/{survey}/restore").json["status"] == "closed"
