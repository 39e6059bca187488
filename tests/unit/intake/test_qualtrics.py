"""Surveys of Qualtrics and the answers to them, read. All of them are synthetic; their shapes are
those that it exports."""

import copy
import csv
import json
from contextlib import suppress
from io import BytesIO, StringIO

import pytest

from services.intake.domain.definition import compile_definition
from services.intake.formats import read_definition
from services.intake.formats.imported import UnreadableFile
from services.intake.schemas import DefinitionSchema
from services.intake.tables.answer_table import AnswerTable

THREE = {"1": {"Display": "One"}, "2": {"Display": "Two"}, "3": {"Display": "Three"}}
OFTEN = {"4": {"Display": "Never"}, "7": {"Display": "Often"}}
ROWS = {"1": {"Display": "Fairs"}, "2": {"Display": "Talks"}}


def question(name, tag, kind, selector, **more):
    settings = {"Settings": {"ForceResponse": "OFF", "ForceResponseType": "ON", "Type": "None"}}
    payload = {
        "QuestionText": f"<b>{tag}?</b>&nbsp;", "DataExportTag": tag, "QuestionType": kind,
        "Selector": selector, "Validation": settings, "Language": [], "GradingData": [], **more,
    }  # fmt: skip
    return {"Element": "SQ", "PrimaryAttribute": name, "Payload": payload}


def chosen(locator, operator="Selected", **more):
    return {"LogicType": "Question", "LeftOperand": locator, "Operator": operator, **more}


def logic(*lines):
    numbered = {str(number): line for number, line in enumerate(lines)}
    return {"0": {**numbered, "Type": "If"}, "Type": "BooleanExpression", "inPage": False}


def block(name, *elements, **more):
    inside = [
        {"Type": "Question", **e} if isinstance(e, dict) else {"QuestionID": e} for e in elements
    ]
    return {"Type": "Standard", "Description": name, "ID": name, "BlockElements": inside, **more}


def survey(*questions, blocks=None, flow=None):
    blocks = blocks or [block("All", *(each["PrimaryAttribute"] for each in questions))]
    steps = flow or [{"Type": "Block", "ID": each["ID"], "FlowID": "FL_2"} for each in blocks]
    return {
        "SurveyEntry": {"SurveyName": "Needs", "SurveyLanguage": "EN"},
        "SurveyElements": [
            {"Element": "BL", "Payload": blocks},
            {"Element": "FL", "Payload": {"Type": "Root", "Flow": steps}},
            {"Element": "SCO", "Payload": {"ScoringCategories": []}},
            *questions,
        ],
    }  # fmt: skip


def read(raw):
    imported = read_definition(json.dumps(raw).encode(), "x.qsf")
    imported.definition = DefinitionSchema().load(imported.definition)
    compile_definition(imported.definition)
    items = {item["id"]: item for item in imported.definition["items"]}
    left = {(each.place, each.what) for each in imported.report if each.action == "left out"}
    return imported, items, left


def answers(imported, *rows):
    """Of rows of {column: cell}; a column is its name, or its name and its import id."""
    columns = list(dict.fromkeys(column for row in rows for column in row))
    pairs = [each if isinstance(each, tuple) else (each, "x") for each in columns]
    table = StringIO()
    write = csv.writer(table)
    write.writerows([[name for name, _ in pairs], [f"What is {name}?" for name, _ in pairs]])
    write.writerow([json.dumps({"ImportId": source}) for _, source in pairs])
    write.writerows([[row.get(column, "") for column in columns] for row in rows])
    found = AnswerTable.matching(
        BytesIO(table.getvalue().encode()), imported.definition, imported.origin
    )
    read_rows = [row.answered for row in found.rows()]
    assert not any(row.misfits or row.unfit for row in read_rows)
    return [row.answers for row in read_rows]


