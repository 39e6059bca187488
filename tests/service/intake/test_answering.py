"""The pages of somebody who answers, as a browser without script sends and gets them."""

import re
from datetime import timedelta
from html import unescape
from pathlib import Path

import pytest
from werkzeug.datastructures import MultiDict

from services.intake.store import open_store
from services.intake.usecases.save_partial import KEPT_DAYS, forget_partials
from shared import times
from tests.e2e.all_types import ALL_TYPES, SCALE

ROOT = Path(__file__).parents[3]
MOST_BYTES = 100_000
NEEDED = {
    "consent": "yes",
    "group": "student",
    "a.advising.importance": "5",
    "a.advising.satisfaction": "unused",
}


@pytest.fixture
def browser(flask_app):
    return flask_app.test_client()


@pytest.fixture
def open_survey(planner):
    def opened(definition):
        name = planner("POST", "/surveys", json=definition).json["id"]
        planner("POST", f"/surveys/{name}/publish")
        return name

    return opened


@pytest.fixture
def all_types(open_survey):
    return open_survey(ALL_TYPES)


def field(page, name):
    return re.search(rf'name="{name}" value="([^"]*)"', page.text)[1]


def forms(page):
    """The fields of each form that are not to be filled in."""
    hidden = re.compile(r'<input type="hidden" name="([^"]+)" value="([^"]*)">')
    return [
        MultiDict((name, unescape(value)) for name, value in hidden.findall(form))
        for form in page.text.split("<form")[1:]
    ]


@pytest.fixture
def sent(browser, all_types):
    """An answer that was sent from the browser: its fields."""
    page = browser.get(f"/s/{all_types}")
    asked = [item["id"] for item in ALL_TYPES["items"]]
    typed = {"id": field(page, "id"), "a.topic": "cv", "a.name": "Law", "asked": asked, **NEEDED}
    assert browser.post(f"/s/{all_types}/answers", data=typed).status_code == 303
    return typed


def mine(thanks):
    """The two codes of a page of thanks."""
    name, receipt = re.search(r"thanks/(\w+)\?receipt=([^&]+)", thanks.location).groups()
    return {"id": name, "receipt": receipt}


def own_words(page):
    return re.findall(r"<dd>(.*?)</dd>", page.text)


def test_every_type_is_asked_answered_and_told_in_words(browser, all_types, respondent):
    page = browser.get(f"/s/{all_types}")
    typed = {"id": field(page, "id"), "a.topic": "cv", **NEEDED}
    follow = browser.post(f"/s/{all_types}/answers", data=typed)
    assert "lead to a few more questions" in follow.text
    assert "Rank these for" in follow.text
    assert "Class year" not in follow.text

    more = {
        "a.times": ["early", "other"], "a.times.other": "at noon",
        "a.order.talk": "1", "a.order.pay": "3", "a.order.cv": "2",
        "a.grid.fair": "good", "a.visits": "4", "a.hours": "2,5", "a.day": "2026-05-04",
        "asked": ["times", "order", "grid", "visits", "hours", "day", "name"],
    }  # fmt: skip
    thanks = browser.post(f"/s/{all_types}/answers", data=typed | more)
    assert thanks.status_code == 303
    receipt = re.search(r"receipt=([^&]+)", thanks.location)[1]
    own = respondent("GET", f"/responses/{typed['id']}", headers={"Receipt": receipt}).json
    assert own["answers"] == {
        "advising": {"importance": 5, "use": "unused"},
        "topic": "cv",
        "times": ["early", {"other": "at noon"}],
        "order": ["talk", "cv", "pay"],
        "grid": {"fair": "good"},
        "visits": 4,
        "hours": 2.5,
        "day": "2026-05-04",
    }
    mine = browser.post("/mine", data={"id": typed["id"], "receipt": receipt}).text
    assert "Early, at noon" in mine
    assert "1. Interviews, 2. Writing a CV, 3. Talking about pay" in mine
    assert "The career fair: Very good" in mine


def test_what_is_wrong_is_told_in_the_reader_s_language(browser, all_types):
    page = browser.post(f"/s/{all_types}/answers", data={"lang": "de", "a.overall": "9"})
    assert page.status_code == 422
    assert '<html lang="de" dir="ltr">' in page.text
    assert "Setzen Sie das Häkchen, um teilzunehmen." in page.text
    assert "Wählen Sie eine Zahl." in page.text
    assert field(page, "lang") == "de"


def test_a_language_is_chosen_and_a_text_without_one_is_marked(browser, all_types):
    page = browser.get(f"/s/{all_types}?lang=de").text
    assert "Alles, was man fragen kann" in page
    assert 'hreflang="en">English</a>' in page
    assert '<span lang="en" dir="ltr">Class year</span>' in page


