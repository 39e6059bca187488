"""Surveys of other tools, read. All of them are synthetic."""

import json
from io import BytesIO

import pytest
from openpyxl import Workbook

from services.intake.domain.definition import compile_definition
from services.intake.formats import read_definition
from services.intake.formats.imported import UnreadableFile
from services.intake.schemas import DefinitionSchema
from services.intake.tables.answer_table import AnswerTable
from services.intake.usecases.bring_definition import is_definition


def table(name, *rows):
    cells = ["".join(f"<{k}><![CDATA[{v}]]></{k}>" for k, v in row.items()) for row in rows]
    inner = "".join(f"<row>{each}</row>" for each in cells)
    return f"<{name}><rows>{inner}</rows></{name}>"


def question(number, code, kind, relevance="1", **more):
    return {
        "qid": number, "gid": 1, "type": kind, "title": code, "question": f"<p>{code}?</p>",
        "question_order": number, "relevance": relevance, "language": "en", "other": "N",
        "mandatory": "N", **more,
    }  # fmt: skip


def part(parent, code, text, **more):
    return {"parent_qid": parent, "title": code, "question": text, "language": "en", **more}


def answer(parent, code, text):
    return {"qid": parent, "code": code, "answer": text, "sortorder": code, "language": "en"}


LSS = (
    '<?xml version="1.0" encoding="UTF-8"?><document><LimeSurveyDocType>Survey</LimeSurveyDocType>'
    "<languages><language>en</language></languages>"
    + table("groups", {"gid": 1, "group_name": "About", "group_order": 0, "language": "en"})
    + table(
        "questions",
        question(1, "job", "L", other="Y", mandatory="Y"),
        question(2, "ways", "M"),
        question(3, "why", "T", '((12X1X1.NAOK == "2" or ways_SQ1.NAOK == "Y"))'),
        question(4, "imp", "A", question="How important is this?"),
        question(5, "sat", "A", question="How satisfied are you?"),
        question(6, "own", "S", '((12X1X1.NAOK == "-oth-"))'),
        question(7, "later", "S", "strtotime(job) > 3"),
        question(8, "file", "|"),
        question(9, "group", "N", "!is_empty(own.NAOK)"),
    )
    + table("answers", answer(1, "1", "Student"), answer(1, "2", "Staff"))
    + table(
        "subquestions",
        part(2, "SQ1", "By mail"),
        part(2, "SQ2", "In {job.shown}"),
        part(4, "A1", "Advising"),
        part(5, "B1", "Advising"),
    )
    + "</document>"
)


def test_a_limesurvey_survey_is_read_with_its_conditions_and_what_is_not_is_reported():
    imported = read_definition(LSS.encode(), "x.lss")
    definition = DefinitionSchema().load(imported.definition)
    compile_definition(definition)
    items = {item["id"]: item for item in definition["items"]}
    assert {name: item["type"] for name, item in items.items()} == {
        "job": "single_choice", "ways": "multiple_choice", "why": "text", "imp_A1": "need",
        "own": "text", "later": "text", "group_2": "number",
    }  # fmt: skip
    assert items["job"]["other"] is items["job"]["required"] is True
    assert items["why"]["visible_if"] == {
        "or": [{"==": [{"var": "job"}, "2"]}, {"in": ["SQ1", {"var": "ways"}]}]
    }
    assert items["own"]["visible_if"] == {"!=": [{"var": "job.other"}, None]}
    assert items["ways"]["choices"][1]["text"] == {"en": "In {{job}}"}
    assert imported.columns["sat[B1]"] == ("imp_A1", "satisfaction")
    left = {entry.place for entry in imported.report if entry.action == "left out"}
    assert left == {"question later", "question file"}


BOMB = '<!DOCTYPE d [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]><document>&b;</document>'


@pytest.mark.parametrize(
    "data",
    [b"", b"<document>", BOMB.encode(), b"{", b"[]", b"PK\x03\x04 no zip", b"\xff\xfe\x00", b"a,b"],
)
def test_what_is_no_survey_is_refused_with_what_to_do(data):
    for name in ("x.lss", "x.qsf", "x.json", "x.xlsx", "x.txt"):
        with pytest.raises(UnreadableFile) as refused:
            read_definition(data, name)
        assert len(str(refused.value)) > 10