def test_a_survey_is_read_with_its_display_logic_and_what_is_not_is_reported():
    imported, items, left = read(
        survey(
            question(
                "QID1", "Q1", "MC", "SAVR", Choices=THREE,
                Validation={"Settings": {"ForceResponse": "ON"}},
            ),
            question(
                "QID2", "Q2", "TE", "ML",
                QuestionText="Why, ${q://QID1/ChoiceGroup/SelectedChoices} of ${e://Field/x}?",
                DisplayLogic=logic(chosen("q://QID1/SelectableChoice/2")),
            ),
            question("QID3", "Q3", "Matrix", "Likert", Choices=ROWS, Answers=OFTEN),
            question("QID4", "Q4", "Draw", "Signature"),
            question(
                "QID5", "Q5", "TE", "SL",
                Validation={"Settings": {"Type": "CustomValidation"}},
                DisplayLogic=logic({"LogicType": "EmbeddedField", "LeftOperand": "arm"}),
            ),
        )
    )  # fmt: skip
    assert {name: item["type"] for name, item in items.items()} == {
        "Q1": "single_choice", "Q2": "text", "Q3": "matrix", "Q5": "text",
    }  # fmt: skip
    assert (items["Q1"]["required"], items["Q1"]["text"]) == (True, {"en": "Q1?"})
    assert items["Q2"]["visible_if"] == {"==": [{"var": "Q1"}, "2"]}
    assert items["Q2"]["text"] == {"en": "Why, {{Q1}} of ${e://Field/x}?"}
    assert left == {
        ("question Q4", "a question of type Draw/Signature"),
        ("question Q5", "its check CustomValidation"),
        ("question Q5", "its display logic: a condition on EmbeddedField arm"),
    }
    assert imported.columns["Q3_1"] == ("Q3", "1")


def test_choices_have_the_values_that_they_are_recoded_to_and_answers_are_read_in_any_form():
    imported, items, _ = read(
        survey(
            question(
                "QID1", "who", "MC", "SAVR", Choices=THREE,
                RecodeValues={"1": "1", "2": "-1", "3": "20"},
                VariableNaming={"1": "first", "2": "second"},
            ),
            question("QID2", "nps", "MC", "NPS", Choices=[{"Display": str(n)} for n in range(11)]),
            question("QID3", "nought", "MC", "SAVR", Choices=[{"Display": "A"}, {"Display": "B"}]),
            question(
                "QID4", "why", "TE", "SL",
                DisplayLogic=logic(
                    chosen("q://QID1/SelectedChoicesRecode", "EqualTo", RightOperand="-1")
                ),
            ),
        )
    )  # fmt: skip
    assert [choice["value"] for choice in items["who"]["choices"]] == ["1", "_1", "20"]
    assert [choice["value"] for choice in items["nought"]["choices"]] == ["0", "1"]
    assert items["why"]["visible_if"] == {"==": [{"var": "who"}, "_1"]}
    rows = [{"who": cell, "nps": "7"} for cell in ("-1", "second", "Two", "20", "1")]
    assert [row["who"] for row in answers(imported, *rows)] == ["_1", "_1", "_1", "20", "1"]


def test_a_choice_with_a_text_is_ones_own_also_where_several_stand_in_one_cell():
    own = {**THREE, "3": {"Display": "Other, namely", "TextEntry": "true"}}
    imported, items, _ = read(
        survey(
            question("QID1", "one", "MC", "SAVR", Choices=own, RecodeValues={"3": "9"}),
            question("QID2", "many", "MC", "MAVR", Choices=own),
        )
    )  # fmt: skip
    assert items["one"]["other"] is items["many"]["other"] is True
    assert answers(
        imported,
        {"one": "9", "one_9_TEXT": "a quince", "many": "1,3", "many_3_TEXT": "a fig"},
        {"one": "9", "many": "2"},
        {"one": "Other, namely", "one_9_TEXT": "-99", "many": "One,Other, namely"},
    ) == [
        {"one": {"other": "a quince"}, "many": ["1", {"other": "a fig"}]},
        {"one": {"other": "…"}, "many": ["2"]},
        {"one": {"other": "…"}, "many": ["1", {"other": "…"}]},
    ]


