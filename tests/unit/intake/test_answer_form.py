"""What the form asks next, leaves out and advises."""

import pytest
from werkzeug.datastructures import MultiDict

from services.intake.answer_form import Advice, AnswerForm
from services.intake.domain.definition import compile_definition
from tests.unit.intake.test_answer_fields import CHOICES, ITEMS

ALONE = {"value": "none", "text": {"en": "None"}, "exclusive": True}


def form_of(*items, fields=(), shown=(), **survey):
    raw = {
        "groups": ["student", "staff"],
        "sections": [],
        "items": [{"text": {"en": "?"}, **item} for item in items],
        **survey,
    }
    typed = MultiDict([("group", "student"), *fields])
    return AnswerForm(raw, compile_definition(raw), typed, frozenset(shown))


RATE = {"id": "rate", "type": "rating", "scale": {"min": 1, "max": 5}}
WHY = {
    "id": "why",
    "type": "text",
    "visible_if": {"<": [{"var": "rate"}, 3]},
    "required_if": {"==": [{"var": "rate"}, 1]},
}


def test_what_an_answer_makes_worth_asking_is_asked_before_it_can_be_wrong():
    form = form_of(RATE, WHY, fields=[("a.rate", "1")])
    assert form.unasked == ["why"]
    assert form.errors() == {}
    assert form.needs("why")
    asked = form_of(RATE, WHY, fields=[("a.rate", "1")], shown=["why"])
    assert asked.errors() == {"why": Advice("wrong_text")}


def test_an_answer_that_became_hidden_is_left_out():
    form = form_of(RATE, WHY, fields=[("a.rate", "5"), ("a.why", "because")])
    assert form.left_out == ["why"]
    assert form.answers == {"rate": 5}
    assert form.errors() == {}


def test_a_wrong_answer_shows_nothing_and_the_group_may():
    by_group = {**WHY, "visible_if": {"==": [{"var": "group"}, "student"]}}
    assert form_of(RATE, WHY, fields=[("a.rate", "0")]).unasked == []
    assert form_of(RATE, by_group).unasked == ["why"]


def test_consent_is_needed_where_it_is_asked_for():
    consent = {"consent": {"en": "I agree."}}
    assert form_of(RATE, **consent).errors() == {"consent": Advice("wrong_consent")}
    assert form_of(RATE, fields=[("consent", "yes")], **consent).errors() == {}


@pytest.mark.parametrize(
    ("item", "fields", "key"),
    [
        ({**ITEMS["need"]}, [("a.need.importance", "3")], "wrong_need_second"),
        ({**ITEMS["need"], "required": True}, [], "wrong_need"),
        ({**ITEMS["one"]}, [("a.one", "other")], "wrong_other"),
        (
            {**ITEMS["many"], "choices": [*CHOICES, ALONE]},
            [("a.many", "none"), ("a.many", "a")],
            "wrong_alone",
        ),
        ({**ITEMS["many"], "max_choices": 1}, [("a.many", "b"), ("a.many", "a")], "at_most"),
        ({**ITEMS["many"], "min_choices": 2}, [("a.many", "b")], "at_least"),
        ({**ITEMS["many"], "required": True}, [], "wrong_multiple_choice"),
        ({**ITEMS["order"]}, [("a.order.a", "1"), ("a.order.b", "1")], "wrong_ranking"),
        ({**ITEMS["order"], "min_choices": 4}, [("a.order.a", "1")], "rank_all"),
        ({**ITEMS["grid"], "required": True}, [("a.grid.a", "a")], "wrong_matrix"),
        ({**ITEMS["number"], "min": 0, "max": 9}, [("a.number", "10")], "number_between"),
        ({**ITEMS["day"], "min": "2026-01-01"}, [("a.day", "2025-12-31")], "date_from"),
        ({**ITEMS["text"], "max_length": 3}, [("a.text", "four")], "text_most"),
        ({**ITEMS["rate"], "required": True}, [], "wrong_rating"),
    ],
)
def test_advice_says_what_to_do_about_this_answer(item, fields, key):
    [advice] = form_of(item, fields=fields).errors().values()
    assert advice.key == key


def test_an_answer_that_does_not_fit_the_others_is_told_in_the_survey_s_own_words():
    own = {"en": "More than that."}
    late = {
        "id": "late", "type": "number", "valid_message": own,
        "valid_if": {">": [{"var": "late"}, {"var": "rate"}]},
    }  # fmt: skip
    form = form_of(RATE, late, fields=[("a.rate", "4"), ("a.late", "3")])
    assert form.errors()["late"].own == own
    assert form_of(RATE, late, fields=[("a.rate", "4"), ("a.late", "5")]).errors() == {}
