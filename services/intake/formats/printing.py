"""JsonLogic in other tools' words, where it reads back as what it was."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from services.intake.domain.items import Raw
from services.intake.formats.expressions import Answer, Box, NotTranslated, translated

Known = Mapping[str, Answer | Box]
_NUMBERS = {"rating", "nps", "number"}
_PART = re.compile(r"[\w.-]+")
_BINDS = {"or": 1, "and": 2, "==": 3, "!=": 3, "<": 3, "<=": 3, ">": 3, ">=": 3, "+": 4, "-": 4,
          "*": 5, "/": 5, "%": 5}  # fmt: skip
_LONGEST = 5_000


class Unprintable(Exception):
    """The other tool's language does not say it."""


def answers_of(item: Raw, name: str, row: str = "_") -> dict[str, Answer | Box]:
    """What an expression may call an item's answers, where other tools call the item `name`. A row
    of a matrix follows it after `row`."""
    key, kind = item["id"], item["type"]
    values = {each["value"]: each["value"] for each in item.get("choices") or ()}
    if kind == "need":
        parts = ("importance", "satisfaction")
        return {f"{name}_{part}": Answer(f"{key}.{part}", number=True) for part in parts}
    if kind == "matrix":
        rows = [option["value"] for option in item["rows"]]
        return {f"{name}{row}{each}": Answer(f"{key}.{each}", values) for each in rows}
    if kind in {"multiple_choice", "ranking"}:
        return {name: Answer(key, values, several=True)}
    other = "other" if item.get("other") else ""
    return {name: Answer(key, values or None, number=kind in _NUMBERS, other=other)}


def xpath(rule: Any, known: Known) -> str:
    """As XLSForm has it. Raises Unprintable."""
    return _checked(rule, known, _XPATH)


def survey_js(rule: Any, known: Known) -> str:
    """As SurveyJS has it. Raises Unprintable."""
    return _checked(rule, known, _SURVEY_JS)


@dataclass(frozen=True)
class _Language:
    """How one language writes what the languages write differently."""

    name: Callable[[str], str]
    operators: Mapping[str, str]
    includes: Callable[[str, str], str]
    negation: Callable[[str], str]
    including: int
    """How strongly `includes` binds."""


_XPATH = _Language(
    name=lambda name: f"${{{name}}}",
    operators={"==": "=", "/": "div", "%": "mod"},
    includes=lambda name, choice: f"selected({name}, {choice})",
    negation=lambda inner: f"not({inner})",
    including=9,
)
_SURVEY_JS = _Language(
    name=lambda name: f"{{{name}}}",
    operators={"==": "=", "!=": "<>"},
    includes=lambda name, choice: f"{name} contains {choice}",
    negation=lambda inner: f"!({inner})",
    including=3,
)


def _checked(rule: Any, known: Known, language: _Language) -> str:
    by_item = {each.item: name for name, each in known.items() if isinstance(each, Answer)}
    text = _Printing(language, by_item).whole(rule, 0)

    def named(name: str) -> Answer | Box:
        if name not in known:
            raise NotTranslated(name)
        return known[name]

    try:
        same = len(text) <= _LONGEST and translated(text, named) == rule
    except NotTranslated:
        same = False
    if not same:
        raise Unprintable(text)
    return text


class _Printing:
    def __init__(self, language: _Language, by_item: Mapping[str, str]) -> None:
        self._language = language
        self._by_item = by_item

    def whole(self, rule: Any, binds: int) -> str:  # noqa: PLR0911  # a return for each operator
        """In brackets where what stands around it binds more strongly."""
        match rule:
            case {"var": str() as name}:
                return self._name(name)
            case {"!": [inner]}:
                return self._language.negation(self.whole(inner, 0))
            case {"in": [str() as choice, {"var": str() as name}]}:
                written = self._language.includes(self._name(name), self._literal(choice))
                return f"({written})" if binds > self._language.including else written
            case {"!=": [{"var": str() as name}, None]} if name.endswith(".other"):
                return self._other("==", name, binds)
            case {"==": [{"var": str() as name}, None]} if name.endswith(".other"):
                return self._other("!=", name, binds)
            case dict() if len(rule) == 1:
                [(operator, operands)] = rule.items()
                if operator in _BINDS and isinstance(operands, list) and len(operands) > 1:
                    own = _BINDS[operator]
                    return self._joined(
                        operator, [self.whole(operand, own + 1) for operand in operands], binds
                    )
            case None | bool() | int() | float() | str():
                return self._literal(rule)
        raise Unprintable(str(rule)[:80])

    def _other(self, operator: str, name: str, binds: int) -> str:
        return self._joined(operator, [self._name(name.removesuffix(".other")), "'other'"], binds)

    def _joined(self, operator: str, parts: list[str], binds: int) -> str:
        sign = self._language.operators.get(operator, operator)
        written = f" {sign} ".join(parts)
        return f"({written})" if binds > _BINDS[operator] else written

    def _name(self, name: str) -> str:
        if name not in self._by_item or not _PART.fullmatch(self._by_item[name]):
            raise Unprintable(name)
        return self._language.name(self._by_item[name])

    def _literal(self, value: Any) -> str:
        if isinstance(value, str) and "'" not in value and "\\" not in value:
            return f"'{value}'"
        if value is None:
            return "''"
        if type(value) in {int, float} and abs(value) < 1e12:
            return f"{value:f}".rstrip("0").rstrip(".") if isinstance(value, float) else str(value)
        raise Unprintable(str(value)[:80])
