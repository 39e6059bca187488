"""Which scale the contents of a column were answered on: numbers, words, or both."""

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace

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


# Words, from least to greatest. `|` divides what stands at the same place.
_LADDERS = [
    [step.split("|") for step in ladder.split(", ")]
    for ladder in """
very poor|terrible|awful, poor|bad, fair|average|acceptable|ok|okay|neutral, good, very good|excellent
poor, fair|average, good, very good, excellent|outstanding
very low, low, medium|moderate|average|neutral, high, very high
never, rarely|seldom, sometimes|occasionally, often|frequently, always
never, rarely|seldom, sometimes|occasionally, often|frequently, very often, always
not at all, a little|slightly|very little, somewhat|moderately|to some extent, very|a lot|much, extremely
not at all, a little|slightly, somewhat|moderately, quite a bit|a lot, very much|a great deal|completely
none|no need|not needed, low|low need, medium|moderate need, high|high need, very high|very high need
much worse than expected, worse than expected, as expected, better than expected, much better than expected
far below expectations, below expectations, met expectations, exceeded expectations, far exceeded expectations
""".strip().splitlines()  # noqa: E501
]
_STEMS = ("important", "agree", "satisfied", "useful", "helpful", "likely", "relevant", "valuable")
_AGAINST = re.compile(r"\b(?:dis\w+|un\w+)")
_NEITHER = re.compile(r"neither|neutral|undecided|indifferent|no preference")
_NOT_AT_ALL = re.compile(r"not at all|^not \w+$|^of no ")
_HARDLY = re.compile(r"\bnot (?:very|so|that|particularly)|slightly|a little|little|low|minor")
_SOMEWHAT = re.compile(r"somewhat|moderate|fairly|rather|partly|mostly|tend to|quite")
_VERY = re.compile(r"\bvery|strongly|highly|completely|totally|fully|entirely")
_UTMOST = re.compile(r"extreme|essential|critical|most ")
_NOUNS = {"importance": "important", "satisfaction": "satisfied", "relevance": "relevant"}
_ALSO = {"essential": "important", "critical": "important", "unimportant": "important"}
# Degrees of importance and the like: 0 not at all, 1 hardly, 2 somewhat, 3 (plain), 4 very,
# 5 extremely. The forms in which they are usually asked, the fuller ones first.
_FORMS = ((0, 1, 2, 4, 5), (0, 1, 2, 3, 4), (0, 1, 3, 4, 5), (0, 1, 2, 3, 4, 5), (1, 2, 3, 4, 5))
_SHORT_FORMS = ((0, 2, 4), (0, 1, 2, 4), (0, 2, 3, 4), (0, 1, 3, 4), (1, 2, 3, 4), (1, 2, 3))


def _worded(contents: Mapping[str, int]) -> Scale | None:
    if not 2 <= len(contents) <= MOST_POINTS:
        return None
    plain = {cell: _plain(cell) for cell in contents}
    places = _on_a_ladder(plain) or _of_a_stem(plain)
    if places is None:
        return None
    points, most = places
    at = {point: cell for cell, point in points.items()}
    return Scale(1, most, points, (at.get(1, ""), at.get(most, "")))


def _plain(cell: str) -> str:
    text = cell.casefold().replace("\N{RIGHT SINGLE QUOTATION MARK}", "'").strip(" .!")
    for noun, adjective in _NOUNS.items():
        text = text.replace(noun, adjective)
    return " ".join(text.split())


def _on_a_ladder(plain: Mapping[str, str]) -> tuple[dict[str, int], int] | None:
    """Every content by its place on the shortest ladder that has them all."""
    for steps in sorted(_LADDERS, key=len):
        place = {word: n for n, words in enumerate(steps, start=1) for word in words}
        if all(text in place for text in plain.values()):
            found = {cell: place[text] for cell, text in plain.items()}
            return (found, len(steps)) if len(set(found.values())) > 1 else None
    return None


def _of_a_stem(plain: Mapping[str, str]) -> tuple[dict[str, int], int] | None:
    texts = [text for text in plain.values() if not _NEITHER.search(text)]
    stem = next((s for s in _STEMS if all(s in _stemmed(text) for text in texts)), None)
    if stem is None or not texts:
        return None
    two_sided = stem in {"agree", "satisfied", "likely"} or any(
        text.startswith("very un") for text in texts
    )
    if two_sided and not any(_NOT_AT_ALL.search(t) or _HARDLY.search(t) for t in texts):
        return _two_sided(plain)
    return _one_sided(plain)


def _stemmed(text: str) -> str:
    return text.replace("satisf", "satisfied ") + " ".join(
        stem for word, stem in _ALSO.items() if word in text
    )


def _two_sided(plain: Mapping[str, str]) -> tuple[dict[str, int], int] | None:
    """Places around the middle: each degree that one side has, the other has too, and there is a
    middle unless all of the others were chosen and it was not."""
    places = {cell: _side(text) for cell, text in plain.items()}
    degrees = sorted({abs(place) for place in places.values()} - {0})
    full = [-degree for degree in reversed(degrees)] + degrees
    if 0 in places.values() or set(full) - set(places.values()):
        full.insert(len(degrees), 0)
    if len(set(places.values())) < len(places) or len(full) < 3:
        return None
    order = {place: n for n, place in enumerate(full, start=1)}
    return {cell: order[place] for cell, place in places.items()}, len(full)


def _side(text: str) -> int:
    if _NEITHER.search(text):
        return 0
    degree = 3 if _VERY.search(text) or _UTMOST.search(text) else 2
    if _SOMEWHAT.search(text):
        degree = 1
    return -degree if _AGAINST.search(text) else degree


def _one_sided(plain: Mapping[str, str]) -> tuple[dict[str, int], int] | None:
    degrees = {cell: _degree(text) for cell, text in plain.items()}
    used = set(degrees.values())
    if len(used) < len(degrees):
        return None
    forms = (*_SHORT_FORMS, *_FORMS) if 0 in used else _FORMS
    form = next((form for form in forms if used <= set(form)), None)
    if form is None:
        return None
    return {cell: form.index(degree) + 1 for cell, degree in degrees.items()}, len(form)


def _degree(text: str) -> int:
    for degree, pattern in (
        (0, _NOT_AT_ALL),
        (1, _HARDLY),
        (2, _NEITHER),
        (2, _SOMEWHAT),
        (4, _VERY),
        (5, _UTMOST),
    ):
        if pattern.search(text):
            return degree
    return 0 if _AGAINST.search(text) else 3
