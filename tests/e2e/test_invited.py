"""A planner invites people; they open their links, with script and without, and answer once."""

import csv
from pathlib import Path

import pytest

from tests.e2e.conftest import PHONE, eventually
from tests.e2e.test_answering import fill, heading, send
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


def test_people_are_invited_and_answer_with_links_of_their_own(visit, survey, table):
    desk = visit(f"/intake/surveys/{survey}/people", "planner")
    upload(desk, table("ana@example.edu,Ana,student,Arts", "nobody,Ben,student,Arts"))
    assert "Line 3" in desk.get_by_role("alert").inner_text()
    check(desk)
    people = [f"{name}@example.edu,{name},student,Arts" for name in ("ana", "ben", "cy")]
    upload(desk, table(*people))
    assert desk.get_by_role("status").inner_text().startswith("3 invited")
    with desk.expect_download() as given:
        desk.get_by_role("button", name="Make links (CSV)").click()
    with given.value.path().open() as file:
        links = {row["name"]: row["link"] for row in csv.DictReader(file)}

    path = links["ana"].partition("127.0.0.1")[2].partition("/")[2]
    phone = visit(f"/{path}", viewport=PHONE)
    phone.wait_for_url("**/s/*")
    assert heading(phone) == "By invitation"
    assert links["ana"].partition("#")[2] not in phone.content()
    fill(phone, **ANSWERS)
    send(phone)
    phone.get_by_label("Your e-mail address").fill("ana@example.org")
    phone.get_by_role("button", name="Take part in the draw").click()
    assert heading(phone) == "You take part in the draw"

    plain = visit("/intake/i", viewport=PHONE, java_script_enabled=False)
    plain.get_by_label("Link, or what stands after its #").fill(links["ben"])
    plain.get_by_role("button", name="Go to the survey").click()
    fill(plain, **ANSWERS)
    send(plain)
    assert plain.get_by_role("heading", name="Your receipt").is_visible()

    def rate():
        desk.goto(desk.url.partition("#")[0])
        return "66.7 %" in desk.get_by_role("table").inner_text()

    eventually(rate)
    check(desk)


def test_the_way_in_is_accessible_and_says_what_is_wrong(visit, survey):
    page = visit(f"/intake/s/{survey}")
    assert heading(page) == "Your invitation"
    check(page)
    page.get_by_label("Link, or what stands after its #").fill("https://x/i#wrong")
    page.get_by_role("button", name="Go to the survey").click()
    assert "No invitation has this link" in page.content()
    check(page)
