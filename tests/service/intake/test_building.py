"""The builder's pages: a survey without writing JSON."""

import re

import pytest

from services.intake.store import open_store
from services.intake.usecases.summarise_answers import summarise
from tests.service.callers import caller


@pytest.fixture
def desk(flask_app):
    """A planner's browser: `desk(path, **fields)` sends a form, or gets a page without any."""
    planner = caller(flask_app, "planner")

    def use(path, **fields):
        sent = {"Authorization": f"Bearer {planner.token}"}
        named = {name.replace("__", "."): value for name, value in fields.items()}
        if fields:
            return planner.client.post(path, data=named, headers=sent)
        return planner.client.get(path, headers=sent)

    return use


def item_fields(**changes):
    return {"type": "text", "id": "why", "text__en": "Why so?", **changes}


def test_a_survey_is_built_and_published_without_writing_json(desk, planner):
    begun = desk("/surveys/new", title="Spring", groups="student, staff", begin="blank")
    assert begun.status_code == 303
    built = begun.headers["Location"]
    survey = built.split("/")[-2]
    added = desk(f"/surveys/{survey}/build", do="add", part="text")
    assert added.headers["Location"].endswith("/items/text")
    saved = desk(f"/surveys/{survey}/items/text", **item_fields(required="yes"))
    assert saved.status_code == 303
    desk(f"/surveys/{survey}/build", do="up", part="why")
    desk(f"/surveys/{survey}/build", do="duplicate", part="need")
    settings = {"title__en": "Spring 2027", "groups__0__id": "student", "languages": "en"}
    desk(f"/surveys/{survey}/settings", **settings)
    desk(f"/surveys/{survey}/publish", do="publish")
    found = planner("GET", f"/surveys/{survey}").json
    assert (found["status"], found["definition"]["title"]) == ("open", {"en": "Spring 2027"})
    assert [each["id"] for each in found["definition"]["items"]] == ["why", "need", "need_2"]
    assert found["definition"]["items"][0]["required"] is True


def test_what_was_being_written_is_discarded_on_its_page(desk, draft, survey, planner):
    desk(f"/surveys/{survey}/build", do="add", part="text")
    assert f"/surveys/{survey}/correction/discard" in desk(f"/surveys/{survey}/build").text
    desk(f"/surveys/{survey}/correction/discard", sure="yes")
    assert planner("GET", f"/surveys/{survey}").json["correction"] is None
    other = planner("POST", f"/surveys/{survey}/duplicate").json["id"]
    assert f"/surveys/{other}/discard" in desk(f"/surveys/{other}/build").text
    assert desk(f"/surveys/{other}/discard", sure="yes").headers["Location"].endswith("/surveys")
    assert planner("GET", f"/surveys/{other}").status_code == 404
    late = desk(f"/surveys/{survey}/discard", sure="yes")
    assert late.headers["Location"].endswith(f"/surveys/{survey}")


def test_a_mistake_is_shown_by_its_field_and_nothing_is_changed(desk, draft, planner):
    before = planner("GET", f"/surveys/{draft}").json
    wrong = desk(f"/surveys/{draft}/items/why", **item_fields(id="not an id", text__en="New"))
    assert wrong.status_code == 422
    assert 'href="#id"' in wrong.text
    assert 'value="New"' in wrong.text
    assert planner("GET", f"/surveys/{draft}").json == before


@pytest.mark.parametrize(
    ("path", "fields", "said"),
    [
        ("items/why", item_fields(text__en=""), "Write the question."),
        ("settings", {"title__en": ""}, "Write the survey&#39;s title."),
        (
            "settings",
            {"languages": "en, English!"},
            "English! is no code of a language: give one such as en or pt-BR.",
        ),
        (
            "items/advising",
            item_fields(type="need", id="advising", scale__min="1"),
            "Give the highest point.",
        ),
        (
            "items/advising",
            item_fields(type="need", id="advising", scale__min="5", scale__max="1"),
            "The lowest point (min) must be less than the highest (max).",
        ),
    ],
)
def test_a_mistake_in_a_form_is_told_with_what_to_do(desk, draft, path, fields, said):
    whole = {"title__en": "Spring", "groups__0__id": "student", "languages": "en"}
    refused = desk(f"/surveys/{draft}/{path}", **(whole if path == "settings" else {}) | fields)
    assert refused.status_code == 422
    assert said in refused.text


