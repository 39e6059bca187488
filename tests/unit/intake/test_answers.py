"""Which definitions make sense, and which answers they take."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.intake.domain.answers import InvalidAnswers, check_response
from services.intake.domain.definition import Definition, compile_definition

NEED = {"id": "advising", "type": "need", "scale": {"min": 1, "max": 5}}
TEXT = {"id": "why", "type": "text", "max_length": 20}
RATING = {"id": "overall", "type": "rating", "scale": {"min": 1, "max": 7}}
CHOICE = {"id": "year", "type": "single_choice", "role": "profile", "choices": [{"value": "a"}]}


def definition(*items: dict[str, Any]) -> Definition:
    return compile_definition({"groups": ["student"], "sections": [], "items": list(items)})


def fields_at_fault(survey: Definition, answers: dict[str, Any]) -> list[str]:
    try:
        check_response(survey, "student", {}, answers)
    except InvalidAnswers as refused:
        return [error["field"].removeprefix("answers.") for error in refused.errors]
    return []


def conditional(rule: Any) -> Definition:
    return definition(NEED, TEXT, {"id": "more", "type": "text", "visible_if": rule})


SENSELESS = [
    {"<": [{"var": "why"}, 4]},
    {"+": [{"var": "why"}, 1]},
    {"in": [1, {"var": "why"}]},
    {"max": [{"var": "advising"}, 1]},
    {"%": [1, 0]},
    {"%": [{"var": "advising.importance"}, 0]},
    {"/": [1, {"-": [{"var": "advising.importance"}, 5]}]},
]


@pytest.mark.parametrize("rule", SENSELESS)
def test_a_condition_that_makes_nothing_of_the_answers_hides_its_item(rule):
    """The respondent is not to blame for it, and is not shown an error."""
    survey = conditional(rule)
    answers = {"why": "abc", "advising": {"importance": 5, "satisfaction": 1}}
    assert fields_at_fault(survey, answers) == []
    assert fields_at_fault(survey, {**answers, "more": "x"}) == ["more"]


def test_a_condition_shows_and_hides_by_what_is_answered_before_it():
    survey = conditional({"<": [{"var": "advising.importance"}, 3]})
    low, high = ({"importance": i, "satisfaction": 1} for i in (2, 4))
    assert fields_at_fault(survey, {"advising": low, "more": "x"}) == []
    assert fields_at_fault(survey, {"advising": high, "more": "x"}) == ["more"]


def test_a_hidden_item_needs_no_answer_though_it_is_required():
    hidden = {"id": "more", "type": "text", "required": True, "visible_if": {"var": "why"}}
    survey = definition(TEXT, hidden)
    assert fields_at_fault(survey, {}) == []
    assert fields_at_fault(survey, {"why": "so"}) == ["more"]


def test_an_answer_that_is_itself_refused_shows_nothing():
    survey = definition(RATING, {"id": "more", "type": "text", "visible_if": {"var": "overall"}})
    assert fields_at_fault(survey, {"overall": 99, "more": "x"}) == ["overall", "more"]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=30),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=12), inner),
    max_leaves=6,
)
KEYS = st.sampled_from(["importance", "satisfaction", "use", "more"])
NEED_LIKE = st.dictionaries(KEYS, st.sampled_from([0, 1, 5, 6, 2.0, True, "unaware", None]))


@given(
    answers=st.dictionaries(
        st.sampled_from(["advising", "why", "overall", "year", "none"]), JSON | NEED_LIKE
    ),
    profile=st.dictionaries(st.sampled_from(["year", "advising"]), JSON),
    group=JSON,
)
def test_any_json_is_kept_whole_or_refused_by_field(answers, profile, group):
    survey = definition(NEED, TEXT, RATING, CHOICE)
    given_ = {**profile, **answers}
    kept, errors = None, []
    try:
        kept = check_response(survey, group, profile, answers)
    except InvalidAnswers as refused:
        errors = refused.errors
    assert (kept is None) == bool(errors)
    assert all(error["field"] and error["message"] for error in errors)
    if kept is not None:
        assert kept["profile"] | kept["answers"] == given_
        need = given_.get("advising", {"importance": 1, "satisfaction": 1})
        assert type(need["importance"]) is int
        assert 1 <= need["importance"] <= 5
        assert ("satisfaction" in need) != ("use" in need)
