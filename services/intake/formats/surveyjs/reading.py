"""SurveyJS's JSON, read: its pages and panels become sections, and their questions items."""

import re
from collections.abc import Mapping
from typing import Any

from services.intake.domain.definition import GROUP
from services.intake.formats.draft import NOBODY, Draft, Item, Texts
from services.intake.formats.expressions import Answer
from services.intake.formats.extras import ITEM_KEYS, OURS, SURVEY_KEYS, Keys, is_as_written
from services.intake.formats.imported import Imported, UnreadableFile
from services.intake.formats.json_file import objects, read_object, text
from services.intake.formats.surveyjs.questions import Questions
from services.intake.formats.surveyjs.source import (
    Object,
    codes_of,
    elements_of,
    inside_of,
    languages_of,
    report,
    texts_of,
)
from services.intake.formats.surveyjs.tables import Tables

_PIPED = re.compile(r"\{([^{}]+)\}")
_SHOWN = {"html", "image"}
_TABLES = {"matrix", "matrixdropdown"}
_CONDITIONAL = {"visibleIf", "enableIf"}


def read(data: bytes) -> Imported:
    """Raises UnreadableFile."""
    survey = read_object(data, "SurveyJS")
    if not any(objects(survey.get(key)) for key in ("pages", "elements", "questions")):
        raise UnreadableFile("This is no survey of SurveyJS: it has neither pages nor elements.")
    return _Reading(survey).whole()


