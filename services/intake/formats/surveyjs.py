"""SurveyJS: its JSON read as a definition, and a definition written as its JSON."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

import orjson

from services.intake.domain.definition import PIPED, asked
from services.intake.formats.expressions import Answer, Box, NotTranslated, translated
from services.intake.formats.imported import Imported, UnreadableFile
from services.intake.formats.json_file import objects, read_object, text
from services.intake.formats.naming import Names
from services.intake.formats.plain_text import plain_text

Raw = Mapping[str, Any]
Texts = dict[str, str]

_PIPED = re.compile(r"\{([^{}]+)\}")
_CODE = re.compile(r"[^A-Za-z0-9_-]+")
_KNOWN = {
    "choices", "choicesOrder", "columns", "defaultValue", "description", "elements", "hasOther",
    "inputType", "isRequired", "max", "maxLength", "maxRateDescription", "maxSelectedChoices",
    "min", "minRateDescription", "minSelectedChoices", "name", "rateMax", "rateMin", "requiredIf",
    "rows", "showNoneItem", "showOtherItem", "title", "type", "valueName", "visibleIf", "hasNone",
    "noneText", "otherText", "isAllRowRequired", "eachRowRequired", "rateCount", "html",
    "rowsOrder", "labelTrue", "labelFalse",
}  # fmt: skip
_RULES = {"visibleIf": "visible_if", "requiredIf": "required_if"}


def read(data: bytes) -> Imported:
    """Raises UnreadableFile."""
    survey = read_object(data, "SurveyJS")
    if "pages" not in survey and "elements" not in survey:
        raise UnreadableFile("This is no survey of SurveyJS: it has neither pages nor elements.")
    return _Reading(survey).whole()


class _Reading:
    def __init__(self, survey: Raw) -> None:
        self._survey = survey
        self.imported = Imported()
        self._names = Names(self.imported)
        self._known: dict[str, Answer | Box] = {}
        self.languages = _languages(survey)

    def whole(self) -> Imported:
        sections, items = [], []
        pages = objects(self._survey.get("pages")) or [dict(self._survey)]
        for number, page in enumerate(pages, 1):
            name = self._names.take(text(page.get("name")) or f"page{number}", f"page {number}")
            section: dict[str, Any] = {
                "id": name,
                "title": self.texts(page.get("title"), name) or self.said(f"Page {number}"),
            }
            words = self.texts(page.get("description"), name)
            self._rules(section, page, f"page {name}", ("visibleIf",))
            for element, rules in _elements(page):
                if element.get("type") in {"html", "image"}:
                    words = _joined(words, self.texts(element.get("html"), text(element["name"])))
                    continue
                found = self._items(element, rules)
                items += [{**item, "section": name} for item in found]
            sections.append({**section, **({"text": words} if words else {})})
        for key in ("triggers", "calculatedValues", "completedHtmlOnCondition"):
            for each in objects(self._survey.get(key)):
                self.imported.left_out("survey", f"{key}: {str(each)[:80]}")
        self.imported.changed("survey", "It has no groups of people: everybody is a respondent.")
        definition = {
            "title": self.texts(self._survey.get("title"), "survey") or self.said("A survey"),
            "languages": self.languages, "groups": ["respondent"], "sections": sections,
            "items": items,
        }  # fmt: skip
        words = self.texts(self._survey.get("description"), "survey")
        self.imported.definition = {**definition, **({"introduction": words} if words else {})}
        return self.imported

    def said(self, words: str) -> Texts:
        return {self.languages[0]: words}

    def texts(self, found: Any, place: str) -> Texts:
        given = found if isinstance(found, dict) else {"default": found}
        texts: Texts = {}
        for language, words in given.items():
            if not isinstance(words, str):
                continue
            plain, lost = plain_text(words)
            for what in lost:
                self.imported.left_out(place, f"{what} in its text")
            ours = self.languages[0] if language == "default" else language
            if plain and ours in self.languages:
                texts[ours] = _PIPED.sub(lambda name: self._piped(name, place), plain)
        return texts

    def _piped(self, name: re.Match[str], place: str) -> str:
        known = self._known.get(name[1].strip())
        if isinstance(known, Answer):
            return f"{{{{{known.item}}}}}"
        self.imported.changed(place, f"{name[0]} in its text stands as it is.")
        return name[0]

    def _rules(self, part: dict[str, Any], raw: Raw, place: str, keys: tuple[str, ...]) -> None:
        for key in keys:
            rule = text(raw.get(key))
            if rule:
                try:
                    part[_RULES[key]] = translated(rule, self._name)
                except NotTranslated as why:
                    self.imported.left_out(place, f"its {key} {rule}: {why}")

    def _name(self, name: str) -> Answer | Box:
        if name not in self._known:
            raise NotTranslated(f"{name} is not asked before it.")
        return self._known[name]

    def _items(self, raw: Raw, rules: list[str]) -> Iterator[dict[str, Any]]:
        place = f"question {text(raw.get('name'))}"
        build = _BUILDERS.get(text(raw.get("type")))
        if build is None:
            self.imported.left_out(place, f"a question of type {raw.get('type')}")
            return
        for key in sorted(raw.keys() - _KNOWN):
            self.imported.left_out(place, f"its {key}")
        name = self._names.take(text(raw.get("name")) or "question", place)
        item: dict[str, Any] = {
            "id": name,
            "text": self.texts(raw.get("title"), place) or self.said(text(raw.get("name"))),
        }
        hint = self.texts(raw.get("description"), place)
        if hint:
            item["hint"] = hint
        if raw.get("isRequired") is True:
            item["required"] = True
        self._rules(item, raw, place, ("visibleIf", "requiredIf"))
        for rule in rules:
            outer: dict[str, Any] = {}
            self._rules(outer, {"visibleIf": rule}, place, ("visibleIf",))
            parts = [each["visible_if"] for each in (outer, item) if "visible_if" in each]
            if parts:
                item["visible_if"] = {"and": parts} if parts[1:] else parts[0]
        found = build(self, raw, item, place)
        if found is None:
            self.imported.left_out(place, "a choice without choices")
            return
        self.imported.columns[text(raw.get("name"))] = (name, "")
        yield found

    def options(self, found: Any, place: str) -> list[dict[str, Any]]:
        options: dict[str, dict[str, Any]] = {}
        for each in found if isinstance(found, list) else []:
            raw = each if isinstance(each, dict) else {"value": each}
            code = str(raw.get("value", ""))
            value = _CODE.sub("_", code).lstrip("-")[:64] or "_"
            if value in options:
                self.imported.left_out(place, f"a second choice {code!r}")
                continue
            words = self.texts(raw.get("text"), place) or self.said(code[:500] or "…")
            options[value] = {"value": value, "text": words}
        return list(options.values())

    def know(self, raw: Raw, answer: Answer) -> None:
        self._known[text(raw.get("name"))] = answer


def _languages(survey: Raw) -> list[str]:
    first = text(survey.get("locale")) or "en"
    found = {first: None}

    def look(part: Any) -> None:
        if isinstance(part, dict):
            if "default" in part and all(isinstance(each, str) for each in part.values()):
                found.update(dict.fromkeys(k for k in part if re.fullmatch(r"[a-z]{2,3}", k)))
            for each in part.values():
                look(each)
        elif isinstance(part, list):
            for each in part:
                look(each)

    look(survey)
    return list(found)


def _elements(page: Raw, rules: tuple[str, ...] = ()) -> Iterator[tuple[Raw, list[str]]]:
    """Questions in their order, panels opened up: what shows a panel shows its questions."""
    for element in objects(page.get("elements") or page.get("questions")):
        if element.get("type") == "panel":
            rule = text(element.get("visibleIf"))
            yield from _elements(element, (*rules, rule) if rule else rules)
        else:
            yield {"name": "", **element}, list(rules)


def _joined(one: Texts, other: Texts) -> Texts:
    return {k: "\n".join(filter(None, (one.get(k), other.get(k)))) for k in {**one, **other}}


def _values(options: list[dict[str, Any]], found: Any) -> dict[str, str]:
    codes = [str(each.get("value") if isinstance(each, dict) else each) for each in found or ()]
    return {code: option["value"] for code, option in zip(codes, options, strict=False)}


def _chosen(to: _Reading, raw: Raw, item: dict[str, Any], place: str, kind: str) -> Any:
    choices = to.options(raw.get("choices"), place)
    if not choices:
        return None
    if raw.get("hasNone") or raw.get("showNoneItem"):
        none = to.texts(raw.get("noneText"), place) or to.said("None")
        choices.append({"value": "none", "text": none, "exclusive": True})
    if raw.get("hasOther") or raw.get("showOtherItem"):
        item["other"] = True
    if raw.get("choicesOrder") == "random":
        item["random"] = True
    several = kind == "multiple_choice"
    values = _values(choices, raw.get("choices"))
    to.know(raw, Answer(item["id"], values, several=several, other="other"))
    return {**item, "type": kind, "choices": choices}


def _single(to: _Reading, raw: Raw, item: dict[str, Any], place: str) -> Any:
    return _chosen(to, raw, item, place, "single_choice")


def _several(to: _Reading, raw: Raw, item: dict[str, Any], place: str) -> Any:
    found = _chosen(to, raw, item, place, "multiple_choice")
    for theirs, ours in (
        ("minSelectedChoices", "min_choices"),
        ("maxSelectedChoices", "max_choices"),
    ):
        if found and type(raw.get(theirs)) is int and raw[theirs] > 0:
            found[ours] = min(raw[theirs], len(found["choices"]))
    return found


def _ranking(to: _Reading, raw: Raw, item: dict[str, Any], place: str) -> Any:
    choices = to.options(raw.get("choices"), place)
    to.know(raw, Answer(item["id"], several=True))
    return {**item, "type": "ranking", "choices": choices} if choices else None


def _yes_or_no(to: _Reading, raw: Raw, item: dict[str, Any], place: str) -> Any:
    labels = [
        to.texts(raw.get(key), place) or to.said(otherwise)
        for key, otherwise in (("labelTrue", "Yes"), ("labelFalse", "No"))
    ]
    choices = [{"value": v, "text": t} for v, t in zip(("true", "false"), labels, strict=True)]
    values = {"true": "true", "false": "false", "True": "true", "False": "false"}
    to.know(raw, Answer(item["id"], values))
    return {**item, "type": "single_choice", "choices": choices}


def _rating(to: _Reading, raw: Raw, item: dict[str, Any], place: str) -> Any:
    low, high = raw.get("rateMin", 1), raw.get("rateMax", raw.get("rateCount", 5))
    if type(low) is not int or type(high) is not int or not 0 < high - low <= 10:
        to.imported.changed(place, "Its scale became 1 to 5.")
        low, high = 1, 5
    scale: dict[str, Any] = {"min": low, "max": high}
    for key, end in (("minRateDescription", "low"), ("maxRateDescription", "high")):
        words = to.texts(raw.get(key), place)
        if words:
            scale[end] = words
    to.know(raw, Answer(item["id"], number=True))
    return {**item, "type": "rating", "scale": scale}


def _matrix(to: _Reading, raw: Raw, item: dict[str, Any], place: str) -> Any:
    rows, choices = to.options(raw.get("rows"), place), to.options(raw.get("columns"), place)
    if not rows or not choices:
        return None
    if raw.get("rowsOrder") == "random":
        item["random"] = True
    if raw.get("isAllRowRequired") or raw.get("eachRowRequired"):
        item["required"] = True
    return {**item, "type": "matrix", "rows": rows, "choices": choices}


def _text(to: _Reading, raw: Raw, item: dict[str, Any], place: str) -> Any:
    kind = text(raw.get("inputType"))
    bounds = {key: raw[key] for key in ("min", "max") if raw.get(key) not in (None, "")}
    if kind in {"number", "range"}:
        to.know(raw, Answer(item["id"], number=True))
        numbers = {key: each for key, each in bounds.items() if type(each) in {int, float}}
        return {**item, "type": "number", "decimals": 6, **numbers}
    to.know(raw, Answer(item["id"]))
    if kind == "date":
        return {**item, "type": "date", **bounds}
    if kind not in {"", "text"}:
        to.imported.changed(place, f"Its answers are plain text, whatever a {kind} looks like.")
    if type(raw.get("maxLength")) is int and 0 < raw["maxLength"] <= 10_000:
        item["max_length"] = raw["maxLength"]
    if raw.get("type") == "text":
        item["multiline"] = False
    return {**item, "type": "text"}


_BUILDERS = {
    "radiogroup": _single, "dropdown": _single, "imagepicker": _single, "checkbox": _several,
    "tagbox": _several, "ranking": _ranking, "boolean": _yes_or_no, "rating": _rating,
    "matrix": _matrix, "text": _text, "comment": _text,
}  # fmt: skip


def write(definition: Raw) -> bytes:
    """A definition as SurveyJS's JSON. A need becomes a panel of two ratings and a choice."""
    names = {section["id"]: section for section in definition["sections"]}
    pages: dict[str, dict[str, Any]] = {}
    for item in asked(definition):
        section = names.get(item.get("section") or "")
        name = section["id"] if section else "page1"
        page = pages.setdefault(name, {"name": name, "elements": []})
        if section:
            page["title"] = _out(section["title"], definition)
            if section.get("text"):
                page["description"] = _out(section["text"], definition)
            if section.get("visible_if") is not None:
                page["visibleIf"] = _expression(section["visible_if"])
        page["elements"].append(_element(item, definition))
    survey = {
        "title": _out(definition["title"], definition),
        "locale": definition["languages"][0],
        "pages": list(pages.values()),
    }
    if definition.get("introduction"):
        survey["description"] = _out(definition["introduction"], definition)
    return orjson.dumps(survey, option=orjson.OPT_INDENT_2)


