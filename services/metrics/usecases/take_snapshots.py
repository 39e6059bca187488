"""Cuts: what the heads say at one moment, written so that it can be asked for ever after.

    prepared  the figures that changed are stored in one document, unit/seq; of racing processes
              one gets the number
    sealed    one update stamps it with the database's own time
    expanded  its snapshots are written, and the event that tells of it is in its outbox

After each step any process can go on from what it finds, and does: the next cut and every reader
first complete the cut that is under way. A reader who asks as of T sees that T is past by the
clock that stamps, and then that no cut is under way; any later one is stamped after T. So what
was answered as of T is answered for ever.
"""

import time
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from datetime import timedelta

from services.metrics.domain.cut import Part, plan
from services.metrics.events import SnapshotTaken
from services.metrics.store import Store
from services.metrics.store.cuts import Line, parts_of, recorded_at
from shared import times
from shared.documents import AlreadyThere, Document

MOST_ROWS = 20_000
"""Snapshots of one cut; more wait for the next. Packed, so many stay far below 8 MB."""
MOST_HEADS = 100
"""Surveys and class years that one cut changes: its event names the figures of each."""

_INSTANT = timedelta(milliseconds=1)


def take_snapshots(store: Store, unit: str, most: int = MOST_ROWS) -> Line:
    """Write what differs from its snapshots, in as many cuts as it takes; answers the last."""
    while True:
        line = complete_cuts(store, unit)
        parts = _changed(store, unit, most)
        rows = sum(len(part.rows) for part in parts)
        if rows == 0:
            return line
        with suppress(AlreadyThere):  # another process made this cut; complete that one
            store.cuts.prepare(unit, line.seq + 1, parts, line.recorded_at + _INSTANT)
        if rows < most and _heads(parts) < MOST_HEADS:
            return complete_cuts(store, unit)


class TakeSnapshots:
    """The worker's tick: cuts every unit, `seconds` apart."""

    def __init__(self, store: Store, seconds: float) -> None:
        self._store = store
        self._seconds = seconds
        self._due = 0.0

    def __call__(self) -> None:
        if time.monotonic() < self._due:
            return
        self._due = time.monotonic() + self._seconds
        self._store.heads.fold.wake_all()
        for unit in self._store.heads.units():
            take_snapshots(self._store, unit)


def complete_cuts(store: Store, unit: str) -> Line:
    """Bring the cut that is under way to its end, whoever began it; answers the last one."""
    while True:
        line = store.cuts.line(unit)
        cut = store.cuts.get(unit, line.seq + 1)
        if cut is None:
            return line
        sealed = store.cuts.seal(cut)
        if sealed["state"] == "sealed":
            _expand(store, sealed)
        store.cuts.advance(Line(unit, sealed["seq"], recorded_at(sealed)))


def _changed(store: Store, unit: str, most: int) -> list[Part]:
    """The changed figures of every head that moved on since its mark, `most` in all."""
    parts: list[Part] = []
    now = store.cuts.now(unit)
    for folded in store.heads.of(unit):
        mark = store.cuts.mark(folded.id)
        room = most - sum(len(part.rows) for part in parts)
        # A head that was folded again from nothing has begun to count anew.
        if folded.v != mark.version and room > 0 and _heads(parts) < MOST_HEADS:
            head, metrics = store.heads.to_cut(folded)
            parts.append(plan(head, mark, metrics, now, room))
    return parts


def _heads(parts: Sequence[Part]) -> int:
    """How many of them have anything to say."""
    return sum(1 for part in parts if part.rows)


def _expand(store: Store, sealed: Document) -> None:
    unit, seq, known = sealed["unit"], sealed["seq"], recorded_at(sealed)
    parts = parts_of(sealed)
    for part in parts:
        store.snapshots.add(unit, seq, part.snapshots(known))
    for part in parts:
        store.cuts.move_mark(unit, seq, part)
    changed = Counter((row.metric, part.period) for part in parts for row in part.rows)
    event = SnapshotTaken(
        unit=unit,
        subject=sealed["_id"],
        seq=seq,
        recorded_at=times.rfc3339(known),
        snapshots=sealed["snapshots"],
        changed=[
            {"metric": metric, "period": period.as_dict(), "snapshots": count}
            for (metric, period), count in sorted(changed.items())
        ],
    )

    def expanded(cut: Document) -> list[SnapshotTaken]:
        if cut["state"] == "expanded":
            return []
        cut["state"] = "expanded"
        del cut["parts"]
        return [event]

    store.cuts.documents.update(sealed["_id"], expanded)
