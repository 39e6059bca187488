"""What comes of reading another tool's survey."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from services.intake.domain.origin import Origin

TRANSLATED, CHANGED, LEFT_OUT = "translated", "changed", "left out"


class UnreadableFile(ValueError):
    """The file is no survey that can be read; the text says what to do."""


@dataclass(frozen=True)
class Entry:
    """`place` as the other tool names it, what of it is not as it was, and what became of that."""

    place: str
    what: str
    action: str


@dataclass
class Imported:
    """`definition` in our format; `report` lists everything that is not as it was, and the
    conditions that were translated; `columns`, `codes` and `divider` say how the tool writes the
    answers."""

    definition: dict[str, Any] = field(default_factory=dict)
    report: list[Entry] = field(default_factory=list)
    columns: dict[str, tuple[str, str]] = field(default_factory=dict)
    codes: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    divider: str = ","

    @property
    def origin(self) -> Origin:
        return Origin(self.columns, self.codes, self.divider)

    def translated(self, place: str, what: str) -> None:
        self.report.append(Entry(place, what, TRANSLATED))

    def changed(self, place: str, what: str) -> None:
        self.report.append(Entry(place, what, CHANGED))

    def left_out(self, place: str, what: str) -> None:
        self.report.append(Entry(place, what, LEFT_OUT))


Texts = Mapping[str, str]
