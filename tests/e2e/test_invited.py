"""A planner invites and reminds people; they open their links, with script and without, and answer
once."""

import csv
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.e2e.conftest import PHONE, comes_to_show, eventually, heading
from tests.e2e.test_answering import fill, send
from tests.e2e.test_every_page import check

ANSWERS = {"advising": (5, 2), "internship": (4, 3), "overall": 6}


@pytest.fixture(scope="module")
def survey(groundswell):
    asked = {"access": "invited", "minimum_group_size": 2, "draw": {"en": "Two theatre tickets."}}
    return groundswell.open_survey(title="By invitation", **asked)


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    """Writes a table of addresses."""

    def write(*lines):
        file = tmp_path_factory.mktemp("tables") / "people.csv"
        file.write_text("email,name,group,college\n" + "".join(f"{line}\n" for line in lines))
        return file

    return write


def upload(page, file: Path):
    page.get_by_label("Table").set_input_files(file)
    page.get_by_role("button", name="Invite them").click()


def write(desk, subject):
    desk.get_by_label("Subject").fill(subject)
    desk.get_by_role("button", name="Send to all who have not answered").click()


def told(desk, subject):
    """What the page says of a letter."""
    return desk.get_by_role("listitem").filter(has_text=subject)


def link_in(letter) -> str:
    (line,) = [line for line in letter.get_content().splitlines() if "/intake/i#" in line]
    return line


def test_a_table_with_a_wrong_line_and_a_letter_with_a_wrong_word_are_refused(
    visit, survey, table, mailbox
):
    desk = visit(f"/intake/surveys/{survey}/people", "planner")
    upload(desk, table("ana@example.edu,Ana,student,Arts", "nobody,Ben,student,Arts"))
    expect(desk.get_by_role("alert")).to_contain_text("Line 3")
    check(desk)
    write(desk, "A {first} {letter}")
    expect(desk.get_by_role("alert")).to_contain_text("There is no {first}")
    expect(desk.get_by_role("alert")).to_contain_text("There is no {letter}")
    check(desk)
    assert mailbox.letters == []


def test_people_are_invited_by_mail_answer_with_links_of_their_own_and_are_reminded(
    visit, survey, table, mailbox
):
    desk = visit(f"/intake/surveys/{survey}/people", "planner")
    people = [f"{name}@example.edu,{name},student,Arts" for name in ("ana", "ben", "cy", "dot")]
    upload(desk, table(*people))
    assert desk.get_by_role("status").inner_text().startswith("4 invited")
    with desk.expect_download() as given:
        desk.get_by_role("button", name="Make links (CSV)").click()
    with given.value.path().open() as file:
        assert {row["name"] for row in csv.DictReader(file)} == {"ana", "ben", "cy", "dot"}

    mailbox.refusals["dot@example.edu"] = ["550 nobody of that name"]
    write(desk, "A first letter, {name}")
    first = told(desk, "A first letter")
    first.get_by_text("3 of 4 handed over").wait_for()
    first.get_by_text("Who may not have got it").click()
    expect(first).to_contain_text("dot@example.edu: refused (550 nobody of that name)")
    check(desk)
    letters = {letter["To"].partition("@")[0]: letter for letter in mailbox.letters}
    assert sorted(letters) == ["ana", "ben", "cy"]
    links = {name: link_in(letter) for name, letter in letters.items()}

    path = links["ana"].partition("127.0.0.1")[2].partition("/")[2]
    phone = visit(f"/{path}", viewport=PHONE)
    phone.wait_for_url("**/s/*")
    expect(heading(phone)).to_have_text("By invitation")
    assert links["ana"].partition("#")[2] not in phone.content()
    fill(phone, **ANSWERS)
    send(phone)
    phone.get_by_label("Your e-mail address").fill("ana@example.org")
    phone.get_by_role("button", name="Take part in the draw").click()
    expect(heading(phone)).to_have_text("You take part in the draw")

    plain = visit("/intake/i", viewport=PHONE, java_script_enabled=False)
    plain.get_by_label("Link, or what stands after its #").fill(links["ben"])
    plain.get_by_role("button", name="Go to the survey").click()
    fill(plain, **ANSWERS)
    send(plain)
    expect(plain.get_by_role("heading", name="Your receipt")).to_be_visible()

    def rate():
        desk.goto(desk.url.partition("#")[0])
        return "50.0 %" in desk.get_by_role("table").inner_text()

    eventually(rate)
    mailbox.letters.clear()
    mailbox.drops.add("cy@example.edu")
    write(desk, "A reminder")
    reminder = told(desk, "A reminder")
    reminder.get_by_text("1 of 2 handed over to the mail server, 1 uncertain").wait_for()
    assert mailbox.to() == ["dot@example.edu"]
    reminder.get_by_text("Who may not have got it").click()
    expect(reminder).to_contain_text("cy@example.edu: uncertain")
    check(desk)


def test_a_letter_that_waits_for_the_mail_server_can_be_cancelled_without_script(
    visit, groundswell, table, mailbox
):
    survey = groundswell.open_survey(
        title="Some other time", access="invited", participation="confidential"
    )
    mailbox.refusals["eve@example.edu"] = ["451 come back later"]
    desk = visit(f"/intake/surveys/{survey}/people", "planner", java_script_enabled=False)
    upload(desk, table("eve@example.edu,Eve,student,Arts"))
    write(desk, "A letter")
    eventually(lambda: not mailbox.refusals["eve@example.edu"])
    letter = told(desk, "A letter")
    comes_to_show(desk, letter, "0 of 1 handed over to the mail server, 1 waiting")
    letter.get_by_role("button", name="Cancel").click()
    expect(told(desk, "A letter")).to_contain_text("cancelled")
    expect(told(desk, "A letter")).to_contain_text("1 not sent")


def test_the_way_in_is_accessible_and_says_what_is_wrong(visit, survey):
    page = visit(f"/intake/s/{survey}")
    expect(heading(page)).to_have_text("Your invitation")
    check(page)
    page.get_by_label("Link, or what stands after its #").fill("https://x/i#wrong")
    page.get_by_role("button", name="Go to the survey").click()
    assert "No invitation has this link" in page.content()
    check(page)
