"""The administrator's query: any metric, segment and period, as known at any time."""

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from itertools import islice

from services.metrics.domain.definitions import metrics
from services.metrics.domain.period import Period
from services.metrics.store import Store
from services.metrics.store.cuts import Line
from services.metrics.store.snapshots import Series
from services.metrics.usecases.take_snapshots import complete_cuts
from shared.documents import Document

_TOGETHER = 100
_PAGES = 64  # of at most 500 snapshots of about a kilobyte each


class NotYetRecorded(ValueError):
    def __init__(self) -> None:
        super().__init__("That time has not come yet; what will be known then is not known now.")


@dataclass(frozen=True)
class Query:
    """What is asked for. `pairs` are `dimension:value`; None stands for any. With `total_only` no
    segment but the total."""

    metric: str | None = None
    pairs: tuple[str, ...] = ()
    total_only: bool = False
    year: int | None = None
    valid_at: datetime | None = None
    history: bool = False


@dataclass(frozen=True)
class Place:
    """Where a page ended: after the snapshot of `key` at the cut `seq`."""

    key: str = ""
    seq: int = 0


def cut_as_of(store: Store, unit: str, moment: datetime | None) -> int:
    """The last cut that was known at `moment`, or by now: 0 when there was none.

    No later cut can change what it answers. Raises NotYetRecorded.
    """
    if moment is None:
        return _last_line(store, unit).seq
    line = store.cuts.reached(unit)
    if moment > line.recorded_at:
        while (now := store.cuts.now(unit)) <= moment:
            if now < moment:
                raise NotYetRecorded
        line = _last_line(store, unit)
    if line.recorded_at <= moment:
        return line.seq
    return bisect_right(
        range(1, line.seq + 1), moment, key=lambda seq: store.cuts.recorded_at(unit, seq)
    )


def _last_line(store: Store, unit: str) -> Line:
    line = store.cuts.reached(unit)
    following = store.cuts.get(unit, line.seq + 1)
    return line if following is None else complete_cuts(store, unit)


def find_snapshots(
    store: Store, unit: str, query: Query, last: int, after: Place | None = None
) -> Iterator[tuple[Place, Document]]:
    """Snapshots up to the cut `last`, by metric, period and segment: the latest of each series,
    or with `history` all of them, oldest first."""
    place = after or Place()
    series = _series(store, unit, query, place)
    while some := list(islice(series, _TOGETHER)):
        yield from (
            _all(store, query, some, last, place)
            if query.history
            else _latest(store, query, some, last, place)
        )


@lru_cache(maxsize=_PAGES)
def find_page(
    store: Store, unit: str, query: Query, last: int, after: Place | None, most: int
) -> list[tuple[Place, Document]]:
    """The first of `find_snapshots`: remembered, since no later cut changes them. Not to be
    written to."""
    return list(islice(find_snapshots(store, unit, query, last, after), most))


def _series(store: Store, unit: str, query: Query, place: Place) -> Iterator[Series]:
    for metric in sorted(metrics()) if query.metric is None else [query.metric]:
        prefix = f"{metric} "
        if query.year is not None:
            prefix += f"{Period.of_year(query.year).end} "
        if prefix + "\U0010ffff" > place.key:
            found = store.snapshots.series(unit, prefix, query.pairs, place.key)
            yield from (each for each in found if not (query.total_only and each.pairs))


def _all(
    store: Store, query: Query, series: list[Series], last: int, place: Place
) -> Iterator[tuple[Place, Document]]:
    for each in series:
        first = place.seq + 1 if each.key == place.key else 1
        for found in store.snapshots.of(each.id, first, last):
            if _is_valid(found, query):
                yield Place(each.key, found["seq"]), found


def _latest(
    store: Store, query: Query, series: list[Series], last: int, place: Place
) -> Iterator[tuple[Place, Document]]:
    left = [each for each in series if each.key != place.key]
    known = store.snapshots.latest(left, last)
    for each in left:
        found = known.get(each.id)
        if found is None or not _is_valid(found, query):
            earlier = store.snapshots.of(each.id, 1, last, back=True)
            found = next((one for one in earlier if _is_valid(one, query)), None)
        if found is not None:
            yield Place(each.key, found["seq"]), found


def _is_valid(snapshot: Document, query: Query) -> bool:
    valid: datetime = snapshot["valid_at"]
    return query.valid_at is None or valid <= query.valid_at
