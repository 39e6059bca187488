"""The types of items: what each must say of itself, and which answers it takes."""

import math
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

Raw = Mapping[str, Any]
Check = Callable[[Any], str | None]
Shape = Iterator[tuple[str, str]]

USES = ("unaware", "unused")
NO_BASIS = {"no_basis": True}
LONGEST_OTHER = 200
NPS = range(11)
_FARTHEST = 1_000_000_000_000
_DATE = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)


@dataclass(frozen=True)
class ItemType:
    """`keys` are those of an item that only some types have; `shape` yields (key, message) for
    what contradicts itself; `check` makes the function that says what is wrong with an answer."""

    keys: frozenset[str]
    shape: Callable[[Raw], Shape]
    check: Callable[[Raw], Check]


def shape_errors(item: Raw) -> Shape:
    """(key, message) for what an item of its type lacks, has too much, or contradicts."""
    kind = TYPES[item["type"]]
    for key in sorted(_SPECIAL & item.keys() - kind.keys):
        if item[key] not in (None, False, []):
            yield key, f"A {item['type']} item has no {key}."
    if item.get("role") == "overall_satisfaction" and item["type"] != "rating":
        yield "role", "Overall satisfaction is asked with a rating."
    yield from kind.shape(item)


def check_of(item: Raw) -> Check:
    """What is wrong with an answer to this item, in words that say what to do, or None."""
    check = TYPES[item["type"]].check(item)
    if not item.get("no_basis"):
        return check
    return lambda value: None if value == NO_BASIS else check(value)


def _scale_shape(item: Raw) -> Shape:
    scale = item.get("scale")
    if not scale:
        yield "scale", 'Give {"min": ..., "max": ...}.'
    elif scale["min"] >= scale["max"]:
        yield "scale", "The lowest point (min) must be less than the highest (max)."
    elif scale["max"] - scale["min"] > 10:
        yield "scale", "At most 11 points."


def _need_check(item: Raw) -> Check:
    low, high = item["scale"]["min"], item["scale"]["max"]
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
            return None if value.get("use") in USES else wanted
        if type(satisfaction) is not int or not low <= satisfaction <= high:
            return wanted
        return None

    return check


def _rating_check(item: Raw) -> Check:
    return _whole_number(item["scale"]["min"], item["scale"]["max"])


def _nps_check(_: Raw) -> Check:
    return _whole_number(NPS[0], NPS[-1])


def _whole_number(low: int, high: int) -> Check:
    def check(value: Any) -> str | None:
        if type(value) is not int or not low <= value <= high:
            return f"Answer a whole number from {low} to {high}."
        return None

    return check


def _choices_shape(item: Raw) -> Shape:
    yield from _options_shape(item, "choices")


def _options_shape(item: Raw, key: str) -> Shape:
    options = item.get(key) or []
    if not options:
        yield key, f"Give at least one of the {key}."
    if len({option["value"] for option in options}) < len(options):
        yield key, f"Two of the {key} have the same value."
    if item.get("other") and any(option["value"] == "other" for option in options):
        yield key, "'other' stands for an answer of one's own here; name this choice differently."


def _several_shape(item: Raw) -> Shape:
    yield from _choices_shape(item)
    fewest, most = item.get("min_choices"), item.get("max_choices")
    there = len(item.get("choices") or []) + bool(item.get("other"))
    if fewest is not None and fewest > there:
        yield "min_choices", f"There are only {there} choices."
    if fewest is not None and most is not None and fewest > most:
        message = "The most (max_choices) must not be less than the fewest (min_choices)."
        yield "max_choices", message


def _single_choice_check(item: Raw) -> Check:
    values, other = _values(item, "choices"), item.get("other", False)
    own = ', or {"other": "text"}' if other else ""
    wanted = f"Answer one of: {', '.join(sorted(values))}{own}."

    def check(value: Any) -> str | None:
        if isinstance(value, str):
            return None if value in values else wanted
        return None if other and _is_own(value) else wanted

    return check


def _multiple_choice_check(item: Raw) -> Check:
    values, other = _values(item, "choices"), item.get("other", False)
    alone = {choice["value"] for choice in item["choices"] if choice.get("exclusive")}
    fewest, most = item.get("min_choices") or 1, item.get("max_choices")
    more = ' and {"other": "text"}' if other else ""
    wanted = f"Answer a list of: {', '.join(sorted(values))}{more}."

    def check(value: Any) -> str | None:
        if type(value) is not list:
            return wanted
        own = [each for each in value if type(each) is not str]
        chosen = {each for each in value if type(each) is str} if own else set(value)
        if not chosen <= values or len(chosen) + len(own) != len(value):
            return wanted
        if own and not (other and len(own) == 1 and _is_own(own[0])):
            return wanted
        if alone and chosen & alone and len(value) > 1:
            return f"{', '.join(sorted(chosen & alone))} cannot go with another answer."
        return _count_problem(len(value), fewest, most)

    return check


