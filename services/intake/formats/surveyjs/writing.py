"""Definitions as SurveyJS's JSON."""

from collections.abc import Mapping
from typing import Any

import orjson

from services.intake.domain.definition import GROUP, PIPED, asked
from services.intake.formats.expressions import Answer, Box
from services.intake.formats.extras import OURS, SURVEY_KEYS
from services.intake.formats.printing import Unprintable, answers_of, survey_js

Raw = Mapping[str, Any]
Element = dict[str, Any]

_TYPES = {
    "rating": "rating", "nps": "rating", "single_choice": "radiogroup",
    "multiple_choice": "checkbox", "ranking": "ranking", "matrix": "matrix", "number": "text",
    "date": "text", "text": "comment", "need": "panel",
}  # fmt: skip
_KEPT = ("role", "support", "no_basis")
_USES = (("unaware", "Did not know of it"), ("unused", "Have not used it"))


def write(definition: Raw) -> bytes:
    """A need becomes a panel of two questions."""
    return orjson.dumps(_Writing(definition).whole(), option=orjson.OPT_INDENT_2)


class _Writing:
    def __init__(self, definition: Raw) -> None:
        self._definition = definition
        self._first: str = definition["languages"][0]
        self._known: dict[str, Answer | Box] = {}

    def whole(self) -> Element:
        definition = self._definition
        pages: dict[str, Element] = {}
        sections = {section["id"]: section for section in definition["sections"]}
        beginning = self._groups()
        if beginning:
            pages[""] = {"name": "who", "elements": beginning, OURS: {"bare": True}}
        for item in asked(definition):
            section = item.get("section") or ""
            if section not in pages:
                pages[section] = self._page(sections.get(section))
            pages[section]["elements"].append(self._element(item))
            self._known |= answers_of(item, item["id"], ".")
        extras = {key: definition[key] for key in SURVEY_KEYS if key in definition}
        del extras["title"]
        introduction = definition.get("introduction")
        return {
            "title": self._texts(definition["title"]),
            **({"description": self._texts(introduction)} if introduction else {}),
            "locale": self._first,
            "pages": list(pages.values()),
            OURS: extras,
        }

    def _texts(self, texts: Mapping[str, str]) -> Any:
        found = {language: PIPED.sub(r"{\1}", words) for language, words in texts.items()}
        return found[self._first] if found.keys() == {self._first} else found

    def _groups(self) -> list[Element]:
        groups, titles = self._definition["groups"], self._definition.get("group_titles") or {}
        if groups == ["respondent"] and not titles:
            return []
        choices = [
            {"value": group, "text": self._texts(titles.get(group) or {self._first: group})}
            for group in groups
        ]
        self._known[GROUP] = Answer(GROUP, {group: group for group in groups})
        return [
            {
                "type": "radiogroup", "name": GROUP, "title": "Who are you?", "isRequired": True,
                "choices": choices, OURS: {"groups": True},
            }
        ]  # fmt: skip

    def _page(self, section: Raw | None) -> Element:
        if section is None:
            return {"name": "beginning", "elements": [], OURS: {"bare": True}}
        extras = {"lens": section["lens"]} if "lens" in section else {}
        page = {"name": section["id"], "title": self._texts(section["title"])}
        if section.get("text"):
            page["description"] = self._texts(section["text"])
        page |= self._rule(section, "visible_if", "visibleIf", extras)
        return {**page, "elements": [], **({OURS: extras} if extras else {})}

    def _rule(self, part: Raw, ours: str, theirs: str, extras: Element) -> Element:
        """The rule in SurveyJS's words; among the extras where those do not say quite the same."""
        if part.get(ours) is None:
            return {}
        known = self._known
        if ours == "valid_if":
            known = {**known, **answers_of(part, part["id"], ".")}
        try:
            return {theirs: survey_js(part[ours], known)}
        except Unprintable:
            extras[ours] = part[ours]
            return {}

    def _element(self, item: Raw) -> Element:
        extras: Element = {key: item[key] for key in _KEPT if key in item}
        kind = item["type"]
        line = kind == "text" and item.get("multiline") is False
        element: Element = {
            "type": "text" if line else _TYPES[kind],
            "name": item["id"],
            "title": self._texts(item["text"]),
        }
        if item.get("hint"):
            element["description"] = self._texts(item["hint"])
        if item.get("required"):
            element["isRequired"] = True
            element |= {"eachRowRequired": True} if kind == "matrix" else {}
        element |= self._rule(item, "visible_if", "visibleIf", extras)
        element |= self._rule(item, "required_if", "requiredIf", extras)
        element |= self._validators(item, extras)
        if item.get("random"):
            element["rowsOrder" if kind == "matrix" else "choicesOrder"] = "random"
        element |= _MORE[kind](self, item, extras)
        return {**element, **({OURS: extras} if extras else {})}

    def _validators(self, item: Raw, extras: Element) -> Element:
        rule = self._rule(item, "valid_if", "expression", extras)
        message = item.get("valid_message")
        if not rule:
            extras |= {"valid_message": message} if message else {}
            return {}
        said = {"text": self._texts(message)} if message else {}
        return {"validators": [{"type": "expression", **rule, **said}]}

    def need(self, item: Raw, extras: Element) -> Element:
        scale, name = item["scale"], item["id"]
        extras |= {"type": "need", "scale": scale}
        points: list[Any] = list(range(scale["min"], scale["max"] + 1))
        uses = [{"value": value, "text": words} for value, words in _USES]
        required = {"isRequired": True} if item.get("required") else {}
        halves = (("importance", points), ("satisfaction", [*points, *uses]))
        return {
            "elements": [
                {
                    "type": "radiogroup", "name": f"{name}_{part}", "title": part.capitalize(),
                    "choices": choices, **required,
                }
                for part, choices in halves
            ]
        }  # fmt: skip

    def rating(self, item: Raw, _: Element) -> Element:
        scale = item["scale"]
        ends = (("low", "minRateDescription"), ("high", "maxRateDescription"))
        said = {theirs: self._texts(scale[ours]) for ours, theirs in ends if ours in scale}
        return {"rateMin": scale["min"], "rateMax": scale["max"], **said}

    def nps(self, _: Raw, extras: Element) -> Element:
        extras["type"] = "nps"
        return {"rateMin": 0, "rateMax": 10}

    def choices(self, item: Raw, extras: Element) -> Element:
        alone = [each["value"] for each in item["choices"] if each.get("exclusive")]
        extras |= {"exclusive": alone} if alone else {}
        counts = (("min_choices", "minSelectedChoices"), ("max_choices", "maxSelectedChoices"))
        found = {theirs: item[ours] for ours, theirs in counts if item.get(ours) is not None}
        other = {"showOtherItem": True} if item.get("other") else {}
        ranked = {"selectToRankEnabled": True} if found and item["type"] == "ranking" else {}
        return {"choices": self._options(item["choices"]), **found, **other, **ranked}

    def matrix(self, item: Raw, extras: Element) -> Element:
        extras["type"] = "matrix"
        return {"rows": self._options(item["rows"]), "columns": self._options(item["choices"])}

    def _options(self, options: list[Raw]) -> list[Element]:
        return [{"value": each["value"], "text": self._texts(each["text"])} for each in options]

    def number(self, item: Raw, extras: Element) -> Element:
        decimals = item.get("decimals", 0)
        extras |= {"decimals": 0} if item.get("decimals") == 0 else {}
        step = {} if decimals == 6 else {"step": 10**-decimals if decimals else 1}
        return {"inputType": "number", **step, **_limits(item)}

    def date(self, item: Raw, _: Element) -> Element:
        return {"inputType": "date", **_limits(item)}

    def text(self, item: Raw, extras: Element) -> Element:
        extras |= {"multiline": True} if item.get("multiline") is True else {}
        return {"maxLength": item["max_length"]} if "max_length" in item else {}


def _limits(item: Raw) -> Element:
    return {key: item[key] for key in ("min", "max") if item.get(key) is not None}


_MORE = {
    "need": _Writing.need, "rating": _Writing.rating, "nps": _Writing.nps,
    "single_choice": _Writing.choices, "multiple_choice": _Writing.choices,
    "ranking": _Writing.choices, "matrix": _Writing.matrix, "number": _Writing.number,
    "date": _Writing.date, "text": _Writing.text,
}  # fmt: skip
