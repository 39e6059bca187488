"""Surveys of other tools, read. All of them are synthetic."""

import pytest

from services.intake.domain.definition import compile_definition
from services.intake.formats import read_definition
from services.intake.formats.imported import UnreadableFile
from services.intake.schemas import DefinitionSchema


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
