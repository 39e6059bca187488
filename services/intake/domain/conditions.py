"""Conditions: a small JsonLogic, compiled once into a function of the answers.

The page evaluates the same rules by script (static/conditions.js), so that the language is kept to
what means one thing in both: equality never converts, a comparison of unlike things is false, and
arithmetic with what is no number is null. tests/conditions.json holds both to the same results.
"""

import math
import operator as python
from collections.abc import Callable, Iterator, Mapping
from functools import reduce
from typing import Any

Answers = Mapping[str, Any]
Condition = Callable[[Answers], Any]

_DEEPEST = 20


class NotACondition(Exception):
    """The rule is none that the page and the server could both work out."""


def compile_condition(rule: Any) -> Condition:
    """`condition(answers)` gives the rule's value; its truth is Python's, where [] and "" and 0
    are false, as in JsonLogic. Raises NotACondition."""
    return _compile(rule, _DEEPEST)


def variables(rule: Any) -> Iterator[str]:
    """The items that a rule asks about, by id."""
    if isinstance(rule, Mapping):
        for operator, operands in rule.items():
            if operator == "var":
                yield str(_listed(operands)[0] if operands else "").partition(".")[0]
            elif operator == "missing":
                yield from map(str, _listed(operands))
            yield from variables(operands)
    elif isinstance(rule, list):
        for part in rule:
            yield from variables(part)


def _compile(rule: Any, depth: int) -> Condition:
    if depth == 0:
        raise NotACondition(f"Conditions go at most {_DEEPEST} deep.")
    if isinstance(rule, list):
        parts = [_compile(part, depth - 1) for part in rule]
        return lambda answers: [part(answers) for part in parts]
    if not isinstance(rule, Mapping):
        return lambda _: rule
    if len(rule) != 1:
        raise NotACondition("Each step has one operator.")
    [(operator, given)] = rule.items()
    operands = _listed(given)
    if operator == "var":
        return _variable(operands)
    if operator not in _OPERATORS:
        raise NotACondition(f"{operator!r} is no operator here; there are {', '.join(OPERATORS)}.")
    fewest, most, build = _OPERATORS[operator]
    if not fewest <= len(operands) <= most:
        raise NotACondition(f"{operator!r} does not take {len(operands)} operands.")
    return build([_compile(operand, depth - 1) for operand in operands])


def _listed(operands: Any) -> list[Any]:
    return operands if isinstance(operands, list) else [operands]


def _variable(operands: list[Any]) -> Condition:
    if not 1 <= len(operands) <= 2 or not isinstance(operands[0], str) or not operands[0]:
        raise NotACondition("'var' names one item.")
    name, _, part = operands[0].partition(".")
    default = operands[1] if len(operands) == 2 else None
    if not part:
        return lambda answers: answers.get(name, default)

    def look_up(answers: Answers) -> Any:
        answer = answers.get(name)
        return answer.get(part, default) if type(answer) is dict else default

    return look_up


_NUMBERS = frozenset({int, float})  # bool is no number


def _equal(one: Any, other: Any) -> bool:
    """Of one kind and alike; lists and objects are like nothing, as in JavaScript."""
    kind = type(one)
    if kind in _NUMBERS:
        return type(other) in _NUMBERS and bool(one == other)
    return kind is type(other) and kind is not list and kind is not dict and bool(one == other)


def _comparable(one: Any, other: Any) -> bool:
    kind = type(one)
    return type(other) in _NUMBERS if kind in _NUMBERS else kind is str and type(other) is str


def _compares(holds: Callable[[Any, Any], bool]) -> Callable[[list[Condition]], Condition]:
    """Of two operands, or of three, the middle one between the others."""

    def build(operands: list[Condition]) -> Condition:
        one, other = operands[:2]

        def two(answers: Answers) -> bool:
            left, right = one(answers), other(answers)
            return _comparable(left, right) and holds(left, right)

        if len(operands) == 2:
            return two
        rest = build(operands[1:])
        return lambda answers: two(answers) and rest(answers)

    return build


def _equals(operands: list[Condition]) -> Condition:
    one, other = operands
    return lambda answers: _equal(one(answers), other(answers))


