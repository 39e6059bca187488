"""A planner publishes a survey, reads what people need, decides, and adopts a goal."""

import json
import re

import pytest
from playwright.sync_api import expect

from tests.e2e.conftest import DEFINITION, PHONE, eventually, heading, press


@pytest.fixture(scope="module")
def answered(groundswell):
    """A survey that six students and three employers answered, as planning knows it."""
    survey = groundswell.open_survey(title="Answered")
    for _ in range(6):
        groundswell.answer(survey, "student", (5, 4), (5, 1))
    for _ in range(3):
        groundswell.answer(survey, "employer", (3, 3), (2, 4))
    eventually(lambda: n_of(groundswell, survey) == 9)
    return survey


def n_of(groundswell, survey):
    known = groundswell.call("GET", "/planning/v1/surveys")["surveys"]
    if survey not in {each["id"] for each in known}:
        return 0
    return groundswell.call("GET", f"/planning/v1/surveys/{survey}")["n"]


@pytest.fixture
def proposal(groundswell, answered):
    """A proposal of its own for each test that decides: a fresh survey would cost seconds, so
    the next one that nobody has touched."""
    groundswell.call("POST", f"/planning/v1/surveys/{answered}/proposals")
    query = {"survey": answered, "status": "draft"}
    return groundswell.call("GET", "/planning/v1/proposals", params=query)["proposals"][0]["id"]


def test_a_planner_signs_in_with_a_token_and_out_again(visit, groundswell):
    page = visit("/planning/proposals?status=draft")
    expect(heading(page)).to_have_text("Sign in")
    page.get_by_text("Sign in with an access token instead").click()
    page.get_by_label("Access token").fill("made-up")
    press(page, "Sign in with the token")
    expect(page.get_by_role("alert")).to_contain_text("not valid")
    page.get_by_label("Access token").fill(groundswell.tokens["planner"])
    press(page, "Sign in with the token")
    expect(heading(page)).to_have_text("Proposals")
    press(page, "Sign out")
    expect(heading(page)).to_have_text("Sign in")


def test_a_planner_adds_publishes_and_closes_a_survey_from_its_json(visit):
    page = visit("/intake/surveys", "planner")
    page.get_by_text("Add one from its JSON").click()
    definition = page.get_by_label("Or paste it here")
    definition.fill(json.dumps({**DEFINITION, "items": [{"id": "x"}]}))
    press(page, "Add as a draft")
    expect(page.get_by_role("alert")).to_contain_text("items.0.type")
    assert '"x"' in definition.input_value()

    definition.fill(json.dumps({**DEFINITION, "title": "Made by hand"}))
    press(page, "Add as a draft")
    expect(heading(page)).to_have_text("Made by hand")
    press(page, "Publish")
    expect(page.get_by_text("open", exact=True)).to_be_visible()
    page.get_by_role("link", name="Answer page").click()
    expect(heading(page)).to_have_text("Made by hand")
    expect(page.get_by_text("this survey is synthetic")).to_be_visible()
    page.go_back()
    page.get_by_text("Close Made by hand").click()
    page.get_by_role("button", name="Close for good Made by hand").click()
    expect(page.get_by_text(re.compile("^clos(ing|ed)$"))).to_be_visible()


def test_a_survey_can_be_uploaded_as_a_file(visit, tmp_path):
    file = tmp_path / "survey.json"
    file.write_text(json.dumps({**DEFINITION, "title": "From a file"}))
    page = visit("/intake/surveys", "planner", viewport=PHONE)
    page.get_by_text("Add one from its JSON").click()
    page.get_by_label("A file").set_input_files(file)
    press(page, "Add as a draft")
    expect(heading(page)).to_have_text("From a file")


def test_needs_are_said_in_plain_words_and_by_group(visit, answered):
    page = visit(f"/planning/surveys/{answered}", "planner", viewport=PHONE)
    first = page.get_by_role("row").nth(1)
    assert first.inner_text().startswith("Finding an internship")
    assert "67 %" in first.inner_text().replace("\N{NO-BREAK SPACE}", " ")
    expect(page.get_by_text("Borich")).to_be_hidden()
    page.get_by_text("How this is calculated").click()
    expect(page.get_by_text("Borich")).to_be_visible()

    page.get_by_role("link", name="Employer (3)").click()
    assert page.get_by_role("row").nth(1).inner_text().startswith("One-to-one advising")