def _ranking_check(item: Raw) -> Check:
    values = _values(item, "choices")
    most = min(item.get("max_choices") or len(values), len(values))
    fewest = item.get("min_choices") or most
    wanted = f"Answer a list, best first, of: {', '.join(sorted(values))}."

    def check(value: Any) -> str | None:
        if type(value) is not list or not all(isinstance(each, str) for each in value):
            return wanted
        if len(set(value)) < len(value) or not values.issuperset(value):
            return wanted
        return _count_problem(len(value), fewest, most)

    return check


def _count_problem(count: int, fewest: int, most: int | None) -> str | None:
    if count < fewest:
        return f"Choose at least {fewest}."
    if most is not None and count > most:
        return f"Choose at most {most}."
    return None


def _matrix_shape(item: Raw) -> Shape:
    yield from _options_shape(item, "choices")
    yield from _options_shape(item, "rows")


def _matrix_check(item: Raw) -> Check:
    rows, values = _values(item, "rows"), _values(item, "choices")
    needed = len(rows) if item.get("required") else 1
    wanted = (
        f"Answer {{row: choice}}, rows: {', '.join(sorted(rows))}, "
        f"choices: {', '.join(sorted(values))}."
    )

    def check(value: Any) -> str | None:
        if type(value) is not dict or not value.keys() <= rows:
            return wanted
        if not all(isinstance(each, str) and each in values for each in value.values()):
            return wanted
        return "Answer every row." if len(value) < needed else None

    return check


def _number_shape(item: Raw) -> Shape:
    low, high = item.get("min"), item.get("max")
    for key, bound in (("min", low), ("max", high)):
        if bound is not None and type(bound) not in {int, float}:
            yield key, "Give a number."
            return
    if low is not None and high is not None and low > high:
        yield "max", "The greatest number (max) must not be less than the least (min)."


def _number_check(item: Raw) -> Check:
    low, high = item.get("min", -_FARTHEST), item.get("max", _FARTHEST)
    decimals = item.get("decimals", 0)
    kind = f"a number of at most {decimals} decimals" if decimals else "a whole number"
    wanted = f"Answer {kind} from {low:,} to {high:,}."

    def check(value: Any) -> str | None:
        if type(value) not in {int, float} or not math.isfinite(value):
            return wanted
        return None if low <= value <= high and round(value, decimals) == value else wanted

    return check


def _date_shape(item: Raw) -> Shape:
    for key in ("min", "max"):
        if item.get(key) is not None and not _is_date(item[key]):
            yield key, "Give a date as YYYY-MM-DD."
            return
    if item.get("min") and item.get("max") and item["min"] > item["max"]:
        yield "max", "The last day (max) must not be before the first (min)."


def _date_check(item: Raw) -> Check:
    low, high = item.get("min") or "0001-01-01", item.get("max") or "9999-12-31"
    wanted = "Answer a date as YYYY-MM-DD"
    if item.get("min") or item.get("max"):
        wanted += f" from {low} to {high}"

    def check(value: Any) -> str | None:
        return None if _is_date(value) and low <= value <= high else f"{wanted}."

    return check


def _is_date(value: Any) -> bool:
    if not isinstance(value, str) or not _DATE.fullmatch(value):
        return False
    try:
        date.fromisoformat(value)
    except ValueError:
        return False
    return True


def _text_check(item: Raw) -> Check:
    most = item.get("max_length", 2000)

    def check(value: Any) -> str | None:
        if not isinstance(value, str):
            return "Answer with text."
        if len(value) > most:
            return f"At most {most} characters."
        return None

    return check


def _no_shape(_: Raw) -> Shape:
    yield from ()


def _values(item: Raw, key: str) -> frozenset[str]:
    return frozenset(option["value"] for option in item[key])


def _is_own(value: Any) -> bool:
    """An answer of one's own, in place of a choice."""
    if type(value) is not dict or value.keys() != {"other"}:
        return False
    text = value["other"]
    return isinstance(text, str) and bool(text.strip()) and len(text) <= LONGEST_OTHER


_MANY = {"min_choices", "max_choices"}
TYPES: dict[str, ItemType] = {
    "need": ItemType(frozenset({"scale"}), _scale_shape, _need_check),
    "rating": ItemType(frozenset({"scale", "no_basis"}), _scale_shape, _rating_check),
    "nps": ItemType(frozenset({"no_basis"}), _no_shape, _nps_check),
    "single_choice": ItemType(
        frozenset({"choices", "other", "random", "no_basis"}), _choices_shape, _single_choice_check
    ),
    "multiple_choice": ItemType(
        frozenset({"choices", "other", "random", "no_basis", *_MANY}),
        _several_shape,
        _multiple_choice_check,
    ),
    "ranking": ItemType(
        frozenset({"choices", "random", "no_basis", *_MANY}), _several_shape, _ranking_check
    ),
    "matrix": ItemType(
        frozenset({"rows", "choices", "random", "no_basis"}), _matrix_shape, _matrix_check
    ),
    "number": ItemType(
        frozenset({"min", "max", "decimals", "no_basis"}), _number_shape, _number_check
    ),
    "date": ItemType(frozenset({"min", "max", "no_basis"}), _date_shape, _date_check),
    "text": ItemType(frozenset({"max_length", "multiline", "no_basis"}), _no_shape, _text_check),
}
_SPECIAL = frozenset().union(*(kind.keys for kind in TYPES.values()))