def test_marks_are_known_by_import_id_and_what_was_only_seen_is_no_mark():
    recoded = {"1": "130", "2": "1", "3": "2"}
    imported, *_ = read(
        survey(question("QID7", "Q7", "MC", "MAVR", Choices=THREE, RecodeValues=recoded))
    )
    marks = {("Q7_130", "QID7_1"): "One", ("Q7_1", "QID7_2"): "-99", ("Q7_2", "QID7_3"): "1"}
    assert answers(imported, marks) == [{"Q7": ["130", "2"]}]
    assert answers(imported, {"Q7_130": "1", "Q7_1": "-99", "Q7_2": ""}) == [{"Q7": ["130"]}]


def test_columns_of_a_ranking_hold_ranks():
    imported, *_ = read(survey(question("QID1", "Q1", "RO", "DND", Choices=THREE)))
    assert answers(imported, {"Q1_1": "3", "Q1_2": "1", "Q1_3": "2"}) == [{"Q1": ["2", "3", "1"]}]


def test_rows_of_a_table_go_by_their_export_tags_and_its_cells_by_recoded_values():
    imported, items, left = read(
        survey(
            question(
                "QID1", "Q1", "Matrix", "Likert", Choices=ROWS, Answers=OFTEN,
                SubSelector="SingleAnswer", RecodeValues={"4": "1", "7": "-2"},
                ChoiceDataExportTags={"1": "fairs", "2": "Q1_2"},
            ),
            question(
                "QID2", "Q2", "Matrix", "Likert", Choices=ROWS, Answers=OFTEN,
                SubSelector="MultipleAnswer", ChoiceDataExportTags=False,
            ),
            question(
                "QID3", "Q3", "Matrix", "TE", Choices=ROWS, Answers=OFTEN, SubSelector="Short"
            ),
            question(
                "QID4", "Q4", "TE", "SL",
                DisplayLogic=logic(chosen("q://QID1/SelectableChoice/1/7")),
            ),
            question("QID5", "Q5", "Matrix", "MaxDiff", Choices=ROWS, Answers=OFTEN),
        )
    )  # fmt: skip
    assert items["Q4"]["visible_if"] == {"==": [{"var": "Q1.fairs"}, "_2"]}
    assert {name: item["type"] for name, item in items.items()} == {
        "Q1": "matrix", "Q2_1": "multiple_choice", "Q2_2": "multiple_choice", "Q3_1_4": "text",
        "Q3_1_7": "text", "Q3_2_4": "text", "Q3_2_7": "text", "Q4": "text",
    }  # fmt: skip
    row = {"fairs": "-2", "Q1_2": "1", "Q2_1_7": "1", "Q2_2": "4,7", "Q3_2_4_TEXT": "x"}
    given = {"Q1": {"fairs": "_2", "2": "1"}, "Q2_1": ["7"], "Q2_2": ["4", "7"], "Q3_2_4": "x"}
    assert answers(imported, row) == [given]
    assert answers(imported, {"Q1_fairs": "Often", "Q2_1_4": "Never"}) == [
        {"Q1": {"fairs": "_2"}, "Q2_1": ["4"]}
    ]
    assert left == {("question Q5", "a question of type Matrix/MaxDiff")}


def test_columns_side_by_side_are_tables_of_their_own():
    def column(number, text, **more):
        return {"QuestionType": "Matrix", "Selector": "Likert", "QuestionText": text,
                "DataExportTag": f"Q1#{number}", "AnswerDataExportTag": "7", **more}  # fmt: skip

    columns = {
        "1": column(1, "How often?", Answers=OFTEN, SubSelector="SingleAnswer"),
        "2": column(2, "Where?", Answers=THREE, SubSelector="MultipleAnswer"),
        "3": column(3, "Drag", Selector="RO", Answers=THREE),
    }
    imported, items, left = read(
        survey(
            question("QID1", "Q1", "SBS", "SBSMatrix", Choices=ROWS, AdditionalQuestions=columns)
        )
    )
    assert {name: item["type"] for name, item in items.items()} == {
        "Q1_1": "matrix", "Q1_2_1": "multiple_choice", "Q1_2_2": "multiple_choice",
    }  # fmt: skip
    assert items["Q1_1"]["text"] == {"en": "Q1?\nHow often?"}
    assert left == {("question Q1#3", "a column of type Matrix/RO")}
    row = {"Q1#1_1_7": "4", "Q1#1_2": "7", ("Q1#2_1_2_7", "QID1#2_1_2"): "1"}
    assert answers(imported, row) == [{"Q1_1": {"1": "4", "2": "7"}, "Q1_2_1": ["2"]}]