def _differs(operands: list[Condition]) -> Condition:
    one, other = operands
    return lambda answers: not _equal(one(answers), other(answers))


def _all_of(operands: list[Condition]) -> Condition:
    *first, last = operands

    def decide(answers: Answers) -> Any:
        for operand in first:
            value = operand(answers)
            if not value:
                return value
        return last(answers)

    return decide


def _any_of(operands: list[Condition]) -> Condition:
    *first, last = operands

    def decide(answers: Answers) -> Any:
        for operand in first:
            value = operand(answers)
            if value:
                return value
        return last(answers)

    return decide


def _choose(operands: list[Condition]) -> Condition:
    """Condition, value, condition, value, ..., and what holds otherwise."""
    branches = list(zip(operands[::2], operands[1::2], strict=False))
    otherwise = operands[-1] if len(operands) % 2 else None

    def decide(answers: Answers) -> Any:
        for condition, value in branches:
            if condition(answers):
                return value(answers)
        return otherwise(answers) if otherwise else None

    return decide


def _contained(operands: list[Condition]) -> Condition:
    sought, place = operands

    def decide(answers: Answers) -> bool:
        one, among = sought(answers), place(answers)
        if isinstance(among, list):
            return any(_equal(one, each) for each in among)
        return isinstance(among, str) and isinstance(one, str) and one in among

    return decide


def _missing(operands: list[Condition]) -> Condition:
    return lambda answers: [
        name
        for name in (each(answers) for each in operands)
        if isinstance(name, str) and answers.get(name) is None
    ]


def _joined(operands: list[Condition]) -> Condition:
    def decide(answers: Answers) -> str:
        return "".join(_written(each(answers)) for each in operands)

    return decide


def _written(value: Any) -> str:
    """A number as JavaScript writes it, 2.0 as 2; nothing for what is neither number nor text."""
    if isinstance(value, str):
        return value
    if type(value) not in _NUMBERS:
        return ""
    return str(int(value) if value == int(value) else value)


def _computes(compute: Callable[[list[Any]], Any]) -> Callable[[list[Condition]], Condition]:
    def build(operands: list[Condition]) -> Condition:
        def decide(answers: Answers) -> Any:
            values = [each(answers) for each in operands]
            if any(type(value) not in _NUMBERS for value in values):
                return None
            try:
                found = compute(values)
                return found if math.isfinite(found) else None
            except (ArithmeticError, ValueError):
                return None

        return decide

    return build


def _negated(operands: list[Condition]) -> Condition:
    [operand] = operands
    return lambda answers: not operand(answers)


def _affirmed(operands: list[Condition]) -> Condition:
    [operand] = operands
    return lambda answers: bool(operand(answers))


_MANY = 50
_OPERATORS: dict[str, tuple[int, int, Callable[[list[Condition]], Condition]]] = {
    "==": (2, 2, _equals),
    "===": (2, 2, _equals),
    "!=": (2, 2, _differs),
    "!==": (2, 2, _differs),
    "!": (1, 1, _negated),
    "!!": (1, 1, _affirmed),
    "and": (1, _MANY, _all_of),
    "or": (1, _MANY, _any_of),
    "if": (2, _MANY, _choose),
    "in": (2, 2, _contained),
    "<": (2, 3, _compares(python.lt)),
    "<=": (2, 3, _compares(python.le)),
    ">": (2, 2, _compares(python.gt)),
    ">=": (2, 2, _compares(python.ge)),
    "+": (1, _MANY, _computes(lambda values: reduce(python.add, values))),
    "-": (
        1,
        2,
        _computes(lambda values: -values[0] if len(values) == 1 else values[0] - values[1]),
    ),
    "*": (1, _MANY, _computes(math.prod)),
    "/": (2, 2, _computes(lambda values: values[0] / values[1])),
    "%": (2, 2, _computes(lambda values: math.fmod(*values))),
    "min": (1, _MANY, _computes(min)),
    "max": (1, _MANY, _computes(max)),
    "cat": (1, _MANY, _joined),
    "missing": (1, _MANY, _missing),
}
OPERATORS = ("var", *_OPERATORS)
