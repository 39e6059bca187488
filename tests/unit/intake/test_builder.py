"""Building a survey step by step: edits of a definition, and conditions by form."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.intake.builder_form import WrongField, item_of, nested
from services.intake.domain import builder
from services.intake.domain.condition_form import (
    COMPARISONS,
    Line,
    Lines,
    NotALine,
    lines_of,
    rule_of,
)
from services.intake.domain.definition import compile_definition
from services.intake.domain.items import TYPES
from services.intake.domain.length import advice, minutes
from services.intake.domain.summary import summary_of


def item(name, section=None, kind="text", **more):
    of = {"section": section} if section else {}
    return {"id": name, "type": kind, "text": {"en": name.title()}, **of, **more}


CHOICES = [{"value": v, "text": {"en": v.title()}} for v in ("first", "second")]
DEFINITION = {
    "languages": ["en"],
    "groups": ["student", "staff"],
    "sections": [{"id": "one", "title": {"en": "One"}}, {"id": "two", "title": {"en": "Two"}}],
    "items": [
        item("year", kind="single_choice", choices=CHOICES),
        item("rate", "one", "rating", scale={"min": 1, "max": 5}),
        item("need", "one", "need", scale={"min": 1, "max": 5}),
        item("many", "two", "multiple_choice", choices=CHOICES),
        item("why", "two"),
    ],
}


def order(definition):
    return [(each["id"], each.get("section")) for each in definition["items"]]


@pytest.mark.parametrize("kind", TYPES)
def test_a_new_item_of_every_type_can_be_asked_as_it_is(kind):
    made = builder.add_item(DEFINITION, builder.starter(DEFINITION, kind, "one"))
    compile_definition(made)
    assert order(made)[3][1] == "one"


def test_an_item_moves_within_its_section_and_then_into_the_next_one():
    down = builder.move_item(DEFINITION, "rate", 1)
    assert order(down)[1:3] == [("need", "one"), ("rate", "one")]
    over = builder.move_item(down, "rate", 1)
    assert order(over)[2:4] == [("rate", "two"), ("many", "two")]
    back = builder.move_item(over, "rate", -1)
    assert order(back) == order(down)
    first = builder.move_item(DEFINITION, "year", -1)
    assert order(first) == order(DEFINITION)


@given(
    moves=st.lists(
        st.tuples(
            st.sampled_from([i["id"] for i in DEFINITION["items"]]), st.sampled_from([-1, 1])
        ),
        max_size=12,
    )
)
def test_moving_neither_loses_nor_doubles_an_item(moves):
    moved = DEFINITION
    for name, by in moves:
        moved = builder.move_item(moved, name, by)
    assert sorted(name for name, _ in order(moved)) == sorted(name for name, _ in order(DEFINITION))


def test_a_copy_follows_its_original_under_an_id_of_its_own():
    copied = builder.duplicate_item(builder.duplicate_item(DEFINITION, "rate"), "rate")
    assert [name for name, _ in order(copied)][1:4] == ["rate", "rate_3", "rate_2"]


def test_the_items_of_a_section_that_is_removed_stay():
    rest = builder.remove_section(DEFINITION, "one")
    assert order(rest)[:3] == [("year", None), ("rate", None), ("need", None)]


def test_what_somebody_removed_meanwhile_is_not_edited():
    gone = builder.remove_item(DEFINITION, "why")
    with pytest.raises(builder.NoSuchPart):
        builder.replace_item(gone, "why", item("why"))


@pytest.mark.parametrize(
    ("lines", "rule"),
    [
        ([], None),
        ([Line("group", "is", "Student")], {"==": [{"var": "group"}, "student"]}),
        ([Line("rate", "less", "3")], {"<": [{"var": "rate"}, 3]}),
        ([Line("need.importance", "at_least", "4")], {">=": [{"var": "need.importance"}, 4]}),
        ([Line("need.use", "is", "unused")], {"==": [{"var": "need.use"}, "unused"]}),
        ([Line("many", "includes", "First")], {"in": ["first", {"var": "many"}]}),
        ([Line("why", "answered")], {"!=": [{"var": "why"}, None]}),
    ],
)
def test_lines_of_a_form_stand_for_a_rule(lines, rule):
    assert rule_of(DEFINITION, lines, every=True) == rule


@pytest.mark.parametrize("every", [True, False])
def test_a_rule_of_lines_is_shown_as_the_lines_that_made_it(every):
    lines = (
        Line("year", "is_not", "second"),
        Line("rate", "at_most", "2"),
        Line("many", "includes", "first"),
        Line("why", "unanswered"),
    )
    rule = rule_of(DEFINITION, lines, every=every)
    assert lines_of(rule) == Lines(every, lines)
    assert {line.comparison for line in lines} <= COMPARISONS.keys()


def test_a_rule_that_says_more_than_lines_can_is_kept_as_it_is():
    rule = {"and": [{"var": "rate"}, {"or": [{"var": "why"}, {"var": "many"}]}]}
    assert lines_of(rule) == Lines(rule=rule)


@pytest.mark.parametrize(
    "line",
    [
        Line("rate", "less", "low"),
        Line("year", "is", "third"),
        Line("gone", "answered"),
        Line("why", "is", " "),
    ],
)
def test_a_line_that_makes_no_sense_is_refused_with_what_to_write(line):
    with pytest.raises(NotALine):
        rule_of(DEFINITION, [line], every=True)


def test_fields_become_the_part_that_they_name():
    typed = [
        ("type", "single_choice"),
        ("id", "year"),
        ("text.en", " Class year\r\n"),
        ("text.es", ""),
        ("required", "yes"),
        ("choices.10.text.en", "Third year"),
        ("choices.2.text.en", "First"),
        ("choices.2.value", "one"),
        ("choices.3.value", "dropped"),
        ("choices.11.text.en", "Third year"),
        ("visible.how", "any"),
        ("visible.lines.0.item", "rate"),
        ("visible.lines.0.comparison", "more"),
        ("visible.lines.0.value", "3"),
        ("visible.lines.1.comparison", "is"),
    ]
    assert item_of(typed, DEFINITION) == {
        "type": "single_choice",
        "id": "year",
        "text": {"en": "Class year"},
        "required": True,
        "choices": [
            {"value": "one", "text": {"en": "First"}},
            {"value": "third_year", "text": {"en": "Third year"}},
            {"value": "third_year_3", "text": {"en": "Third year"}},
        ],
        "visible_if": {">": [{"var": "rate"}, 3]},
    }


def test_a_condition_that_makes_no_sense_names_its_field():
    typed = [
        ("visible.lines.0.item", "rate"),
        ("visible.lines.0.comparison", "is"),
        ("visible.lines.0.value", "x"),
    ]
    with pytest.raises(WrongField) as wrong:
        item_of(typed, DEFINITION)
    assert wrong.value.field == "visible.lines.0.item"


@given(st.lists(st.tuples(st.text(max_size=12), st.text(max_size=6)), max_size=8))
def test_any_fields_make_a_part_or_none(typed):
    assert isinstance(nested(typed), dict)


def test_an_author_is_told_how_long_it_takes_and_when_it_is_too_much():
    needs = [item(f"n{i}", kind="need") for i in range(13)]
    assert advice({"items": needs[:12]}) is None
    assert minutes({"items": needs[:10]}) == 2
    assert "13 paired needs" in str(advice({"items": needs}))


def test_a_summary_counts_what_was_answered_and_not_what_anybody_wrote():
    content = {
        "group": "student",
        "profile": {"year": "first"},
        "answers": {
            "need": {"importance": 5, "use": "unused"},
            "many": ["first", {"other": "My very own words"}],
            "rate": {"no_basis": True},
            "why": "A long text about somebody, with their name and all else that they said.",
        },
    }
    assert summary_of([content, {**content, "answers": {"rate": 4}}]) == {
        "group": {".student": 2},
        "year": {"answered": 2, ".first": 2},
        "need": {"answered": 1, "importance.5": 1, "use.unused": 1},
        "many": {"answered": 1, ".first": 1, ".other": 1},
        "rate": {"answered": 2, ".no_basis": 1, ".4": 1},
        "why": {"answered": 1},
    }
