"""What stands in each column: counted over all rows, in memory that does not grow with them."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import islice

from services.intake.domain.guess.columns import Column

MOST_KINDS = 200  # different contents that are told apart
_LONGEST = 300  # characters of one that is
_SAMPLES = 20
_CELLS_AT_ONCE = 100_000


def with_contents(
    columns: Sequence[Column], rows: Iterable[Sequence[str]]
) -> tuple[tuple[Column, ...], int]:
    """The columns with their contents, and how many rows there are. Rows of another length than
    the header count, but nothing of them is looked at."""
    counting = [_Counting() for _ in columns]
    total = 0
    for some in _batches(iter(rows), max(_CELLS_AT_ONCE // len(columns), 1)):
        total += len(some)
        fitting = [row for row in some if len(row) == len(columns)]
        for column, cells in zip(counting, zip(*fitting, strict=True), strict=False):
            column.add(cells)
    return tuple(map(_filled, columns, counting)), total


def _batches(rows: Iterator[Sequence[str]], at_once: int) -> Iterator[list[Sequence[str]]]:
    while some := list(islice(rows, at_once)):
        yield some


class _Counting:
    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.filled = 0
        self.longest = 0
        self.complete = True

    def add(self, cells: Sequence[str]) -> None:
        if self.complete:
            self._add_all(Counter(cells))
        else:
            self.filled += sum(map(bool, map(str.strip, cells)))
            self.longest = max(self.longest, *map(len, cells))

    def _add_all(self, counts: Counter[str]) -> None:
        stripped: Counter[str] = Counter()
        for cell, n in counts.items():
            stripped[cell.strip()] += n
        del stripped[""]
        if not stripped:
            return
        self.filled += stripped.total()
        self.longest = max(self.longest, *map(len, stripped))
        self.counts.update(stripped)
        if len(self.counts) > MOST_KINDS or self.longest > _LONGEST:
            self.complete = False
            short = {cell[:_LONGEST]: n for cell, n in self.counts.most_common(_SAMPLES)}
            self.counts = Counter(short)


def _filled(column: Column, found: _Counting) -> Column:
    return replace(
        column,
        filled=found.filled,
        contents=dict(found.counts.most_common()),
        complete=found.complete,
        longest=found.longest,
    )
