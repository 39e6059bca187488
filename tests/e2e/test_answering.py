"""A student answers on a phone, changes their mind, and takes everything back."""

import re

import pytest
from playwright.sync_api import expect

from tests.e2e.conftest import PHONE, eventually, heading, press
from tests.e2e.test_every_page import check

UNSAID = "Say how satisfied you are, or that you did not know of it or have not used it."
PLAIN = {"viewport": PHONE, "java_script_enabled": False}


@pytest.fixture(scope="module")
def survey(groundswell):
    return groundswell.open_survey()


def fill(page, **answers):
    """Choose radios and write texts, by item: advising=(5, 2)."""
    for item, answer in answers.items():
        fields = {f"a.{item}": answer}
        if isinstance(answer, tuple):
            fields = {f"a.{item}.importance": answer[0], f"a.{item}.satisfaction": answer[1]}
        for name, value in fields.items():
            radio = page.locator(f'input[name="{name}"][value="{value}"]')
            if radio.count():
                radio.check()
            else:
                page.locator(f'textarea[name="{name}"]').fill(value)


def send(page, name="Send my answers"):
    press(page, name)


def codes(page):
    number, receipt = page.locator("dd.mono").all_inner_texts()
    return number, receipt


def answered(visit, survey, *, scripted=False, why="", **answers):
    """A page of thanks for these answers."""
    page = visit(f"/intake/s/{survey}", **{**PLAIN, "java_script_enabled": scripted})
    if scripted:  # with a mistake first: the way back leads to what a POST answered
        send(page)
        page.get_by_role("alert").wait_for()
    page.get_by_label("Student").check()
    fill(page, **{"advising": (5, 2), "overall": 6, **answers})
    if why:
        if not scripted:  # it is asked on a page of its own
            send(page)
        fill(page, why=why)
    send(page)
    page.wait_for_url("**/thanks/**")
    expect(heading(page)).to_have_text("Thank you, your answers are in")
    return page


def choose_by_keyboard(page, choices):
    """Tab through the form; in each named group go right as often as told, then send."""
    for _ in range(60):
        page.keyboard.press("Tab")
        focused = page.locator(":focus")
        steps = choices.pop(focused.get_attribute("name"), None)
        if steps is not None:
            page.keyboard.press("Space")
            for _ in range(steps):
                page.keyboard.press("ArrowRight")
        elif focused.inner_text() == "Send my answers":
            assert choices == {}
            page.keyboard.press("Enter")
            return
    raise AssertionError("Tab never reached the button")


def test_a_student_answers_by_keyboard_alone_and_without_script(visit, groundswell, survey):
    page = visit("/intake/", **PLAIN)
    page.get_by_role("link", name="What do you need?").focus()
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/s/{survey}")
    choices = {"group": 0, "a.advising.importance": 4, "a.advising.satisfaction": 5, "a.overall": 2}
    choose_by_keyboard(page, choices)

    page.get_by_text("lead to one more question").wait_for()
    page.keyboard.press("Tab")
    while page.locator(":focus").get_attribute("name") != "a.why":
        page.keyboard.press("Tab")
    page.keyboard.type("Evening hours")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")

    page.wait_for_url("**/thanks/**")
    number, receipt = codes(page)
    headers = {"Receipt": receipt}
    stored = groundswell.http.get(
        f"{groundswell.url}/intake/v1/responses/{number}", headers=headers, timeout=10
    ).json()
    assert stored["group"] == "student"
    assert stored["answers"] == {
        "advising": {"importance": 5, "use": "unaware"},
        "overall": 3,
        "why": "Evening hours",
    }


def test_bad_input_comes_back_with_messages_and_all_that_was_typed(visit, survey):
    page = visit(f"/intake/s/{survey}", **PLAIN)
    page.locator('input[name="a.advising.importance"][value="4"]').check()
    page.locator('input[name="a.year"][value="later"]').check()
    send(page)

    summary = page.get_by_role("alert")
    assert summary.get_by_role("link").all_inner_texts() == [
        "You answer as: Choose the group you answer for.",
        "All in all: Choose a number.",
        f"One-to-one advising: {UNSAID}",
    ]
    assert summary.evaluate("alert => alert === document.activeElement")
    expect(page.locator('input[name="a.advising.importance"][value="4"]')).to_be_checked()
    expect(page.locator('input[name="a.year"][value="later"]')).to_be_checked()
    summary.get_by_role("link", name="All in all").click()
    assert page.locator('input[name="a.overall"]').first.evaluate(
        "one => one === document.querySelector(':target')"
    )
    assert page.title().startswith("Error: ")


def test_an_answer_that_no_longer_applies_is_left_out_with_a_notice(visit, survey):
    page = visit(f"/intake/s/{survey}", **PLAIN)
    page.get_by_label("Student").check()
    fill(page, advising=(5, 2), overall=2)
    send(page)
    fill(page, why="Everything")
    send(page, "Go back to my answers")
    expect(page.locator('textarea[name="a.why"]')).to_have_value("Everything")
    fill(page, overall=7)
    send(page)
    expect(heading(page)).to_have_text("Thank you, your answers are in")
    expect(page.locator("main")).to_contain_text("no longer applied was left out")
    send(page, "See or change my answers")
    expect(page.locator("main")).not_to_contain_text("Everything")