def _out(texts: Mapping[str, str], definition: Raw) -> Any:
    first = definition["languages"][0]
    piped = {
        "default" if language == first else language: PIPED.sub(r"{\1}", words)
        for language, words in texts.items()
    }
    return piped["default"] if piped.keys() == {"default"} else piped


_TYPES = {
    "rating": "rating", "nps": "rating", "single_choice": "radiogroup",
    "multiple_choice": "checkbox", "ranking": "ranking", "matrix": "matrix", "number": "text",
    "date": "text", "text": "comment",
}  # fmt: skip


def _element(item: Raw, definition: Raw) -> dict[str, Any]:
    element: dict[str, Any] = {"name": item["id"], "title": _out(item["text"], definition)}
    for ours, theirs in (("visible_if", "visibleIf"), ("required_if", "requiredIf")):
        if item.get(ours) is not None:
            element[theirs] = _expression(item[ours])
    if item.get("hint"):
        element["description"] = _out(item["hint"], definition)
    if item["type"] == "need":
        return {"type": "panel", **element, "elements": _need(item)}
    flags = {
        "isRequired": item.get("required"),
        "showOtherItem": item.get("other"),
        "maxLength": item.get("max_length"),
    }
    kind = "text" if item.get("multiline") is False else _TYPES[item["type"]]
    element |= {"type": kind, **{key: value for key, value in flags.items() if value}}
    if item.get("random"):
        element["rowsOrder" if item["type"] == "matrix" else "choicesOrder"] = "random"
    return element | _of_its_type(item, definition)


