"""A table of answers to a survey that is there is read without a mapping, as the tools write it."""

from io import BytesIO

import pytest

from services.intake.domain.answers import check_response
from services.intake.domain.columns import Table
from services.intake.domain.definition import compile_definition
from services.intake.exports import delimited
from services.intake.schemas import DefinitionSchema
from services.intake.tables.answer_table import AnswerTable
from services.intake.tables.matching import unmatched
from services.intake.tables.reading import UnreadableTable

CHOICES = [{"value": "A1", "text": "Fairs, large"}, {"value": "A2", "text": "Workshops"}]
ITEMS = [
    {"id": "advising", "type": "need", "text": "One-to-one advising",
     "scale": {"min": 1, "max": 5}},
    {"id": "all", "type": "rating", "text": "All in all",
     "scale": {"min": 1, "max": 5, "low": "Awful", "high": "Great"}},
    {"id": "nps", "type": "nps", "text": "Would you recommend us?"},
    {"id": "one", "type": "single_choice", "text": "Which one?", "choices": CHOICES, "other": True},
    {"id": "many", "type": "multiple_choice", "text": "Which ones?", "choices": CHOICES,
     "other": True},
    {"id": "order", "type": "ranking", "text": "In which order?", "choices": CHOICES,
     "min_choices": 1},
    {"id": "grid", "type": "matrix", "text": "How often?", "choices": CHOICES,
     "rows": [{"value": "SQ1", "text": "In spring"}, {"value": "SQ2", "text": "In autumn"}]},
    {"id": "years", "type": "number", "text": "How many years?"},
    {"id": "day", "type": "date", "text": "Since when?"},
    {"id": "why", "type": "text", "text": "Why?"},
]  # fmt: skip
ANSWERS = {
    "advising": {"importance": 5, "satisfaction": 2},
    "all": 5,
    "nps": 9,
    "one": "A1",
    "many": ["A1", "A2"],
    "order": ["A2", "A1"],
    "grid": {"SQ1": "A1", "SQ2": "A2"},
    "years": 4,
    "day": "2024-03-01",
    "why": "N/A, as I said",
}


def definition(groups=("student",), **more):
    return DefinitionSchema().load({"title": "T", "groups": list(groups), "items": ITEMS, **more})


def answered(header, cells, raw=None):
    raw = raw or definition()
    lines = [",".join(f'"{cell}"' for cell in line) for line in (header, cells)]
    table = AnswerTable.matching(BytesIO("\n".join(lines).encode()), raw)
    [row] = table.rows()
    assert row.answered.misfits == []
    found = row.answered
    return check_response(compile_definition(raw), found.group, found.profile, found.answers)


def test_columns_are_known_by_codes():
    header = [
        "advising[importance]", "advising[satisfaction]", "all", "nps", "one", "many[A1]",
        "many[A2]", "order[1]", "order[2]", "grid[SQ1]", "grid[SQ2]", "years", "day", "why",
    ]  # fmt: skip
    cells = ["5", "2", "Great", "9", "A1", "Y", "Y", "A2", "A1", "A1", "A2", "4.0",
             "2024-03-01 00:00:00", "N/A, as I said"]  # fmt: skip
    assert answered(header, cells)["answers"] == ANSWERS


def test_columns_are_known_by_codes_with_their_words():
    header = [
        "advising_importance", "advising_satisfaction", "all. All in all", "nps. Recommend?",
        "one. Which one?", "many[A1]. Which ones? [Fairs, large]",
        "many[A2]. Which ones? [Workshops]", "order[1]. In which order? [Rank 1]",
        "order[2]. In which order? [Rank 2]", "grid[SQ1]. How often? [In spring]",
        "grid[SQ2]. How often? [In autumn]", "years. Years?", "day. Since when?", "why. Why?",
    ]  # fmt: skip
    cells = ["5", "2", "5 - Great", "9", "Fairs, large", "Yes", "Yes", "Workshops", "Fairs, large",
             "Fairs, large", "workshops", "4", "2024-03-01", "N/A, as I said"]  # fmt: skip
    assert answered(header, cells)["answers"] == ANSWERS


def test_columns_are_known_by_their_words_alone():
    header = [
        "How important is this? [One-to-one advising]",
        "How satisfied are you with it? [One-to-one advising]", "All in all",
        "Would you recommend us?", "Which one?", "Which ones?", "order[1]", "order[2]",
        "How often? [In spring]", "How often? [In autumn]", "How many years?", "Since when?",
        "Why?",
    ]  # fmt: skip
    cells = ["5", "2", "5", "9", "Fairs, large", "Fairs, large, Workshops", "Workshops",
             "Fairs, large", "Fairs, large", "Workshops", "4", "2024-03-01",
             "N/A, as I said"]  # fmt: skip
    assert answered(header, cells)["answers"] == ANSWERS


