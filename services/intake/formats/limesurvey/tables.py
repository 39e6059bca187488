"""Questions that are asked of several things on one scale: arrays as ratings, matrices or needs."""

import re
from typing import Any

from services.intake.formats.expressions import Answer
from services.intake.formats.limesurvey.source import Part, Question
from services.intake.formats.limesurvey.translation import Translation

_POINTS = {"5": (1, 5), "A": (1, 5), "B": (1, 10)}
_IMPORTANT = re.compile(r"importan|wichtig|need", re.IGNORECASE)
_SATISFIED = re.compile(r"satisf|zufrieden|quality of", re.IGNORECASE)


def _scale(question: Question) -> tuple[int, int] | None:
    """The ends of a scale whose answers are whole numbers in a row."""
    if question.kind in _POINTS:
        return _POINTS[question.kind]
    texts = [next(iter(part.texts.values()), "").strip() for part in question.answers]
    if question.kind not in "FH" or not texts or not all(text.isdecimal() for text in texts):
        return None
    points = sorted(map(int, texts))
    low, high = points[0], points[-1]
    return (low, high) if points == list(range(low, high + 1)) and 0 < high - low <= 10 else None


def paired(questions: list[Question]) -> dict[str, Question]:
    """The table of satisfactions by the id of the table of importances over the same things."""
    scaled = [each for each in questions if each.parts and _scale(each)]
    pairs: dict[str, Question] = {}
    for one in scaled:
        for other in scaled:
            alike = _scale(one) == _scale(other) and _named_parts(one) == _named_parts(other)
            if one is not other and alike and _says(_IMPORTANT, one) and _says(_SATISFIED, other):
                pairs.setdefault(one.id, other)
    return pairs


def _named_parts(question: Question) -> list[str]:
    return sorted(next(iter(part.texts.values()), part.code) for part in question.parts)


def _says(words: re.Pattern[str], question: Question) -> bool:
    return any(words.search(text) for text in question.texts.values())


def needs(
    to: Translation, question: Question, satisfaction: Question, base: dict[str, Any], place: str
) -> list[dict[str, Any]]:
    """Two tables of the same things, how important and how good: a need each."""
    low, high = _scale(question) or (1, 5)
    by_text = {next(iter(p.texts.values()), p.code): p.code for p in satisfaction.parts}
    items = []
    for part in question.parts:
        name = to.take(question, f"{place}, {part.code}", part.code)
        to.column(f"{question.code}[{part.code}]", name, "importance")
        text = next(iter(part.texts.values()), part.code)
        to.column(f"{satisfaction.code}[{by_text[text]}]", name, "satisfaction")
        own = to.texts(part.texts, f"{place}, {part.code}") or to.said(part.code)
        scale = {"min": low, "max": high}
        items.append({"id": name, "type": "need", "text": own, "scale": scale, **base})
    to.imported.changed(
        place, f"Together with question {satisfaction.code} it became {len(items)} needs."
    )
    return items


def ratings(to: Translation, question: Question, base: dict[str, Any], place: str) -> Any:
    """Answers in equal steps: a rating each."""
    low, high = _scale(question) or (1, 5)
    items = []
    parts: list[Part | None] = [*question.parts] or [None]
    for part in parts:
        where = f"{place}, {part.code}" if part else place
        suffix = part.code if part else ""
        name = to.take(question, where, suffix)
        to.column(f"{question.code}[{suffix}]" if suffix else question.code, name)
        to.know(question, Answer(name, number=True), suffix)
        item = {
            "id": name, "type": "rating", "text": to.text_of(question, place, part),
            "scale": {"min": low, "max": high}, **base,
        }  # fmt: skip
        items.append(item)
    return items


def array(to: Translation, question: Question, base: dict[str, Any], place: str) -> Any:
    if _scale(question):
        return ratings(to, question, base, place)
    parts = to.answers_of(question)
    rows, choices = to.options(question.parts, place), to.options(parts, place)
    if not rows or not choices:
        to.imported.left_out(place, "a table without rows or columns")
        return []
    name = to.take(question, place)
    for part, row in zip(question.parts, rows, strict=False):
        to.column(f"{question.code}[{part.code}]", name, row["value"])
        codes = {p.code: c["value"] for p, c in zip(parts, choices, strict=False)}
        to.know(question, Answer(f"{name}.{row['value']}", codes), part.code)
    item = {
        "id": name, "type": "matrix", "text": to.text_of(question, place), "rows": rows,
        "choices": choices, **base,
    }  # fmt: skip
    if question.attributes.get("random_order") == "1":
        item["random"] = True
    return [item]
