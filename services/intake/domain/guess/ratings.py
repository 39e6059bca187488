"""Columns that were answered on a scale: importance and satisfaction in pairs, and ratings."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from services.intake.domain.guess.columns import (
    LIKELY,
    OUT,
    SURE,
    UNSURE,
    Column,
    Guess,
    cut,
    spaced,
)
from services.intake.domain.scales import Scale, is_worded, numbers_from, scale_of
from services.intake.domain.vocabulary import all_words, either, known, pattern

_KINDS = ("importance", "satisfaction")
Family = str | tuple[str, str]

_MOST_KINDS = 40  # different contents of a column that may be rated
_MANNER = 3  # words of a part that says in which way the question's thing is rated
# What may stand around the name of a thing besides its kind.
_AROUND = pattern([*all_words("importance"), *all_words("satisfaction"), *all_words("around")])
_ZERO_TO_TEN = "0 to 10"
_NO_WORDS = re.compile(r"[-.?]+|#n/a|\(blank\)|nan|null")


def kind_of(column: Column) -> str:
    """importance, satisfaction or, where the words say neither or both, nothing."""
    if column.part:
        manner = column.part if len(spaced(column.part).split()) <= _MANNER else ""
        return _kind(column.question) or _kind(manner)
    return _kind(f"{column.name} {column.question}")


def _kind(text: str) -> str:
    words = spaced(text)
    kinds = [kind for kind in _KINDS if known(kind).search(words)]
    return kinds[0] if len(kinds) == 1 else ""


def topic_of(column: Column) -> str:
    """What is rated, without the words that say in which way."""
    if column.part and not _kind(column.part):
        return spaced(column.part)
    text = column.question or column.name
    bare = " ".join(_AROUND.sub(" ", spaced(text)).split())
    return bare or " ".join(_AROUND.sub(" ", spaced(column.name)).split())


def read_contents(column: Column) -> tuple[dict[str, int], dict[str, str], tuple[str, ...]]:
    """(what may be points of a scale, how often; uses; what is no answer)."""
    points: dict[str, int] = {}
    uses: dict[str, str] = {}
    none: list[str] = []
    for cell, n in column.contents.items():
        text = cell.casefold().replace("\N{RIGHT SINGLE QUOTATION MARK}", "'").strip()
        if _NO_WORDS.fullmatch(text) or known("no_answer").fullmatch(text):
            none.append(cell)
        elif known("unaware").search(text):
            uses[cell] = "unaware"
        elif known("unused").search(text):
            uses[cell] = "unused"
        else:
            points[cell] = n
    return points, uses, tuple(none)


@dataclass(frozen=True)
class _Rated:
    """A column with a scale, and what stands beside the scale in it."""

    column: Column
    kind: str
    scale: Scale
    uses: Mapping[str, str]
    unread: tuple[str, ...]


def ratings(columns: Sequence[Column], _: int) -> Iterable[Guess]:
    rated = _rated(columns)
    paired = [each for pair in _pairs(rated) for each in pair]
    yield from paired
    taken = {each.column for each in paired}
    single = [each for each in rated if each.column.name not in taken]
    overall = next((each for each in single if _is_overall(each)), None)
    for each in single:
        if known("recommend").search(each.column.words) and _span(each.scale) == _ZERO_TO_TEN:
            yield _single(each, "nps", SURE, "Whether they would recommend something, 0 to 10.")
        elif each is overall:
            reason = f"Its name says overall; a scale from {_span(each.scale)}."
            yield _single(each, "overall", LIKELY, reason)
        elif each.kind == "importance":
            reason = "How important something is; how satisfied with it was not found."
            yield _single(each, OUT, LIKELY, reason)
        elif each.kind or overall or is_worded(each.scale):
            yield _single(each, "rating", LIKELY, f"Answered on a scale from {_span(each.scale)}.")
        else:
            reason = f"Numbers from {_span(each.scale)}: taken as a scale, the greatest the best."
            yield _single(each, "rating", UNSURE, reason)


def _is_overall(each: _Rated) -> bool:
    return each.kind != "importance" and known("overall").search(each.column.words) is not None


def _span(scale: Scale) -> str:
    return f"{scale.low} to {scale.high}"


def _single(each: _Rated, role: str, confidence: str, reason: str) -> Guess:
    about = each.column.part or each.column.question or each.column.name
    return Guess(
        each.column.name, role, confidence, reason + _beside(each), about,
        scale=each.scale, unread=(*each.unread, *each.uses),
    )  # fmt: skip


def _beside(each: _Rated) -> str:
    used = [f"“{cut(cell)}” is taken as {use}" for cell, use in each.uses.items()]
    none = [f"“{cut(cell)}” as no answer" for cell in each.unread]
    return f" {', '.join([*used, *none][:4])}." if used or none else ""


def _rated(columns: Sequence[Column]) -> list[_Rated]:
    """Those with a scale. Columns of one question, or of one kind, share theirs: a point that
    nobody chose in one was chosen in another."""
    there = {
        each.name: (each, *read_contents(each))
        for each in columns
        if each.complete and len(each.contents) <= _MOST_KINDS
    }
    shared: dict[Family, Counter[str]] = {}
    for column, points, _, _ in there.values():
        shared.setdefault(_family(column), Counter()).update(points)
    scales = {family: scale_of(counts) for family, counts in shared.items()}
    found = []
    for column, points, uses, none in there.values():
        scale = scales[_family(column)] or scale_of(points)
        if scale is None or not points.keys() & scale.points.keys():
            continue
        unread = (*none, *(cell for cell in points if cell not in scale.points))
        found.append(_Rated(column, kind_of(column), scale, uses, unread))
    return found


def _family(column: Column) -> Family:
    return column.asked if column.part else (kind_of(column) or column.name)


def _pairs(rated: Sequence[_Rated]) -> list[tuple[Guess, Guess]]:
    """Importance and satisfaction of the same thing: by the words of the names, or, where they
    say nothing, because the same things were asked twice."""
    by_topic: dict[str, dict[str, list[_Rated]]] = {}
    for each in rated:
        topic = topic_of(each.column)
        if each.kind and topic:
            by_topic.setdefault(topic, {}).setdefault(each.kind, []).append(each)
    pairs = [
        _pair(*kinds["importance"], *kinds["satisfaction"], sure=True)
        for kinds in by_topic.values()
        if len(kinds) == len(_KINDS) and all(len(found) == 1 for found in kinds.values())
    ]
    return pairs or _asked_twice([each for each in rated if not each.kind and each.column.part])


def _asked_twice(rated: Sequence[_Rated]) -> list[tuple[Guess, Guess]]:
    asked: dict[Family, dict[str, _Rated]] = {}
    for each in rated:
        asked.setdefault(each.column.asked, {})[spaced(each.column.part)] = each
    alike = [parts for parts in asked.values() if len(parts) > 1]
    if len(alike) != 2 or alike[0].keys() != alike[1].keys():
        return []
    return [_pair(first, alike[1][part], sure=False) for part, first in alike[0].items()]


def _pair(importance: _Rated, satisfaction: _Rated, *, sure: bool) -> tuple[Guess, Guess]:
    importance, satisfaction = _on_one_scale(importance, satisfaction)
    spans = _span(importance.scale), _span(satisfaction.scale)
    fits = spans[0] == spans[1]
    if not fits:
        said = f"Their scales differ ({spans[0]}, {spans[1]}): choose one for both."
    elif sure:
        said = f"Importance and satisfaction of the same thing, {spans[0]}."
    else:
        said = "The same things were asked twice; the first time is taken as importance."
    how, about = (SURE if sure and fits else UNSURE), _about(importance, satisfaction)
    one, other = importance.column.name, satisfaction.column.name
    return (
        Guess(
            one, "importance", how, said + _beside(importance), about,
            partner=other, scale=importance.scale, unread=(*importance.unread, *importance.uses),
        ),
        Guess(
            other, "satisfaction", how, said + _beside(satisfaction), about,
            partner=one, scale=satisfaction.scale, uses=satisfaction.uses,
            unread=satisfaction.unread,
        ),
    )  # fmt: skip


def _on_one_scale(one: _Rated, other: _Rated) -> tuple[_Rated, _Rated]:
    """Both on the wider one, where both are numbers."""
    if is_worded(one.scale) or is_worded(other.scale):
        return one, other
    low, high = min(one.scale.low, other.scale.low), max(one.scale.high, other.scale.high)
    first, second = (
        replace(each, scale=numbers_from(each.scale.points, low, high)) for each in (one, other)
    )
    return first, second


_EDGES = " -–—:,;.|/()[]_?¿"  # noqa: RUF001  # dashes as people type them
_KIND, _JOINT = either(all_words("importance")), either(all_words("around"))
_KIND_BEFORE = re.compile(
    rf"^¿?(?:{_JOINT}\s+)*{_KIND}(?:[\s'’]+{_JOINT}\b)*[\s:,|/_'’-]+",  # noqa: RUF001  # likewise
    re.IGNORECASE,
)
_KIND_AFTER = re.compile(rf"[\s_:,|/(\[-]+{_KIND}[)\]]?$", re.IGNORECASE)


def _about(importance: _Rated, satisfaction: _Rated) -> str:
    """The thing, as the file writes it."""
    column = importance.column
    if column.part and not _kind(column.part):
        return column.part
    text = (column.question or column.name).strip()
    text = _KIND_AFTER.sub("", _KIND_BEFORE.sub("", text)).strip(_EDGES)
    if " " not in text:
        text = text.replace("_", " ")
    return text or topic_of(satisfaction.column) or column.name