def _of_its_type(item: Raw, definition: Raw) -> dict[str, Any]:
    """The keys that only its type has."""
    kind, scale = item["type"], item.get("scale") or {}
    if kind == "nps":
        return {"rateMin": 0, "rateMax": 10}
    if kind == "rating":
        ends = (("low", "minRateDescription"), ("high", "maxRateDescription"))
        said = {theirs: _out(scale[ours], definition) for ours, theirs in ends if ours in scale}
        return {"rateMin": scale["min"], "rateMax": scale["max"], **said}
    if kind in {"number", "date"}:
        return {"inputType": kind, **{key: item[key] for key in ("min", "max") if key in item}}
    named = {"columns" if kind == "matrix" else "choices": "choices", "rows": "rows"}
    return {
        theirs: [
            {"value": each["value"], "text": _out(each["text"], definition)} for each in item[ours]
        ]
        for theirs, ours in named.items()
        if item.get(ours)
    }


def _need(item: Raw) -> list[dict[str, Any]]:
    scale = {"rateMin": item["scale"]["min"], "rateMax": item["scale"]["max"]}
    name = item["id"]
    return [
        {"type": "rating", "name": f"{name}_importance", "title": "Importance", **scale},
        {"type": "rating", "name": f"{name}_satisfaction", "title": "Satisfaction", **scale},
        {
            "type": "radiogroup", "name": f"{name}_use", "title": "Or",
            "choices": [
                {"value": "unaware", "text": "Did not know of it"},
                {"value": "unused", "text": "Have not used it"},
            ],
        },
    ]  # fmt: skip


_SIGNS = {"==": "=", "===": "=", "!=": "<>", "!==": "<>", "and": "and", "or": "or"}


def _expression(rule: Any) -> str:
    """JsonLogic as SurveyJS writes it."""
    if not isinstance(rule, Mapping):
        return orjson.dumps(rule).decode().replace('"', "'")
    [(operator, operands)] = rule.items()
    if operator == "var":
        name = operands[0] if isinstance(operands, list) else operands
        return f"{{{str(name).replace('.', '_')}}}"
    given = operands if isinstance(operands, list) else [operands]
    if operator in {"==", "!="} and given[-1] is None:
        return f"{_expression(given[0])} {'empty' if operator == '==' else 'notempty'}"
    parts = [_expression(each) for each in given]
    if operator in {"!", "!!"}:
        return f"!({parts[0]})" if operator == "!" else parts[0]
    if operator == "in":
        return f"({parts[1]} contains {parts[0]})"
    return "(" + f" {_SIGNS.get(operator, operator)} ".join(parts) + ")"
