"""A survey's definition, compiled once into what each answer is checked against."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain
from typing import Any

import orjson

from services.intake.domain.conditions import (
    Condition,
    NotACondition,
    compile_condition,
    variables,
)
from services.intake.domain.items import Check, Raw, check_of, shape_errors
from services.intake.domain.outcome import destination_errors

Error = dict[str, str]

# A published definition goes out as one event, of at most 64 KiB. A hundred items in three
# languages take about 40 kB.
MOST_BYTES = 60_000
GROUP = "group"
PIPED = re.compile(r"\{\{ *([A-Za-z0-9_-]+) *\}\}")
"""Where a text speaks of an earlier answer."""
_RULES = ("visible_if", "required_if", "valid_if")


class InvalidDefinition(Exception):
    """The definition cannot be asked; `errors` has one entry a field, named by its path."""

    def __init__(
        self, errors: list[Error], text: str = "The definition contradicts itself."
    ) -> None:
        super().__init__(text)
        self.errors = errors


@dataclass(frozen=True, slots=True)
class Item:
    """One question. `check` answers what is wrong with a value, or None; the conditions are asked
    with the answers that are shown so far and the group."""

    id: str
    type: str
    profile: bool
    required: bool
    visible_if: Condition | None
    required_if: Condition | None
    valid_if: Condition | None
    valid_message: Mapping[str, str]
    check: Check

    def visible(self, answers: Mapping[str, Any]) -> bool:
        return self.visible_if is None or bool(self.visible_if(answers))

    def needed(self, answers: Mapping[str, Any]) -> bool:
        return self.required or (self.required_if is not None and bool(self.required_if(answers)))

    def contradiction(self, value: Any, answers: Mapping[str, Any]) -> str | None:
        """The item's own message where its answer does not fit the others."""
        if self.valid_if is None or self.valid_if({**answers, self.id: value}):
            return None
        return next(iter(self.valid_message.values()))


@dataclass(frozen=True)
class Definition:
    """`items` in the order in which they are asked; `profile` names those that describe who
    answers."""

    groups: tuple[str, ...]
    items: Mapping[str, Item]
    profile: tuple[str, ...]


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
    errors = [*_survey_errors(raw), *_section_errors(raw), *_item_errors(raw), *_order_errors(raw)]
    errors += destination_errors(raw)
    if errors:
        raise InvalidDefinition(errors)
    sections = {section["id"]: section.get("visible_if") for section in raw["sections"]}
    items = {each["id"]: _compile(each, sections.get(each.get("section"))) for each in asked(raw)}
    profile = tuple(item.id for item in items.values() if item.profile)
    return Definition(tuple(raw["groups"]), items, profile)


def asked(raw: Mapping[str, Any]) -> list[Raw]:
    """The items in the order in which they are asked: those of no section, then section by
    section."""
    places = {section["id"]: place for place, section in enumerate(raw["sections"])}
    return sorted(raw["items"], key=lambda item: places.get(item.get("section"), -1))


def can_be_ranked(raw: Mapping[str, Any]) -> bool:
    """Whether it asks for needs, or for ratings beside an overall one from which their weight is
    derived."""
    kinds = [(item["type"], item.get("role")) for item in raw["items"]]
    ratings = [role for kind, role in kinds if kind == "rating"]
    return any(kind == "need" for kind, _ in kinds) or (
        "overall_satisfaction" in ratings and len(ratings) > 1
    )


def united(published: Iterable[Mapping[str, Any]]) -> list[Raw]:
    """Every item of every version, as it was worded last, with all options it ever had."""
    items: dict[str, Raw] = {}
    for definition in published:
        for item in asked(definition):
            before = items.get(item["id"], {})
            options = {
                key: _merged(before.get(key) or (), item.get(key) or ())
                for key in ("choices", "rows")
            }
            kept = {key: before.get(key) or item.get(key) for key in ("other", "no_basis")}
            items[item["id"]] = {**item, **options, **kept}
    return list(items.values())


def _merged(before: Iterable[Raw], later: Iterable[Raw]) -> list[Raw]:
    return list({option["value"]: option for option in (*before, *later)}.values())


