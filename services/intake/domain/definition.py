"""A survey's definition, compiled once into what each answer is checked against."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import orjson
from json_logic import jsonLogic

Error = dict[str, str]
Check = Callable[[Any], str | None]

# A published definition goes out as one event, of at most 64 KiB. A hundred items in three
# languages take about 40 kB.
MOST_BYTES = 60_000
_USES = ("unaware", "unused")
# What JsonLogic raises for a rule, or for values, that it cannot work out.
_SENSELESS = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError)


class InvalidDefinition(Exception):
    """The definition cannot be asked; `errors` has one entry a field, named by its path."""

    def __init__(
        self, errors: list[Error], text: str = "The definition contradicts itself."
    ) -> None:
        super().__init__(text)
        self.errors = errors


@dataclass(frozen=True)
class Item:
    """One question. `check` answers what is wrong with a value, or None."""

    id: str
    type: str
    profile: bool
    required: bool
    visible_if: Any
    check: Check

    def visible(self, answers: Mapping[str, Any]) -> bool:
        """A condition that makes nothing of these answers, such as a text less than 4, hides."""
        try:
            return self.visible_if is None or bool(jsonLogic(self.visible_if, dict(answers)))
        except _SENSELESS:
            return False


@dataclass(frozen=True)
class Definition:
    groups: tuple[str, ...]
    items: Mapping[str, Item]


def check_size(raw: Mapping[str, Any]) -> None:
    """Refuses at its writing what could not be published. Raises InvalidDefinition."""
    size = len(orjson.dumps(raw))
    if size > MOST_BYTES:
        message = f"It is {size:,} bytes as JSON; at most {MOST_BYTES:,} can be published."
        advice = "The definition is too long: shorten its texts, or make it two surveys."
        raise InvalidDefinition([{"field": "definition", "message": message}], advice)


def compile_definition(raw: Mapping[str, Any]) -> Definition:
    """`raw` has the shape of the published format, texts as {language: text}.

    Raises InvalidDefinition with every contradiction at once.
    """
    errors = [*_section_errors(raw), *_item_errors(raw), *_condition_errors(raw)]
    if not raw["groups"]:
        errors.append({"field": "groups", "message": "Name at least one group."})
    if errors:
        raise InvalidDefinition(errors)
    items = {item["id"]: _compile(item) for item in raw["items"]}
    return Definition(tuple(raw["groups"]), items)


def _compile(raw: Mapping[str, Any]) -> Item:
    return Item(
        id=raw["id"],
        type=raw["type"],
        profile=raw.get("role") == "profile",
        required=raw.get("required", False),
        visible_if=raw.get("visible_if"),
        check=_CHECKS[raw["type"]](raw),
    )


def _need_check(raw: Mapping[str, Any]) -> Check:
    low, high = raw["scale"]["min"], raw["scale"]["max"]
    wanted = (
        f'Answer {{"importance": {low} to {high}, "satisfaction": {low} to {high}}}, or "use": '
        '"unaware" or "unused" in place of the satisfaction.'
    )

    def check(value: Any) -> str | None:
        if type(value) is not dict or len(value) != 2:  # a bool is no number here
            return wanted
        importance, satisfaction = value.get("importance"), value.get("satisfaction")
        if type(importance) is not int or not low <= importance <= high:
            return wanted
        if satisfaction is None:
            return None if value.get("use") in _USES else wanted
        if type(satisfaction) is not int or not low <= satisfaction <= high:
            return wanted
        return None

    return check


def _rating_check(raw: Mapping[str, Any]) -> Check:
    low, high = raw["scale"]["min"], raw["scale"]["max"]

    def check(value: Any) -> str | None:
        if type(value) is not int or not low <= value <= high:
            return f"Answer a whole number from {low} to {high}."
        return None

    return check


def _single_choice_check(raw: Mapping[str, Any]) -> Check:
    values = frozenset(choice["value"] for choice in raw["choices"])

    def check(value: Any) -> str | None:
        if not isinstance(value, str) or value not in values:
            return f"Answer one of: {', '.join(sorted(values))}."
        return None

    return check


def _text_check(raw: Mapping[str, Any]) -> Check:
    most = raw.get("max_length", 2000)

    def check(value: Any) -> str | None:
        if not isinstance(value, str):
            return "Answer with text."
        if len(value) > most:
            return f"At most {most} characters."
        return None

    return check


_CHECKS: dict[str, Callable[[Mapping[str, Any]], Check]] = {
    "need": _need_check,
    "rating": _rating_check,
    "single_choice": _single_choice_check,
    "text": _text_check,
}
TYPES = tuple(_CHECKS)


def _section_errors(raw: Mapping[str, Any]) -> list[Error]:
    known = {section["id"] for section in raw["sections"]}
    errors = []
    if len(known) < len(raw["sections"]):
        errors.append({"field": "sections", "message": "Two sections have the same id."})
    errors += [
        {"field": f"items.{i}.section", "message": f"There is no section {item['section']!r}."}
        for i, item in enumerate(raw["items"])
        if item.get("section") is not None and item["section"] not in known
    ]
    return errors


def _item_errors(raw: Mapping[str, Any]) -> list[Error]:
    errors = []
    seen: set[str] = set()
    for i, item in enumerate(raw["items"]):
        if item["id"] in seen:
            errors.append({"field": f"items.{i}.id", "message": f"{item['id']!r} is used twice."})
        seen.add(item["id"])
        errors += [{"field": f"items.{i}.{f}", "message": m} for f, m in _shape_errors(item)]
    if not raw["items"]:
        errors.append({"field": "items", "message": "Ask at least one thing."})
    return errors


def _shape_errors(item: Mapping[str, Any]) -> list[tuple[str, str]]:
    """What an item of its type must have, and must make sense of."""
    scale, choices = item.get("scale"), item.get("choices") or []
    scaled = item["type"] in {"need", "rating"}
    errors = []
    if scaled and not scale:
        errors.append(("scale", 'Give {"min": ..., "max": ...}.'))
    if scaled and scale and scale["min"] >= scale["max"]:
        errors.append(("scale", "min must be less than max."))
    if scaled and scale and scale["max"] - scale["min"] > 10:
        errors.append(("scale", "At most 11 points."))
    if not scaled and scale:
        errors.append(("scale", f"A {item['type']} item has no scale."))
    if item["type"] == "single_choice" and not choices:
        errors.append(("choices", "Give at least one choice."))
    if len({choice["value"] for choice in choices}) < len(choices):
        errors.append(("choices", "Two choices have the same value."))
    if item.get("role") == "overall_satisfaction" and item["type"] != "rating":
        errors.append(("role", "Overall satisfaction is asked with a rating."))
    return errors


def _condition_errors(raw: Mapping[str, Any]) -> list[Error]:
    """A condition looks back only, so that one pass down the page settles what is shown."""
    errors = []
    before: set[str] = set()
    for i, item in enumerate(raw["items"]):
        rule = item.get("visible_if")
        if rule is not None:
            where = f"items.{i}.visible_if"
            unknown = sorted({name.partition(".")[0] for name in _variables(rule)} - before)
            if unknown:
                text = f"Refers to {', '.join(unknown)}, which is not asked before it."
                errors.append({"field": where, "message": text})
            try:
                jsonLogic(rule, {})
            except _SENSELESS as error:
                errors.append({"field": where, "message": f"Not JsonLogic: {error}"})
        before.add(item["id"])
    return errors


def _variables(rule: Any) -> set[str]:
    if isinstance(rule, Mapping):
        found = set()
        for operator, operands in rule.items():
            if operator == "var":
                name = operands[0] if isinstance(operands, list) and operands else operands
                found.add(str(name))
            found |= _variables(operands)
        return found
    if isinstance(rule, list):
        return set().union(*(_variables(part) for part in rule))
    return set()