def test_a_limesurvey_table_is_read_too():
    rows = [
        ["class", "type/scale", "name", "relevance", "text", "language", "mandatory", "other"],
        ["S", "", "language", "", "en", "", "", ""],
        ["SL", "", "surveyls_title", "", "Needs", "en", "", ""],
        ["G", "1", "Part one", "1", "", "en", "", ""],
        ["Q", "L", "job", "1", "Who are you?", "en", "Y", "N"],
        ["A", "0", "1", "", "Student", "en", "", ""],
        ["A", "0", "2", "", "Staff", "en", "", ""],
        ["Q", "T", "why", 'job.NAOK == "2"', "Why?", "en", "N", "N"],
    ]
    data = "\n".join("\t".join(row) for row in rows).encode("utf-8-sig")
    definition = DefinitionSchema().load(read_definition(data, "x.txt").definition)
    compile_definition(definition)
    assert definition["title"] == {"en": "Needs"}
    assert definition["items"][1]["visible_if"] == {"==": [{"var": "job"}, "2"]}


def read(data, filename):
    imported = read_definition(data, filename)
    imported.definition = DefinitionSchema().load(imported.definition)
    compile_definition(imported.definition)
    items = {item["id"]: item for item in imported.definition["items"]}
    return imported, items, {(e.place, e.what) for e in imported.report if e.action == "left out"}


def texts(name, key, text, *rows):
    return table(name, *({key: n, text: words, "language": code} for n, words, code in rows))


def bare(number, code, kind, **more):
    return {"qid": number, "gid": 1, "type": kind, "title": code, "question_order": number, **more}


LATER_LSS = (
    "<document><LimeSurveyDocType>Survey</LimeSurveyDocType><languages><language>en</language>"
    "<language>fr</language></languages>"
    + table("groups", {"gid": 1, "group_order": 0, "randomization_group": "any"})
    + texts("group_l10ns", "gid", "group_name", (1, "About", "en"), (1, "Sur", "fr"))
    + table(
        "questions", bare(1, "job", "L", other="Y"), bare(2, "ways", "M"), bare(3, "far", "N"),
    )
    + table("subquestions", {"qid": 9, "parent_qid": 2, "title": "SQ1", "question_order": 1})
    + texts(
        "question_l10ns", "qid", "question",
        (1, "Who?", "en"), (1, "Qui ?", "fr"), (2, "Which?", "en"), (3, "How far?", "en"),
        (9, "By mail", "en"),
    )
    + table("answers", {"aid": 7, "qid": 1, "code": "A1", "sortorder": 1})
    + texts("answer_l10ns", "aid", "answer", (7, "Student", "en"), (7, "Étudiant", "fr"))
    + table("question_attributes", {"qid": 3, "attribute": "hidden", "value": "1"})
    + table("conditions", {"qid": 3, "cqid": 1})
    + "</document>"
)  # fmt: skip


def test_a_limesurvey_survey_of_a_later_version_has_its_texts_in_tables_of_their_own():
    imported, items, left = read(LATER_LSS.encode(), "x.lss")
    assert items["job"]["text"] == {"en": "Who?", "fr": "Qui ?"}
    assert items["job"]["choices"][0]["text"] == {"en": "Student", "fr": "Étudiant"}
    assert items["ways"]["choices"][0]["text"] == {"en": "By mail"}
    assert imported.definition["sections"][0]["title"] == {"en": "About", "fr": "Sur"}
    assert left == {
        ("group 1", "its place at random"), ("question far", "that nobody sees it"),
        ("question far", "1 conditions in the form of older versions"),
    }  # fmt: skip
    found = AnswerTable.matching(
        BytesIO(b"job,job[other],ways[SQ1]\n-oth-,,Y\nA1,,N"), imported.definition, imported.origin
    )
    assert [row.answered.answers for row in found.rows()] == [
        {"job": {"other": "…"}, "ways": ["SQ1"]}, {"job": "A1"},
    ]  # fmt: skip


