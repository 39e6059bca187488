"""What metrics promises to say."""

from dataclasses import dataclass
from typing import Any, ClassVar

from shared.event import Event


@dataclass(frozen=True)
class OutcomesRecorded(Event):
    """Outcomes came in, or were corrected.

    Each of `outcomes` holds metric, source, key, revision, at, period and segment, and `before`
    and `after`: null, or {period, segment, category, synthetic}. Subject: the outcome's id.
    """

    type: ClassVar[str] = "metrics.outcomes_recorded.v1"
    outcomes: list[dict[str, Any]]


@dataclass(frozen=True)
class SnapshotTaken(Event):
    """A cut is complete: all that it holds can be read as of `recorded_at`.

    `changed` says how many `snapshots` it made of each metric and period. Subject: the cut's id.
    """

    type: ClassVar[str] = "metrics.snapshot_taken.v1"
    seq: int
    recorded_at: str
    snapshots: int
    changed: list[dict[str, Any]]
