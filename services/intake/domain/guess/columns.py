"""A column as it was found, what is guessed of it, and the words that both are looked at in."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from services.intake.domain.scales import Scale

SURE, LIKELY, UNSURE = "sure", "likely", "unsure"
OUT = "out"
ROLES = {
    OUT: "left out",
    "group": "who answers: the group",
    "importance": "how important something is",
    "satisfaction": "how satisfied with it",
    "rating": "a rating on its own",
    "overall": "overall satisfaction",
    "nps": "would recommend it, 0 to 10",
    "choice": "one of several answers",
    "choices": "several answers in one cell",
    "mark": "a mark for one of several answers",
    "number": "a number",
    "date": "a date",
    "text": "a comment",
}
SCALED = {"importance", "satisfaction", "rating", "overall"}
MOST_CHOICES = 60
LONGEST_CHOICE = 200
SAMPLES = 3
SHORT = 60
"""Characters of what is shown of a cell, or of a label rather than a sentence."""


@dataclass(frozen=True)
class Column:
    """`name` is what the file calls it, no other the same; `question` and `part` are what was
    asked, and of which of several things; `source` is the tool's own id of it. `contents` is
    {cell: how often}, of all there are or, unless `complete`, of some; `filled` counts the cells
    that are not empty."""

    name: str
    code: str = ""
    question: str = ""
    part: str = ""
    filled: int = 0
    contents: Mapping[str, int] = field(default_factory=dict)
    complete: bool = True
    longest: int = 0
    source: str = ""

    @property
    def text(self) -> str:
        return f"{self.question} {self.part}".strip() or self.name

    @property
    def asked(self) -> tuple[str, str]:
        """The same for all columns of one question."""
        return re.split(r"[\[_]", self.code)[0], self.question

    @cached_property
    def words(self) -> str:
        return spaced(f"{self.name} {self.question} {self.part}")

    def share(self, pattern: re.Pattern[str]) -> float:
        """Of the different contents, how many are of this pattern."""
        if not self.contents:
            return 0.0
        return sum(map(bool, map(pattern.fullmatch, self.contents))) / len(self.contents)

    def is_few(self) -> bool:
        """Whether the same short answers come again and again."""
        most = min(MOST_CHOICES, max(self.filled // 2, 2))
        return self.complete and len(self.contents) <= most and self.longest <= LONGEST_CHOICE

    def is_number(self, more_than: int) -> bool:
        """Whether more than so many different numbers stand here, and nothing else."""
        return len(self.contents) > more_than and self.share(_NUMERIC) == 1


@dataclass(frozen=True)
class Guess:
    """`about` is what is asked, in words; `partner` names the column of the other half of a need;
    `uses` is {cell: "unaware" or "unused"}, `unread` are contents that are taken as no answer."""

    column: str
    role: str
    confidence: str
    reason: str
    about: str = ""
    partner: str | None = None
    scale: Scale | None = None
    uses: Mapping[str, str] = field(default_factory=dict)
    unread: tuple[str, ...] = ()
    profile: bool = False
    personal: bool = False
    samples: tuple[str, ...] = ()


_NUMERIC = re.compile(r"-?\d{1,12}(?:[.]\d{1,6})?", re.ASCII)
_HUMP = re.compile(r"(?<=[a-z])(?=[A-Z])")
_WORD = re.compile(r"[^\W_]+")


def spaced(text: str) -> str:
    """camelCase, snake_case and punctuation as words with one space between them."""
    return " ".join(_WORD.findall(_HUMP.sub(" ", text).casefold()))


def cut(cell: str) -> str:
    return cell if len(cell) <= SHORT else cell[: SHORT - 1] + "…"


def split(cells: Iterable[str], divider: str) -> list[str]:
    """The answers in cells that hold several."""
    return [part for cell in cells for each in cell.split(divider) if (part := each.strip())]
