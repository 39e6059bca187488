"""Definitions as XLSForm workbooks."""

import io
import re
from collections.abc import Iterator, Mapping
from typing import Any

import orjson

from services.intake.domain.definition import GROUP, PIPED, asked
from services.intake.formats.expressions import Answer, Box
from services.intake.formats.extras import OURS, SURVEY_KEYS
from services.intake.formats.printing import Unprintable, answers_of, xpath
from services.intake.formats.xlsform.languages import name_of

Raw = Mapping[str, Any]


def write(definition: Raw) -> bytes:
    """A definition as XLSForm, for any tool that reads it. A need is two questions of a group."""
    return _Writing(definition).whole()


class _Writing:
    def __init__(self, definition: Raw) -> None:
        self._definition = definition
        self._languages: list[str] = definition["languages"]
        self._survey: list[dict[str, Any]] = []
        self._choices: list[dict[str, Any]] = []
        self._known: dict[str, Answer | Box] = {}

    def whole(self) -> bytes:
        from openpyxl import Workbook  # noqa: PLC0415  # thirty megabytes that only a workbook needs

        definition = self._definition
        if definition.get("introduction"):
            self._put("note", "introduction", definition["introduction"])
        self._write_groups()
        sections = {section["id"]: section for section in definition["sections"]}
        place = None
        for item in asked(definition):
            section = item.get("section")
            if section != place:
                self._end(place)
                place = section
                self._begin(sections[section])
            self._write_item(item)
        self._end(place)
        book = Workbook(write_only=True)
        translated_columns = ("label", "hint", "constraint_message")
        survey = [
            "type", "name", *self._headers(*translated_columns), "relevant", "required",
            "constraint", "appearance", "parameters", OURS,
        ]  # fmt: skip
        _fill(book, "survey", survey, self._survey)
        _fill(book, "choices", ["list_name", "name", *self._headers("label")], self._choices)
        _fill(book, "settings", list(self._settings()), [self._settings()])
        file = io.BytesIO()
        book.save(file)
        return file.getvalue()

    def _headers(self, *columns: str) -> list[str]:
        return [self._header(column, code) for column in columns for code in self._languages]

    def _header(self, column: str, language: str) -> str:
        return f"{column}::{name_of(language)}"

    def _settings(self) -> dict[str, Any]:
        definition, first = self._definition, self._languages[0]
        title = definition["title"]
        extras = {key: definition[key] for key in SURVEY_KEYS if key in definition}
        if title.keys() == {first}:
            del extras["title"]
        return {
            "form_title": title.get(first) or next(iter(title.values())),
            "form_id": "survey",
            "default_language": name_of(first),
            OURS: orjson.dumps(extras).decode(),
        }

    def _put(self, kind: str, name: str, label: Any, **columns: Any) -> None:
        row = {"type": kind, "name": name, **columns}
        for column, texts in (("label", label), *((c, row.pop(c, None)) for c in ("hint",))):
            row |= self._translated(column, texts)
        self._survey.append({key: value for key, value in row.items() if value not in (None, "")})

    def _translated(self, column: str, texts: Any) -> dict[str, str]:
        return {
            self._header(column, language): PIPED.sub(r"${\1}", words)
            for language, words in (texts or {}).items()
        }

    def _list(self, name: str, options: list[Raw]) -> None:
        for option in options:
            row = {"list_name": name, "name": option["value"]}
            self._choices.append({**row, **self._translated("label", option["text"])})

    def _write_groups(self) -> None:
        titles = self._definition.get("group_titles") or {}
        first = self._languages[0]
        groups = self._definition["groups"]
        if groups == ["respondent"] and not titles:
            return
        self._list("groups", [{"value": g, "text": titles.get(g) or {first: g}} for g in groups])
        extras = orjson.dumps({"groups": True}).decode()
        label = {first: "Who are you?"}
        self._put("select_one groups", GROUP, label, required="yes", **{OURS: extras})
        self._known[GROUP] = Answer(GROUP, {g: g for g in groups})

    def _begin(self, section: Raw) -> None:
        extras = {"lens": section["lens"]} if "lens" in section else {}
        name, extras = _named(section["id"], extras)
        relevant = self._rule(section, "visible_if", extras)
        self._put("begin_group", name, section["title"], relevant=relevant, **_json(extras))
        if section.get("text"):
            self._put("note", f"{name}_note", section["text"])

    def _end(self, place: str | None) -> None:
        if place is not None:
            self._survey.append({"type": "end_group"})

    def _rule(self, part: Raw, key: str, extras: dict[str, Any], own: str = "") -> str:
        """The rule as XPath; among the extras where XPath does not say quite the same."""
        if part.get(key) is None:
            return ""
        known = {**self._known, **(answers_of(part, own) if own else {})}
        try:
            return xpath(part[key], known)
        except Unprintable:
            extras[key] = part[key]
            return ""

    def _write_item(self, item: Raw) -> None:
        kept = ("role", "support", "no_basis")
        extras = {key: item[key] for key in kept if key in item}
        name, extras = _named(item["id"], extras)
        columns: dict[str, Any] = {
            "relevant": self._rule(item, "visible_if", extras),
            "required": "yes" if item.get("required") else self._rule(item, "required_if", extras),
        }
        if item.get("required") and item.get("required_if") is not None:
            extras["required_if"] = item["required_if"]
        if item["type"] in {"need", "matrix"}:
            self._write_table(item, name, columns, extras)
        else:
            self._write_question(item, name, columns, extras)
        self._known |= answers_of(item, name)

    def _write_question(
        self, item: Raw, name: str, columns: dict[str, Any], extras: dict[str, Any]
    ) -> None:
        kind, more = _kind(item, name, extras)
        limits = [*_limits_of(item)]
        valid = self._rule(item, "valid_if", extras, name)
        if valid:
            # One that is no plain comparison must not be taken apart when it is read again.
            limits.append(f"({valid})" if " or " in valid and limits else valid)
        message = item.get("valid_message")
        if message and valid:
            columns |= self._translated("constraint_message", message)
        elif message:
            extras["valid_message"] = message
        if item.get("choices"):
            self._list(name, item["choices"])
        constraint = " and ".join(limits)
        columns |= {"constraint": constraint, "hint": item.get("hint"), **more, **_json(extras)}
        self._put(kind, name, item["text"], **columns)

    def _write_table(
        self, item: Raw, name: str, columns: dict[str, Any], extras: dict[str, Any]
    ) -> None:
        required = columns.pop("required")
        if required not in {"", "yes"}:
            extras["required_if"] = item["required_if"]
        first = self._languages[0]
        for key in ("hint", "valid_if", "valid_message"):
            if item.get(key) is not None:
                extras[key] = item[key]
        need = item["type"] == "need"
        if need:
            extras |= {"type": "need", "scale": item["scale"]}
            extras |= {"required": True} if item.get("required") else {}
            points = range(item["scale"]["min"], item["scale"]["max"] + 1)
            options: list[Raw] = [{"value": str(n), "text": {first: str(n)}} for n in points]
            uses = [
                {"value": "unaware", "text": {first: "Did not know of it"}},
                {"value": "unused", "text": {first: "Have not used it"}},
            ]
            self._list(f"{name}_importance", options)
            self._list(f"{name}_satisfaction", [*options, *uses])
            rows = [
                ("importance", {first: "Importance"}),
                ("satisfaction", {first: "Satisfaction"}),
            ]
        else:
            extras |= {"type": "matrix", **({"random": True} if item.get("random") else {})}
            self._list(name, item["choices"])
            rows = [(row["value"], row["text"]) for row in item["rows"]]
        columns["appearance"] = "field-list" if need else "table-list"
        self._put("begin_group", name, item["text"], **columns, **_json(extras))
        for row, text in rows:
            listed = f"{name}_{row}" if need else name
            must = "yes" if item.get("required") else ""
            self._put(f"select_one {listed}", f"{name}_{row}", text, required=must)
        self._end(name)


