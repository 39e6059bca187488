"""Where each item's cells and variables stand in the arrays of `tables`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate
from typing import Any

import numpy as np
import numpy.typing as npt

from services.planning.domain.survey import NEED

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

UNANSWERED = -1
MISREAD = -2
NON_USE = ("unaware", "unused")


@dataclass(frozen=True, slots=True)
class Slot:
    """One item as the arrays know it."""

    id: str
    kind: str
    low: int
    high: int

    @property
    def points(self) -> int:
        return self.high - self.low + 1

    @property
    def cells(self) -> int:
        """A need's rows are importance; its columns satisfaction, then unaware, then unused."""
        return self.points * (self.points + len(NON_USE)) if self.kind == NEED else self.points

    @property
    def variables(self) -> int:
        return 2 if self.kind == NEED else 1

    def codes(self) -> list[tuple[Any, tuple[int, ...] | None]]:
        """Per cell: the answer that falls into it, and its variables' values if it is a pair."""
        scale = range(self.low, self.high + 1)
        if self.kind != NEED:
            return [(value, (value,)) for value in scale]
        cells: list[tuple[Any, tuple[int, ...] | None]] = []
        for importance in scale:
            cells += [((importance, value, None), (importance, value)) for value in scale]
            cells += [((importance, None, use), None) for use in NON_USE]
        return cells


class Layout:
    """The order of items, cells and variables. Items are only ever appended: arrays grow at
    their ends and what is summed stays where it is.
    """

    def __init__(self, slots: tuple[Slot, ...]) -> None:
        self.slots = slots
        self.position = {slot.id: index for index, slot in enumerate(slots)}
        self.first_cell = [0, *accumulate(slot.cells for slot in slots)]
        self.first_variable = [0, *accumulate(slot.variables for slot in slots)]
        self.cells = self.first_cell[-1]
        self.variables = self.first_variable[-1]

    @cached_property
    def _cell_of(self) -> list[tuple[str, dict[Any, int]]]:
        return [
            (slot.id, {code: first + cell for cell, (code, _) in enumerate(slot.codes())})
            for slot, first in zip(self.slots, self.first_cell, strict=False)
        ]

    @cached_property
    def _meaning(self) -> tuple[Ints, Floats, Floats]:
        """item[variable]; paired[cell]; value[part of the item, cell]. The last cell is nothing."""
        item = np.repeat(np.arange(len(self.slots)), [slot.variables for slot in self.slots])
        paired = np.zeros(self.cells + 1)
        value = np.zeros((2, self.cells + 1))
        for slot, first in zip(self.slots, self.first_cell, strict=False):
            for cell, (_, parts) in enumerate(slot.codes(), start=first):
                if parts is not None:
                    paired[cell] = 1
                    value[: len(parts), cell] = parts
        return item, paired, value

    def encode(self, answers: Sequence[Mapping[str, Any]]) -> Ints:
        """(respondents, items): the cell each answer falls into, UNANSWERED or MISREAD."""
        rows = [
            [_cell(given.get(item), codes) for item, codes in self._cell_of] for given in answers
        ]
        return np.array(rows, np.int64).reshape(len(answers), len(self.slots))

    def decode(self, cells: Ints) -> tuple[Floats, Floats]:
        """(respondents, items) whether paired, and (respondents, variables) values, 0 if not."""
        item, paired, value = self._meaning
        part = np.arange(self.variables) - np.array(self.first_variable)[item]
        known = np.where(cells >= 0, cells, self.cells)
        return paired[known], value[part, known[:, item]]


def _cell(answer: Any, codes: dict[Any, int]) -> int:
    if answer is None:
        return UNANSWERED
    if isinstance(answer, Mapping):
        answer = (answer.get("importance"), answer.get("satisfaction"), answer.get("use"))
    try:
        return codes.get(answer, MISREAD)
    except TypeError:  # a list where a number belongs
        return MISREAD
