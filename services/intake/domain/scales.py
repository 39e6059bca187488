"""Which scale the contents of a column were answered on: numbers, words, or both."""

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from services.intake.domain.vocabulary import VOCABULARIES, all_words, pattern

_Places = tuple[dict[str, int], int]
"""{content: its place}, and how many places there are."""

_NUMBER = re.compile(r"(\d{1,3})(?:[.,]0+)?", re.ASCII)
_NUMBER_FIRST = re.compile(r"([0-9]{1,2})(?:\s*[-–—=:.)(]|\s)[\s(]*([^\W\d].*)")  # noqa: RUF001
_NUMBER_LAST = re.compile(r"[\s(\[](\d{1,2})[)\]]?$", re.ASCII)
_EDGES = " ()[]-–—:"  # noqa: RUF001  # dashes as people type them
_STAND_INS = {0, 8, 9, 66, 77, 88, 96, 97, 98, 99, 999}
_MANY = 100  # answers after which a point that nobody chose is taken for none
_MOST_KINDS, _LONGEST = 16, 80

MOST_POINTS = 11


@dataclass(frozen=True)
class Scale:
    """`points` is {content of a cell: point}; `words` are those of the least and the greatest."""

    low: int
    high: int
    points: Mapping[str, int]
    words: tuple[str, str] = ("", "")

    def turned(self) -> "Scale":
        """The same, where the least number is the best."""
        points = {cell: self.low + self.high - point for cell, point in self.points.items()}
        return replace(self, points=points, words=(self.words[1], self.words[0]))


def scale_of(contents: Mapping[str, int]) -> Scale | None:
    """The scale that these contents (with how often each stands there) are points of, or None."""
    if not contents or len(contents) > _MOST_KINDS or max(map(len, contents)) > _LONGEST:
        return None
    return _numbered(contents) or _worded(contents)


def numbers_from(contents: Iterable[str], low: int, high: int) -> Scale:
    """A scale that somebody named: contents that are, or begin with, its numbers."""
    points = {cell: number for cell in contents if (number := number_of(cell)) is not None}
    within = {cell: number for cell, number in points.items() if low <= number <= high}
    return Scale(low, high, within, _ends(within, low, high))


def plain_number(cell: str) -> int | None:
    found = _NUMBER.fullmatch(cell)
    return int(found[1]) if found else None


def number_of(cell: str) -> int | None:
    """The number that a cell begins or ends with, words beside it or not."""
    return _number(cell)[0]


def _number(cell: str) -> tuple[int | None, str]:
    """(the number, its words): `4`, `4.0`, `4 - Important`, `Important (4)`, `1 (None at all)`."""
    plain = plain_number(cell)
    if plain is not None:
        return plain, ""
    first = _NUMBER_FIRST.fullmatch(cell)
    if first:
        return int(first[1]), first[2].strip(_EDGES)
    last = _NUMBER_LAST.search(cell)
    return (int(last[1]), cell[: last.start()].strip(_EDGES)) if last else (None, "")


def _numbered(contents: Mapping[str, int]) -> Scale | None:
    found = {cell: number for cell in contents if (number := number_of(cell)) is not None}
    numbers = set(found.values())
    if len(numbers) < 2 or len(found) < len(contents):
        return None
    numbers -= _stand_ins(found)
    if not numbers or max(numbers) > 10 or max(numbers) < 3:
        return None
    low = 0 if 0 in numbers else 1
    high = _highest(numbers, sum(contents.values()))
    points = {cell: number for cell, number in found.items() if number in numbers}
    return Scale(low, high, points, _ends(points, low, high))


def is_worded(scale: Scale) -> bool:
    return any(plain_number(cell) is None for cell in scale.points)


def _stand_ins(found: Mapping[str, int]) -> set[int]:
    """Numbers that stand for "no answer": 9 or 99 after a gap, 0 before a scale from one on. A
    number with words is none of them."""
    numbers = {number for cell, number in found.items() if plain_number(cell) is not None}
    if len(set(found.values())) > len(numbers):
        return set()
    ordered = sorted(numbers)
    gaps = [i for i in range(1, len(ordered)) if ordered[i] - ordered[i - 1] > 1]
    above = {number for i in gaps for number in ordered[i:]}
    out = above if gaps and above <= _STAND_INS and ordered[gaps[0] - 1] >= 3 else set()
    rest = [number for number in ordered if number not in out]
    return out | {0} if rest[0] == 0 and 4 <= rest[-1] <= 7 else out


def _highest(numbers: Collection[int], answers: int) -> int:
    """As many points as were used, or as a scale usually has where few answered."""
    seen = max(numbers)
    if answers >= _MANY or 0 in numbers:
        return 10 if seen in {8, 9} else seen
    return next(usual for usual in (5, 7, 10) if usual >= seen)


def _ends(points: Mapping[str, int], low: int, high: int) -> tuple[str, str]:
    words = {number: _number(cell)[1] for cell, number in points.items()}
    return words.get(low, ""), words.get(high, "")


