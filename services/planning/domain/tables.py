"""The sufficient statistics of one survey: exact sums that answers are added to and taken from.

Everything planning computes (scores, intervals, ranks, drivers) reads these sums and never an
answer, so its cost is that of the questionnaire, not of the number of people who filled it in.
A change adds its `after` and subtracts its `before`; as sums commute, changes may arrive in any
order, and a count that is negative in between (a revision ahead of its submission) comes right.
"""

import json
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from services.planning.domain.layout import MISREAD, Floats, Ints, Layout, Slot
from services.planning.domain.stratum import Stratum
from services.planning.domain.survey import Item


@dataclass(frozen=True, slots=True)
class Answers:
    """What one respondent of a group said: {item id: value}, as intake sends it."""

    group: str
    answers: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Change:
    """One submission (no before), revision (both) or withdrawal (no after)."""

    before: Answers | None
    after: Answers | None


class Tables:
    """Sums per stratum (for now: per respondent group), all of them int64.

    For strata g, items p, q, variables v, w (importance and satisfaction of a need, the value of
    a rating) and cells c of the items' own tables:
    respondents[g]; misread[g], answers outside their item's scale, which enter no other sum;
    cells[g, c]; pairs[g, p, q], who answered both; sums[g, v, q] of v over those who answered q;
    products[g, v, w]. A need counts as answered here when both its parts are.
    """

    def __init__(self) -> None:
        self._layout = Layout(())
        self._strata: dict[str, int] = {}
        self._sums = _zeros(self._layout, 0)

    @property
    def groups(self) -> tuple[str, ...]:
        return tuple(self._strata)

    def cover(self, items: Iterable[Item]) -> None:
        """Make room for items not seen before. Known items stay where they are."""
        known = {slot.id for slot in self._layout.slots}
        new = tuple(Slot(i.id, i.kind, i.low, i.high) for i in items if i.id not in known)
        if new:
            self._grow(Layout((*self._layout.slots, *new)), tuple(self._strata))

    def apply(self, changes: Iterable[Change]) -> None:
        """Fold a batch. Answers to items that `cover` was never told of are passed over."""
        signed = [
            (sign, side)
            for change in changes
            for sign, side in ((-1, change.before), (1, change.after))
            if side is not None
        ]
        if not signed:
            return
        groups = tuple(dict.fromkeys((*self._strata, *(side.group for _, side in signed))))
        if len(groups) > len(self._strata):
            self._grow(self._layout, groups)
        cells = self._layout.encode([side.answers for _, side in signed])
        weights = np.array([sign for sign, _ in signed], np.int64)
        strata = np.array([self._strata[side.group] for _, side in signed], np.intp)
        self._count(cells, weights, strata)
        self._correlate(cells, weights, strata)

    def _count(self, cells: Ints, weights: Ints, strata: Ints) -> None:
        table = self._sums["cells"]
        np.add.at(self._sums["respondents"], strata, weights)
        np.add.at(self._sums["misread"], strata, weights * (cells == MISREAD).sum(axis=1))
        flat = cells + strata[:, None] * table.shape[1]
        answered = cells >= 0
        spread = np.broadcast_to(weights[:, None], cells.shape)
        table += (
            np.bincount(flat[answered], weights=spread[answered], minlength=table.size)
            .reshape(table.shape)
            .astype(np.int64)
        )

    def _correlate(self, cells: Ints, weights: Ints, strata: Ints) -> None:
        """Float matrix products are exact here: a batch's sums stay far below 2**53."""
        paired, values = self._layout.decode(cells)
        for stratum in np.unique(strata):
            rows = strata == stratum
            mask, value = paired[rows], values[rows]
            signed = weights[rows, None].astype(np.float64)
            self._sums["pairs"][stratum] += _exact(mask.T @ (mask * signed))
            self._sums["sums"][stratum] += _exact(value.T @ (mask * signed))
            self._sums["products"][stratum] += _exact(value.T @ (value * signed))

    def stratum(self, *groups: str) -> Stratum:
        """The sums of these groups together; of everybody when none is named."""
        rows = [self._strata[group] for group in groups or self._strata if group in self._strata]
        merged = {name: array[rows].sum(axis=0) for name, array in self._sums.items()}
        return Stratum(
            layout=self._layout,
            respondents=int(merged["respondents"]),
            misread=int(merged["misread"]),
            cells=merged["cells"],
            pairs=merged["pairs"],
            sums=merged["sums"],
            products=merged["products"],
        )

    def _grow(self, layout: Layout, groups: tuple[str, ...]) -> None:
        grown = _zeros(layout, len(groups))
        for name, array in self._sums.items():
            grown[name][tuple(slice(0, size) for size in array.shape)] = array
        self._layout, self._sums = layout, grown
        self._strata = {group: position for position, group in enumerate(groups)}

    def pack(self) -> bytes:
        """A JSON header line, then the arrays as little-endian int64, deflated."""
        header = {
            "items": [[s.id, s.kind, s.low, s.high] for s in self._layout.slots],
            "strata": list(self._strata),
        }
        arrays = b"".join(array.astype("<i8").tobytes() for array in self._sums.values())
        return zlib.compress(json.dumps(header).encode() + b"\n" + arrays, level=1)

    @classmethod
    def unpack(cls, packed: bytes) -> "Tables":
        header, _, arrays = zlib.decompress(packed).partition(b"\n")
        content = json.loads(header)
        tables = cls()
        tables._grow(
            Layout(tuple(Slot(*item) for item in content["items"])), tuple(content["strata"])
        )
        numbers = np.frombuffer(arrays, "<i8").astype(np.int64)
        ends = np.cumsum([0, *(array.size for array in tables._sums.values())])
        for array, (start, end) in zip(tables._sums.values(), pairwise(ends), strict=True):
            array[...] = numbers[start:end].reshape(array.shape)
        return tables


def _zeros(layout: Layout, strata: int) -> dict[str, Ints]:
    items, variables = len(layout.slots), layout.variables
    shapes = {
        "respondents": (),
        "misread": (),
        "cells": (layout.cells,),
        "pairs": (items, items),
        "sums": (variables, items),
        "products": (variables, variables),
    }
    return {name: np.zeros((strata, *shape), np.int64) for name, shape in shapes.items()}


def _exact(product: Floats) -> Ints:
    return product.astype(np.int64)