def test_a_limesurvey_table_of_a_later_version_is_read_with_its_attributes():
    rows = [
        ["id", "related_id", "class", "type/scale", "name", "relevance", "text", "language",
         "max_answers", "em_validation_q"],
        ["1", "", "G", "", "Part one", "1", "", "en", "", ""],
        ["2", "", "Q", "M", "ways", "1", "Which?", "en", "1", "sum > 1"],
        ["3", "2", "SQ", "0", "a", "", "Mail", "en", "", ""],
        ["4", "2", "SQ", "0", "b", "", "Talks", "en", "", ""],
    ]  # fmt: skip
    data = "\n".join("\t".join(row) for row in rows).encode()
    assert is_definition(BytesIO(data), "x.txt")
    _, items, left = read(data, "x.txt")
    assert (len(items["ways"]["choices"]), items["ways"]["max_choices"]) == (2, 1)
    assert left == {("question ways", "the rule that checks it")}


def test_questions_of_an_xlsform_that_stand_in_no_group_share_a_section():
    book = Workbook()
    book.active.title = "survey"
    for row in (
        ["type", "name", "label::English (en)", "label::French (fr)", "relevant"],
        ["begin_group", "one", "One", "Un", ""],
        ["begin_group", "inner", "Inner", "Dedans", ""],
        ["integer", "age", "Age", "Âge", ""],
        ["end_group"],
        ["end_group"],
        ["text", "why", "Why, ${age}?", "Pourquoi ?", "${age} > 20"],
        ["begin_repeat", "more", "More", "Plus", ""],
        ["date", "day", "Day", "Jour", ""],
        ["end_repeat"],
        ["text", "a", "A", "A", ""],
        ["text", "b", "B", "B", ""],
    ):
        book.active.append(row)
    file = BytesIO()
    book.save(file)
    imported, items, left = read(file.getvalue(), "x.xlsx")
    assert imported.definition["languages"] == ["en", "fr"]
    sections = [item["section"] for item in items.values()]
    assert sections == ["one", "section", "more", "section_2", "section_2"]
    assert items["why"]["text"] == {"en": "Why, {{age}}?", "fr": "Pourquoi ?"}
    assert left == {("group inner", "its title, inside of another group")}
    assert "group more" in {each.place for each in imported.report if each.action == "changed"}


def xlsform_of_choices(*kinds):
    book = Workbook()
    book.active.title = "survey"
    book.active.append(["type", "name", "label"])
    for kind in kinds:
        book.active.append([kind, "used", "What have you used?"])
    choices = book.create_sheet("choices")
    for row in (
        ["list_name", "name", "label"],
        ["s", "adv", "Advising"], ["s", "fair", "Career fair"], ["s", "c.v.", "CV check"],
        ["o", "adv", "Advising"], ["o", "other", "Something else"],
    ):  # fmt: skip
        choices.append(row)
    file = BytesIO()
    book.save(file)
    return read(file.getvalue(), "x.xlsx")[0]


def used(imported, header, *cells):
    data = "\n".join([header, *cells]).encode()
    found = AnswerTable.matching(BytesIO(data), imported.definition, imported.origin)
    answered = [row.answered for row in found.rows()]
    assert [each.unfit for each in answered] == [[] for _ in cells]
    return [each.answers.get("used") for each in answered]


def test_choices_of_an_xlsform_stand_in_one_column_with_a_space_between_them():
    imported = xlsform_of_choices("select_multiple s")
    cells = ["adv fair", "fair", "c.v. adv", "Career fair Advising", "n/a"]
    assert used(imported, "used", *(f'"{cell}"' for cell in cells)) == [
        ["adv", "fair"], ["fair"], ["c_v_", "adv"], ["fair", "adv"], None,
    ]  # fmt: skip


def test_choice_of_ones_own_of_an_xlsform_is_named_beside_the_others_and_written_elsewhere():
    imported = xlsform_of_choices("select_multiple s or_other")
    assert used(imported, "used,used_other", "adv other,Mentors", "other,", "fair,") == [
        ["adv", {"other": "Mentors"}], [{"other": "…"}], ["fair"],
    ]  # fmt: skip


@pytest.mark.parametrize("header", ["used/adv,used/fair", "used,used/adv,used/fair"])
def test_choices_of_an_xlsform_with_a_column_each_are_marked_with_one_and_nought(header):
    imported = xlsform_of_choices("select_multiple s")
    whole = "adv fair," if header.startswith("used,") else ""
    assert used(imported, header, f"{whole}1,1", f"{whole and ','}0,0") == [["adv", "fair"], None]