def _kind(  # noqa: PLR0911  # a return for each type
    item: Raw, name: str, extras: dict[str, Any]
) -> tuple[str, dict[str, str]]:
    """A question's type, and the columns that go with it."""
    other = " or_other" if item.get("other") else ""
    random = {"parameters": "randomize=true"} if item.get("random") else {}
    match item["type"]:
        case "single_choice":
            return f"select_one {name}{other}", random
        case "multiple_choice":
            return f"select_multiple {name}{other}", random
        case "ranking":
            return f"rank {name}", random
        case "nps":
            extras["type"] = "nps"
            return "range", {"parameters": "start=0 end=10 step=1"}
        case "rating":
            scale = item["scale"]
            ends = {key: scale[key] for key in ("low", "high") if key in scale}
            extras |= {"scale": ends} if ends else {}
            return "range", {"parameters": f"start={scale['min']} end={scale['max']} step=1"}
        case "number":
            decimals = item.get("decimals", 0)
            if "decimals" in item and decimals != 6:
                extras["decimals"] = decimals
            return ("decimal" if decimals else "integer"), {}
        case "text":
            if item.get("multiline") is True:
                extras["multiline"] = True
            return "text", {} if item.get("multiline") is False else {"appearance": "multiline"}
    return "date", {}


def _limits_of(item: Raw) -> Iterator[str]:
    for end, sign in (("min", ">="), ("max", "<=")):
        if item.get(f"{end}_choices") is not None:
            yield f"count-selected(.) {sign} {item[f'{end}_choices']}"
        if item.get(end) is not None:
            bound = f"date('{item[end]}')" if item["type"] == "date" else _number(item[end])
            yield f". {sign} {bound}"
    if item.get("max_length") is not None:
        yield f"string-length(.) <= {item['max_length']}"
    for choice in item.get("choices") or ():
        if choice.get("exclusive"):
            yield f"not(selected(., '{choice['value']}') and count-selected(.) > 1)"


def _number(number: float) -> str:
    return f"{number:f}".rstrip("0").rstrip(".") if isinstance(number, float) else str(number)


def _named(name: str, extras: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """A name that XML takes; the real one among the extras where that is another."""
    if re.match(r"[A-Za-z_]", name):
        return name, extras
    return f"_{name}", {**extras, "id": name}


def _json(extras: Raw) -> dict[str, str]:
    return {OURS: orjson.dumps(extras).decode()} if extras else {}


def _fill(book: Any, title: str, columns: list[str], rows: list[dict[str, Any]]) -> None:
    sheet = book.create_sheet(title)
    sheet.append(columns)
    for row in rows:
        sheet.append([_cell(row.get(column)) for column in columns])


def _cell(value: Any) -> Any:
    """A text that begins like a formula must not become one: it gets a blank before it."""
    if isinstance(value, str):
        plain = re.sub("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]", "", value)[:32_767]
        return f" {plain}" if plain.startswith("=") else plain
    return value
