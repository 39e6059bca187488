"""Tables whose rows are all answered on the same points: which of them are ratings, and which two
make needs."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from services.intake.domain.guess.columns import Column
from services.intake.domain.guess.ratings import kind_of, read_contents
from services.intake.domain.scales import MOST_POINTS, number_of, plain_number, scale_of

Texts = Mapping[str, str]
Options = Sequence[tuple[str, Texts]]
"""(code, texts) of each row or point."""

_IMPORTANT = re.compile(r"importan|wichtig|belangrijk|viktig|vigtig", re.IGNORECASE)
_SATISFIED = re.compile(r"satisf|zufrieden|tevreden|fornøyd|nöjd|soddisf", re.IGNORECASE)
_NUMBERED = re.compile(r"([A-Za-z_]*?)0*(\d{1,3})")


@dataclass(frozen=True)
class Points:
    """`points` is {code: point}, `uses` {code: "unaware" or "unused"}, `none` the codes that stand
    for no basis to answer. `low` and `high` are the words of the ends; `worded` says that those
    between have words too, which a scale does not keep."""

    low: int
    high: int
    points: Mapping[str, int]
    uses: Mapping[str, str]
    none: Sequence[str]
    words: tuple[Texts, Texts]
    worded: bool

    def scale(self) -> dict[str, Any]:
        ends = {key: dict(t) for key, t in zip(("low", "high"), self.words, strict=True) if t}
        return {"min": self.low, "max": self.high, **ends}

    def meanings(self) -> dict[str, Any]:
        """{code: the point, the use, or None for no answer}, as answers have them."""
        return {**self.points, **self.uses, **dict.fromkeys(self.none)}

    def values(self) -> dict[str, Any]:
        """What an expression's literals are here: codes, and the points themselves."""
        numbers = {str(point): point for point in range(self.low, self.high + 1)}
        return {**numbers, **self.points, **self.uses}


@dataclass(frozen=True)
class Grid:
    """`about` is what is asked of each row, in any language."""

    name: str
    about: Texts
    rows: Options
    options: Options
    points: Points | None = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "points", points_of(self.options))

    def is_rating(self) -> bool:
        """Whether a scale keeps all that its points say."""
        return self.points is not None and not self.points.worded and not self.points.uses

    def labelled(self, meanings: Mapping[str, Any]) -> dict[str, Any]:
        """`meanings`, of the options' codes, and of their words as well."""
        words = {
            word: meanings[code]
            for code, texts in self.options
            if code in meanings
            for word in texts.values()
        }
        return {**words, **meanings}

    @property
    def topics(self) -> frozenset[str]:
        return frozenset(_words(texts).casefold() or code for code, texts in self.rows)


def points_of(options: Options) -> Points | None:
    """The scale that these options are, or None."""
    labels = {code: _words(texts) or code for code, texts in options}
    contents = dict.fromkeys(labels.values(), 1)
    there, uses, none = read_contents(Column("", contents=contents))
    asked = {code: label for code, label in labels.items() if label in there}
    numbers = _numbers(asked)
    if numbers is None:
        return None
    low, high = min(numbers.values()), max(numbers.values())
    texts = dict(options)
    at = {point: code for code, point in numbers.items()}
    between = [code for code, point in numbers.items() if low < point < high]
    return Points(
        low, high, numbers,
        uses={code: uses[label] for code, label in labels.items() if label in uses},
        none=[code for code, label in labels.items() if label in none],
        words=(_beside(texts[at[low]]), _beside(texts[at[high]])),
        worded=any(_is_worded(code, labels[code]) for code in between),
    )  # fmt: skip


def _is_worded(code: str, label: str) -> bool:
    """A code that stands for itself has no words, unless it is one."""
    return plain_number(label) is None and (label != code or not _NUMBERED.fullmatch(code))


def _numbers(labels: Mapping[str, str]) -> dict[str, int] | None:
    """{code: point}: by the numbers in the labels, by codes that are numbers unless the words run
    the other way, by the words, or by codes that are numbered (A1, A2, ...)."""
    by_words, by_code = _by_words(labels), _by_code(labels)
    against = _are_against(by_words, by_code)
    ways: tuple[dict[str, int | None], ...] = (
        {code: number_of(label) for code, label in labels.items()},
        {} if against else {code: plain_number(code) for code in labels},
        by_words,
        {} if against else by_code,
    )
    for way in ways:
        found = {code: number for code, number in way.items() if number is not None}
        if 3 <= len(found) == len(labels) <= MOST_POINTS and _is_in_steps(found.values()):
            return found
    return None


def _is_in_steps(numbers: Iterable[int]) -> bool:
    ordered = sorted(numbers)
    return ordered == list(range(ordered[0], ordered[-1] + 1))


def _are_against(by_words: Mapping[str, int | None], by_code: Mapping[str, int | None]) -> bool:
    """Whether what the words put first, the codes put last."""
    both = sorted(
        (code, word)
        for key, word in by_words.items()
        if word is not None and (code := by_code.get(key)) is not None
    )
    return len(both) > 1 and both[0][1] > both[-1][1]


def _by_words(labels: Mapping[str, str]) -> dict[str, int | None]:
    scale = scale_of(dict.fromkeys(labels.values(), 1))
    return {code: scale.points.get(label) if scale else None for code, label in labels.items()}


def _by_code(labels: Mapping[str, str]) -> dict[str, int | None]:
    found = {code: _NUMBERED.fullmatch(code) for code in labels}
    alike = len({match[1] for match in found.values() if match}) == 1
    return {code: int(match[2]) if match and alike else None for code, match in found.items()}


def _words(texts: Texts) -> str:
    return next(iter(texts.values()), "").strip()


def _beside(texts: Texts) -> Texts:
    """The words of an end, without its number."""
    bare = {k: re.sub(r"^\s*\d+\s*[-.:=)]*\s*|\s*\(\d+\)\s*$", "", t) for k, t in texts.items()}
    bare = {k: re.sub(r"^\((.*)\)$", r"\1", t.strip()) for k, t in bare.items()}
    return {language: text for language, text in bare.items() if text}


def paired(grids: Sequence[Grid]) -> dict[str, Grid]:
    """{name of the table of importances: the table of satisfactions}, of tables that ask about the
    same things on the same scale; not of those whose name another has too."""
    named = Counter(grid.name for grid in grids)
    grids = [grid for grid in grids if named[grid.name] == 1]
    waiting: dict[Any, list[Grid]] = {}
    for grid in grids:
        if grid.points is not None and _kind(grid) == "satisfaction":
            waiting.setdefault(_compared(grid, grid.points), []).append(grid)
    pairs: dict[str, Grid] = {}
    for grid in grids:
        if grid.points is not None and not grid.points.uses and _kind(grid) == "importance":
            others = waiting.get(_compared(grid, grid.points))
            if others:
                pairs[grid.name] = others.pop(0)
    return pairs


def _compared(grid: Grid, points: Points) -> tuple[int, int, frozenset[str]]:
    """What two tables must have in common."""
    return points.low, points.high, grid.topics


def _kind(grid: Grid) -> str:
    text = " ".join(grid.about.values())
    kinds = [
        kind
        for kind, pattern in (("importance", _IMPORTANT), ("satisfaction", _SATISFIED))
        if pattern.search(text)
    ]
    return kinds[0] if len(kinds) == 1 else kind_of(Column(grid.name, question=_words(grid.about)))


def partner(grid: Grid, row: str, other: Grid) -> str:
    """The code of the same row in the other table."""
    words = {(_words(texts).casefold() or code): code for code, texts in other.rows}
    return words[_words(dict(grid.rows)[row]).casefold() or row]
