"""Questions of each type as items."""

import re
from collections.abc import Callable
from typing import Any

from services.intake.domain.origin import OTHER
from services.intake.formats.expressions import Answer, Box
from services.intake.formats.limesurvey.source import Part, Question, Texts, whole_number
from services.intake.formats.limesurvey.tables import array, ratings
from services.intake.formats.limesurvey.translation import Translation

_OTHER = "-oth-"
Build = Callable[[Translation, Question, dict[str, Any], str], list[dict[str, Any]]]


def _single(to: Translation, question: Question, base: dict[str, Any], place: str) -> Any:
    parts = to.answers_of(question)
    choices = to.options(parts, place)
    if not choices:
        to.imported.left_out(place, "a choice without choices")
        return []
    name = to.take(question, place)
    if question.kind == "O":
        to.imported.left_out(place, "the comment beside the choice")
    to.column(question.code, name)
    values = {part.code: each["value"] for part, each in zip(parts, choices, strict=False)}
    item = {
        "id": name, "type": "single_choice", "text": to.text_of(question, place),
        "choices": choices, **base,
    }  # fmt: skip
    if question.other:
        item["other"] = True
        to.column(f"{question.code}[other]", name, "other")
        _rename_other(to, choices, values, place)
        to.imported.codes[name] = {**values, _OTHER: OTHER}
    if question.attributes.get("random_order") == "1":
        item["random"] = True
    to.know(question, Answer(name, values, other=_OTHER if question.other else ""))
    return [item]


def _rename_other(
    to: Translation, choices: list[dict[str, Any]], values: dict[str, Any], place: str
) -> None:
    for choice in choices:
        if choice["value"] == "other":
            choice["value"] = "other_"
            values["other"] = "other_"
            to.imported.changed(place, "Its choice 'other' became 'other_'.")


def _several(to: Translation, question: Question, base: dict[str, Any], place: str) -> Any:
    choices = to.options(question.parts, place)
    if not choices:
        to.imported.left_out(place, "a choice without choices")
        return []
    name = to.take(question, place)
    alone = set(question.attributes.get("exclude_all_others", "").split(";"))
    values = {}
    for part, choice in zip(question.parts, choices, strict=False):
        if part.code in alone:
            choice["exclusive"] = True
        values[part.code] = choice["value"]
        to.column(f"{question.code}[{part.code}]", name, choice["value"])
        to.know(question, Box(name, choice["value"], "Y"), part.code)
    item: dict[str, Any] = {
        "id": name, "type": "multiple_choice", "text": to.text_of(question, place),
        "choices": choices, **base,
    }  # fmt: skip
    if question.kind == "P":
        to.imported.left_out(place, "the comments beside the choices")
    if question.other:
        item["other"] = True
        to.column(f"{question.code}[other]", name, "other")
        _rename_other(to, choices, values, place)
    for attribute, key in (("min_answers", "min_choices"), ("max_answers", "max_choices")):
        count = whole_number(question.attributes.get(attribute))
        if count:
            item[key] = min(count, len(choices))
    to.know(question, Answer(name, values, several=True))
    return [item]


def _text(to: Translation, question: Question, base: dict[str, Any], place: str) -> Any:
    name = to.take(question, place)
    to.column(question.code, name)
    to.know(question, Answer(name))
    item = {"id": name, "type": "text", "text": to.text_of(question, place), **base}
    longest = whole_number(question.attributes.get("maximum_chars"))
    if longest:
        item["max_length"] = min(longest, 10_000)
    if question.kind == "S":
        item["multiline"] = False
    return [item]


def _number(to: Translation, question: Question, base: dict[str, Any], place: str) -> Any:
    name = to.take(question, place)
    to.column(question.code, name)
    to.know(question, Answer(name, number=True))
    return [_number_item(question, name, to.text_of(question, place), base)]


def _number_item(
    question: Question, name: str, text: Texts, base: dict[str, Any], prefix: str = ""
) -> dict[str, Any]:
    item: dict[str, Any] = {"id": name, "type": "number", "text": text, **base}
    integer = question.attributes.get("num_value_int_only") == "1"
    item["decimals"] = 0 if integer else 6
    for key in ("min", "max"):
        names = (f"{prefix}{key}", f"{key}_num_value_n", f"{key}_num_value")
        bound = next((question.attributes[n] for n in names if n in question.attributes), "")
        if re.fullmatch(r"-?\d+(\.\d+)?", bound):
            item[key] = float(bound) if "." in bound else int(bound)
    return item


def _each_part(to: Translation, question: Question, base: dict[str, Any], place: str) -> Any:
    """Several short texts or numbers: an item each."""
    items = []
    for part in question.parts:
        name = to.take(question, f"{place}, {part.code}", part.code)
        to.column(f"{question.code}[{part.code}]", name)
        texts = {k: v.split("|")[0] for k, v in part.texts.items()}
        text = to.text_of(question, place, Part(part.code, part.scale, texts))
        if texts != part.texts:
            to.imported.changed(
                f"{place}, {part.code}", "The labels at the ends of its slider are left out."
            )
        if question.kind == "K":
            to.know(question, Answer(name, number=True), part.code)
            items.append(_number_item(question, name, text, base, "slider_"))
        else:
            to.know(question, Answer(name), part.code)
            items.append({"id": name, "type": "text", "text": text, "multiline": False, **base})
    return items


def _date(to: Translation, question: Question, base: dict[str, Any], place: str) -> Any:
    name = to.take(question, place)
    to.column(question.code, name)
    to.know(question, Answer(name))
    shape = question.attributes.get("date_format", "")
    if re.search(r"[Hhi]", shape):
        to.imported.left_out(place, "the time of day that goes with the date")
    return [{"id": name, "type": "date", "text": to.text_of(question, place), **base}]


def _ranking(to: Translation, question: Question, base: dict[str, Any], place: str) -> Any:
    parts = question.answers or question.parts
    choices = to.options(parts, place)
    if not choices:
        to.imported.left_out(place, "a ranking of nothing")
        return []
    name = to.take(question, place)
    for number in range(1, len(choices) + 1):
        to.column(f"{question.code}[{number}]", name, str(number))
    item: dict[str, Any] = {
        "id": name, "type": "ranking", "text": to.text_of(question, place), "choices": choices,
        **base,
    }  # fmt: skip
    most = whole_number(question.attributes.get("max_answers"))
    if most:
        item["max_choices"] = min(most, len(choices))
    item["min_choices"] = max(
        1, min(whole_number(question.attributes.get("min_answers")), len(choices))
    )
    return [item]


BUILDERS: dict[str, Build] = {
    **dict.fromkeys("L!OYG", _single),
    **dict.fromkeys("MP", _several),
    **dict.fromkeys("STU", _text),
    **dict.fromkeys("QK", _each_part),
    **dict.fromkeys("5AB", ratings),
    **dict.fromkeys("FHCE", array),
    "N": _number,
    "D": _date,
    "R": _ranking,
}
