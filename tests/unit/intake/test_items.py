"""Which answers each type of item takes."""

import pytest

from services.intake.domain.answers import InvalidAnswers, check_response
from services.intake.domain.definition import InvalidDefinition, compile_definition

CHOICES = [{"value": value, "text": {"en": value}} for value in ("a", "b", "c")]
NONE = {"value": "none", "text": {"en": "None"}, "exclusive": True}
ITEMS = {
    "nps": {"type": "nps"},
    "one": {"type": "single_choice", "choices": CHOICES, "other": True},
    "many": {
        "type": "multiple_choice", "choices": [*CHOICES, NONE], "other": True, "max_choices": 2,
    },
    "order": {"type": "ranking", "choices": CHOICES},
    "top": {"type": "ranking", "choices": CHOICES, "max_choices": 2, "min_choices": 1},
    "grid": {"type": "matrix", "rows": CHOICES[:2], "choices": CHOICES, "required": True},
    "number": {"type": "number", "min": 0, "max": 10, "decimals": 1},
    "whole": {"type": "number"},
    "day": {"type": "date", "min": "2026-01-01"},
    "rate": {"type": "rating", "scale": {"min": 1, "max": 5}, "no_basis": True},
}  # fmt: skip


def survey_of(*items):
    return compile_definition({"groups": ["student"], "sections": [], "items": list(items)})


def takes(name, answer):
    item = {"id": name, "text": {"en": name}, **ITEMS[name]}
    try:
        kept = check_response(survey_of(item), "student", {}, {name: answer})
    except InvalidAnswers as refused:
        [error] = refused.errors
        assert error["field"] == f"answers.{name}"
        return False
    assert kept["answers"] == {name: answer}
    return True


@pytest.mark.parametrize(
    ("name", "answer"),
    [
        ("nps", 0),
        ("nps", 10),
        ("one", "a"),
        ("one", {"other": "my own"}),
        ("many", ["a", "c"]),
        ("many", ["a", {"other": "my own"}]),
        ("many", ["none"]),
        ("order", ["c", "a", "b"]),
        ("top", ["b"]),
        ("grid", {"a": "c", "b": "c"}),
        ("number", 2.5),
        ("number", 10),
        ("whole", -3),
        ("day", "2026-02-28"),
        ("rate", 5),
        ("rate", {"no_basis": True}),
    ],
)
def test_an_answer_that_fits_is_kept_as_it_is(name, answer):
    assert takes(name, answer)


@pytest.mark.parametrize(
    ("name", "answer"),
    [
        ("nps", 11),
        ("nps", True),
        ("nps", {"no_basis": True}),
        ("one", "d"),
        ("one", {"other": "  "}),
        ("one", {"other": "x" * 201}),
        ("one", ["a"]),
        ("many", []),
        ("many", ["a", "a"]),
        ("many", ["a", "b", "c"]),
        ("many", ["a", "none"]),
        ("many", [{"other": "x"}, {"other": "y"}]),
        ("many", [["a"]]),
        ("many", "a"),
        ("order", ["a", "b"]),
        ("order", ["a", "b", "b"]),
        ("order", [1, 2, 3]),
        ("top", ["a", "b", "c"]),
        ("grid", {"a": "c"}),
        ("grid", {"a": "c", "b": "d"}),
        ("grid", {"a": "c", "b": ["c"]}),
        ("number", 2.55),
        ("number", 11),
        ("number", "2"),
        ("number", True),
        ("whole", 2.5),
        ("day", "2026-02-29"),
        ("day", "2025-12-31"),
        ("day", "20260301"),
        ("day", 20260301),
        ("rate", {"no_basis": False}),
        ("rate", 6),
    ],
)
def test_an_answer_that_does_not_fit_is_refused_by_its_field(name, answer):
    assert not takes(name, answer)


RATE = {"id": "rate", "type": "rating", "text": {"en": "Rate"}, "scale": {"min": 1, "max": 5}}
TOP = {"id": "top", "type": "ranking", "text": {"en": "Top"}, "choices": CHOICES}
WHY = {"id": "why", "type": "text", "text": {"en": "Why?"}}


