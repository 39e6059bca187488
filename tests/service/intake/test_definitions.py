"""Another tool's survey comes as a file, and the answers to it after it. All of it is synthetic."""

import io

import orjson
import pytest
from openpyxl import Workbook

from services.intake.usecases.bring_definition import add_brought, bring_definition, read_survey
from services.intake.usecases.import_answers import import_answers
from shared import web

SURVEYJS = {
    "title": "What do you need?",
    "pages": [
        {
            "elements": [
                {"type": "radiogroup", "name": "who", "title": "Who are you?",
                 "choices": [{"value": "s", "text": "Student"}, {"value": "f", "text": "Faculty"}]},
                {"type": "comment", "name": "more", "title": "Anything else?"},
                {"type": "signaturepad", "name": "sign", "title": "Sign here"},
            ]
        }
    ],
}  # fmt: skip
OWN = {
    "title": "Ours",
    "groups": ["student", "staff"],
    "items": [{"id": "why", "type": "text", "text": "Why?"}],
}


@pytest.fixture
def bring(planner):
    def bring(raw, filename="survey.json", key="k"):
        data = raw if isinstance(raw, bytes) else orjson.dumps(raw)
        headers = {"Idempotency-Key": key}
        return planner(
            "POST", "/surveys/import", data={"file": (io.BytesIO(data), filename)},
            content_type="multipart/form-data", headers=headers,
        )  # fmt: skip

    return bring


def test_survey_of_another_tool_becomes_a_draft_with_a_report(bring, planner):
    made = bring(SURVEYJS)
    assert made.status_code == 201
    survey = planner("GET", f"/surveys/{made.json['survey']['id']}").json
    assert survey["status"] == "draft"
    assert {item["id"] for item in survey["definition"]["items"]} >= {"who", "more"}
    assert any("sign" in entry["place"] for entry in made.json["report"])
    assert bring(SURVEYJS).json["survey"]["id"] == survey["id"]


def test_definition_of_our_own_comes_as_it_is(bring):
    made = bring(OWN).json
    assert made["report"] == []
    assert made["survey"]["definition"]["groups"] == OWN["groups"]


def test_answers_to_an_imported_survey_are_known_by_their_columns(bring, planner, flask_app):
    survey = bring(SURVEYJS).json["survey"]["id"]
    planner("POST", f"/surveys/{survey}/publish")
    sent = planner(
        "POST", f"/surveys/{survey}/responses/import", query_string={"lenient": "true"},
        data=b"who,more,x\nStudent,So it is,1\nFaculty,,2\n", content_type="text/csv",
    ).json  # fmt: skip
    assert sent["unread"] == ["x"]
    with flask_app.app_context():
        store = web.store()
    list(import_answers(store, store.imports.take()))
    done = planner("GET", f"/imports/{sent['id']}").json
    assert (done["state"], done["taken"], done["refused"]) == ("done", 2, [])


def xlsform():
    book = Workbook()
    book.active.title = "survey"
    book.active.append(["type", "name", "label"])
    book.active.append(["select_multiple s", "used", "What have you used?"])
    choices = book.create_sheet("choices")
    for row in (["list_name", "name", "label"], ["s", "adv", "Advising"], ["s", "fair", "Fairs"]):
        choices.append(row)
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


@pytest.mark.parametrize("is_looked_at_first", [False, True])
def test_several_choices_in_one_cell_are_known_where_an_xlsform_is_answered(
    bring, planner, flask_app, is_looked_at_first
):
    data = xlsform()
    with flask_app.app_context():
        store = web.store()
    if is_looked_at_first:
        file, name = io.BytesIO(data), "survey.xlsx"
        brought = bring_definition(
            store, unit="careers", imported=read_survey(file, name), file=file, filename=name
        )
        survey = add_brought(store, store.brought.get("careers", brought.id), who="planner").id
    else:
        survey = bring(data, "survey.xlsx").json["survey"]["id"]
    planner("POST", f"/surveys/{survey}/publish")
    sent = planner(
        "POST", f"/surveys/{survey}/responses/import", data=b"used,x\nadv fair,1\nfair,2\n",
        content_type="text/csv",
    ).json  # fmt: skip
    list(import_answers(store, store.imports.take()))
    done = planner("GET", f"/imports/{sent['id']}").json
    assert (done["state"], done["taken"], done["refused"]) == ("done", 2, [])


NO_SURVEYS = [
    (b"", "survey.lss"),
    (b"<broken", "survey.lss"),
    (b"{", "survey.json"),
    (b"hello", "survey.pdf"),
    (b"PK\3\4", "survey.xlsx"),
    (OWN | {"items": [{"id": "why"}]}, "survey.json"),
    (b'{"items": [' + b"[" * 100_000, "survey.json"),
]


def test_what_is_no_survey_is_refused_and_nothing_is_stored(bring, planner):
    for raw, filename in NO_SURVEYS:
        refused = bring(raw, filename)
        assert refused.status_code == 422
        assert refused.json["errors"]
    assert planner("GET", "/surveys").json["surveys"] == []