def _compile(raw: Raw, section_rule: Any) -> Item:
    rules = [rule for rule in (section_rule, raw.get("visible_if")) if rule is not None]
    return Item(
        id=raw["id"],
        type=raw["type"],
        profile=raw.get("role") == "profile",
        required=raw.get("required", False),
        visible_if=_condition({"and": rules} if rules[1:] else next(iter(rules), None)),
        required_if=_condition(raw.get("required_if")),
        valid_if=_condition(raw.get("valid_if")),
        valid_message=raw.get("valid_message") or {"en": "This does not fit your other answers."},
        check=check_of(raw),
    )


def _condition(rule: Any) -> Condition | None:
    return None if rule is None else compile_condition(rule)


def _survey_errors(raw: Mapping[str, Any]) -> Iterator[Error]:
    groups = set(raw["groups"])
    if not groups:
        yield {"field": "groups", "message": "Name at least one group."}
    if len(groups) < len(raw["groups"]):
        yield {"field": "groups", "message": "Two groups have the same name."}
    for key in ("quotas", "group_titles"):
        for group in sorted((raw.get(key) or {}).keys() - groups):
            yield {"field": f"{key}.{group}", "message": f"There is no group {group!r}."}
    if raw.get("participation", "anonymous") != "anonymous" and raw.get("access") != "invited":
        message = "Only who is invited can be told apart: set access to invited."
        yield {"field": "participation", "message": message}


def _section_errors(raw: Mapping[str, Any]) -> Iterator[Error]:
    known = {section["id"] for section in raw["sections"]}
    if len(known) < len(raw["sections"]):
        yield {"field": "sections", "message": "Two sections have the same id."}
    for i, item in enumerate(raw["items"]):
        if item.get("section") is not None and item["section"] not in known:
            message = f"There is no section {item['section']!r}."
            yield {"field": f"items.{i}.section", "message": message}


def _item_errors(raw: Mapping[str, Any]) -> Iterator[Error]:
    seen: set[str] = set()
    for i, item in enumerate(raw["items"]):
        if item["id"] in seen:
            yield {"field": f"items.{i}.id", "message": f"{item['id']!r} is used twice."}
        if item["id"] == GROUP:
            message = "'group' is who answers; name the item differently."
            yield {"field": f"items.{i}.id", "message": message}
        seen.add(item["id"])
        for key, message in shape_errors(item):
            yield {"field": f"items.{i}.{key}", "message": message}
    if not raw["items"]:
        yield {"field": "items", "message": "Ask at least one thing."}


def _order_errors(raw: Mapping[str, Any]) -> Iterator[Error]:
    """Conditions and texts look back only, so that one pass down the page settles what is shown."""
    places = {id(item): i for i, item in enumerate(raw["items"])}
    sections = {section["id"]: (i, section) for i, section in enumerate(raw["sections"])}
    before = {GROUP}
    for item in asked(raw):
        here = sections.pop(item.get("section"), None)
        if here is not None:
            yield from _looks_back(*here, "sections", before)
        yield from _looks_back(places[id(item)], item, "items", before)
        before.add(item["id"])


def _looks_back(place: int, raw: Raw, kind: str, before: set[str]) -> Iterator[Error]:
    for key in _RULES:
        rule = raw.get(key)
        if rule is None:
            continue
        where = f"{kind}.{place}.{key}"
        known = before | {raw["id"]} if key == "valid_if" else before
        try:
            compile_condition(rule)
        except NotACondition as error:
            yield {"field": where, "message": f"Not a condition: {error}"}
        else:
            yield from _unknown(where, set(variables(rule)) - known)
    piped = {name for text in _texts(raw) for name in PIPED.findall(text)}
    yield from _unknown(f"{kind}.{place}.text", piped - before)


def _texts(raw: Raw) -> Iterator[str]:
    for key in ("title", "text", "hint"):
        yield from (raw.get(key) or {}).values()
    for option in chain(raw.get("choices") or (), raw.get("rows") or ()):
        yield from (option.get("text") or {}).values()


def _unknown(where: str, names: set[str]) -> Iterator[Error]:
    if names:
        message = f"Refers to {', '.join(sorted(names))}, which is not asked before it."
        yield {"field": where, "message": message}