def faults(survey, answers, group="student"):
    try:
        check_response(survey, group, {}, answers)
    except InvalidAnswers as refused:
        return {error["field"]: error["message"] for error in refused.errors}
    return {}


def test_an_answer_is_required_where_its_condition_says_so():
    survey = survey_of(RATE, {**WHY, "required_if": {"<": [{"var": "rate"}, 3]}})
    assert faults(survey, {"rate": 2}).keys() == {"answers.why"}
    assert faults(survey, {"rate": 4}) == {}


def test_an_answer_that_contradicts_another_is_refused_in_the_authors_words():
    total = {"id": "total", "type": "number", "text": {"en": "Total"}}
    part = {
        "id": "part", "type": "number", "text": {"en": "Part"},
        "valid_if": {"<=": [{"var": "part"}, {"var": "total"}]},
        "valid_message": {"en": "No more than the total."},
    }  # fmt: skip
    survey = survey_of(total, part)
    assert faults(survey, {"total": 3, "part": 4}) == {"answers.part": "No more than the total."}
    assert faults(survey, {"total": 3, "part": 3}) == {}


def test_a_section_that_is_hidden_hides_its_items_and_groups_may_differ():
    for_staff = {
        "id": "work",
        "title": {"en": "Work"},
        "visible_if": {"==": [{"var": "group"}, "staff"]},
    }
    raw = {"groups": ["student", "staff"], "sections": [for_staff]}
    survey = compile_definition({**raw, "items": [{**WHY, "section": "work", "required": True}]})
    assert faults(survey, {"why": "x"}).keys() == {"answers.why"}
    assert faults(survey, {}, group="staff").keys() == {"answers.why"}
    assert faults(survey, {"why": "x"}, group="staff") == faults(survey, {}) == {}


def test_items_are_asked_section_by_section_and_conditions_look_back_along_that_order():
    sections = [{"id": "one", "title": {"en": "1"}}, {"id": "two", "title": {"en": "2"}}]
    late = {**RATE, "section": "two"}
    early = {**WHY, "section": "one", "visible_if": {"var": "rate"}}
    with pytest.raises(InvalidDefinition) as refused:
        compile_definition({"groups": ["student"], "sections": sections, "items": [late, early]})
    assert [error["field"] for error in refused.value.errors] == ["items.1.visible_if"]


@pytest.mark.parametrize(
    ("item", "key"),
    [
        ({**WHY, "scale": {"min": 1, "max": 5}}, "scale"),
        ({**WHY, "text": {"en": "You said {{rate}}. Why?"}}, "text"),
        ({**WHY, "visible_if": {"like": [1, 2]}}, "visible_if"),
        ({**WHY, "id": "group"}, "id"),
        ({"id": "x", "type": "matrix", "text": {"en": "x"}, "choices": CHOICES}, "rows"),
        ({"id": "x", "type": "number", "text": {"en": "x"}, "min": 3, "max": 1}, "max"),
        ({"id": "x", "type": "number", "text": {"en": "x"}, "min": "3"}, "min"),
        ({"id": "x", "type": "date", "text": {"en": "x"}, "min": "tomorrow"}, "min"),
        ({**TOP, "min_choices": 4}, "min_choices"),
        ({**RATE, "type": "nps"}, "scale"),
    ],
)  # fmt: skip
def test_an_item_that_contradicts_itself_is_refused_by_its_key(item, key):
    with pytest.raises(InvalidDefinition) as refused:
        survey_of(item)
    assert [error["field"] for error in refused.value.errors] == [f"items.0.{key}"]


def test_nobody_can_be_told_apart_in_an_open_survey():
    with pytest.raises(InvalidDefinition) as refused:
        compile_definition(
            {"groups": ["student"], "sections": [], "items": [WHY], "participation": "identified"}
        )
    assert [error["field"] for error in refused.value.errors] == ["participation"]