IMPORTANT = ["Not at all", "Slightly", "Moderately", "Very", "Extremely"]
SATISFIED = [
    "Extremely satisfied", "Somewhat satisfied", "Neither satisfied nor dissatisfied",
    "Somewhat dissatisfied", "Extremely dissatisfied", "Have not used it",
]  # fmt: skip


def test_two_tables_become_needs_also_where_one_counts_from_the_best():
    important = {str(n): {"Display": f"{words} important"} for n, words in enumerate(IMPORTANT, 1)}
    satisfied = {str(n): {"Display": words} for n, words in enumerate(SATISFIED, 21)}
    recoded = {str(n): str(n - 20) for n in range(21, 27)}
    imported, items, _ = read(
        survey(
            question("QID1", "imp", "Matrix", "Likert", Choices=ROWS, Answers=important,
                     QuestionText="How important is it?"),
            question("QID2", "sat", "Matrix", "Likert", Choices=ROWS, Answers=satisfied,
                     QuestionText="How satisfied are you?", RecodeValues=recoded),
            question("QID3", "why", "TE", "SL",
                     DisplayLogic=logic(chosen("q://QID2/SelectableChoice/1/25"))),
        )
    )  # fmt: skip
    assert items["imp_1"]["type"] == items["imp_2"]["type"] == "need"
    assert items["why"]["visible_if"] == {"==": [{"var": "imp_1.satisfaction"}, 1]}
    in_numbers = {"imp_1": "5", "sat_1": "1", "imp_2": "2", "sat_2": "6"}
    in_words = {
        "imp_1": "Extremely important", "sat_1": "Extremely satisfied",
        "imp_2": "Slightly important", "sat_2": "Have not used it",
    }  # fmt: skip
    given = {
        "imp_1": {"importance": 5, "satisfaction": 5}, "imp_2": {"importance": 2, "use": "unused"},
    }  # fmt: skip
    assert answers(imported, in_numbers, in_words) == [given, given]


def test_a_slider_is_a_rating_where_it_has_few_points_with_the_words_of_its_ends():
    labels = {"1": {"Display": "Poor"}, "2": {"Display": ""}, "3": {"Display": "Good"}}
    _, items, left = read(
        survey(
            question("QID1", "Q1", "Slider", "HSLIDER", Choices=ROWS, Labels=labels,
                     Configuration={"CSSliderMin": 0, "CSSliderMax": 10}),
            question("QID2", "Q2", "Slider", "HBAR", Choices=ROWS, Labels=labels,
                     Configuration={"CSSliderMin": "0", "CSSliderMax": "100"}),
        )
    )  # fmt: skip
    assert items["Q1_1"]["scale"] == {
        "min": 0, "max": 10, "low": {"en": "Poor"}, "high": {"en": "Good"},
    }  # fmt: skip
    assert items["Q2_1"]["type"] == "number"
    assert left == {("question Q2", "the words along its slider")}


MC = [question(f"QID{n}", f"Q{n}", "MC", "SAVR", Choices=THREE) for n in range(1, 5)]


def branch(name, locator, *flow):
    told = logic(chosen(locator)) if locator else logic({"LogicType": "DeviceType"})
    return {"Type": "Branch", "FlowID": name, "BranchLogic": told, "Flow": list(flow)}


def step(name):
    return {"Type": "Standard", "ID": name, "FlowID": "FL_9"}


