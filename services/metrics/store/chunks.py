"""Long lists in commands of bounded size."""

from collections.abc import Iterator, Sequence
from typing import TypeVar

T = TypeVar("T")

SIZE = 1000


def chunks(rows: Sequence[T]) -> Iterator[Sequence[T]]:
    return (rows[start : start + SIZE] for start in range(0, len(rows), SIZE))
