"""The form's fields stand for answers, and say the same when they are read back."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from werkzeug.datastructures import MultiDict

from services.intake.answer_fields import answer_of, fields_of
from services.intake.domain.items import check_of

VALUES = ["a", "b", "c", "d"]
CHOICES = [{"value": value, "text": {"en": value}} for value in VALUES]
SCALE = {"min": -2, "max": 4}
ITEMS = {
    "need": {"type": "need", "scale": SCALE},
    "rate": {"type": "rating", "scale": SCALE, "no_basis": True},
    "nps": {"type": "nps", "no_basis": True},
    "one": {"type": "single_choice", "choices": CHOICES, "other": True, "no_basis": True},
    "many": {"type": "multiple_choice", "choices": CHOICES, "other": True, "no_basis": True},
    "order": {"type": "ranking", "choices": CHOICES, "min_choices": 1, "no_basis": True},
    "grid": {"type": "matrix", "rows": CHOICES[:2], "choices": CHOICES, "no_basis": True},
    "number": {"type": "number", "decimals": 2, "no_basis": True},
    "day": {"type": "date", "no_basis": True},
    "text": {"type": "text", "no_basis": True},
}
ITEMS = {name: {"id": name, **item} for name, item in ITEMS.items()}

point = st.integers(-2, 4)
own = st.fixed_dictionaries({"other": st.text(min_size=1, max_size=50).filter(str.strip)})
chosen = st.lists(st.sampled_from(VALUES), unique=True).map(sorted)
words = st.text(min_size=1).filter(lambda text: text.strip() and "\r" not in text)
ANSWERS = {
    "need": st.fixed_dictionaries({"importance": point, "satisfaction": point})
    | st.fixed_dictionaries({"importance": point, "use": st.sampled_from(["unaware", "unused"])}),
    "rate": point,
    "nps": st.integers(0, 10),
    "one": st.sampled_from(VALUES) | own,
    "many": st.builds(lambda some, more: some + more, chosen, st.lists(own, max_size=1)).filter(
        len
    ),
    "order": st.lists(st.sampled_from(VALUES), min_size=1, unique=True),
    "grid": st.dictionaries(st.sampled_from(["a", "b"]), st.sampled_from(VALUES), min_size=1),
    "number": st.integers(-(10**9), 10**9) | st.integers(-(10**9), 10**9).map(lambda n: n / 100),
    "day": st.dates().map(str),
    "text": words,
}
anything = {
    name: answers if name == "need" else answers | st.just({"no_basis": True})
    for name, answers in ANSWERS.items()
}


@given(st.fixed_dictionaries({}, optional=anything))
def test_answers_survive_being_written_into_a_form_and_read_back(answers):
    items = ITEMS.values()
    typed = MultiDict(fields_of(items, answers))
    read = {item["id"]: answer_of(item, typed) for item in items}
    assert {name: answer for name, answer in read.items() if answer is not None} == answers
    assert all(check_of(ITEMS[name])(answer) is None for name, answer in answers.items())


def read(name, *fields):
    return answer_of(ITEMS[name], MultiDict(fields))


@pytest.mark.parametrize(
    ("name", "fields", "answer"),
    [
        ("one", [("a.one", ""), ("a.one.other", "mine")], {"other": "mine"}),
        ("one", [("a.one", "b"), ("a.one.other", "mine")], "b"),
        ("many", [("a.many", "c"), ("a.many", "a")], ["a", "c"]),
        ("many", [("a.many.other", "mine")], [{"other": "mine"}]),
        ("number", [("a.number", " 2,5 ")], 2.5),
        ("number", [("a.number", "3"), ("a.number.-", "-")], 3),
        ("order", [("a.order.b", "5"), ("a.order.a", "10")], ["b", "a"]),
        ("need", [("a.need.importance", ""), ("a.need.satisfaction", "3")], None),
        ("text", [("a.text", "one\r\ntwo")], "one\ntwo"),
        ("text", [("a.text", "-")], "-"),
    ],
)
def test_what_people_type_is_understood(name, fields, answer):
    assert read(name, *fields) == answer


@pytest.mark.parametrize(
    ("name", "fields"),
    [
        ("one", [("a.one", "other")]),
        ("one", [("a.one", "z")]),
        ("many", [("a.many", "a"), ("a.many", "-")]),
        ("many", [("a.many", "other")]),
        ("order", [("a.order.a", "1"), ("a.order.b", "1")]),
        ("order", [("a.order.a", "first")]),
        ("number", [("a.number", "1,000")]),
        ("number", [("a.number", "many")]),
        ("rate", [("a.rate", "5 ")]),
        ("day", [("a.day", "2026-02-30")]),
        ("need", [("a.need.satisfaction", "3")]),
    ],
)
def test_what_is_not_clear_is_left_for_the_check_to_refuse(name, fields):
    answer = read(name, *fields)
    assert answer is not None
    assert check_of(ITEMS[name])(answer) is not None
