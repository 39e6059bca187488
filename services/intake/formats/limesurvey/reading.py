"""Either file, read: its groups become sections, its questions items."""

from typing import Any

from services.intake.formats.imported import Imported
from services.intake.formats.limesurvey.items import BUILDERS
from services.intake.formats.limesurvey.lss import source_of_lss
from services.intake.formats.limesurvey.source import Question, Source, Texts
from services.intake.formats.limesurvey.tables import needs, paired
from services.intake.formats.limesurvey.translation import Translation
from services.intake.formats.limesurvey.tsv import source_of_tsv

_NAMED = {
    "I": "a choice of language", "|": "an upload of files", "*": "a computed value",
    ";": "a table of texts", ":": "a table of numbers", "1": "a table with two scales",
}  # fmt: skip
_LOST = {
    "hidden": "that nobody sees it", "em_validation_q": "the rule that checks it",
    "em_validation_sq": "the rule that checks its rows", "default": "its answer to begin with",
    "array_filter": "that it asks only of what was chosen before",
    "array_filter_exclude": "that it asks only of what was not chosen before",
    "equals_num_value": "the sum that its numbers must have", "random_group": "its random order",
}  # fmt: skip


def read_lss(data: bytes) -> Imported:
    """Raises UnreadableFile."""
    return _Reading(source_of_lss(data)).whole()


def read_tsv(data: bytes) -> Imported:
    """Raises UnreadableFile."""
    return _Reading(source_of_tsv(data)).whole()


class _Reading:
    def __init__(self, source: Source) -> None:
        self._source = source
        self._to = Translation(source.languages)
        self._pairs = paired(source.questions)

    def whole(self) -> Imported:
        source, to = self._source, self._to
        sections, items = [], []
        groups = sorted(source.groups, key=lambda group: group.place)
        for group in groups:
            section: dict[str, Any] = {
                "id": to.names.take(f"group_{group.id}", f"group {group.id}"),
                "title": to.texts(group.titles, f"group {group.id}") or to.said("…"),
            }
            text = to.texts(group.texts, f"group {group.id}")
            to.condition(section, "visible_if", group.relevance, f"group {group.id}")
            asked = [each for each in source.questions if each.group == group.id]
            for question in sorted(asked, key=lambda question: question.place):
                for item in self._items(question):
                    if item["type"] == "display":
                        text = _longer(text, item["text"])
                    else:
                        items.append({**item, "section": section["id"]})
            sections.append({**section, **({"text": text} if text else {})})
        for place, what in source.left:
            to.imported.left_out(place, what)
        to.imported.changed("survey", "It has no groups of people: everybody is a respondent.")
        to.imported.definition = {
            "title": to.texts(source.titles, "survey") or to.said("A survey"),
            "languages": to.languages,
            "groups": ["respondent"],
            "sections": sections,
            "items": items,
        }
        welcome = to.texts(source.welcomes, "welcome")
        if welcome:
            to.imported.definition["introduction"] = welcome
        return to.imported

    def _items(self, question: Question) -> list[dict[str, Any]]:
        to, place = self._to, f"question {question.code}"
        if question.kind == "X":
            text = to.texts(question.texts, place)
            return [{"type": "display", "text": text}] if text else []
        if question.kind in _NAMED:
            to.imported.left_out(place, f"{_NAMED[question.kind]} (type {question.kind})")
            return []
        base = self._base(question, place)
        if question.id in self._pairs:
            return needs(to, question, self._pairs[question.id], base, place)
        if question.id in {satisfaction.id for satisfaction in self._pairs.values()}:
            return []
        build = BUILDERS.get(question.kind)
        if build is None:
            to.imported.left_out(place, f"a question of type {question.kind}")
            return []
        return build(to, question, base, place)

    def _base(self, question: Question, place: str) -> dict[str, Any]:
        """What an item of any type has."""
        to = self._to
        if question.preg:
            to.imported.left_out(place, f"the pattern {question.preg} that answers must have")
        for attribute, what in _LOST.items():
            if question.attributes.get(attribute, "").strip() not in {"", "0", "N"}:
                to.imported.left_out(place, what)
        base: dict[str, Any] = {}
        hint = to.texts(question.helps, place)
        if hint:
            base["hint"] = {language: text[:1000] for language, text in hint.items()}
        if question.mandatory:
            base["required"] = True
        to.condition(base, "visible_if", question.relevance, place)
        for part in question.parts:
            if part.relevance not in {"", "1"}:
                to.imported.left_out(f"{place}, {part.code}", f"its condition {part.relevance}")
        return base


def _longer(one: Texts, other: Texts) -> Texts:
    return {k: "\n".join(filter(None, (one.get(k), other.get(k)))) for k in {**one, **other}}