def test_an_item_that_a_condition_asks_about_is_not_removed(desk, draft):
    refused = desk(f"/surveys/{draft}/build", do="remove", part="overall")
    assert refused.status_code == 422
    assert "Refers to overall" in refused.text


def test_a_condition_by_form_is_what_the_survey_then_asks_by(desk, draft, planner):
    fields = item_fields(
        visible__how="all",
        visible__lines__0__item="year",
        visible__lines__0__comparison="is",
        visible__lines__0__value="First",
    )
    assert desk(f"/surveys/{draft}/items/why", **fields).status_code == 303
    items = planner("GET", f"/surveys/{draft}").json["definition"]["items"]
    assert items[-1]["visible_if"] == {"==": [{"var": "year"}, "first"]}
    assert 'value="year" selected' in desk(f"/surveys/{draft}/items/why").text


def test_building_on_an_open_survey_writes_its_correction(desk, survey, planner):
    desk(f"/surveys/{survey}/items/why", **item_fields(text__en="Why, please?"))
    found = planner("GET", f"/surveys/{survey}").json
    assert found["correction"]["items"][-1]["text"] == {"en": "Why, please?"}
    refused = desk(f"/surveys/{survey}/items/why", **item_fields(type="number"))
    assert refused.status_code == 422
    assert "another type" in refused.text


def test_who_watches_sees_counts_and_charts_of_what_arrived(desk, survey, respondent, database):
    for name in ("a", "b"):
        answers = {"advising": {"importance": 5, "use": "unaware"}}
        body = {"id": name, "group": "student", "answers": answers}
        respondent("POST", f"/surveys/{survey}/responses", json=body)
    store = open_store(database, "a secret that is long enough")
    summarise(store, store.surveys.get("careers", survey))
    page = desk(f"/surveys/{survey}").text
    assert "2 so far" in page
    assert "Did not know of it" in page


LOOKS = {
    "id": "looks",
    "type": "multiple_choice",
    "text": "Where do you look?",
    "choices": [{"value": "web", "text": "Web"}, {"value": "mail", "text": "Mail"}],
}
GRADES = {
    "id": "grades",
    "type": "matrix",
    "text": "How were they?",
    "rows": [{"value": "fair", "text": "The fair"}, {"value": "talk", "text": "The talk"}],
    "choices": [{"value": "good", "text": "Good"}, {"value": "bad", "text": "Bad"}],
}


@pytest.fixture
def choosing(planner):
    """An open survey that offers the choices web and mail, and a table."""
    body = {"title": "Ways", "groups": ["student"], "items": [LOOKS, GRADES]}
    survey = planner("POST", "/surveys", json=body).json["id"]
    planner("POST", f"/surveys/{survey}/publish")
    return survey


def corrected(planner, survey, *items):
    body = {"title": "Ways", "groups": ["student"], "items": items}
    seen = {"If-Match": planner("GET", f"/surveys/{survey}").headers["ETag"]}
    saved = planner("PUT", f"/surveys/{survey}", json=body, headers=seen)
    assert saved.status_code == 200, saved.json


def charted(page):
    """The bars of a page, [label, count]."""
    bar = r'<th scope="row">(.*?)</th>.*?<td class="number">(.*?)</td>'
    return [(label, int(count)) for label, count in re.findall(bar, page, re.DOTALL)]


