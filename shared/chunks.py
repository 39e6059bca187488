"""Long lists in commands of bounded size."""

from collections.abc import Iterator, Sequence
from typing import TypeVar

T = TypeVar("T")

INSERTS = 1000
# The embedded database compares each of n ids with all of them: 5,000 ids take .9 s by the
# hundred and 4.7 s by the thousand.
LOOKUPS = 100
# Where each id finds a document or two that are read or changed at once, some twenty cost least.
FEW = 20


def chunks(rows: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    return (rows[start : start + size] for start in range(0, len(rows), size))