def test_what_was_promised_is_said_before_anything_is_asked(browser, all_types):
    page = browser.get(f"/s/{all_types}").text
    before, _, _ = page.partition("<form")
    assert "Your answers are anonymous." in before
    assert "Nothing is published about fewer than 3 people." in before
    assert "careers@example.org" in before


def test_random_choices_keep_their_order_over_mistakes(browser, all_types):
    page = browser.get(f"/s/{all_types}")
    again = browser.post(f"/s/{all_types}/answers", data={"id": field(page, "id")})
    choices = re.compile(r'name="a.topic" value="(\w+)"')
    assert choices.findall(again.text) == choices.findall(page.text)


def test_what_was_begun_can_be_gone_on_with_from_a_link_until_it_is_sent(
    browser, flask_app, all_types, database
):
    page = browser.get(f"/s/{all_types}")
    typed = {"id": field(page, "id"), "a.topic": "cv", "a.topic.other": "", **NEEDED}
    kept = browser.post(f"/s/{all_types}/answers", data={**typed, "step": "later"})
    secret = re.search(r"/later#([\w-]{24})", kept.text)[1]
    assert database.responses.count_documents({}) == 0

    elsewhere = flask_app.test_client()
    found = elsewhere.post(f"/s/{all_types}/later", data={"link": f"http://x/later#{secret}"})
    assert re.search(r'value="cv"[^>]* checked', found.text)
    assert field(found, "later") == secret
    again = elsewhere.post(
        f"/s/{all_types}/answers", data={**typed, "later": secret, "step": "later"}
    )
    assert secret in again.text
    assert database.partials.count_documents({}) == 1

    sent = {**typed, "later": secret, "asked": [item["id"] for item in ALL_TYPES["items"]]}
    assert elsewhere.post(f"/s/{all_types}/answers", data=sent).status_code == 303
    assert database.partials.count_documents({}) == 0
    gone = elsewhere.post(f"/s/{all_types}/later", data={"link": secret})
    assert gone.status_code == 404


def test_what_was_begun_is_deleted_when_its_time_is_over(browser, all_types, database, monkeypatch):
    kept = browser.post(f"/s/{all_types}/answers", data={"step": "later", "a.topic": "cv"})
    secret = re.search(r"/later#([\w-]{24})", kept.text)[1]
    stored = str(database.partials.find_one())
    assert secret not in stored
    store = open_store(database, "another secret that is long")
    forget_partials(store)
    assert database.partials.count_documents({}) == 1
    later = times.now() + timedelta(days=KEPT_DAYS)
    monkeypatch.setattr(times, "now", lambda: later)
    assert browser.post(f"/s/{all_types}/later", data={"link": secret}).status_code == 404
    forget_partials(store)
    assert database.partials.count_documents({}) == 0


def test_drop_off_is_counted_by_the_last_item_reached_and_no_answer_is_joined_to_it(
    browser, planner, all_types, database
):
    def reach(visit, item):
        said = {"visit": visit * 32, "item": item}
        assert browser.post(f"/s/{all_types}/reached", data=said).status_code == 204

    for visit, items in {"a": ["year", "nps"], "b": ["nps"], "c": ["year"], "d": ["none"]}.items():
        for item in items:
            reach(visit, item)
    asked = [item["id"] for item in ALL_TYPES["items"]]
    for visit, seconds in {"c": "61", "e": "118", "f": "x", "9": "99999"}.items():
        sent = {**NEEDED, "a.topic": "cv", "asked": asked, "visit": visit * 32, "seconds": seconds}
        assert browser.post(f"/s/{all_types}/answers", data=sent).status_code == 303
    reach("c", "year")

    assert planner("GET", f"/surveys/{all_types}/drop_off").json == {
        "started": 6,
        "completed": 4,
        "left_at": [{"item": "nps", "visits": 2}],
        "seconds": {"n": 2, "lower_quartile": 75, "median": 90, "upper_quartile": 105},
    }
    responses = str(list(database.responses.find()))
    assert not any(visit * 32 in responses for visit in "cef9")
    fields = {name for row in database.visits.find() for name in row}
    assert fields == {"_id", "unit", "schema", "survey", "done", "item", "seconds"}