def test_answers_to_a_choice_that_a_correction_renamed_keep_their_row(
    desk, choosing, planner, respondent, database
):
    for name, value in (("a", "web"), ("b", "web"), ("c", "mail")):
        answers = {"looks": [value], "grades": {"fair": "bad"}}
        body = {"id": name, "group": "student", "answers": answers}
        assert respondent("POST", f"/surveys/{choosing}/responses", json=body).status_code == 201
    sites = {"value": "site", "text": "The site"}
    good, rows = GRADES["choices"][:1], GRADES["rows"][1:]
    looks = {**LOOKS, "choices": [sites, LOOKS["choices"][1]]}
    corrected(planner, choosing, looks, {**GRADES, "choices": good, "rows": rows})
    planner("POST", f"/surveys/{choosing}/publish")
    body = {"id": "d", "group": "student", "answers": {"looks": ["site"]}, "survey_version": 2}
    assert respondent("POST", f"/surveys/{choosing}/responses", json=body).status_code == 201
    store = open_store(database, "a secret that is long enough")
    summarise(store, store.surveys.get("careers", choosing))
    assert charted(desk(f"/surveys/{choosing}").text) == [
        ("student", 4),
        *(("The site", 1), ("Mail", 1), ("Web", 2)),
        *(("Good", 0), ("Bad", 0)),  # the talk
        *(("Good", 0), ("Bad", 3)),  # the fair
    ]


def test_answers_to_a_question_that_a_correction_dropped_are_still_shown(
    desk, choosing, planner, respondent, database
):
    body = {"id": "a", "group": "student", "answers": {"looks": ["web"]}}
    respondent("POST", f"/surveys/{choosing}/responses", json=body)
    corrected(planner, choosing, {"id": "why", "type": "text", "text": "Why?"})
    planner("POST", f"/surveys/{choosing}/publish")
    store = open_store(database, "a secret that is long enough")
    summarise(store, store.surveys.get("careers", choosing))
    page = desk(f"/surveys/{choosing}").text
    assert charted(page) == [("student", 1), ("Web", 1), ("Mail", 0)]
    assert "How were they?" not in page


def test_a_correction_that_takes_choices_away_says_so_where_it_is_published(
    desk, choosing, planner
):
    def said():
        page = desk(f"/surveys/{choosing}/build").text
        return re.findall(r'<p class="notice">(.*? no longer .*?)</p>', page)

    assert said() == []
    mail = {**LOOKS, "choices": LOOKS["choices"][1:]}
    corrected(planner, choosing, mail, GRADES)
    one = (
        "web is no longer a choice of “Where do you look?”; answers that chose it stay and are "
        "counted as they were given."
    )
    assert said() == [one]
    site = {"value": "site", "text": "The site"}
    corrected(planner, choosing, {**LOOKS, "choices": [site]}, GRADES)
    both = (
        "web, mail are no longer choices of “Where do you look?”; answers that chose them stay "
        "and are counted as they were given."
    )
    assert said() == [both]
    planner("POST", f"/surveys/{choosing}/publish")
    assert said() == []


def test_one_question_is_counted_as_one_and_two_as_two(desk):
    begun = desk("/surveys/new", title="Short", groups="student", begin="blank")
    survey = begun.headers["Location"].split("/")[-2]
    assert "1 question, about 1 minute." in desk(f"/surveys/{survey}/build").text
    for _ in range(2):
        desk(f"/surveys/{survey}/build", do="add", part="text")
    assert "3 questions, about 2 minutes." in desk(f"/surveys/{survey}/build").text


def test_another_unit_s_survey_is_not_there_to_build(flask_app, survey):
    stranger = caller(flask_app, "planner", unit="elsewhere")
    sent = {"Authorization": f"Bearer {stranger.token}"}
    for path in ("", "/build", "/items/why", "/settings"):
        found = stranger.client.get(f"/surveys/{survey}{path}", headers=sent)
        assert found.status_code == 404


def test_a_preview_takes_test_answers_of_a_draft_and_keeps_them_apart(desk, draft, planner):
    assert "A preview" in desk(f"/surveys/{draft}/preview").text
    answers = {"a__advising__importance": "5", "a__advising__satisfaction": "2"}
    wrong = desk(f"/surveys/{draft}/preview", id="0" * 32, **answers)
    assert wrong.status_code == 422
    sent = desk(f"/surveys/{draft}/preview", id="0" * 32, group="student", **answers)
    assert "Your test answer" in sent.text
    [trial] = planner("GET", f"/surveys/{draft}/trials").json["trials"]
    assert trial["answers"] == {"advising": {"importance": 5, "satisfaction": 2}}
