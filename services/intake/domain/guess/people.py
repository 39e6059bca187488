"""Which column says for which group somebody answers, and which say what else they are."""

from collections.abc import Iterable, Sequence

from services.intake.domain.guess.columns import LIKELY, SHORT, SURE, UNSURE, Column, Guess, spaced
from services.intake.domain.guess.others import divider_of
from services.intake.domain.guess.ratings import kind_of
from services.intake.domain.vocabulary import known

_MOST_GROUPS = 40
_HEAD = 80  # characters of a question in which it must be said
_STRENGTHS = 4  # lists of words that name a group, the surest ones first
_MOST_CODES = 12  # different numbers that may still be codes of answers


def group(columns: Sequence[Column], rows: int) -> Iterable[Guess]:
    """One column or none."""
    best = max(columns, key=lambda column: _score(column, rows), default=None)
    score = 0 if best is None else _score(best, rows)
    if best is None or not score:
        return
    confidence = SURE if score == _STRENGTHS else LIKELY if score > 1 else UNSURE
    reason = f"Its name says who answers, and {len(best.contents)} different answers stand in it."
    yield Guess(best.name, "group", confidence, reason, about=best.text)


def _score(column: Column, rows: int) -> int:
    """How much its name sounds like a group's; 0 where it cannot be one."""
    fits = column.complete and 2 <= len(column.contents) <= min(_MOST_GROUPS, max(rows // 2, 2))
    if not fits or column.longest > SHORT or column.filled * 2 < rows or column.part:
        return 0
    named = spaced(column.text)[:_HEAD]
    if known("no_group").search(named) or kind_of(column):
        return 0
    places = (n for n in range(_STRENGTHS) if known("groups", n).search(named))
    return _STRENGTHS - next(places, _STRENGTHS)


def described(columns: Sequence[Column], _: int) -> Iterable[Guess]:
    """What is said of a person besides. A long question is about something else."""
    for column in columns:
        if (
            column.part
            or kind_of(column)
            or not known("profile").search(spaced(column.text)[:SHORT])
        ):
            continue
        if column.is_number(more_than=_MOST_CODES):
            reason = "A number that describes who answered."
            yield Guess(column.name, "number", LIKELY, reason, about=column.text, profile=True)
        elif divider_of(column):
            reason = "Several answers in one cell, about the person."
            yield Guess(column.name, "choices", LIKELY, reason, about=column.text, profile=True)
        elif column.is_few():
            reason = f"{len(column.contents)} different answers, about the person."
            yield Guess(column.name, "choice", LIKELY, reason, about=column.text, profile=True)
