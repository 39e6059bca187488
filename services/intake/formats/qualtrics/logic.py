"""Qualtrics' conditions in the words of an expression, which is then translated like any other.

A condition is a tree of numbered parts: sets of lines, the lines joined by And and Or, the sets by
AndIf and OrIf.
"""

import re
from collections.abc import Mapping
from typing import Any

from services.intake.formats.json_file import text

Raw = Mapping[str, Any]

_LOCATED = re.compile(r"q://(QID[\w#]+)/(\w+)((?:/[\w-]+)*)")
_COMPARED = {
    "EqualTo": "=", "NotEqualTo": "!=", "GreaterThan": ">", "GreaterThanOrEqual": ">=",
    "LessThan": "<", "LessThanOrEqual": "<=",
}  # fmt: skip
_PROMOTERS = {"IsPromoter": "({0} >= 9)", "IsPassive": "({0} >= 7 and {0} <= 8)",
              "IsDetractor": "({0} <= 6)"}  # fmt: skip
_CHOICES = {"SelectableChoice", "SelectableAnswer", "SelectedChoice"}
_ENTRIES = {"ChoiceTextEntryValue", "ChoiceNumericEntryValue"}
_COUNTED = {"SelectedChoicesCount": "length", "SelectedChoicesRecode": "recode"}


class Untold(Exception):
    """No expression says it; the text tells what of it."""


def expression(logic: Any) -> str:
    """Raises Untold."""
    sets = [(text(each.get("Type")), _lines(each)) for each in _numbered(logic)]
    if not sets:
        raise Untold("a condition without lines")
    return _joined([("Or" if kind.startswith("Or") else "And", words) for kind, words in sets])


def skipped(rule: Raw) -> str:
    """Where a skip is taken. Raises Untold."""
    locator = text(rule.get("ChoiceLocator")) or text(rule.get("Locator"))
    line = {"LogicType": "Question", "Operator": rule.get("Condition"), "LeftOperand": locator}
    return _line({**line, "RightOperand": rule.get("RightOperand", rule.get("Value"))})


def _numbered(part: Any) -> list[Raw]:
    if not isinstance(part, Mapping):
        return (
            [each for each in part if isinstance(each, Mapping)] if isinstance(part, list) else []
        )
    keys = sorted((key for key in part if key.isdecimal()), key=lambda key: (len(key), key))
    return [part[key] for key in keys if isinstance(part[key], Mapping)]


def _lines(part: Raw) -> str:
    lines = [
        (text(each.get("Conjuction")) or "And", _line(each))
        for each in _numbered(part)
        if each.get("_HiddenExpression") is not True
    ]
    if not lines:
        raise Untold("a condition without lines")
    return _joined(lines)


def _joined(lines: list[tuple[str, str]]) -> str:
    """And before Or."""
    sets: list[list[str]] = []
    for joint, words in lines:
        if joint.casefold() == "or" or not sets:
            sets.append([])
        sets[-1].append(words)
    told = [each[0] if len(each) == 1 else f"({' and '.join(each)})" for each in sets]
    return told[0] if len(told) == 1 else f"({' or '.join(told)})"


def _line(line: Raw) -> str:
    if text(line.get("LogicType")) not in {"Question", ""}:
        asked = f"{text(line.get('LogicType'))} {text(line.get('LeftOperand'))[:80]}".strip()
        raise Untold(f"a condition on {asked}")
    locator = text(line.get("LeftOperand")) or text(line.get("ChoiceLocator"))
    found = _LOCATED.fullmatch(locator.replace("%23", "#"))
    operator = text(line.get("Operator"))
    if found is None:
        raise Untold(f"a condition on {locator[:60] or 'nothing'}")
    question, what, rest = found[1], found[2], found[3].split("/")[1:]
    name = f"{{{question}}}"
    if what in _PROMOTERS:
        return _PROMOTERS[what].format(name)
    if what in _CHOICES and operator in {"Selected", "NotSelected"} and rest:
        return _chosen(question, rest, not_chosen=operator == "NotSelected")
    if what in _COUNTED and not rest:
        told = f"{{{question}.{_COUNTED[what]}}}"
        return _compared(told, operator, line.get("RightOperand"), count=what.endswith("Count"))
    if what in _ENTRIES:
        entry = f"{{{'.'.join([question, *rest])}}}" if rest else name
        return _compared(entry, operator, line.get("RightOperand"))
    raise Untold(f"whether {what} is {operator}")


def _chosen(question: str, rest: list[str], *, not_chosen: bool) -> str:
    name = f"{{{question}}}" if len(rest) == 1 else f"{{{question}.{rest[0]}}}"
    told = f"{name} contains {_quoted(rest[-1])}"
    return f"not({told})" if not_chosen else told


def _compared(name: str, operator: str, value: Any, *, count: bool = False) -> str:
    if operator in {"Empty", "NotEmpty"}:
        return f"{name} {operator.lower()}"
    if operator in {"Contains", "DoesNotContain"}:
        told = f"{name} contains {_quoted(value)}"
        return told if operator == "Contains" else f"not({told})"
    if operator not in _COMPARED:
        raise Untold(f"the comparison {operator}")
    if count and str(value).isdecimal():
        return f"{name} {_COMPARED[operator]} {value}"
    return f"{name} {_COMPARED[operator]} {_quoted(value)}"


def _quoted(value: Any) -> str:
    words = str(value) if isinstance(value, str | int | float) else ""
    if '"' not in words:
        return f'"{words}"'
    if "'" not in words:
        return f"'{words}'"
    raise Untold("a text with both kinds of quotes")
