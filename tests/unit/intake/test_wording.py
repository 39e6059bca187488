"""The pages' own words, and answers told in them."""

import re
from pathlib import Path
from string import Formatter

import pytest

from services.intake.domain import length
from services.intake.pages.texts import Speech, in_order, promised
from services.intake.wording import CATALOGUE, Wording
from tests.unit.intake.test_answer_fields import ITEMS

_TEMPLATES = (Path(__file__).parents[3] / "services/intake/templates").glob("*.html")
PARTS = {"questions", "draw_form", "chosen_language", "respondent"}
RESPONDENTS = [
    file
    for file in sorted(_TEMPLATES)
    if file.stem in PARTS or '{% extends "respondent.html" %}' in file.read_text()
]


def places(text):
    return {name for _, name, _, _ in Formatter().parse(text) if name}


@pytest.mark.parametrize("language", CATALOGUE)
def test_every_language_has_every_word_with_the_same_places_for_values(language):
    english, words = CATALOGUE["en"], CATALOGUE[language]
    assert words.keys() == english.keys()
    assert {k for k in words if places(words[k]) != places(english[k])} == set()


def test_words_that_we_have_not_are_english_and_say_so():
    assert Wording("pt-BR")("send") == '<span lang="en" dir="ltr">Send my answers</span>'
    assert Wording("de-AT")("send") == "Antworten senden"


@pytest.mark.parametrize(
    ("definition", "words"),
    [
        ({}, "no name, no address"),
        ({"access": "invited"}, "nobody can tell which invitation"),
        ({"access": "invited", "minimum_group_size": 7}, "at least 7 invited people"),
        ({"participation": "confidential", "access": "invited"}, "A vault, kept apart"),
        ({"participation": "identified", "access": "invited"}, "stored with your name"),
    ],
)
def test_what_is_promised_says_how_answers_are_kept(definition, words):
    assert words in " ".join(promised(definition, Wording("en")))


@pytest.mark.parametrize("template", RESPONDENTS, ids=lambda file: file.stem)
def test_page_of_a_respondent_has_no_words_of_its_own(template):
    source = re.sub(r"{#.*?#}|{%.*?%}|{{.*?}}", "", template.read_text(), flags=re.DOTALL)
    text = re.sub(r'<[^>]*>| aria-describedby=""', "", source)
    assert set(re.findall(r"[^\W\d_]{2,}", text)) <= {"Groundswell"}
    assert re.findall(r'(?:aria-label|alt|title|placeholder)="[^"]+"', source) == []


def test_values_in_words_are_escaped():
    assert "&lt;b&gt;" in Wording("en")("wrong_alone", choice="<b>")


def speech(answers, language="en", **texts):
    items = [{"text": {"en": name}, **item} for name, item in ITEMS.items()]
    definition = {"languages": ["en", "ar"], "items": items, **texts}
    return Speech(definition, answers, language)


@pytest.mark.parametrize(
    ("name", "answer", "words"),
    [
        ("need", {"importance": 4, "use": "unused"}, "importance 4, have not used it"),
        ("need", {"importance": 4, "satisfaction": 1}, "importance 4, satisfaction 1"),
        ("one", {"other": "mine"}, "mine"),
        ("many", ["a", {"other": "mine"}], "a, mine"),
        ("order", ["b", "a"], "1. b, 2. a"),
        ("grid", {"a": "c", "b": "d"}, "a: c; b: d"),
        ("rate", {"no_basis": True}, "No basis to answer"),
        ("number", 2.5, "2.5"),
        ("text", None, "…"),
    ],
)
def test_an_answer_is_told_in_words(name, answer, words):
    assert speech({name: answer}).in_words(name) == words


def test_an_earlier_answer_stands_in_a_text_escaped_and_marked_for_the_script():
    said = speech({"text": "<b>"})({"en": "You & {{text}}"})
    assert said == 'You &amp; <span data-pipe="text">&lt;b&gt;</span>'


def test_a_text_in_another_language_than_its_page_says_so():
    arabic = speech({}, "ar")
    assert arabic.direction == "rtl"
    assert arabic({"en": "Hello"}) == '<span lang="en" dir="ltr">Hello</span>'
    assert arabic({"ar": "مرحبا", "en": "Hello"}) == "مرحبا"


def test_choices_in_random_order_keep_theirs_with_the_response_and_what_stands_alone_is_last():
    choices = [{"value": "none", "exclusive": True}, *({"value": str(n)} for n in range(9))]
    item = {"id": "x", "type": "multiple_choice", "random": True, "choices": choices}
    orders = {
        tuple(each["value"] for each in in_order(item, "choices", seed)) for seed in "aabcdefg"
    }
    assert len(orders) == 7
    assert {order[-1] for order in orders} == {"none"}


def test_a_long_survey_is_told_to_its_author():
    need = {"type": "need"}
    assert length.minutes({"items": [need] * 10}) == 2
    assert length.advice({"items": [need] * 12}) is None
    assert "13 paired needs" in length.advice({"items": [need] * 13})
