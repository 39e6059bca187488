"""Conditions as a form has them: lines of item, comparison and value, all of which or any of which
must hold. A rule that says more than that is kept as it is and shown in words."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from services.intake.domain.definition import GROUP
from services.intake.domain.items import USES, Raw

_COMPARED = {
    "is": "==",
    "is_not": "!=",
    "less": "<",
    "at_most": "<=",
    "at_least": ">=",
    "more": ">",
}
_BY_OPERATOR = {operator: name for name, operator in _COMPARED.items()}
COMPARISONS = {
    "is": "is",
    "is_not": "is not",
    "includes": "includes",
    "less": "is less than",
    "at_most": "is at most",
    "at_least": "is at least",
    "more": "is more than",
    "answered": "was answered",
    "unanswered": "was not answered",
}
_NUMBERS = {"rating", "nps", "number"}


class NotALine(Exception):
    """A line that makes no condition; the text says what to write."""


@dataclass(frozen=True)
class Line:
    """`item` is an item's id, one part of a need (`advising.importance`), or the group."""

    item: str
    comparison: str
    value: str = ""


@dataclass(frozen=True)
class Lines:
    """`rule` is one that lines cannot say; then there are none."""

    every: bool = True
    lines: tuple[Line, ...] = ()
    rule: Any = None


def lines_of(rule: Any) -> Lines:
    """A rule as lines."""
    if rule is None:
        return Lines()
    joined = rule.get("and", rule.get("or")) if isinstance(rule, Mapping) else None
    parts = joined if isinstance(joined, list) else [rule]
    lines = [_line(part) for part in parts]
    if None in lines:
        return Lines(rule=rule)
    return Lines("or" not in rule, tuple(line for line in lines if line))


def rule_of(definition: Mapping[str, Any], lines: Sequence[Line], *, every: bool) -> Any:
    """The JsonLogic that the lines stand for, None for no line. Raises NotALine."""
    parts = [_part(definition, line) for line in lines]
    if len(parts) < 2:
        return next(iter(parts), None)
    return {"and" if every else "or": parts}


def askable(definition: Mapping[str, Any], before: Iterable[Raw]) -> list[tuple[str, Raw]]:
    """What a line can ask about, (name, item): the group first, then the items that stand
    before."""
    choices = [{"value": g, "text": {"en": g}} for g in definition["groups"]]
    group = {"id": GROUP, "type": "single_choice", "text": {"en": "Group"}, "choices": choices}
    named: list[tuple[str, Raw]] = [(GROUP, group)]
    for item in before:
        if item["type"] == "need":
            named += [(f"{item['id']}.{part}", item) for part in ("importance", "satisfaction")]
            named.append((f"{item['id']}.use", item))
        else:
            named.append((item["id"], item))
    return named


def _line(rule: Any) -> Line | None:
    if not isinstance(rule, Mapping) or len(rule) != 1:
        return None
    [(operator, operands)] = rule.items()
    if not isinstance(operands, list) or len(operands) != 2:
        return None
    one, other = operands
    if operator == "in" and _is_item(other) and isinstance(one, str):
        return Line(other["var"], "includes", one)
    if operator not in _BY_OPERATOR or not _is_item(one) or isinstance(other, list | Mapping):
        return None
    if other is None:
        named = {"==": "unanswered", "!=": "answered"}.get(operator)
        return Line(one["var"], named) if named else None
    return Line(one["var"], _BY_OPERATOR[operator], str(other))


def _is_item(operand: Any) -> bool:
    return (
        isinstance(operand, Mapping)
        and operand.keys() == {"var"}
        and isinstance(operand["var"], str)
    )


def _part(definition: Mapping[str, Any], line: Line) -> Any:
    known = dict(askable(definition, definition["items"]))
    if line.item not in known:
        raise NotALine(f"There is no item {line.item!r} to ask about.")
    asked = {"var": line.item}
    if line.comparison in {"answered", "unanswered"}:
        return {"!=" if line.comparison == "answered" else "==": [asked, None]}
    value = _value(known[line.item], line)
    if line.comparison == "includes":
        return {"in": [value, asked]}
    if line.comparison not in _COMPARED:
        raise NotALine("Choose how to compare.")
    return {_COMPARED[line.comparison]: [asked, value]}


def _value(item: Raw, line: Line) -> Any:
    text = line.value.strip()
    if item["type"] in _NUMBERS or line.item.endswith((".importance", ".satisfaction")):
        try:
            number = float(text)
        except ValueError:
            raise NotALine(f"Compare {line.item} with a number.") from None
        return int(number) if number.is_integer() else number
    if line.item.endswith(".use"):
        return _one_of(text, {use: {"en": use} for use in USES}, line)
    if item.get("choices"):
        return _one_of(text, {each["value"]: each["text"] for each in item["choices"]}, line)
    if not text:
        raise NotALine(f"Say what {line.item} is compared with.")
    return text


def _one_of(text: str, choices: Mapping[str, Mapping[str, str]], line: Line) -> str:
    """A choice by its value or by its words."""
    for value, words in choices.items():
        if text.casefold() in {value.casefold(), *(each.casefold() for each in words.values())}:
            return value
    raise NotALine(f"{line.item} is one of: {', '.join(choices)}.")
