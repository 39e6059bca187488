"""The builder's forms: fields are named by their path in a definition, `choices.0.text.en`, so that
what was typed becomes a definition's part, and an error finds its field, by the same name."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from services.intake.domain.condition_form import COMPARISONS, Line, NotALine, rule_of

_WHOLE = re.compile(r"-?\d{1,15}", re.ASCII)
_DECIMAL = re.compile(r"-?\d{1,15}\.\d{1,6}", re.ASCII)
_UNFIT = re.compile(r"[^A-Za-z0-9_]+")
_NUMBERS = {
    "decimals", "max", "max_choices", "max_length", "min", "min_choices",
    "minimum_group_size", "quota", "retention_days",
}  # fmt: skip
_FLAGS = {"exclusive", "multiline", "no_basis", "other", "random", "required"}
RULES = {"visible": "visible_if", "required_when": "required_if", "valid": "valid_if"}
LINES = 4


class WrongField(Exception):
    """What was typed into one field makes no sense; `field` is its name."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


def nested(typed: Iterable[tuple[str, str]]) -> dict[str, Any]:
    """Fields by their dotted names, as objects in objects; numbered ones become lists. What is
    blank is left out, and so is what then has nothing in it."""
    tree: dict[str, Any] = {}
    for name, value in typed:
        text = value.replace("\r\n", "\n").strip()
        if not text:
            continue
        *path, last = name.split(".")
        branch = tree
        for part in path:
            branch = branch.setdefault(part, {})
            if not isinstance(branch, dict):
                break
        else:
            branch[last] = _value(last, text)
    return {name: _listed(branch) for name, branch in tree.items()}


def item_of(typed: Iterable[tuple[str, str]], definition: Mapping[str, Any]) -> dict[str, Any]:
    """The item that was typed, as a definition has it. Raises WrongField."""
    item = nested(typed)
    for key in ("choices", "rows"):
        options = [each for each in item.get(key, []) if isinstance(each, dict) and "text" in each]
        if options:
            item[key] = _named(options)
        else:
            item.pop(key, None)
    _take_rules(item, definition)
    return item


def section_of(typed: Iterable[tuple[str, str]], definition: Mapping[str, Any]) -> dict[str, Any]:
    """The section that was typed. Raises WrongField."""
    section = nested(typed)
    _take_rules(section, definition)
    return section


def settings_of(typed: Iterable[tuple[str, str]], definition: Mapping[str, Any]) -> dict[str, Any]:
    """The definition with everything but its items and sections as it was typed."""
    given = nested(typed)
    groups = [each for each in given.pop("groups", []) if isinstance(each, dict) and "id" in each]
    languages = [each.strip() for each in str(given.pop("languages", "")).split(",")]
    named = {each["id"]: each["text"] for each in groups if "text" in each}
    quotas = {each["id"]: each["quota"] for each in groups if "quota" in each}
    for key in ("opens_at", "closes_at"):
        if key in given:
            given[key] = f"{given[key]}Z"
    kept = {key: definition[key] for key in ("items", "sections", "synthetic") if key in definition}
    return {
        **given,
        **kept,
        "languages": [each for each in languages if each] or definition["languages"],
        "groups": [each["id"] for each in groups],
        **({"group_titles": named} if named else {}),
        **({"quotas": quotas} if quotas else {}),
    }


def _take_rules(part: dict[str, Any], definition: Mapping[str, Any]) -> None:
    for field, key in RULES.items():
        given = part.pop(field, {})
        if not isinstance(given, dict) or given.get("keep"):
            continue
        lines = [_line(each) for each in given.get("lines", []) if isinstance(each, dict)]
        every = given.get("how") != "any"
        try:
            rule = rule_of(definition, [line for line in lines if line.item], every=every)
        except NotALine as error:
            raise WrongField(f"{field}.lines.0.item", str(error)) from None
        if rule is not None:
            part[key] = rule


def _line(given: Mapping[str, Any]) -> Line:
    comparison = str(given.get("comparison", ""))
    if given.get("item") and comparison not in COMPARISONS:
        raise NotALine("Choose how to compare.")
    return Line(str(given.get("item", "")), comparison, str(given.get("value", "")))


def _named(options: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Each with a value: its own, or one made of its first words."""
    taken = {each["value"] for each in options if "value" in each}
    named = []
    for number, option in enumerate(options, 1):
        value = option.get("value") or _slug(next(iter(option["text"].values()), ""))
        if "value" not in option and (not value or value in taken):
            value = f"{value or 'choice'}_{number}"
        taken.add(value)
        named.append({**option, "value": value})
    return named


def _slug(text: str) -> str:
    return _UNFIT.sub("_", text.casefold()).strip("_")[:40]


def _value(key: str, text: str) -> Any:
    if key in _FLAGS:
        return text == "yes"
    if key in _NUMBERS and _WHOLE.fullmatch(text):
        return int(text)
    return float(text) if key in _NUMBERS and _DECIMAL.fullmatch(text) else text


def _listed(branch: Any) -> Any:
    if not isinstance(branch, dict):
        return branch
    inner = {name: _listed(value) for name, value in branch.items()}
    if inner and all(name.isdecimal() for name in inner):
        return [inner[name] for name in sorted(inner, key=int)]
    return inner
