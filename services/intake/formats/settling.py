"""The last pass over a definition from elsewhere: what cannot be asked is taken out, and said."""

import re
from collections.abc import Iterator
from typing import Any

from services.intake.domain.conditions import NotACondition, compile_condition, variables
from services.intake.domain.definition import (
    GROUP,
    PIPED,
    InvalidDefinition,
    asked,
    compile_definition,
)
from services.intake.domain.guess.columns import Column
from services.intake.domain.guess.people import group as group_among
from services.intake.domain.items import shape_errors
from services.intake.formats.imported import Imported, UnreadableFile

MOST_ITEMS = 300
MOST_CHOICES = 500
_MOST_ROWS = 100
_MOST_LANGUAGES = 20
_LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})*")
_RULES = {"visible_if": "shown", "required_if": "required", "valid_if": "checked"}
_LONGEST = {"title": 500, "text": 5000, "hint": 1000, "valid_message": 500, "low": 100,
            "high": 100, "contact": 500, "consent": 1000, "draw": 1000}  # fmt: skip
_LONGEST_TITLE, _LONGEST_CHOICE = 200, 500
_NOBODY = ["respondent"]
_MANY = 1_000  # answers, if there were any: enough that every choice may be a group


def settle(imported: Imported) -> None:
    """In place. Raises UnreadableFile where nothing can be asked."""
    definition = imported.definition
    _languages(definition)
    if len(definition["items"]) > MOST_ITEMS:
        raise UnreadableFile(
            f"It asks {len(definition['items']):,} things; a survey has at most {MOST_ITEMS} here. "
            "Leave some out, or make it two surveys."
        )
    definition["items"] = [item for item in definition["items"] if _fits(item, imported)]
    _look_back(definition, imported)
    for part, place, longest in _parts(definition):
        _shorten(part, place, longest, imported)
    _drop_empty_sections(definition, imported)
    if definition["groups"] == _NOBODY:
        _suggest_group(definition, imported)
    try:
        compile_definition(definition)
    except InvalidDefinition as error:
        first = error.errors[0]
        text = f"No survey comes of it: {first['message']} ({first['field']})"
        raise UnreadableFile(text) from error


def _languages(definition: dict[str, Any]) -> None:
    known = [each for each in definition["languages"] if _LANGUAGE.fullmatch(each)]
    definition["languages"] = list(dict.fromkeys(known))[:_MOST_LANGUAGES] or ["en"]


def _fits(item: dict[str, Any], imported: Imported) -> bool:
    choices, rows = item.get("choices") or [], item.get("rows") or []
    if len(choices) > MOST_CHOICES:
        kept = {"id", "section", "text", "hint", "required", "visible_if", "required_if"}
        for key in item.keys() - kept:
            del item[key]
        item |= {"type": "text", "multiline": False}
        imported.changed(item["id"], f"Its {len(choices):,} choices became a line of text.")
    if len(rows) > _MOST_ROWS:
        del rows[_MOST_ROWS:]
        imported.left_out(item["id"], f"its rows after the first {_MOST_ROWS}")
    wrong = [message for _, message in shape_errors(item)]
    if wrong:
        imported.left_out(item["id"], f"the whole question: {wrong[0]}")
    return not wrong


def _look_back(definition: dict[str, Any], imported: Imported) -> None:
    """Conditions and texts speak only of what is asked before them."""
    before = {GROUP}
    sections = {section["id"]: section for section in definition["sections"]}
    places = {item["id"]: item for item in definition["items"]}
    for item in (places[each["id"]] for each in asked(definition)):
        section = sections.pop(item.get("section"), None)
        for part in (section, item):
            if part is not None:
                _drop_rules(part, before, imported)
                _drop_piped(part, before, imported)
        before.add(item["id"])


def _drop_rules(part: dict[str, Any], before: set[str], imported: Imported) -> None:
    for key, done in _RULES.items():
        if part.get(key) is None:
            continue
        rule = part[key]
        known = before | {part["id"]} if key == "valid_if" else before
        try:
            compile_condition(rule)
        except NotACondition as error:
            why = str(error)
        else:
            unknown = sorted(set(variables(rule)) - known)
            why = f"{', '.join(unknown)} is not asked before it." if unknown else ""
        if why:
            del part[key]
            imported.left_out(part["id"], f"the condition by which it is {done}: {why}")


def _drop_piped(part: dict[str, Any], before: set[str], imported: Imported) -> None:
    def kept(name: re.Match[str]) -> str:
        if name[1] in before:
            return name[0]
        imported.changed(part["id"], f"“{name[1]}” in its text became “…”: it is not asked before.")
        return "…"

    for key, texts in [*part.items()]:
        if key in {"title", "text", "hint"}:
            part[key] = {language: PIPED.sub(kept, words) for language, words in texts.items()}
    for option in (*(part.get("choices") or ()), *(part.get("rows") or ())):
        option["text"] = {k: PIPED.sub(kept, words) for k, words in option["text"].items()}


def _parts(definition: dict[str, Any]) -> Iterator[tuple[dict[str, Any], str, dict[str, int]]]:
    """What has texts, its name, and how long they may be."""
    yield definition, "survey", {**_LONGEST, "title": _LONGEST_TITLE, "introduction": 5000}
    for section in definition["sections"]:
        yield section, section["id"], _LONGEST
    for item in definition["items"]:
        yield item, item["id"], _LONGEST
        yield item.get("scale") or {}, item["id"], _LONGEST
        for option in (*(item.get("choices") or ()), *(item.get("rows") or ())):
            yield option, f"{item['id']}, {option['value']}", {"text": _LONGEST_CHOICE}


def _shorten(part: dict[str, Any], place: str, longest: dict[str, int], imported: Imported) -> None:
    for key in part.keys() & longest.keys():
        for language, words in part[key].items():
            if not words.strip():
                part[key][language] = "…"
            if len(words) > longest[key]:
                part[key][language] = words[: longest[key] - 1] + "…"
                imported.changed(place, f"Its {key} was cut after {longest[key]} characters.")


def _drop_empty_sections(definition: dict[str, Any], imported: Imported) -> None:
    used = {item.get("section") for item in definition["items"]}
    for section in definition["sections"]:
        if section["id"] not in used:
            imported.left_out(section["id"], "a section in which nothing is asked")
    definition["sections"] = [each for each in definition["sections"] if each["id"] in used]


def _suggest_group(definition: dict[str, Any], imported: Imported) -> None:
    first = definition["languages"][0]
    columns = []
    for item in definition["items"]:
        if item["type"] == "single_choice":
            labels = [choice["text"].get(first, "") for choice in item["choices"]]
            longest = max(map(len, labels))
            text = item["text"].get(first, "")
            contents = dict.fromkeys(labels, 1)
            columns.append(
                Column(item["id"], item["id"], text, "", _MANY, contents, longest=longest)
            )
    for found in group_among(columns, _MANY):
        imported.changed(
            found.column,
            "This may say who answers. To compare groups, make its choices the survey's groups.",
        )
