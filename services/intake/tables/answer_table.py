"""A file of answers with its mapping: looked through as a whole, and read row by row.

Memory does not grow with the file but for eight bytes or so of each row, by which one that comes
twice is known.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b, sha256
from itertools import islice
from typing import Any, BinaryIO

from services.intake.domain.inert import meant
from services.intake.domain.origin import Origin
from services.intake.tables.headers import MOST_HEADER_ROWS, Header, header_of
from services.intake.tables.mapping import FileMapping
from services.intake.tables.matching import matched
from services.intake.tables.reading import Layout, Row, UnreadableTable, layout_of, rows_of
from services.intake.tables.rows import Answered, row_reader

_MOST_KINDS = 1000  # different mistakes that are told apart
_MOST_GROUPS = 200
_ALL = "(all)"


@dataclass
class Findings:
    """What a file holds.

    mistakes: (column, what is wrong) -> [first line, how many lines]. blanked: (column, value) ->
    how often a value out of its scale was taken as missing, as the mapping says. halves: need ->
    how many rows rate only one of importance and satisfaction; these are left out.
    """

    rows: int = 0
    groups: Counter[str] = field(default_factory=Counter)
    mistakes: dict[tuple[str, str], list[int]] = field(default_factory=dict)
    blanked: Counter[tuple[str, str]] = field(default_factory=Counter)
    halves: Counter[str] = field(default_factory=Counter)

    def note(self, line: int, column: str, message: str) -> None:
        key = (column, message)
        if key not in self.mistakes and len(self.mistakes) >= _MOST_KINDS:
            key = ("(others)", "more mistakes than are told apart here")
        self.mistakes.setdefault(key, [line, 0])[1] += 1

    def add(self, row: "ReadRow") -> None:
        self.rows += 1
        for column, message in (*row.answered.misfits, *row.answered.unfit):
            self.note(row.line, column, message)
        self.blanked.update(row.answered.blanked)
        self.halves.update(row.answered.halves)
        if row.answered.group:
            self.groups[row.answered.group] += 1


@dataclass(frozen=True, slots=True)
class ReadRow:
    """`identity` is the same for the same row of any file, and for no other of this one; `response`
    is the id of the response that it was here, where it was one."""

    number: int
    line: int
    identity: str
    answered: Answered
    response: str = ""


def columns_of(stream: BinaryIO, layout: Layout) -> Header:
    """Raises UnreadableTable."""
    return header_of([row.cells for row in islice(rows_of(stream, layout), MOST_HEADER_ROWS)])


@dataclass(frozen=True)
class AnswerTable:
    """`key` is the same for the same file and mapping, and for no other."""

    stream: BinaryIO
    mapping: FileMapping
    layout: Layout
    header: Header
    key: str

    @classmethod
    def open(cls, stream: BinaryIO, mapping: FileMapping) -> "AnswerTable":
        """Raises UnreadableTable."""
        layout = layout_of(stream, mapping.delimiter)
        return cls.of(stream, layout, columns_of(stream, layout), mapping)

    @classmethod
    def matching(
        cls, stream: BinaryIO, definition: Mapping[str, Any], origin: Origin | None = None
    ) -> "AnswerTable":
        """A table of answers to a survey that is there. Raises UnreadableTable."""
        layout = layout_of(stream)
        header = columns_of(stream, layout)
        return cls.of(stream, layout, header, matched(definition, header.columns, origin))

    @classmethod
    def of(
        cls, stream: BinaryIO, layout: Layout, header: Header, mapping: FileMapping
    ) -> "AnswerTable":
        """Raises UnreadableTable."""
        _refuse_unknown_columns(mapping, [column.name for column in header.columns])
        key = sha256(f"{layout.digest}\0{mapping.canonical}".encode()).hexdigest()
        return cls(stream, mapping, layout, header, key)

    @property
    def names(self) -> list[str]:
        return [column.name for column in self.header.columns]

    @property
    def unread(self) -> tuple[str, ...]:
        """Columns that the mapping does not name."""
        return tuple(name for name in self.names if name not in self.mapping.columns)

    def count(self) -> int:
        """How many rows there are. Raises UnreadableTable where the rest is no CSV."""
        return sum(1 for _ in self._cells())

    def definition(self, findings: Findings) -> dict[str, Any]:
        """The survey that the file answers: its groups are the labelled ones, or those found."""
        groups = list(dict.fromkeys(self.mapping.groups.values())) or sorted(findings.groups)
        return self.mapping.definition(groups)

    def check(self) -> Findings:
        """Reads all rows, and refuses none: every mistake is in what it finds."""
        findings = Findings()
        for row in self.rows():
            findings.add(row)
        if len(findings.groups) > _MOST_GROUPS:
            column = str(self.mapping.group_column)
            findings.note(1, column, f"more than {_MOST_GROUPS} groups: is this the group?")
        return findings

    def rows(self) -> Iterator[ReadRow]:
        """What each row says; one that says nothing that can be understood has its misfits.
        Raises UnreadableTable where the rest is no CSV."""
        names = self.names
        read, identify = row_reader(self.mapping, names), _Identities(self.mapping, names)
        response_at = names.index(str(self.mapping.id_column)) if self.mapping.ours else None
        for row in self._cells():
            if len(row.cells) != len(names):
                text = f"the line has {len(row.cells)} cells, the header {len(names)}"
                answered = Answered(misfits=[(_ALL, text)])
                yield ReadRow(row.number, row.line, "", answered)
                continue
            if self.header.is_trial(row.cells):
                answered = Answered(misfits=[(_ALL, "somebody tried the survey out here")])
                yield ReadRow(row.number, row.line, "", answered)
                continue
            cells = self.header.answers_in(row.cells)
            answered = read([meant(cell) for cell in cells] if self.mapping.ours else cells)
            response = row.cells[response_at].strip() if response_at is not None else ""
            yield ReadRow(row.number, row.line, identify(row, answered), answered, response)

    def _cells(self) -> Iterator[Row]:
        return islice(rows_of(self.stream, self.layout), self.header.rows, None)


class _Identities:
    """What tells a row from others: its id where it has one, else all that it says, and how many
    said the same before."""

    def __init__(self, mapping: FileMapping, names: Sequence[str]) -> None:
        self._column = mapping.id_column
        self._place = None if mapping.id_column is None else names.index(mapping.id_column)
        self._seen: set[int] = set()
        self._again: Counter[int] = Counter()

    def __call__(self, row: Row, answered: Answered) -> str:
        text = "\x1f".join(row.cells) if self._place is None else row.cells[self._place].strip()
        digest = blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()
        short = int(digest[:16], 16)
        if short not in self._seen:
            self._seen.add(short)
            came_before = 0
        else:
            self._again[short] += 1
            came_before = self._again[short]
        if self._column is None:
            return f"{digest}.{came_before}"
        if not text:
            answered.misfits.append((self._column, "no id stands here"))
        elif came_before:
            answered.misfits.append((self._column, "this id stood here before"))
        return f"{digest}.id"


def _refuse_unknown_columns(mapping: FileMapping, header: Sequence[str]) -> None:
    unknown = [column for column in mapping.columns if column not in header]
    if unknown:
        hint = "" if len(header) > 1 else ' Is it separated otherwise? Say it: "delimiter": ";".'
        raise UnreadableTable(
            f"There is no column {', '.join(unknown)}. The file has: {', '.join(header)}.{hint}"
        )
