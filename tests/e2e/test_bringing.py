"""The first hour: from a table of answers to ranked needs and drafted proposals, in the browser."""

import csv
import random

import pytest
from playwright.sync_api import expect

from tests.e2e.conftest import PHONE
from tests.e2e.test_every_page import check

THINGS = {"Internships": (5, 2), "Advising": (4, 3), "Career fairs": (3, 4), "Workshops": (2, 4)}
SATISFIED = ["Very dissatisfied", "Dissatisfied", "Neutral", "Satisfied", "Very satisfied"]
PATIENCE = 60_000
CLICKS = 3


@pytest.fixture(scope="module")
def answers(tmp_path_factory):
    """Sixty invented people, as a form with grids saves them."""
    draw = random.Random(11)

    def near(mean):
        return min(max(mean + draw.choice((-1, 0, 0, 1)), 1), 5)

    header = [
        "Timestamp", "Email Address", "I am a",
        *(f"How important is this to you? [{thing}]" for thing in THINGS),
        *(f"How satisfied are you with it? [{thing}]" for thing in THINGS),
    ]  # fmt: skip
    rows = [
        [f"2024-03-01 10:00:{n:02}", f"person{n}@example.edu", draw.choice(["Student", "Staff"]),
         *(near(importance) for importance, _ in THINGS.values()),
         *(SATISFIED[near(satisfaction) - 1] for _, satisfaction in THINGS.values())]
        for n in range(60)
    ]  # fmt: skip
    path = tmp_path_factory.mktemp("answers") / "synthetic_answers.csv"
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([header, *rows])
    return path


def test_a_table_of_answers_becomes_needs_and_proposals_in_three_clicks(visit, answers):
    """Without script, so that nothing on the way rests on any."""
    page = visit("/intake/surveys", "planner", java_script_enabled=False)
    page.set_default_timeout(PATIENCE)
    clicks = 0

    def click(locator):
        nonlocal clicks
        clicks += 1
        locator.click()

    click(page.get_by_role("link", name="Bring your own answers"))
    page.get_by_label("A file of answers").set_input_files(answers)
    click(page.get_by_role("button", name="Look through it"))
    told = page.locator("main").inner_text()
    assert "60 of 60 answers" in told
    assert "Left out as personal: Timestamp, Email Address" in told
    assert "person1@example.edu" not in page.content()
    click(page.get_by_role("button", name="Show me the needs").first)
    page.wait_for_url("**/planning/surveys/*")
    page.get_by_role("heading", name="Draft proposals").wait_for()
    ranked = [row.split("\t")[0].strip() for row in page.get_by_role("row").all_inner_texts()]
    assert ranked[1:3] == ["Internships", "Advising"]
    expect(page.locator("main ol.list > li")).to_have_count(3)
    assert clicks == CLICKS


def test_what_was_guessed_is_corrected_before_it_is_asked(visit, answers):
    page = visit("/intake/bring", "planner", viewport=PHONE)
    page.get_by_role("button", name="Look through it").click()
    page.get_by_label("A file of answers").set_input_files(answers)
    page.get_by_role("button", name="Look through it").click()
    check(page)
    thing = "How important is this to you? [Workshops]"
    page.get_by_label(f"What {thing} is taken for").select_option("out")
    page.get_by_label("Which column says who answers").select_option("")
    page.get_by_label("Asked as").first.fill("Finding an internship")
    page.get_by_role("button", name="Check my corrections").first.click()
    told = page.locator("main section").first.inner_text()
    assert "3 needs" in told
    assert "1 rating" in told
    assert "Finding an internship" in told
    assert "Everybody (60)" in told
    for part in ("Internships", "Advising", "Career fairs"):
        page.get_by_label(f"What How important is this to you? [{part}] is").select_option("text")
    page.get_by_role("button", name="Show me the needs").first.click()
    expect(page.get_by_role("alert")).to_contain_text("Nothing can be ranked yet")
    page.get_by_role("button", name="Erase it now").click()
    page.wait_for_url("**/intake/bring")
    page.go_back()
    page.reload()
    expect(page.get_by_role("alert")).to_contain_text("was erased")
