"""Qualtrics' .qsf, read."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from services.intake.formats.imported import Imported, UnreadableFile
from services.intake.formats.json_file import objects, read_object, text
from services.intake.formats.naming import Names
from services.intake.formats.plain_text import plain_text

Raw = Mapping[str, Any]

_PIPED = re.compile(r"\$\{q://(QID\d+)/[^}]*\}")
_LOCATED = re.compile(
    r"q://(QID\d+)/(?:SelectableChoice|ChoiceTextEntryValue|SelectedChoicesCount)/?(\w*)"
)
_COMPARED = {
    "EqualTo": "==", "NotEqualTo": "!=", "GreaterThan": ">", "GreaterThanOrEqual": ">=",
    "LessThan": "<", "LessThanOrEqual": "<=",
}  # fmt: skip


class _Untranslated(Exception):
    """The condition says what ours cannot."""


def read(data: bytes) -> Imported:
    """Raises UnreadableFile."""
    survey = read_object(data, "Qualtrics")
    elements = objects(survey.get("SurveyElements"))
    questions = {
        text(each.get("PrimaryAttribute")): each["Payload"]
        for each in elements
        if each.get("Element") == "SQ" and isinstance(each.get("Payload"), dict)
    }
    if not questions:
        raise UnreadableFile("This file has no questions. Export the survey as .qsf again.")
    return _Reading(survey, elements, questions).whole()


class _Reading:
    def __init__(self, survey: Raw, elements: list[dict[str, Any]], questions: Raw) -> None:
        self.imported = Imported()
        self._names = Names(self.imported)
        self._entry = survey.get("SurveyEntry") or {}
        self._elements = elements
        self._questions = questions
        self._items: dict[str, dict[str, Any]] = {}
        self._language = text(self._entry.get("SurveyLanguage")).partition("-")[0].lower() or "en"

    def whole(self) -> Imported:
        sections, items = [], []
        for number, (name, identifiers) in enumerate(self._blocks(), 1):
            section = self._names.take(f"block_{number}", f"block {name}")
            sections.append({"id": section, "title": self._said(name or f"Part {number}")})
            for identifier in identifiers:
                item = self._item(identifier)
                if item is not None:
                    items.append({**item, "section": section})
        for element in self._elements:
            if element.get("Element") == "QO":
                self.imported.left_out(
                    "survey", f"a quota: {text(element.get('SecondaryAttribute'))}"
                )
        self.imported.changed("survey", "It has no groups of people: everybody is a respondent.")
        title = text(self._entry.get("SurveyName")) or "A survey"
        self.imported.definition = {
            "title": self._said(title[:200]), "languages": [self._language],
            "groups": ["respondent"], "sections": sections, "items": items,
        }  # fmt: skip
        return self.imported

    def _blocks(self) -> Iterator[tuple[str, list[str]]]:
        """Blocks with their questions; those of the trash are not asked."""
        there = [each for each in self._elements if each.get("Element") == "BL"]
        seen: set[str] = set()
        for element in there:
            payload = element.get("Payload")
            blocks = payload.values() if isinstance(payload, dict) else payload or ()
            for block in objects(list(blocks)):
                named = [text(e.get("QuestionID")) for e in objects(block.get("BlockElements"))]
                asked = [name for name in named if name in self._questions]
                seen.update(asked)
                if asked and text(block.get("Type")) != "Trash":
                    yield text(block.get("Description")), asked
        rest = [name for name in self._questions if name not in seen]
        if rest:
            yield "", rest

    def _said(self, words: str) -> dict[str, str]:
        return {self._language: words}

    def _plain(self, html: Any, place: str) -> str:
        words, lost = plain_text(text(html))
        for what in lost:
            self.imported.left_out(place, f"{what} in its text")
        return _PIPED.sub(lambda found: self._piped(found, place), words)

    def _piped(self, found: re.Match[str], place: str) -> str:
        if found[1] in self._items:
            return f"{{{{{self._items[found[1]]['id']}}}}}"
        self.imported.changed(place, f"{found[0]} in its text stands as it is.")
        return found[0]

    def _item(self, identifier: str) -> dict[str, Any] | None:
        raw = self._questions[identifier]
        tag = text(raw.get("DataExportTag")) or identifier
        place = f"question {tag}"
        made = self._typed(raw, place)
        if made is None:
            kind = f"{raw.get('QuestionType')}/{raw.get('Selector')}"
            self.imported.left_out(place, f"a question of type {kind}")
            return None
        name = self._names.take(tag, place)
        words = self._plain(raw.get("QuestionText"), place) or tag
        item = {"id": name, "text": self._said(words[:5000]), **made}
        settings = (raw.get("Validation") or {}).get("Settings") or {}
        if settings.get("ForceResponse") == "ON":
            item["required"] = True
        if text(settings.get("Type")) not in {"", "None"}:
            self.imported.left_out(place, f"its validation {settings.get('Type')}")
        self._items[identifier] = item
        if raw.get("DisplayLogic"):
            self._show(item, raw["DisplayLogic"], place)
        self._columns(item, tag)
        return item

    def _typed(self, raw: Raw, place: str) -> dict[str, Any] | None:
        kind, selector = text(raw.get("QuestionType")), text(raw.get("Selector"))
        choices, answers = self._options(raw, "Choice", place), self._options(raw, "Answer", place)
        if kind == "TE":
            single = {"multiline": False} if selector == "SL" else {}
            return {"type": "text", **single} if selector in {"SL", "ML", "ESTB"} else None
        if kind == "MC" and selector == "NPS":
            return {"type": "nps"}
        if kind == "MC" and choices:
            several = selector in {"MAVR", "MAHR", "MACOL", "MSB"}
            own = any(each.pop("own", False) for each in choices)
            if own:
                self.imported.left_out(place, "the text beside one of its choices")
            return {"type": "multiple_choice" if several else "single_choice", "choices": choices}
        if kind == "Matrix" and text(raw.get("SubSelector")) in {"SingleAnswer", ""} and answers:
            return {"type": "matrix", "rows": choices, "choices": answers} if choices else None
        if kind == "RO" and choices:
            return {"type": "ranking", "choices": choices}
        return None

    def _options(self, raw: Raw, which: str, place: str) -> list[dict[str, Any]]:
        found = raw.get(f"{which}s")
        named = found if isinstance(found, dict) else dict(enumerate(found or (), 1))
        order = [str(each) for each in raw.get(f"{which}Order") or named]
        codes = {str(key): value for key, value in named.items() if isinstance(value, dict)}
        options = []
        for code in order:
            if code in codes:
                words = self._plain(codes[code].get("Display"), place) or code
                options.append({"value": code, "text": self._said(words[:500])})
        return options

    def _columns(self, item: Raw, tag: str) -> None:
        self.imported.columns[tag] = (item["id"], "")
        if item["type"] in {"matrix", "multiple_choice", "ranking"}:
            for option in item.get("rows") or item["choices"]:
                self.imported.columns[f"{tag}_{option['value']}"] = (item["id"], option["value"])

    def _show(self, item: dict[str, Any], logic: Any, place: str) -> None:
        try:
            rule = self._rule(logic)
        except _Untranslated as why:
            self.imported.left_out(place, f"its display logic: {why}")
            return
        if rule is not None:
            item["visible_if"] = rule
            self.imported.translated(place, "its display logic")

    def _rule(self, logic: Any) -> Any:
        """Groups of conditions, each joined to the one before by And or Or, read from the left."""
        rule: Any = None
        for key in sorted((k for k in logic if str(k).isdigit()), key=int):
            part = logic[key]
            if not isinstance(part, dict):
                continue
            one = self._rule(part) if "LogicType" not in part else self._condition(part)
            joint = text(part.get("Conjuction")) or text(part.get("Type"))
            if rule is None:
                rule = one
            else:
                rule = {"or" if joint.startswith(("Or", "ElseIf")) else "and": [rule, one]}
        return rule

    def _condition(self, part: Raw) -> Any:
        found = _LOCATED.match(text(part.get("ChoiceLocator") or part.get("LeftOperand")))
        if part.get("LogicType") != "Question" or not found or found[1] not in self._items:
            raise _Untranslated(
                text(part.get("Description"))[:80] or "not about an earlier question"
            )
        item, operator = self._items[found[1]], text(part.get("Operator"))
        asked = {"var": item["id"]}
        if operator in {"Selected", "NotSelected"}:
            several = item["type"] == "multiple_choice"
            rule: Any = {"in": [found[2], asked]} if several else {"==": [asked, found[2]]}
            return rule if operator == "Selected" else {"!": [rule]}
        if operator in {"Empty", "NotEmpty"}:
            return {"==" if operator == "Empty" else "!=": [asked, None]}
        if operator in _COMPARED and text(part.get("RightOperand")).isdigit():
            return {_COMPARED[operator]: [asked, int(part["RightOperand"])]}
        raise _Untranslated(f"the operator {operator}")
