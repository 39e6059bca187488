"""Edits of a definition, one step at a time. Each takes a definition and gives a new one; whether
it can be asked is for compile_definition to say."""

from collections.abc import Callable, Mapping
from itertools import count
from typing import Any

from services.intake.domain.definition import asked

Definition = dict[str, Any]
Edit = Callable[[Definition], Definition]
Raw = Mapping[str, Any]


class NoSuchPart(Exception):
    """The definition has no item or section of this id any more."""


def add_item(definition: Definition, item: Raw) -> Definition:
    """At the end of its section."""
    return _with_items(definition, [*definition["items"], item])


def replace_item(definition: Definition, name: str, item: Raw) -> Definition:
    """In its place, or at the end of another section. Raises NoSuchPart."""
    place = _place(definition["items"], name)
    before = definition["items"]
    return _with_items(definition, [*before[:place], item, *before[place + 1 :]])


def remove_item(definition: Definition, name: str) -> Definition:
    """Raises NoSuchPart."""
    _place(definition["items"], name)
    return _with_items(definition, [each for each in definition["items"] if each["id"] != name])


def duplicate_item(definition: Definition, name: str) -> Definition:
    """The copy follows its original under an id of its own. Raises NoSuchPart."""
    place = _place(definition["items"], name)
    copy = {**definition["items"][place], "id": fresh_id(definition, name)}
    items = definition["items"]
    return _with_items(definition, [*items[: place + 1], copy, *items[place + 1 :]])


def move_item(definition: Definition, name: str, by: int) -> Definition:
    """One place up (-1) or down (1); at the border of its section, into the next one. Raises
    NoSuchPart."""
    items = asked(definition)
    place = _place(items, name)
    item, other = items[place], place + by
    if 0 <= other < len(items) and items[other].get("section") == item.get("section"):
        items[place], items[other] = items[other], items[place]
        return _with_items(definition, items)
    sections = [None, *(section["id"] for section in definition["sections"])]
    there = sections.index(item.get("section")) + by
    if not 0 <= there < len(sections):
        return definition
    moved = {**item, "section": sections[there]} if sections[there] else _unsectioned(item)
    rest = [each for each in items if each["id"] != name]
    return _with_items(definition, [*rest, moved] if by < 0 else [moved, *rest])


def add_section(definition: Definition, section: Raw) -> Definition:
    return {**definition, "sections": [*definition["sections"], section]}


def replace_section(definition: Definition, name: str, section: Raw) -> Definition:
    """Raises NoSuchPart."""
    place = _place(definition["sections"], name)
    before = definition["sections"]
    return {**definition, "sections": [*before[:place], section, *before[place + 1 :]]}


def move_section(definition: Definition, name: str, by: int) -> Definition:
    """Raises NoSuchPart."""
    sections = list(definition["sections"])
    place = _place(sections, name)
    other = place + by
    if 0 <= other < len(sections):
        sections[place], sections[other] = sections[other], sections[place]
    return {**definition, "sections": sections}


def remove_section(definition: Definition, name: str) -> Definition:
    """Its items stay, without a section. Raises NoSuchPart."""
    _place(definition["sections"], name)
    items = [_unsectioned(i) if i.get("section") == name else i for i in definition["items"]]
    sections = [each for each in definition["sections"] if each["id"] != name]
    return _with_items({**definition, "sections": sections}, items)


def fresh_id(definition: Definition, wanted: str) -> str:
    """`wanted`, or with the first number behind it that nothing has yet."""
    taken = {each["id"] for each in (*definition["items"], *definition["sections"])}
    if wanted not in taken:
        return wanted
    stem = wanted[:58]
    return next(name for number in count(2) if (name := f"{stem}_{number}") not in taken)


def starter(definition: Definition, kind: str, section: str | None) -> dict[str, Any]:
    """A new item of this type that can be asked as it is, to be written over."""
    language = definition["languages"][0]
    item: dict[str, Any] = {
        "id": fresh_id(definition, kind),
        "type": kind,
        "text": {language: _STARTERS[kind][0]},
        **_STARTERS[kind][1](language),
    }
    return {**item, "section": section} if section else item


def _choices(language: str) -> list[dict[str, Any]]:
    return [{"value": f"choice_{n}", "text": {language: f"Choice {n}"}} for n in (1, 2)]


_SCALE = {"scale": {"min": 1, "max": 5}}
_STARTERS: dict[str, tuple[str, Callable[[str], dict[str, Any]]]] = {
    "need": ("A service or a need", lambda _: _SCALE),
    "rating": ("How satisfied are you?", lambda _: _SCALE),
    "nps": ("How likely are you to recommend us?", lambda _: {}),
    "single_choice": ("Choose one", lambda language: {"choices": _choices(language)}),
    "multiple_choice": ("Choose all that apply", lambda language: {"choices": _choices(language)}),
    "ranking": ("Put in order", lambda language: {"choices": _choices(language)}),
    "matrix": (
        "One answer a row",
        lambda language: {
            "rows": [{"value": f"row_{n}", "text": {language: f"Row {n}"}} for n in (1, 2)],
            "choices": _choices(language),
        },
    ),
    "number": ("How many?", lambda _: {"min": 0}),
    "date": ("When?", lambda _: {}),
    "text": ("What else should we know?", lambda _: {}),
}


def _with_items(definition: Definition, items: list[Raw]) -> Definition:
    """In the order in which they are asked, so that what stands next to it is next to it."""
    changed = {**definition, "items": items}
    return {**changed, "items": asked(changed)}


def _place(parts: list[Raw], name: str) -> int:
    for place, part in enumerate(parts):
        if part["id"] == name:
            return place
    raise NoSuchPart(f"There is no {name!r} any more; somebody may have removed it.")


def _unsectioned(item: Raw) -> dict[str, Any]:
    return {key: value for key, value in item.items() if key != "section"}