def test_a_choice_of_an_xlsform_that_is_named_other_is_a_choice():
    imported = xlsform_of_choices("select_multiple o")
    assert used(imported, "used", "adv other", "other") == [["adv", "other"], ["other"]]
    assert used(imported, "used/adv,used/other", "1,1", "0,1") == [["adv", "other"], ["other"]]


def test_a_ranking_of_an_xlsform_stands_in_one_column_best_first():
    imported = xlsform_of_choices("rank s")
    assert used(imported, "used", "fair c.v. adv", "n/a") == [["fair", "c_v_", "adv"], None]


@pytest.mark.parametrize(
    "header",
    ["g/used/adv,g/used/fair", "inner-used/adv,inner-used/fair", "a/b-c/used/adv,a/b-c/used/fair"],
)
def test_columns_of_an_xlsform_are_known_with_the_groups_around_them(header):
    imported = xlsform_of_choices("select_multiple s")
    assert used(imported, header, "1,0", "1,1") == [["adv"], ["adv", "fair"]]
    whole = header.partition(",")[0].removesuffix("/adv")
    assert used(imported, f"{whole},x", "adv fair,1") == [["adv", "fair"]]


def test_a_column_that_is_named_whole_goes_before_one_in_a_group():
    imported = xlsform_of_choices("select_one s")
    assert used(imported, "co-used,used", "fair,adv") == ["adv"]


def test_tables_of_one_name_are_no_halves_of_needs():
    def table(name: str, title: str, columns: list[str]) -> dict:
        rows = ["advising", "jobs"]
        return {"type": "matrix", "name": name, "title": title, "columns": columns, "rows": rows}

    points = ["1", "2", "3", "4", "5"]
    elements = [
        table("i", "How important is it?", points),
        table("s", "How satisfied are you?", points),
        table("i", "Which is it?", ["x", "y"]),
    ]
    imported = read_definition(json.dumps({"elements": elements}).encode(), "x.json")
    kinds = [item["type"] for item in imported.definition["items"]]
    assert "need" not in kinds
    assert "matrix" in kinds


def test_columns_of_a_surveyjs_table_that_are_no_choice_are_named_and_words_of_a_scale_are_kept():
    agree = ["Strongly disagree", "Disagree", "Neutral", "Agree", "Strongly agree"]
    columns = [
        {"name": "how", "cellType": "text"}, {"name": "which", "cellType": "checkbox"},
        {"name": "when", "choices": ["Now", {"value": 2, "text": "Later", "visibleIf": "{x} = 1"}]},
    ]  # fmt: skip
    survey = {
        "elements": [
            {"type": "matrix", "name": "m", "rows": ["r"], "columns": agree},
            {"type": "matrixdropdown", "name": "t", "rows": ["r"], "choices": [1],
             "columns": columns},
            {"type": "radiogroup", "name": "c", "choices": [{"value": "a b", "text": "AB"}, "x"],
             "choicesVisibleIf": "{item} <> 'x'"},
            {"type": "multipletext", "name": "l", "items": [{"name": "a", "isRequired": True}]},
            {"type": "paneldynamic", "name": "p"},
        ]
    }  # fmt: skip
    imported, items, left = read(json.dumps(survey).encode(), "x.json")
    assert {name: item["type"] for name, item in items.items()} == {
        "m": "matrix", "t_when": "matrix", "c": "single_choice", "l_a": "text",
    }  # fmt: skip
    assert left == {
        ("question t, t.how", "a column of type text"),
        ("question t, t.which", "a column of type checkbox"),
        ("question c", "its choicesVisibleIf: {item} <> 'x'"),
        ("question t", "the conditions on which its choices are shown"),
        ("question l, a", "its isRequired: True"),
        ("question p", "a question of type paneldynamic"),
    }  # fmt: skip
    found = AnswerTable.matching(
        BytesIO(b"m.r,c\nStrongly agree,a b"), imported.definition, imported.origin
    )
    assert [row.answered.answers for row in found.rows()] == [
        {"m": {"r": "Strongly_agree"}, "c": "a_b"}
    ]
