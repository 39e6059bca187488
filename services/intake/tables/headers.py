"""The first rows of a table, as the tools write them: a column's name, and what it was asked.

Qualtrics writes three rows, the second of them the questions and the third JSON, or as it used to
the first two; LimeSurvey a code, the question or both, with the sub-question in brackets; Google
Forms the question with the row of a grid in brackets; a person whatever they like.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from services.intake.domain.guess.columns import Column
from services.intake.tables.reading import UnreadableTable

MOST_HEADER_ROWS = 3
_IMPORT_ID = re.compile(r'\s*\{\s*"ImportId"\s*:\s*"([^"]*)"')
_OLDER = {"ResponseID", "ResponseSet"}  # in the second of two rows
_CODED = re.compile(r"(?P<code>[A-Za-z]\w{0,60}(?:\[\w*\])*)\.\s+(?P<text>.*)", re.DOTALL)
_BRACKETED = re.compile(r"(?P<text>.*?)\s*\[(?P<part>[^\[\]]*)\]\s*", re.DOTALL)
_CODE = re.compile(r"[A-Za-z]\w{0,60}(?:\[\w*\])*")
_STATUS = "Status"
# What Qualtrics writes there of previews and generated answers, as text or as number.
_TRIALS = {"Survey Preview", "Survey Test", "Spam", "Spam Survey Preview", "1", "2", "8", "9"}
_SEEN = "-99"  # what Qualtrics may write where somebody saw a question and left it
_SPACE = re.compile(r"\s+")


@dataclass(frozen=True)
class Header:
    """`columns` know nothing of their contents yet; `rows` is how many rows it takes; `tried` is
    the place of a column that says whether a row is of somebody who only tried the survey out;
    `blank` is a cell that is no answer."""

    columns: tuple[Column, ...]
    rows: int
    tried: int | None = None
    blank: str = ""

    def is_trial(self, cells: Sequence[str]) -> bool:
        return self.tried is not None and cells[self.tried].strip() in _TRIALS

    def answers_in(self, cells: list[str]) -> list[str]:
        if not self.blank or self.blank not in cells:
            return cells
        return ["" if cell == self.blank else cell for cell in cells]


def header_of(first: Sequence[Sequence[str]]) -> Header:
    """Of a table's first MOST_HEADER_ROWS rows, or fewer. Raises UnreadableTable."""
    if not first:
        raise UnreadableTable("The file is empty.")
    names = [_one_line(cell) or f"column {_letters(n)}" for n, cell in enumerate(first[0])]
    _refuse_doubles(names)
    rows = _rows_of_qualtrics(first)
    if not rows:
        return Header(tuple(map(_named, names)), 1)
    questions = [*map(_one_line, first[1]), *[""] * len(names)][: len(names)]
    sources = [*(map(_source, first[2]) if rows == MOST_HEADER_ROWS else ()), *[""] * len(names)]
    columns = map(_of_qualtrics, names, questions, sources[: len(names)])
    tried = next(
        (n for n, pair in enumerate(zip(names, questions, strict=True)) if _STATUS in pair), None
    )
    return Header(tuple(columns), rows, tried, _SEEN)


def _refuse_doubles(names: Sequence[str]) -> None:
    seen: set[str] = set()
    twice = [name for name in names if name in seen or seen.add(name)]  # type: ignore[func-returns-value]
    if twice:
        listed = ", ".join(sorted(set(twice))[:5])
        raise UnreadableTable(
            f"Two columns have the same name: {listed}. Give each column its own in the first row."
        )


def _rows_of_qualtrics(first: Sequence[Sequence[str]]) -> int:
    """How many rows its header has; none where it is not by Qualtrics."""
    if len(first) == MOST_HEADER_ROWS and sum(map(bool, map(_source, first[2]))) * 2 > len(
        first[2]
    ):
        return MOST_HEADER_ROWS
    return 2 if len(first) > 1 and set(first[1]) >= _OLDER else 0


def _source(cell: str) -> str:
    found = _IMPORT_ID.match(cell)
    return found[1] if found else ""


def _of_qualtrics(name: str, question: str, source: str) -> Column:
    """What is asked of several things at once ends with the thing, after a dash."""
    text, dash, part = question.rpartition(" - " if source else "-")
    if dash and "_" in name:
        return Column(name, code=name, question=text, part=part, source=source)
    return Column(name, code=name, question=question or name, source=source)


def _named(name: str) -> Column:
    coded = _CODED.fullmatch(name)
    code, text = (coded["code"], coded["text"]) if coded else (name, name)
    if _CODE.fullmatch(text):  # code alone, whose brackets hold another code
        base, _, sub = text.partition("[")
        return Column(name, code=text, question=base, part=sub.strip("[]"))
    bracketed = _BRACKETED.fullmatch(text)
    if bracketed:
        question = bracketed["text"] or text
        return Column(name, code=code, question=question, part=bracketed["part"].strip())
    return Column(name, code=code, question=text)


def _one_line(cell: str) -> str:
    return _SPACE.sub(" ", cell).strip()


def _letters(place: int) -> str:
    """As a spreadsheet names its columns: A, ..., Z, AA, ..."""
    letters = ""
    place += 1
    while place:
        place, rest = divmod(place - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return letters
