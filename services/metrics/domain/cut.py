"""A cut: which figures of which heads changed since they were last snapshotted.

A cut is planned once, stored, and only then stamped with the time at which it was known; what it
holds is enough to write the very same snapshots again, so any process can finish it.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from itertools import islice
from typing import Any

from services.metrics.domain.counters import Counters
from services.metrics.domain.definitions import Metric
from services.metrics.domain.period import Period
from services.metrics.domain.snapshot import Lineage, Snapshot, series_of, valid_at


@dataclass(frozen=True)
class Head:
    """What was folded of one survey, or of one class year's outcomes, up to one version;
    `synthetic` where all of it is. What is so in part its counters know."""

    name: str
    version: int
    events: int
    set_hash: str
    period: Period
    within: Mapping[str, str]
    counters: Counters
    latest: datetime
    synthetic: bool


@dataclass
class Mark:
    """What the snapshots already say of a head: its version, and each series' last figure."""

    version: int = 0
    valid_at: str = ""
    figures: dict[str, list[int | None]] = field(default_factory=dict)


@dataclass(frozen=True)
class Row:
    """A figure that changed, as a cut keeps it; `is_new` where its series begins here."""

    series: str
    metric: str
    definition_version: int
    segment: dict[str, str]
    numerator: int
    denominator: int | None
    is_new: bool
    synthetic: bool = False

    @property
    def figure(self) -> list[int | None]:
        return [self.definition_version, self.numerator, self.denominator, int(self.synthetic)]


@dataclass(frozen=True)
class Part:
    """The changed figures of one head in one cut. `complete` when none had to be left for later."""

    lineage: Lineage
    period: Period
    valid_at: datetime
    complete: bool
    rows: list[Row]

    def snapshots(self, recorded_at: datetime) -> Iterator[tuple[Row, Snapshot]]:
        for row in self.rows:
            yield (
                row,
                Snapshot(
                    row.metric,
                    row.definition_version,
                    row.segment,
                    self.period,
                    row.numerator,
                    row.denominator,
                    self.valid_at,
                    recorded_at,
                    self.lineage,
                    row.synthetic,
                ),
            )

    def marked(self, mark: Mark) -> Mark:
        """The mark once this part's snapshots are written."""
        return Mark(
            self.lineage.to_version if self.complete else mark.version,
            self.valid_at.isoformat(),
            mark.figures | {row.series: row.figure for row in self.rows},
        )

    def as_dict(self) -> dict[str, Any]:
        return {
            "lineage": self.lineage.as_dict(),
            "period": [self.period.grain, self.period.year],
            "valid_at": self.valid_at.isoformat(),
            "complete": self.complete,
            "rows": [asdict(row) for row in self.rows],
        }

    @classmethod
    def of_dict(cls, stored: Mapping[str, Any]) -> "Part":
        grain, year = stored["period"]
        return cls(
            Lineage(**stored["lineage"]),
            Period.of_year(year, grain),
            datetime.fromisoformat(stored["valid_at"]),
            stored["complete"],
            [Row(**row) for row in stored["rows"]],
        )


def plan(head: Head, mark: Mark, metrics: Iterable[Metric], now: datetime, most: int) -> Part:
    """The figures of a head that differ from its mark, `most` of them at the most.

    What is left over stays different from the mark and is found by the next cut.
    """
    changed = _changed(head, mark, metrics)
    rows = list(islice(changed, most))
    moment = valid_at(head.period, head.latest, now)
    if mark.valid_at:
        moment = max(moment, datetime.fromisoformat(mark.valid_at))
    since = mark.version if mark.version <= head.version else 0
    return Part(
        Lineage(head.name, since, head.version, head.events, head.set_hash),
        head.period,
        moment,
        complete=next(changed, None) is None,
        rows=rows,
    )


def _changed(head: Head, mark: Mark, metrics: Iterable[Metric]) -> Iterator[Row]:
    for metric in metrics:
        for figure in head.counters.figures(metric, head.within):
            row = Row(
                series_of(metric.name, head.period, figure.segment),
                metric.name,
                metric.version,
                figure.segment,
                figure.numerator,
                figure.denominator,
                is_new=False,
                synthetic=head.synthetic or figure.synthetic,
            )
            last = mark.figures.get(row.series)
            if last is None:
                yield Row(**vars(row) | {"is_new": True})
            elif last != row.figure:
                yield row
