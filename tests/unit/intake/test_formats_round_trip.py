"""A definition written for another tool, and read again, is the same. All of it is synthetic."""

import re

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.intake.domain.definition import compile_definition
from services.intake.formats import read_definition, surveyjs, xlsform
from services.intake.formats.plain_text import tidy
from services.intake.schemas import DefinitionSchema

TOOLS = [(xlsform.write, "survey.xlsx"), (surveyjs.write, "survey.json")]


def said(text, other=None):
    return {"en": text, "de": other or f"{text} (deutsch)"}


def options(*values):
    return [{"value": value, "text": said(f"The {value}")} for value in values]


FULL = {
    "title": said("What you need"),
    "languages": ["en", "de"],
    "groups": ["student", "staff"],
    "group_titles": {"student": said("Students"), "staff": said("Staff")},
    "minimum_group_size": 12,
    "participation": "anonymous",
    "access": "open",
    "opens_at": None,
    "closes_at": None,
    "introduction": said("It takes four minutes.\n\nNobody is named."),
    "contact": said("careers@example.org"),
    "consent": said("I agree."),
    "draw": said("A book can be won."),
    "quotas": {"staff": 20},
    "retention_days": 365,
    "synthetic": True,
    "sections": [
        {"id": "you", "title": said("You"), "lens": "culture", "text": said("About yourself.")},
        {
            "id": "services",
            "title": said("Services"),
            "lens": "needs",
            "visible_if": {"==": [{"var": "group"}, "student"]},
        },
    ],
    "items": [
        {
            "id": "year", "section": "you", "type": "single_choice", "role": "profile",
            "text": said("Which year?"), "hint": said("As of today."), "required": True,
            "choices": options("first", "second"), "other": True,
        },
        {
            "id": "means", "section": "you", "type": "multiple_choice",
            "text": said("Which ways, in {{year}}?"), "random": True, "max_choices": 2,
            "min_choices": 1,
            "choices": [
                *options("mail", "phone"),
                {"value": "none", "text": said("None"), "exclusive": True},
            ],
            "required_if": {"==": [{"var": "year"}, "first"]},
        },
        {
            "id": "age", "section": "you", "type": "number", "text": said("Age?"), "min": 16,
            "max": 99,
            "valid_if": {
                "or": [{"!=": [{"var": "year"}, "first"]}, {"<": [{"var": "age"}, 30]}]
            },
            "valid_message": said("That is old for a first year."),
        },
        {
            "id": "hours", "section": "you", "type": "number", "text": said("Hours?"),
            "decimals": 2, "min": 0.5,
        },
        {
            "id": "since", "section": "you", "type": "date", "text": said("Since when?"),
            "min": "2020-01-01", "max": "2030-12-31",
        },
        {
            "id": "advising", "section": "services", "type": "need", "text": said("Advising"),
            "scale": {"min": 1, "max": 5, "low": said("none"), "high": said("most")},
            "required": True,
        },
        {
            "id": "overall", "section": "services", "type": "rating", "no_basis": True,
            "role": "overall_satisfaction", "text": said("All in all?"),
            "scale": {"min": 1, "max": 7, "low": said("poor"), "high": said("good")},
        },
        {
            "id": "why", "section": "services", "type": "text", "text": said("Why?"),
            "support": said("The counsellors are there every day."), "max_length": 500,
            "visible_if": {
                "and": [
                    {"<": [{"var": "overall"}, 4]},
                    {"in": ["mail", {"var": "means"}]},
                    {">=": [{"var": "advising.importance"}, 3]},
                ]
            },
        },
        {"id": "word", "section": "services", "type": "text", "text": said("One word?"),
         "multiline": False},
        {"id": "recommend", "section": "services", "type": "nps", "text": said("Recommend us?")},
        {
            "id": "order", "section": "services", "type": "ranking",
            "text": said("In which order?"),
            "choices": options("a", "b", "c"), "max_choices": 2, "min_choices": 1,
        },
        {
            "id": "grid", "section": "services", "type": "matrix", "text": said("How often?"),
            "rows": options("events", "news"), "choices": options("never", "often"),
            "required": True, "random": True, "hint": said("Row by row."),
            "visible_if": {"!=": [{"var": "year.other"}, None]},
        },
        {
            "id": "last", "section": "services", "type": "text", "text": said("Anything else?"),
            "visible_if": {
                "or": [
                    {"==": [{"var": "grid.events"}, "often"]},
                    {"!": [{"in": ["none", {"var": "means"}]}]},
                    {"==": [{"var": "since"}, None]},
                    {"==": [{"var": "advising.use"}, "unused"]},
                    {"<": [1, {"var": "overall"}, 5]},
                ]
            },
        },
    ],
}  # fmt: skip


def bare(definition):
    return {key: value for key, value in definition.items() if value is not None}


@pytest.mark.parametrize(("write", "name"), TOOLS)
def test_a_definition_with_everything_comes_back_as_it_was(write, name):
    imported = read_definition(write(FULL), name)
    read = DefinitionSchema().load(imported.definition)
    compile_definition(read)
    assert bare(read) == bare(FULL)
    assert [entry for entry in imported.report if entry.action != "translated"] == []


@pytest.mark.parametrize(("write", "name"), TOOLS)
def test_the_columns_of_its_answers_are_known_again(write, name):
    columns = read_definition(write(FULL), name).columns
    assert columns["advising_importance"] == ("advising", "importance")
    assert columns["advising_satisfaction"] == ("advising", "satisfaction")
    assert columns["year"] == ("year", "")
    assert ("year", "other") in columns.values()
    assert ("grid", "events") in columns.values()


RULES = st.recursive(
    st.sampled_from(
        [
            {"==": [{"var": "year"}, "first"]},
            {"!=": [{"var": "year"}, None]},
            {"in": ["phone", {"var": "means"}]},
            {"<": [{"var": "age"}, 30]},
            {">=": [{"+": [{"var": "age"}, {"*": [{"var": "hours"}, 2]}]}, 1.5]},
            {"==": [{"var": "group"}, "staff"]},
            {"<": [20, {"var": "age"}, 40]},
            {"!!": [{"var": "age"}]},
        ]
    ),
    lambda inner: st.one_of(
        st.builds(lambda parts: {"and": parts}, st.lists(inner, min_size=2, max_size=3)),
        st.builds(lambda parts: {"or": parts}, st.lists(inner, min_size=2, max_size=3)),
        st.builds(lambda part: {"!": [part]}, inner),
    ),
    max_leaves=6,
)
WORDS = st.text(st.characters(codec="utf-8", exclude_categories=("C",)), min_size=1, max_size=30)


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(rule=RULES, words=WORDS)
@pytest.mark.parametrize(("write", "name"), TOOLS)
def test_any_condition_and_any_words_come_back(write, name, rule, words):
    words = tidy(re.sub(r"[${}]", "", words)) or "…"
    last = {"id": "last", "type": "text", "text": {"en": words, "de": words}, "visible_if": rule}
    definition = {**FULL, "items": [*FULL["items"][:4], {**last, "section": "services"}]}
    found = read_definition(write(definition), name).definition["items"][-1]
    assert (found["visible_if"], found["text"]) == (rule, last["text"])
