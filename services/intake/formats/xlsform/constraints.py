"""A question's constraint: the limits that an item has keys for, and the rest as an expression."""

import re
from collections.abc import Mapping
from typing import Any

from services.intake.formats.printing import answers_of
from services.intake.formats.xlsform.translation import Translation

_LIMIT = re.compile(r"(count-selected\(\.\)|string-length\(\.\)|\.)\s*(<=|>=)\s*(.+)")
_ALONE = re.compile(r"not\(selected\(\.,\s*'([^']*)'\) and count-selected\(\.\) > 1\)")
_NUMBER = re.compile(r"-?\d{1,12}(?:\.\d{1,6})?")
_DAY = re.compile(r"date\('(\d{4}-\d\d-\d\d)'\)")


def constrain(to: Translation, item: dict[str, Any], row: Mapping[str, Any], place: str) -> None:
    """A constraint as the item's own limits where it has them, else as valid_if."""
    rest = [part for part in _conjuncts(row.get("constraint", "")) if not _limits(item, part)]
    if not rest:
        return
    name = row.get("name", "")
    known = {**to.known, **answers_of(item, name), **answers_of(item, ".")}
    to.condition(item, "valid_if", " and ".join(rest), place, known)
    message = to.texts(row.get("constraint_message"), place)
    if message and "valid_if" in item:
        item["valid_message"] = message


def _conjuncts(text: str) -> list[str]:
    """What is joined by `and` outside of brackets and quotes."""
    parts, depth, begin = [], 0, 0
    for found in re.finditer(r"""'[^']*'|"[^"]*"|\(|\)|\band\b|\bor\b""", text):
        word = found[0]
        depth += (word == "(") - (word == ")")
        if word == "or" and depth == 0:
            return [text.strip()] if text.strip() else []
        if word == "and" and depth == 0:
            parts.append(text[begin : found.start()].strip())
            begin = found.end()
    return [part for part in (*parts, text[begin:].strip()) if part]


def _limits(item: dict[str, Any], part: str) -> bool:
    """Whether a part of a constraint is a limit that the item has a key for."""
    alone = _ALONE.fullmatch(part)
    if alone and item["type"] == "multiple_choice":
        for choice in item["choices"]:
            if choice["value"] == alone[1]:
                choice["exclusive"] = True
                return True
    limit = _LIMIT.fullmatch(part)
    if limit is None:
        return False
    what, sign, bound = limit.groups()
    end = "max" if sign == "<=" else "min"
    number = _NUMBER.fullmatch(bound)
    if what == "." and item["type"] == "number" and number:
        item[end] = float(bound) if "." in bound else int(bound)
    elif what == "." and item["type"] == "date" and (day := _DAY.fullmatch(bound)):
        item[end] = day[1]
    elif what.startswith("count") and "choices" in item and bound.isdecimal():
        item[f"{end}_choices"] = int(bound)
    elif what.startswith("string") and item["type"] == "text" and (sign, bound.isdecimal()) == (
        "<=", True,
    ):  # fmt: skip
        item["max_length"] = int(bound)
    else:
        return False
    return True