def test_a_survey_with_a_full_group_or_before_its_time_gets_a_kind_word(
    browser, flask_app, open_survey
):
    one = open_survey({**ALL_TYPES, "quotas": {"student": 1}})
    sent = {**NEEDED, "a.topic": "cv", "asked": [item["id"] for item in ALL_TYPES["items"]]}
    assert browser.post(f"/s/{one}/answers", data=sent).status_code == 303
    full = flask_app.test_client().post(f"/s/{one}/answers", data=sent)
    assert (full.status_code, "Your group has answered" in full.text) == (409, True)
    early = browser.get(f"/s/{open_survey({**ALL_TYPES, 'opens_at': '2999-01-01T00:00:00Z'})}")
    assert (early.status_code, "opens on 2999-01-01" in early.text) == (403, True)


def test_a_revision_is_offered_with_all_that_was_answered(browser, all_types):
    typed = {"a.topic": "cv", "asked": [item["id"] for item in ALL_TYPES["items"]], **NEEDED}
    typed |= {"a.order.cv": "2", "a.order.talk": "1", "a.order.pay": "3", "a.year": "last"}
    thanks = browser.post(f"/s/{all_types}/answers", data=typed)
    name, receipt = re.search(r"thanks/(\w+)\?receipt=([^&]+)", thanks.location).groups()
    mine = browser.post("/mine", data={"id": name, "receipt": receipt}).text
    pairs = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)">', mine)
    form = browser.post(f"/s/{all_types}/answers", data=dict(pairs))
    assert re.search(r'name="a.year" value="last"[^>]* checked', form.text)
    assert re.search(r'name="a.order.cv"[^>]* value="2"', form.text)
    assert "Update my answers" in form.text
    changed = dict(pairs) | {"a.year": "first", "asked": typed["asked"]}
    del changed["step"]
    assert browser.post(f"/s/{all_types}/answers", data=changed).status_code == 303
    assert "First" in browser.post("/mine", data={"id": name, "receipt": receipt}).text


def test_answers_sent_again_are_thanked_for_and_other_ones_are_kept_until_it_is_decided(
    browser, all_types, sent, database
):
    first = browser.post(f"/s/{all_types}/answers", data=sent)
    assert (first.status_code, "/thanks/" in first.location) == (303, True)
    again = browser.post(f"/s/{all_types}/answers", data={**sent, "a.name": "History"})
    assert "You have answered already" in again.text
    assert "Enter" not in again.text
    assert f'href="{first.location}">Keep what I sent' in unescape(again.text)
    assert own_words(browser.post("/mine", data=mine(first)))[-1] == "Law"

    [update] = forms(again)
    assert update["a.name"] == "History"
    thanks = browser.post(f"/s/{all_types}/answers", data=update)
    assert (thanks.status_code, thanks.location) == (303, first.location)
    assert own_words(browser.post("/mine", data=mine(first)))[-1] == "History"
    # What stands now is what counts, not what was sent first.
    assert browser.post(f"/s/{all_types}/answers", data=sent).status_code == 200
    [response] = database.responses.find()
    assert response["revision"] == 2


def test_second_form_from_one_device_takes_the_place_of_the_first_or_is_somebody_else_s(
    browser, all_types, sent, database
):
    other = {**sent, "id": "", "a.name": "History"}
    page = browser.post(f"/s/{all_types}/answers", data=other)
    update, anew = forms(page)
    assert update["id"] == sent["id"]
    assert browser.post(f"/s/{all_types}/answers", data=update).status_code == 303
    assert database.responses.count_documents({}) == 1
    assert browser.post(f"/s/{all_types}/answers", data=anew).status_code == 303
    assert database.responses.count_documents({}) == 2


def test_link_that_is_opened_again_leads_to_the_answers_as_they_were_sent(
    browser, flask_app, all_types, sent
):
    page = browser.get(f"/s/{all_types}?lang=de")
    assert "Sie haben schon geantwortet" in page.text
    assert f'href="/s/{all_types}/mine?lang=de">Meine Antworten sehen oder ändern' in page.text
    form = browser.get(f"/s/{all_types}/mine?lang=de")
    assert re.search(r'name="a.name"[^>]* value="Law"', form.text)
    assert re.search(r'name="a.topic" value="cv"[^>]* checked', form.text)
    changed = {**sent, "receipt": field(form, "receipt"), "a.name": "History"}
    assert browser.post(f"/s/{all_types}/answers", data=changed).status_code == 303
    assert 'value="History"' in browser.get(f"/s/{all_types}/mine").text
    # Whoever else answers here gets a form, and nothing is kept where a device is shared.
    assert 'name="another" value="1"' in browser.get(f"/s/{all_types}?another=1").text
    shared = flask_app.test_client()
    assert shared.post(f"/s/{all_types}/answers", data=sent | {"shared": "1"}).status_code == 200
    assert shared.post(f"/s/{all_types}/answers", data=sent | {"shared": "1", "id": ""}).location
    assert "<form" in shared.get(f"/s/{all_types}").text
    assert shared.get(f"/s/{all_types}/mine").location == "/mine"