def test_other_is_what_was_written_beside_the_choices():
    found = answered(["one", "many[A1]", "many[other]"], ["Elsewhere", "", "A club"])
    assert found["answers"] == {"one": {"other": "Elsewhere"}, "many": [{"other": "A club"}]}
    own = answered(["one", "one[other]"], ["Other", "Elsewhere"])
    assert own["answers"] == {"one": {"other": "Elsewhere"}}


def test_uses_are_known_by_their_words():
    header = ["advising.importance", "advising.satisfaction"]
    for cell, use in (("unaware", "unaware"), ("Have not used it", "unused")):
        expected = {"advising": {"importance": 4, "use": use}}
        assert answered(header, ["4", cell])["answers"] == expected


@pytest.mark.parametrize(
    "changed",
    [
        {},
        {"advising": {"importance": 5, "use": "unused"}, "all": {"no_basis": True}},
        {"one": {"other": "Jobs"}, "many": ["A2", {"other": "Jobs, too"}], "order": ["A1"]},
        {"order": {"no_basis": True}, "many": {"no_basis": True}, "day": {"no_basis": True}},
    ],
)
def test_what_was_taken_away_as_a_table_is_taken_in_as_it_was(changed):
    items = [{**each, "no_basis": True} if each["type"] != "need" else each for each in ITEMS]
    raw, answers = definition(items=items), {**ANSWERS, **changed}
    made = Table([raw])
    content = {"group": "student", "profile": {}, "answers": answers}
    table = iter([made.row("r1", 1, "2026-03-01", content)])
    file = BytesIO(b"".join(delimited.lines(made.columns, table)))
    [row] = AnswerTable.matching(file, raw).rows()
    assert (row.answered.misfits, row.answered.unfit) == ([], [])
    found = row.answered
    assert (found.group, found.answers) == ("student", answers)


def test_texts_that_were_made_inert_are_taken_in_as_they_were_written():
    answers = {"why": "=1+1", "one": {"other": "@home"}, "many": [{"other": "+49 30"}], "years": -4}
    made = Table([definition()])
    content = {"group": "student", "profile": {}, "answers": answers}
    rows = iter([made.row("r1", 1, "2026-03-01", content)])
    file = BytesIO(b"".join(delimited.lines(made.columns, rows)))
    [row] = AnswerTable.matching(file, definition()).rows()
    assert (row.answered.answers, row.response) == (answers, "r1")


def test_an_apostrophe_in_somebody_else_s_table_is_what_they_wrote():
    assert answered(["why", "years"], ["'=1+1", "3"])["answers"]["why"] == "'=1+1"


@pytest.mark.parametrize("kind", ["multiple_choice", "ranking"])
def test_choices_that_are_named_as_our_own_columns_are_choices(kind):
    named = [{"value": value, "text": value.title()} for value in ("fair", "other", "no_basis")]
    raw = definition(items=[{"id": "m", "type": kind, "text": "M", "choices": named,
                             "no_basis": True, "min_choices": 1}])  # fmt: skip
    made = Table([raw])
    given = [["other", "no_basis"], ["no_basis"], {"no_basis": True}, ["fair", "other"]]
    rows = (
        made.row(f"r{n}", 1, "2026-03-01", {"group": "student", "profile": {}, "answers": {"m": m}})
        for n, m in enumerate(given)
    )
    file = BytesIO(b"".join(delimited.lines(made.columns, rows)))
    found = [row.answered for row in AnswerTable.matching(file, raw).rows()]
    assert [each.unfit for each in found] == [[]] * len(given)
    assert [each.answers["m"] for each in found] == given


def test_group_is_a_column_of_ids_or_titles():
    raw = definition(["student", "staff"], group_titles={"staff": "Members of staff"})
    for cell in ("staff", "Members of staff", "STAFF"):
        assert answered(["Group", "why"], [cell, "x"], raw)["group"] == "staff"


def test_items_without_a_column_are_named():
    table = AnswerTable.matching(BytesIO(b"why,shoe size\nx,1"), definition())
    assert unmatched(definition(), table.mapping) == [
        item["id"] for item in ITEMS if item["id"] != "why"
    ]
    assert table.unread == ("shoe size",)


def test_table_of_something_else_is_refused():
    with pytest.raises(UnreadableTable, match="No column has the id or the text"):
        AnswerTable.matching(BytesIO(b"a,b\n1,2"), definition())