def conditions(imported):
    return [section.get("visible_if") for section in imported.definition["sections"]]


def test_a_block_in_two_branches_is_asked_in_either_and_once():
    one, two = "q://QID1/SelectableChoice/1", "q://QID1/SelectableChoice/2"
    blocks = [block("A", "QID1"), block("B", "QID2"), block("C", "QID3")]
    flow = [step("A"), branch("F1", one, step("B")), branch("F2", two, step("B"), step("C"))]
    imported, *_ = read(survey(*MC[:3], blocks=blocks, flow=flow))
    first, second = {"==": [{"var": "Q1"}, "1"]}, {"==": [{"var": "Q1"}, "2"]}
    assert conditions(imported) == [None, {"or": [first, second]}, second]
    assert "It stands in the flow 2 times and is asked once." in {e.what for e in imported.report}


def test_who_is_at_the_end_is_asked_nothing_more_but_not_where_the_reason_cannot_be_told():
    end = {"Type": "EndSurvey", "FlowID": "F9"}
    one = "q://QID1/SelectableChoice/1"
    skip = {"ChoiceLocator": "q://QID2/SelectableChoice/2", "Condition": "Selected",
            "SkipToDestination": "ENDOFSURVEY"}  # fmt: skip
    blocks = [
        block("A", "QID1"), block("B", {"QuestionID": "QID2", "SkipLogic": [skip]}, "QID3"),
        block("C", "QID4"),
    ]  # fmt: skip
    flow = [
        step("A"), branch("F1", None, branch("F2", one, end)), step("B"),
        branch("F3", one, end), step("C"),
    ]  # fmt: skip
    imported, items, left = read(survey(*MC, blocks=blocks, flow=flow))
    after = {"!=": [{"var": "Q2"}, "2"]}
    assert conditions(imported) == [None, None, {"and": [after, {"!=": [{"var": "Q1"}, "1"]}]}]
    assert items["Q3"]["visible_if"] == after
    assert left == {
        ("flow F1", "its branch: a condition on DeviceType"),
        ("flow F9", "that the survey ends here for some"),
    }


def test_what_is_not_asked_and_what_only_some_are_asked_is_named():
    blocks = [
        block("A", "QID1", Options={"RandomizeQuestions": "RandomWithOnlyX",
              "Randomization": {"Advanced": {"TotalRandSubset": "1"}}}),
        block("B", "QID2", Options={"Looping": "Question"}), block("Away", "QID3"),
        block("Bin", "QID4", Type="Trash"),
    ]  # fmt: skip
    parts = {"Type": "BlockRandomizer", "FlowID": "F1", "SubSet": 1, "Flow": [step("A"), step("B")]}
    data = {"Type": "EmbeddedData", "FlowID": "F2", "EmbeddedData": [{"Field": "arm"}]}
    imported, _, left = read(survey(*MC, blocks=blocks, flow=[parts, data, step("Gone")]))
    assert left == {
        ("flow F1", "a random order"), ("flow F1", "that 1 of 2 parts are shown, at random"),
        ("flow F2", "embedded data: arm"),
        ("flow FL_9", "the block Gone, which is not in this file"),
        ("block Away", "Q3: in a block that the survey flow leaves out"),
        ("block Bin", "Q4: in the trash"), ("block A", "the random order of its questions"),
        ("block A", "that 1 of its questions are asked, at random"),
    }  # fmt: skip
    changed = {each.place for each in imported.report if each.action == "changed"}
    assert "block B" in changed


def test_a_text_that_stands_alone_is_the_introduction_or_goes_to_the_next_section():
    def words(name):
        return question(name, name, "DB", "TB", QuestionText=f"<p>Read {name}</p>")

    blocks = [block("A", "T1"), block("B", "QID1"), block("C", "T2"), block("D", "QID2")]
    imported, *_ = read(survey(words("T1"), words("T2"), *MC[:2], blocks=blocks))
    assert imported.definition["introduction"] == {"en": "Read T1"}
    texts = [section.get("text") for section in imported.definition["sections"]]
    assert texts == [None, {"en": "Read T2"}]


