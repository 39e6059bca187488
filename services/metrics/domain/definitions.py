"""The metrics that ship with the product, read from the JSON files in `definitions/`.

A metric is arithmetic over named counters, so that its value at any point of its lattice is a sum
of parts divided by a sum of parts, and never a mean of the parts' own values.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal


class UnknownMetric(LookupError):
    def __init__(self, name: str, known: Iterable[str]) -> None:
        super().__init__(f"There is no metric {name!r}; choose from {', '.join(sorted(known))}.")


@dataclass(frozen=True)
class PublishFrom:
    """A figure may be published once `metric` has reached `value` for the same cell."""

    metric: str
    value: float


@dataclass(frozen=True)
class Metric:
    """One definition; a changed formula is a new `version`, never an edit.

    `counts` names the records whose counters it sums; `numerator` and `denominator` name those
    counters (a count has no denominator). `lattice` lists the combinations of dimensions at which
    it is reported, and `()` is the total.
    """

    name: str
    version: int
    title: str
    unit: str
    kind: Literal["count", "mean", "rate"]
    counts: str
    grain: str
    numerator: tuple[str, ...]
    denominator: tuple[str, ...]
    lattice: tuple[tuple[str, ...], ...]
    publish_from: PublishFrom | None

    def measure(self, counts: Mapping[str, int]) -> tuple[int, int | None]:
        """Numerator and denominator (`None` for a count) of one cell's summed counters."""
        numerator = sum(counts.get(name, 0) for name in self.numerator)
        if self.kind == "count":
            return numerator, None
        return numerator, sum(counts.get(name, 0) for name in self.denominator)


@dataclass(frozen=True)
class OutcomeKind:
    """What is recorded about one person: a category, in a segment of declared dimensions."""

    metric: str
    title: str
    grain: str
    dimensions: tuple[str, ...]
    categories: tuple[str, ...]


def value_of(numerator: int, denominator: int | None) -> float | int | None:
    """A count is its numerator; a rate or mean of nobody is `None`, not zero."""
    if denominator is None:
        return numerator
    return numerator / denominator if denominator else None


@cache
def metrics() -> Mapping[str, Metric]:
    """Every metric by its name."""
    return {row["name"]: _metric(row) for row in _rows("metrics")}


@cache
def outcome_kinds() -> Mapping[str, OutcomeKind]:
    """Every kind of outcome that can be recorded, by its metric's name."""
    return {
        row["metric"]: OutcomeKind(
            **row | {"dimensions": tuple(row["dimensions"]), "categories": tuple(row["categories"])}
        )
        for row in _rows("outcomes")
    }


def metrics_counting(records: str) -> list[Metric]:
    """The metrics that are computed from the counters of these records."""
    return [metric for metric in metrics().values() if metric.counts == records]


@cache
def dimensions() -> frozenset[str]:
    """Every dimension of every lattice."""
    return frozenset(
        name for metric in metrics().values() for point in metric.lattice for name in point
    )


def metric_named(name: str) -> Metric:
    """The definition, or `UnknownMetric` naming those that exist."""
    found = metrics().get(name)
    if found is None:
        raise UnknownMetric(name, metrics())
    return found


def outcome_kind_named(name: str) -> OutcomeKind:
    """What is recorded under this name, or `UnknownMetric`."""
    found = outcome_kinds().get(name)
    if found is None:
        raise UnknownMetric(name, outcome_kinds())
    return found


def _metric(row: dict[str, Any]) -> Metric:
    publish_from = row["publish_from"]
    return Metric(
        **row
        | {
            "numerator": tuple(row["numerator"]),
            "denominator": tuple(row["denominator"]),
            "lattice": tuple(tuple(point) for point in row["lattice"]),
            "publish_from": publish_from and PublishFrom(**publish_from),
        }
    )


def _rows(kind: str) -> list[dict[str, Any]]:
    folder = Path(__file__).with_name("definitions")
    return [
        row
        for file in sorted(folder.glob("*.json"))
        for row in json.loads(file.read_text("utf-8"))[kind]
    ]
