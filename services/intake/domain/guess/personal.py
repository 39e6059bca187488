"""What says who answered, and what a tool notes of its own accord."""

import re
from collections.abc import Iterable, Sequence

from services.intake.domain.guess.columns import OUT, SURE, Column, Guess, spaced
from services.intake.domain.vocabulary import VOCABULARIES, all_words, either, known

_NAMED = {what: known("personal", what) for what in VOCABULARIES["en"]["personal"]}
_NOTE = either(all_words("notes"))
_TOOLS_OWN = re.compile(rf"{_NOTE}(?: {_NOTE})?")
_EMAIL = re.compile(r"[^@\s]+@[^@\s.]+(?:\.[^@\s.]+)+")
_ADDRESS = re.compile(
    r"\d{1,3}(?:\.\d{1,3}){3}|[0-9a-f]{1,4}(?::[0-9a-f]{0,4}){2,7}", re.IGNORECASE
)
_MOMENT = re.compile(r"\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}[ T,]+\d{1,2}:\d\d.*")
_MIDNIGHT = re.compile(r".*\b00:00(?::00)?")
_KEY = re.compile(r"[A-Za-z]{1,8}[-_]?\d+|[0-9a-fA-F]{4,}-[0-9a-fA-F-]{8,}|R_\w{8,}")
_NUMBER = re.compile(r"\d+", re.ASCII)
_PLAIN_KEY = re.compile(r"(?:id|row|nr|no|number|index|record|case|entry|column [a-z])?")
_LEAST = 5  # rows in which a key differs by more than chance


def personal(columns: Sequence[Column], rows: int) -> Iterable[Guess]:
    for column in columns:
        name = spaced(column.name)
        told = _told_by_contents(column)
        if told is None and (
            _TOOLS_OWN.fullmatch(name) or _TOOLS_OWN.fullmatch(spaced(column.question))
        ):
            yield Guess(column.name, OUT, SURE, "A note of the survey tool's, no answer.")
            continue
        if told is None and not known("no_person").search(column.words):
            told = next((what for what, pattern in _NAMED.items() if pattern.search(name)), None)
        if told is None and _numbers_the_rows(column, name, rows):
            told = "a key to each answer"
        if told is not None:
            reason = f"Looks like {told}: personal, so it is left out and not shown."
            yield Guess(column.name, OUT, SURE, reason, personal=True)


def _told_by_contents(column: Column) -> str | None:
    if column.share(_EMAIL) > 0.3:
        return "an e-mail address"
    if column.share(_ADDRESS) > 0.3:
        return "an internet address"
    if column.share(_MOMENT) > 0.9 and column.share(_MIDNIGHT) < 0.9:
        return "the time of an answer"
    return None


def _numbers_the_rows(column: Column, name: str, rows: int) -> bool:
    differs = not column.complete or len(column.contents) == column.filled
    if not differs or column.filled < max(_LEAST, rows // 2):
        return False
    if column.share(_KEY) > 0.95:
        return True
    is_called_so = _PLAIN_KEY.fullmatch(name) is not None or "id" in name.split()
    return is_called_so and column.share(_NUMBER) > 0.95