def test_proposals_are_drafted_on_request_and_filtered(visit, answered):
    page = visit(f"/planning/surveys/{answered}", "planner")
    press(page, "Draft proposals now")
    expect(heading(page)).to_have_text("Proposals")
    assert page.get_by_role("listitem").filter(has_text="groups disagree").count() > 0
    page.get_by_label("Status").select_option("rejected")
    press(page, "Show")
    expect(page.locator("main")).to_contain_text("There are no such proposals")


def test_a_refused_decision_says_what_is_missing_and_keeps_the_reason(visit, proposal):
    page = visit(f"/planning/proposals/{proposal}", "planner")
    page.get_by_label("Accept").check()
    page.get_by_label("Reason").fill("The students are clear about it.")
    press(page, "Decide")
    missing = page.get_by_role("alert").inner_text()
    assert "an institutional goal" in missing
    assert "an owner" in missing
    expect(page.get_by_label("Reason")).to_have_value("The students are clear about it.")
    expect(page.get_by_label("Accept")).to_be_checked()


def test_a_planner_prepares_accepts_and_adopts_a_proposal(visit, groundswell, proposal):
    page = visit("/planning/goals", "planner")
    page.get_by_label("Goal").fill("Experience for everybody")
    page.get_by_label("Period").fill("2026-27")
    press(page, "Add the goal")
    expect(page.get_by_role("cell", name="2026-27")).to_have_count(1)

    page = visit(f"/planning/proposals/{proposal}", "planner")
    before = groundswell.call("GET", f"/planning/v1/proposals/{proposal}")
    page.get_by_label("Owner").fill("R. Lee")
    page.get_by_label("Experience for everybody").check()
    press(page, "Save")
    served = page.locator("dl").first
    expect(served).to_contain_text("Serves Experience for everybody", use_inner_text=True)
    after = groundswell.call("GET", f"/planning/v1/proposals/{proposal}")
    assert after["measures"] == before["measures"]  # a target shown to two decimals stays exact

    page.get_by_label("Accept").check()
    page.get_by_label("Reason").fill("Clear need, clear owner.")
    press(page, "Decide")
    press(page, "Adopt as a goal")
    history = page.locator("ol.history").inner_text()
    assert [word for word in ("drafted", "edited", "accepted", "adopted") if word in history] == [
        "drafted", "edited", "accepted", "adopted"
    ]  # fmt: skip
    assert "Clear need, clear owner." in history
    assert page.get_by_text("active", exact=True).count() > 0


def test_components_shown_add_up_to_the_total(visit, proposal):
    page = visit(f"/planning/proposals/{proposal}", "administrator")
    table = page.get_by_role("table").filter(has_text="Total")
    points = [float(row.split()[-1]) for row in table.get_by_role("row").all_inner_texts()[1:]]
    assert sum(points[:-1]) == pytest.approx(points[-1], abs=0.2)


def test_who_was_slower_is_told_and_keeps_what_was_typed(visit, proposal):
    slow = visit(f"/planning/proposals/{proposal}", "planner")
    fast = visit(f"/planning/proposals/{proposal}", "planner")
    fast.get_by_label("Owner").fill("Somebody fast")
    press(fast, "Save")
    slow.get_by_label("Reject").check()
    slow.get_by_label("Reason").fill("Not this year.")
    press(slow, "Decide")
    expect(slow.get_by_role("alert")).to_contain_text("Somebody changed this meanwhile")
    expect(slow.get_by_label("Reason")).to_have_value("Not this year.")
    press(slow, "Decide")
    expect(slow.locator("ol.history")).to_contain_text("Not this year.")


def test_an_administrator_reads_but_is_offered_no_decision(visit, proposal):
    page = visit(f"/planning/proposals/{proposal}", "administrator")
    expect(page.get_by_role("heading", name="Evidence")).to_be_visible()
    expect(page.get_by_role("button", name="Decide")).to_have_count(0)