class _Reading:
    def __init__(self, survey: Mapping[str, Any]) -> None:
        self._survey = Object(survey)
        self._whole = dict(survey)
        self._pages = objects(survey.get("pages")) or [self._whole]
        own = isinstance(survey.get(OURS), dict)
        self._draft = Draft(languages_of(survey), _PIPED, own=own)
        self._groups: list[Item] = []
        self._sections: list[Item] = []
        self._words: Texts = {}
        self._questions = Questions(self._draft)
        self._tables = Tables(
            self._draft, (element for page in self._pages for element, _ in elements_of(page))
        )

    def whole(self) -> Imported:
        draft, survey = self._draft, self._survey
        title = draft.texts(texts_of(survey.get("title")), "survey") or draft.said("A survey")
        introduction = draft.texts(texts_of(survey.get("description")), "survey")
        for number, page in enumerate(self._pages, 1):
            self._page(page, number, whole=page is self._whole)
        extras = self._extras(survey.get(OURS), "survey", SURVEY_KEYS)
        for key in ("pages", "elements", "questions", "locale"):
            survey.get(key)
        report(draft.imported, survey, "survey")
        groups = [group["value"] for group in self._groups] or ["respondent"]
        titles = {group["value"]: group["text"] for group in self._groups}
        if not self._groups:
            draft.imported.changed("survey", NOBODY)
        worded = any(words != draft.said(group) for group, words in titles.items())
        draft.imported.definition = {
            "title": title, "languages": draft.languages, "groups": groups,
            **({"group_titles": titles} if worded else {}),
            **({"introduction": introduction} if introduction else {}),
            "sections": self._sections, "items": draft.items, **extras,
        }  # fmt: skip
        return draft.imported

    def _page(self, page: Mapping[str, Any], number: int, *, whole: bool) -> None:
        """A section; or one for each panel, where there are only panels with titles. Without pages
        the `whole` survey stands for one."""
        name = text(page.get("name")) or f"page{number}"
        inside = inside_of(page)
        panels = [each for each in inside if each.get("type") == "panel" and OURS not in each]
        source = Object({} if whole else page)
        if panels and panels == inside and all(each.get("title") for each in panels):
            rules = [rule for rule in [source.text("visibleIf")] if rule]
            for panel in panels:
                self._section(Object(panel), panel, text(panel.get("name")) or name, rules)
            for key in ("elements", "questions"):
                source.get(key)
            report(self._draft.imported, source, f"page {name}")
        elif whole:
            self._fill(page)
        else:
            self._section(source, page, name, [])

    def _section(
        self, source: Object, part: Mapping[str, Any], name: str, rules: list[str]
    ) -> None:
        draft, place = self._draft, f"page {name}"
        extras = self._extras(source.get(OURS), place, ITEM_KEYS)
        if extras.get("bare"):
            self._fill(part)
            return
        section: Item = {
            "id": draft.names.take(name, place),
            "title": draft.texts(texts_of(source.get("title")), place) or draft.said(name),
        }
        words = draft.texts(texts_of(source.get("description")), place)
        own = source.text("visibleIf")
        draft.condition(section, "visible_if", [*rules, own] if own else rules, place)
        section |= {key: extras[key] for key in ("lens", "visible_if") if key in extras}
        before = len(draft.items)
        self._words = {}
        self._fill(part)
        for key in ("elements", "questions"):
            source.get(key)
        report(draft.imported, source, place)
        words = _joined(words, self._words)
        for item in draft.items[before:]:
            item["section"] = section["id"]
        self._sections.append({**section, **({"text": words} if words else {})})

    def _fill(self, part: Mapping[str, Any]) -> None:
        for element, around in elements_of(part, self._too_deep):
            self._element(element, around)

    def _too_deep(self, panel: Mapping[str, Any]) -> None:
        self._draft.imported.left_out(
            f"panel {text(panel.get('name'))}", "all of it: it is too deep"
        )

    def _extras(self, found: Any, place: str, keys: Keys) -> dict[str, Any]:
        if found is None or is_as_written(found, keys):
            return dict(found or {})
        self._draft.imported.left_out(place, f"its {OURS}, which is not as it was written")
        return {}

    def _element(self, raw: Mapping[str, Any], around: list[Object]) -> None:
        source, draft = Object(raw), self._draft
        name, kind = text(raw.get("name")), text(raw.get("type")) or "text"
        place = f"question {name}"
        extras = self._extras(source.get(OURS), place, ITEM_KEYS)
        self._head(around)
        if extras.get("groups"):
            self._take_groups(source, name)
            return
        if extras.get("type") == "matrix" and kind not in _TABLES:
            extras = {}
        if kind in _SHOWN:
            words = draft.texts(texts_of(source.get("html") or source.get("description")), place)
            self._words = _joined(self._words, words)
            if source.text("visibleIf"):
                draft.imported.left_out(place, f"its condition {source.text('visibleIf')}")
            if kind == "image":
                draft.imported.left_out(place, "an image")
            return
        rules = [rule for each in (*around, source) if (rule := each.text("visibleIf"))]
        enabled = [rule for each in (*around, source) if (rule := each.text("enableIf"))]
        if enabled:
            draft.imported.changed(place, "It is hidden where it could not be filled in.")
        base: Item = {"text": draft.texts(texts_of(source.get("title")), place) or draft.said(name)}
        hint = draft.texts(texts_of(source.get("description")), place)
        base |= {"hint": hint} if hint else {}
        base |= {"required": True} if source.any("isRequired") else {}
        draft.condition(base, "visible_if", [*rules, *enabled], place)
        required = [rule for rule in [source.text("requiredIf")] if rule]
        draft.condition(base, "required_if", required, place)
        parts = [each for key in ("choices", "rows", "columns") for each in objects(raw.get(key))]
        parts += [each for column in parts for each in objects(column.get("choices"))]
        if any(_CONDITIONAL & part.keys() for part in parts):
            draft.imported.left_out(place, "the conditions on which its choices are shown")
        if kind in _TABLES or extras.get("type") == "need":
            self._tables.add(raw, source, base, extras, place)
        else:
            self._questions.add(kind, source, name, base, extras, place)
        report(draft.imported, source, place)

    def _head(self, around: list[Object]) -> None:
        """What panels say themselves, once each."""
        for panel in around:
            panel.get("visibleIf"), panel.get("enableIf")
            for key in ("elements", "questions"):
                panel.get(key)
            report(self._draft.imported, panel, f"panel {panel.name}")
            panel.close()

    def _take_groups(self, source: Object, name: str) -> None:
        self._groups, values = self._draft.options(codes_of(source.get("choices")), GROUP)
        self._draft.known[name] = Answer(GROUP, dict(values))
        self._draft.column(name, GROUP)


def _joined(one: Texts, other: Texts) -> Texts:
    return {k: "\n\n".join(filter(None, (one.get(k), other.get(k)))) for k in {**one, **other}}