def test_what_was_taken_back_can_be_sent_anew(browser, all_types, sent, database):
    thanks = browser.post(f"/s/{all_types}/answers", data=sent)
    browser.post("/mine", data={**mine(thanks), "do": "withdraw"})
    assert 'data-answers="' in browser.get(f"/s/{all_types}").text
    for again in (sent, {**sent, "a.name": "History"}):
        page = browser.post(f"/s/{all_types}/answers", data=again)
        assert "was taken back or deleted" in page.text
    [anew] = forms(page)
    assert browser.post(f"/s/{all_types}/answers", data=anew).status_code == 303
    assert database.responses.count_documents({}) == 2


def test_browser_that_keeps_nothing_is_asked_for_the_receipt(flask_app, all_types, sent):
    other = flask_app.test_client(use_cookies=False)
    assert other.post(f"/s/{all_types}/answers", data=sent).status_code == 303
    page = other.post(f"/s/{all_types}/answers", data={**sent, "a.name": "History"})
    assert (page.status_code, "enter the receipt" in page.text) == (200, True)
    [typed] = forms(page)
    typed["receipt"] = "made-up"
    wrong = other.post(f"/s/{all_types}/answers", data=typed)
    assert (wrong.status_code, "This is not its receipt." in wrong.text) == (422, True)


def test_the_way_back_leads_to_the_form_though_a_cookie_was_set_since(browser, all_types):
    headers = browser.get(f"/s/{all_types}").headers
    assert "Cookie" not in headers["Vary"]
    assert headers["Cache-Control"] == "private, no-cache"


def test_a_page_of_thirty_items_is_small(browser, open_survey):
    texts = "A service of the centre that one would need a few words to describe, number {}"
    needs = [
        {"id": f"need_{n}", "type": "need", "text": texts.format(n), "scale": SCALE,
         "visible_if": {"==": [{"var": "group"}, "student"]} if n < 5 else None}
        for n in range(12)
    ]  # fmt: skip
    others = [
        {"id": f"rate_{n}", "type": "rating", "text": texts.format(n), "scale": SCALE}
        for n in range(6)
    ] + ALL_TYPES["items"][:12]
    asked = [item for item in others if item["id"] != "advising"]
    last = {"id": "last", "type": "text", "text": texts.format("last")}
    survey = open_survey({**ALL_TYPES, "items": [*asked, ALL_TYPES["items"][1], *needs[:11], last]})
    page = browser.get(f"/s/{survey}")
    assert len(re.findall("data-item=", page.text)) == 30
    files = [ROOT / "shared/static/groundswell.css"]
    files += [ROOT / "services/intake/static" / name for name in ("answer.js", "conditions.js")]
    size = len(page.data) + sum(file.stat().st_size for file in files)
    assert size < MOST_BYTES, f"{size:,} bytes"


def test_an_invited_person_goes_on_with_the_invitation_itself(
    browser, flask_app, planner, open_survey, database
):
    survey = open_survey({**ALL_TYPES, "access": "invited", "minimum_group_size": 1})
    row = {"email": "ada@example.edu", "name": "Ada", "group": "student", "profile": {}}
    planner("POST", f"/surveys/{survey}/invitations", json={"invitations": [row]})
    [made] = planner("POST", f"/surveys/{survey}/invitations/links").json["links"]
    secret = made["link"].partition("#")[2]
    browser.post("/i", data={"link": secret})
    name = field(browser.get(f"/s/{survey}"), "id")
    begun = {"id": name, "a.topic": "pay", **NEEDED}
    kept = browser.post(f"/s/{survey}/answers", data={**begun, "step": "later"})
    assert f"/i#{secret}" in kept.text
    again = browser.get(f"/s/{survey}")
    assert re.search(r'name="a.topic" value="pay"[^>]* checked', again.text)
    assert field(again, "id") == name

    sent = {**begun, "asked": [item["id"] for item in ALL_TYPES["items"]]}
    assert browser.post(f"/s/{survey}/answers", data=sent).status_code == 303
    assert database.partials.count_documents({}) == 0

    assert "See or change my answers" in browser.get(f"/s/{survey}").text
    assert 'value="pay"' in browser.get(f"/s/{survey}/mine").text
    elsewhere = flask_app.test_client()
    elsewhere.post("/i", data={"link": secret})
    page = elsewhere.get(f"/s/{survey}").text
    assert "was answered with your invitation" in page
    assert "Use my receipt" in page