# Words, from least to greatest.
_LADDERS = sorted(
    ([pattern([step]) for step in ladder] for ladder in all_words("ladders")), key=len
)
# Statements that have an opposite; others are only more or less so.
_TWO_SIDED = {"agree", "satisfied", "likely"}
_DEGREES = {"not_at_all": 0, "hardly": 1, "neither": 2, "somewhat": 2, "very": 4, "utmost": 5}
# Degrees of importance and the like: 0 not at all, 1 hardly, 2 somewhat, 3 (plain), 4 very,
# 5 extremely. The forms in which they are usually asked, the fuller ones first.
_FORMS = ((0, 1, 2, 4, 5), (0, 1, 2, 3, 4), (0, 1, 3, 4, 5), (0, 1, 2, 3, 4, 5), (1, 2, 3, 4, 5))
_SHORT_FORMS = ((0, 2, 4), (0, 1, 2, 4), (0, 2, 3, 4), (0, 1, 3, 4), (1, 2, 3, 4), (1, 2, 3))


def _worded(contents: Mapping[str, int]) -> Scale | None:
    if not 2 <= len(contents) <= MOST_POINTS:
        return None
    plain = {cell: _plain(cell) for cell in contents}
    gradings = (grading.places(plain) for grading in _GRADINGS)
    places = _on_a_ladder(plain) or next(filter(None, gradings), None)
    if places is None:
        return None
    points, most = places
    at = {point: cell for cell, point in points.items()}
    return Scale(1, most, points, (at.get(1, ""), at.get(most, "")))


def _plain(cell: str) -> str:
    text = cell.casefold().replace("\N{RIGHT SINGLE QUOTATION MARK}", "'").strip(" .!")
    return " ".join(text.split())


def _on_a_ladder(plain: Mapping[str, str]) -> _Places | None:
    """Every content by its place on the shortest ladder that has them all."""
    for steps in _LADDERS:
        found = {
            cell: next((n for n, step in enumerate(steps, start=1) if step.fullmatch(text)), 0)
            for cell, text in plain.items()
        }
        if all(found.values()):
            return (found, len(steps)) if len(set(found.values())) > 1 else None
    return None


class _Grading:
    """How a language says to which degree something is so."""

    def __init__(self, vocabulary: Mapping[str, Any]) -> None:
        self._stems = {stem: pattern(words) for stem, words in vocabulary["stems"].items()}
        self._words = {degree: pattern(words) for degree, words in vocabulary["degrees"].items()}

    def _is(self, text: str, *degrees: str) -> bool:
        return any(self._words[degree].search(text) for degree in degrees)

    def places(self, plain: Mapping[str, str]) -> _Places | None:
        """Where each content stands, and how many places there are; None where they are not
        degrees of one thing in this language."""
        texts = [text for text in plain.values() if not self._is(text, "neither")]
        stem = next((s for s, words in self._stems.items() if all(map(words.search, texts))), None)
        if stem is None or not texts:
            return None
        opposed = [
            text for text in texts if self._is(text, "against") and not self._is(text, "not_at_all")
        ]
        two_sided = stem in _TWO_SIDED or any(self._is(text, "very") for text in opposed)
        if two_sided and (opposed or not any(self._is(t, "not_at_all", "hardly") for t in texts)):
            return self._two_sided(plain)
        return self._one_sided(plain)

    def _two_sided(self, plain: Mapping[str, str]) -> _Places | None:
        """Places around the middle: each degree that one side has, the other has too, and there is
        a middle unless all of the others were chosen and it was not."""
        places = {cell: self._side(text) for cell, text in plain.items()}
        degrees = sorted({abs(place) for place in places.values()} - {0})
        full = [-degree for degree in reversed(degrees)] + degrees
        if 0 in places.values() or set(full) - set(places.values()):
            full.insert(len(degrees), 0)
        if len(set(places.values())) < len(places) or len(full) < 3:
            return None
        order = {place: n for n, place in enumerate(full, start=1)}
        return {cell: order[place] for cell, place in places.items()}, len(full)

    def _side(self, text: str) -> int:
        if self._is(text, "neither"):
            return 0
        degree = 3 if self._is(text, "very", "utmost", "not_at_all") else 2
        if self._is(text, "somewhat", "hardly") and not self._is(text, "not_at_all"):
            degree = 1
        return -degree if self._is(text, "against", "not_at_all") else degree

    def _one_sided(self, plain: Mapping[str, str]) -> _Places | None:
        degrees = {cell: self._degree(text) for cell, text in plain.items()}
        used = set(degrees.values())
        if len(used) < len(degrees):
            return None
        forms = (*_SHORT_FORMS, *_FORMS) if 0 in used else _FORMS
        form = next((form for form in forms if used <= set(form)), None)
        if form is None:
            return None
        return {cell: form.index(degree) + 1 for cell, degree in degrees.items()}, len(form)

    def _degree(self, text: str) -> int:
        found = (degree for word, degree in _DEGREES.items() if self._is(text, word))
        return next(found, 0 if self._is(text, "against") else 3)


_GRADINGS = [_Grading(vocabulary) for vocabulary in VOCABULARIES.values()]
