"""What is neither personal nor rated: choices, marks, numbers, dates and comments."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence

from services.intake.domain.guess.columns import (
    LIKELY,
    MOST_CHOICES,
    OUT,
    SHORT,
    SURE,
    UNSURE,
    Column,
    Guess,
    split,
)
from services.intake.domain.vocabulary import known

_DAY = re.compile(r"\d{4}-\d\d-\d\d(?:[ T]00:00(?::00)?)?", re.ASCII)
_DIVIDERS = (";", "|", ", ", ",")
_MOST_CODES = 11  # different numbers that may be codes or points


def is_marked(cell: str) -> bool:
    """Whether a cell of a column of marks says yes."""
    return not _says_no(cell.strip().casefold())


def marks(columns: Sequence[Column], _: int) -> Iterable[Guess]:
    """One question with a column for each of its answers."""
    asked: dict[tuple[str, str], list[Column]] = {}
    for column in columns:
        if column.part and column.question:
            asked.setdefault(column.asked, []).append(column)
    for (__, question), parts in asked.items():
        some = any(column.filled for column in parts)
        if len(parts) > 1 and some and all(map(_is_mark, parts)):
            for column in parts:
                reason = f"One of {len(parts)} answers to the same question, marked or not."
                yield Guess(column.name, "mark", LIKELY, reason, about=question)


def _is_mark(column: Column) -> bool:
    said = {text for cell in column.contents if not _says_no(text := cell.casefold())}
    return column.complete and (all(map(_says_yes, said)) or said == {column.part.casefold()})


def _says_yes(text: str) -> bool:
    return text == "1" or known("yes").fullmatch(text) is not None


def _says_no(text: str) -> bool:
    return text in {"", "0"} or known("no").fullmatch(text) is not None


def empty(columns: Sequence[Column], rows: int) -> Iterable[Guess]:
    for column in columns:
        if not column.filled:
            yield Guess(column.name, OUT, SURE, "Nobody wrote anything here.")
        elif column.complete and len(column.contents) == 1 and column.filled == rows > 1:
            yield Guess(column.name, OUT, SURE, "The same in every row.")


def others(columns: Sequence[Column], _: int) -> Iterable[Guess]:
    for column in columns:
        about = column.text
        if divider_of(column):
            reason = "Several answers in one cell, and the same ones again and again."
            yield Guess(column.name, "choices", LIKELY, reason, about)
        elif column.is_number(more_than=_MOST_CODES):
            yield Guess(column.name, "number", LIKELY, "Many different numbers.", about)
        elif column.share(_DAY) == 1:
            yield Guess(column.name, "date", LIKELY, "Dates.", about)
        elif column.is_few():
            reason = f"{len(column.contents)} different answers that come again and again."
            yield Guess(column.name, "choice", LIKELY, reason, about)
        else:
            reason = "Words of people's own. See whether they name anybody before you share them."
            how = LIKELY if column.longest > SHORT else UNSURE
            yield Guess(column.name, "text", how, reason, about)


def divider_of(column: Column) -> str | None:
    """What stands between several answers in one cell, or None where there is one answer."""
    if not column.complete:
        return None
    cells = list(column.contents)
    for divider in _DIVIDERS:
        several = sum(column.contents[cell] for cell in cells if divider in cell.strip(divider))
        parts = Counter(split(cells, divider))
        if (
            several * 10 >= column.filled
            and 2 <= len(parts) <= MOST_CHOICES
            and max(map(len, parts)) <= SHORT
            and _come_again(column, divider, parts)
        ):
            return divider
    return None


def _come_again(column: Column, divider: str, parts: Counter[str]) -> bool:
    """Whether the parts of cells are choices: each in many combinations, or in the cells of many
    people, most combinations being made of what stands elsewhere too."""
    divided = [(split([cell], divider), often) for cell, often in column.contents.items()]
    if _are_pairs([each for each, _ in divided]):
        return False
    if parts.total() >= 2 * len(parts):
        return True
    if sum(len(each) * often for each, often in divided) < 2 * len(parts):
        return False
    several = [each for each, _ in divided if len(each) > 1]
    known = sum(all(parts[part] > 1 for part in each) for each in several)
    return known * 2 > len(several)


def _are_pairs(divided: Sequence[Sequence[str]]) -> bool:
    """Last name and first name, town and state: always two, and neither in the other's place."""
    if any(len(each) != 2 for each in divided):
        return False
    return {one for one, _ in divided}.isdisjoint(other for _, other in divided)
