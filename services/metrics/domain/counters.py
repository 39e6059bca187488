"""Exact integer counters of everything that one head has folded.

A head is one survey, or one class year of outcomes. Its counters live in full cells (every
dimension at once); the points of a metric's lattice are sums of them. Sums of integers do not
depend on order, so answers and their revisions may arrive in any.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

from services.metrics.domain.definitions import Metric

Cell = tuple[str | None, ...]
Changes = defaultdict[Cell, defaultdict[str, int]]
Count = Callable[[Changes, Mapping[str, Any], int], None]
"""Adds one contribution's `before` (-1) or `after` (+1) to the changes of a batch."""


def synthetic(counter: str) -> str:
    """The name of the counter that says how many of another one's were generated."""
    return f"synthetic {counter}"


@dataclass(frozen=True)
class Figure:
    """What one metric says of one segment of a head; `synthetic` where any of what it counts is."""

    segment: dict[str, str]
    numerator: int
    denominator: int | None
    synthetic: bool


@dataclass
class Counters:
    """Counters by full cell.

    `dimensions` names the places of a cell; a place is `None` where the dimension does not apply
    or was not given. `latest` is the time of the latest event folded, RFC 3339 in UTC.
    """

    dimensions: tuple[str, ...]
    latest: str = ""
    cells: dict[Cell, dict[str, int]] = field(default_factory=dict)

    def apply(self, bodies: Iterable[Mapping[str, Any]], count: Count) -> None:
        """Fold one batch: each body adds its `after` and takes away its `before`."""
        changes: Changes = defaultdict(lambda: defaultdict(int))
        for body in bodies:
            if body["after"] is not None:
                count(changes, body["after"], 1)
            if body["before"] is not None:
                count(changes, body["before"], -1)
            self.latest = max(self.latest, body["at"])
        for cell, amounts in changes.items():
            counts = self.cells.setdefault(cell, {})
            for name, amount in amounts.items():
                counts[name] = counts.get(name, 0) + amount

    def figures(self, metric: Metric, within: Mapping[str, str]) -> Iterator[Figure]:
        """The metric at each point of its lattice.

        `within` holds the dimensions that all of the head shares, such as its survey. A cell that
        lacks one of a point's dimensions is in no segment of that point.
        """
        counted = frozenset(metric.numerator + metric.denominator)
        cells = [(cell, counts) for cell, counts in self.cells.items() if counted & counts.keys()]
        names, shared = self.dimensions + tuple(within), tuple(within.values())
        for point in metric.lattice:
            places = [names.index(name) for name in point]
            totals: dict[tuple[str, ...], defaultdict[str, int]] = {}
            for cell, counts in cells:
                values = cell + shared
                segment = tuple(value for place in places if (value := values[place]) is not None)
                if len(segment) == len(point):
                    total = totals.setdefault(segment, defaultdict(int))
                    for name, amount in counts.items():
                        total[name] += amount
            for segment, total in totals.items():
                yield Figure(
                    dict(zip(point, segment, strict=True)),
                    *metric.measure(total),
                    synthetic=any(total.get(synthetic(name), 0) > 0 for name in counted),
                )

    def pack(self) -> bytes:
        """The state as bytes; each cell's key is the JSON array of its values."""
        return orjson.dumps(
            {
                "dimensions": self.dimensions,
                "latest": self.latest,
                "cells": {orjson.dumps(cell).decode(): row for cell, row in self.cells.items()},
            },
            option=orjson.OPT_SORT_KEYS,
        )

    @classmethod
    def unpack(cls, packed: bytes) -> "Counters":
        state = orjson.loads(packed)
        cells = {tuple(orjson.loads(key)): row for key, row in state["cells"].items()}
        return cls(tuple(state["dimensions"]), state["latest"], cells)
