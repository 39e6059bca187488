"""The answer form with its script, on a phone."""

import json
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.e2e.all_types import ALL_TYPES
from tests.e2e.conftest import PHONE, eventually, heading
from tests.e2e.test_answering import send
from tests.e2e.test_every_page import check

TABLE = json.loads((Path(__file__).parents[1] / "conditions.json").read_text())
EVALUATED = """async table => {
  const { evaluate } = await import("/intake/own/conditions.js");
  return table.map(({ rule, answers }) => evaluate(rule, answers));
}"""


@pytest.fixture(scope="module")
def survey(groundswell):
    return groundswell.open_survey(**ALL_TYPES)


@pytest.fixture
def form(visit, survey):
    """The form with what must be answered answered."""
    return filled(visit(f"/intake/s/{survey}", viewport=PHONE))


@pytest.fixture
def unheard(browser, groundswell, survey):
    """The same, where the browser may say that the server cannot be reached."""
    context = browser.new_context(viewport=PHONE)
    page = context.new_page()
    page.goto(f"{groundswell.url}/intake/s/{survey}")
    yield filled(page)
    context.close()


def filled(page):
    page.get_by_label("I agree").check()
    page.get_by_label("Student").check()
    for part in ("importance", "satisfaction"):
        page.locator(f'input[name="a.advising.{part}"][value="3"]').check()
    return page


def named(page, name, value=None):
    return page.locator(f'[name="a.{name}"]' + (f'[value="{value}"]' if value else ""))


def stored_here(page):
    return page.evaluate("localStorage.length")


def test_the_page_s_script_decides_every_condition_as_the_server_does(form):
    found = form.evaluate(EVALUATED, TABLE)
    wrong = [
        (case, value) for case, value in zip(TABLE, found, strict=True) if value != case["value"]
    ]
    assert wrong == []
    assert [type(value) for value in found if isinstance(value, bool)] == [
        bool for case in TABLE if isinstance(case["value"], bool)
    ]


def test_what_an_answer_asks_for_is_asked_in_place_and_earlier_answers_are_spoken_of(form):
    why = form.get_by_label("What was missing?")
    expect(why).to_be_hidden()
    named(form, "overall", "2").check()
    expect(why).to_be_visible()
    needed = form.locator('[data-item="why"] .needed')
    expect(needed).to_be_hidden()
    named(form, "overall", "1").check()
    expect(needed).to_be_visible()
    named(form, "overall", "5").check()
    expect(why).to_be_hidden()

    named(form, "topic.other").fill("<b>Mine</b>")
    expect(named(form, "topic", "other")).to_be_checked()
    expect(form.get_by_role("heading", name="About <b>Mine</b>")).to_be_visible()
    named(form, "visits").fill("8")
    named(form, "hours").fill("1")
    objection = form.get_by_text("less than a quarter of an hour a visit")
    expect(objection).to_be_visible()
    named(form, "hours").fill("2")
    expect(objection).to_be_hidden()

    named(form, "times", "early").check()
    named(form, "times", "never").check()
    expect(named(form, "times", "early")).not_to_be_checked()
    assert form.locator(".progress").inner_text() == "6 of 12 answered"


def test_ranking_works_by_keyboard(form):
    named(form, "topic", "cv").check()
    picks = form.locator(".ranks .pick")
    for name in ("Interviews", "Writing a CV", "Talking about pay"):
        picks.filter(has_text=name).focus()
        form.keyboard.press("Enter")
    form.get_by_role("button", name="Move Talking about pay up").focus()
    form.keyboard.press("Space")
    form.keyboard.press("Space")
    assert picks.all_inner_texts() == ["Talking about pay", "Interviews", "Writing a CV"]
    assert [named(form, f"order.{name}").input_value() for name in ("pay", "talk", "cv")] == [
        "1", "2", "3",
    ]  # fmt: skip
    assert form.locator(".ranks:focus-within").count() == 1


def test_what_was_typed_survives_a_reload_and_a_lost_connection_and_is_counted_once(
    unheard, groundswell, survey
):
    form = unheard
    named(form, "topic", "cv").check()
    named(form, "order.-").check()
    named(form, "name").fill("History")
    order = form.locator('[data-item="topic"] label').all_inner_texts()
    form.evaluate("dispatchEvent(new Event('pagehide'))")
    eventually(lambda: "History" in (form.evaluate("JSON.stringify(localStorage)")))
    form.reload()
    form.get_by_text("What you began on this device is still here.").wait_for()
    expect(named(form, "name")).to_have_value("History")
    assert form.locator('[data-item="topic"] label').all_inner_texts() == order

    lost = []

    def lose(route):
        lost.append(route.fetch(max_redirects=0).status)
        route.abort()

    form.route("**/answers", lose, times=1)
    form.route("**/answers", lambda route: route.fulfill(status=503), times=1)
    send(form)
    form.get_by_text("The server is busy. Your answers are still here").wait_for()
    send(form)
    form.get_by_text("check your connection and send them again").wait_for()
    seen = f"/intake/v1/surveys/{survey}/drop_off"
    assert (lost, groundswell.call("GET", seen)["completed"]) == ([303], 1)
    send(form)
    form.wait_for_url("**/thanks/**")
    assert stored_here(form) == 0
    assert groundswell.call("GET", seen)["completed"] == 1


def test_what_was_begun_goes_on_from_its_link(form, visit):
    named(form, "topic", "pay").check()
    send(form, "Save and continue later")
    form.wait_for_url("**/answers")
    check(form)
    link = form.locator("a[data-copied]").inner_text()
    page = visit("/intake/", viewport=PHONE)
    page.goto(link)
    named(page, "topic", "pay").wait_for()
    expect(named(page, "topic", "pay")).to_be_checked()
    expect(page.get_by_role("heading", name="About Talking about pay")).to_be_visible()


def test_every_type_of_item_is_accessible_and_fits(form):
    named(form, "topic", "cv").check()
    named(form, "overall", "1").check()
    form.locator(".ranks .pick").first.click()
    check(form)
    send(form)
    form.get_by_role("alert").wait_for()
    expect(heading(form)).to_have_text("Everything that can be asked")
    check(form)