def test_sending_the_same_form_twice_thanks_again(visit, survey):
    page = answered(visit, survey)
    first = codes(page)
    page.go_back()
    send(page)
    expect(heading(page)).to_have_text("Thank you, your answers are in")
    assert codes(page) == first


@pytest.mark.parametrize("scripted", [False, True])
def test_going_back_and_sending_other_answers_offers_to_update(visit, survey, scripted):
    page = answered(visit, survey, scripted=scripted, overall=2, why="Evenings")
    page.go_back()
    expect(heading(page)).not_to_have_text("You have answered already")
    if scripted:  # the question was asked in place
        expect(page.locator('textarea[name="a.why"]')).to_have_value("Evenings")
        fill(page, overall=3)
    else:
        fill(page, why="Mornings")
    send(page)
    page.get_by_role("heading", name="You have answered already").wait_for()
    if scripted:
        check(page)
    page.get_by_role("link", name="Keep what I sent").click()
    page.wait_for_url("**/thanks/**")
    page.go_back()
    send(page, "Update my answer")
    page.wait_for_url("**/thanks/**")
    send(page, "See or change my answers")
    told = page.locator("dl").inner_text()
    assert re.search(r"All in all\s+3" if scripted else r"Mornings", told)


def test_opening_the_link_again_leads_to_the_form_as_it_was_sent(visit, survey):
    page = answered(visit, survey, scripted=True, overall=5)
    page.goto(page.url.partition("/thanks/")[0])
    expect(heading(page)).to_have_text("You have answered already")
    check(page)
    page.get_by_role("link", name="See or change my answers").click()
    expect(page.locator('input[name="a.overall"][value="5"]')).to_be_checked()
    fill(page, overall=7)
    send(page, "Update my answers")
    page.wait_for_url("**/thanks/**")
    send(page, "See or change my answers")
    assert re.search(r"All in all\s+7", page.locator("dl").inner_text())


def test_the_holder_of_a_receipt_sees_changes_and_withdraws(visit, survey):
    page = answered(visit, survey, year="first")
    number, receipt = codes(page)
    page = visit("/intake/mine", **PLAIN)
    page.get_by_label("Number").fill(number)
    page.get_by_label("Receipt").fill(receipt)
    send(page, "See my answers")
    shown = page.locator("dl").inner_text()
    assert "importance 5, satisfaction 2" in shown
    assert "First" in shown

    send(page, "Change my answers")
    expect(page.locator('input[name="a.overall"][value="6"]')).to_be_checked()
    fill(page, overall=7)
    send(page, "Update my answers")
    send(page, "See or change my answers")
    assert re.search(r"All in all\s+7", page.locator("dl").inner_text())

    send(page, "Take my answers back")
    expect(heading(page)).to_have_text("Your answers are taken back")
    page = visit(f"/intake/mine?id={number}&receipt={receipt}", **PLAIN)
    send(page, "See my answers")
    expect(page.get_by_role("alert")).to_contain_text("We cannot find these answers")


def test_a_survey_speaks_the_language_of_its_reader(visit, survey):
    page = visit(f"/intake/s/{survey}", locale="es-MX")
    expect(heading(page)).to_have_text("¿Qué necesita usted?")
    assert page.get_by_text("Finding an internship").count() == 1  # nobody translated it
    page = visit(f"/intake/s/{survey}", locale="fr-FR")
    expect(heading(page)).to_have_text("What do you need?")


def test_a_closed_or_unknown_survey_gets_a_kind_word(visit, groundswell):
    survey = groundswell.open_survey(title="Yesterday's survey")
    page = visit(f"/intake/s/{survey}", **PLAIN)
    groundswell.call("POST", f"/intake/v1/surveys/{survey}/close")
    eventually(lambda: "closed" in visit(f"/intake/s/{survey}", **PLAIN).title())
    page.get_by_label("Student").check()
    fill(page, advising=(5, 2), overall=6)
    send(page)
    expect(heading(page)).to_have_text("This survey is closed")
    page = visit("/intake/s/never-was", **PLAIN)
    expect(heading(page)).to_have_text("We cannot find this survey")


def test_script_in_any_text_of_a_survey_stays_inert(visit, groundswell):
    probe = """<img src=x onerror="alert(1)"><script>alert(2)</script>{{ 7*7 }}'"&"""
    items = [
        {"id": "n", "type": "need", "text": probe, "scale": {"min": 1, "max": 5}},
        {"id": "c", "type": "single_choice", "text": probe, "section": "s",
         "choices": [{"value": "v", "text": probe}]},
    ]  # fmt: skip
    survey = groundswell.open_survey(
        title=probe, introduction=probe, items=items, sections=[{"id": "s", "title": probe}]
    )
    alerts = []
    for path, role in (
        ("/intake/", None),
        (f"/intake/s/{survey}", None),
        ("/intake/surveys", "planner"),
        ("/planning/", "planner"),
    ):
        page = visit(path, role)
        page.on("dialog", lambda dialog: (alerts.append(dialog.message), dialog.dismiss()))
        eventually(lambda page=page: page.reload() and probe in page.locator("main").inner_text())
        expect(page.locator("main img")).to_have_count(0)
        ours = "[src], [type='application/json']"
        expect(page.locator(f"main script:not({ours})")).to_have_count(0)
    assert alerts == []