def test_languages_are_kept_side_by_side():
    french = {"QuestionText": "<i>Qui ?</i>", "Choices": {"1": {"Display": "Un"}}}
    who = question("QID1", "who", "MC", "SAVR", Choices=THREE, Language={"FR": french, "ZH-S": []})
    imported, items, _ = read(survey(who))
    assert imported.definition["languages"] == ["en", "fr"]
    assert items["who"]["text"] == {"en": "who?", "fr": "Qui ?"}
    assert items["who"]["choices"][0]["text"] == {"en": "One", "fr": "Un"}
    assert answers(imported, {"who": "Un"}) == [{"who": "1"}]


def test_answers_with_two_header_rows_are_of_qualtrics_too():
    imported, *_ = read(survey(MC[0]))
    lines = ["ResponseID,ResponseSet,Status,Q1", "ResponseID,ResponseSet,Status,Q1?", "R_1,Set,0,2"]
    lines += ["R_2,Set,1,3"]
    data = BytesIO("\n".join(lines).encode())
    table = AnswerTable.matching(data, imported.definition, imported.origin)
    real, trial = [row.answered for row in table.rows()]
    assert (real.answers, bool(trial.misfits)) == ({"Q1": "2"}, True)


WRONG = [None, True, -1, 1e300, "", "QID1", "q://QID1/SelectableChoice/1", [], {}, [[]], ["1"],
         {"1": {"1": None}}, {"9" * 5000: {}}, "\ud800", [{"Display": 1}]]  # fmt: skip


def places(part, path=()):
    if path:
        yield path
    if isinstance(part, dict | list):
        for key, each in part.items() if isinstance(part, dict) else enumerate(part):
            yield from places(each, (*path, key))


def test_a_file_that_is_wrong_anywhere_is_read_or_refused():
    skip = {"ChoiceLocator": "q://QID1/SelectableChoice/1", "Condition": "Selected",
            "SkipToDestination": "QID3"}  # fmt: skip
    told = logic(chosen("q://QID1/SelectableChoice/1"), chosen("q://QID2/SelectableChoice/1/4"))
    whole = survey(
        question("QID1", "Q1", "MC", "MAVR", Choices=THREE, ChoiceOrder=["2", "1", "3"],
                 RecodeValues={"1": "5"}, VariableNaming={"1": "a"}),
        question("QID2", "Q2", "Matrix", "Likert", Choices=ROWS, Answers=OFTEN, DisplayLogic=told,
                 ChoiceDataExportTags={"1": "fairs"}),
        question("QID3", "Q3", "Slider", "HSLIDER", Choices=ROWS, Labels=THREE,
                 Configuration={"CSSliderMin": 0, "CSSliderMax": 10}),
        blocks=[block("A", {"QuestionID": "QID1", "SkipLogic": [skip]}, "QID2", "QID3")],
        flow=[branch("F1", "q://QID1/SelectableChoice/1", step("A"), {"Type": "EndSurvey"})],
    )  # fmt: skip
    for number, path in enumerate([*places(whole)][::2]):
        raw = copy.deepcopy(whole)
        part = raw
        for key in path[:-1]:
            part = part[key]
        part[path[-1]] = WRONG[number % len(WRONG)]
        with suppress(UnreadableFile):  # the text of which is for people
            read(raw)


@pytest.mark.parametrize(
    "raw",
    [
        survey(*[question(f"QID{n}", "Q", "TE", "SL") for n in range(3_001)]),
        survey(question("QID1", "Q", "Matrix", "Likert", Choices=[{}] * 300, Answers=[{}] * 300)),
        survey(MC[0], flow=[{"Type": "Group", "Flow": []}] * 2_001),
    ],
)
def test_what_is_too_large_to_be_a_survey_is_refused_with_what_to_do(raw):
    with pytest.raises(UnreadableFile, match=r"Make it"):
        read_definition(json.dumps(raw).encode(), "x.qsf")
