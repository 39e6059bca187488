"""A figure as it was known at one cut. It never changes; later knowledge makes a new one."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from services.metrics.domain.definitions import value_of
from services.metrics.domain.period import Period

SMALL = 10


@dataclass(frozen=True)
class Lineage:
    """What was folded into a head when the cut was made.

    `from_version` (left out) to `to_version` (taken in) are the head's versions since its last
    cut; `events` and `set_hash` cover everything that it ever folded.
    """

    head: str
    from_version: int
    to_version: int
    events: int
    set_hash: str

    def as_dict(self) -> dict[str, Any]:
        return dict(vars(self))


@dataclass(frozen=True)
class Snapshot:
    """`valid_at` is what time it speaks of, `recorded_at` when it was known; both aware UTC.

    It is `synthetic` where it counts anything that was generated.
    """

    metric: str
    definition_version: int
    segment: Mapping[str, str]
    period: Period
    numerator: int
    denominator: int | None
    valid_at: datetime
    recorded_at: datetime
    source: Lineage
    synthetic: bool

    @property
    def n(self) -> int:
        """People behind the figure: those in the denominator, or those counted."""
        return self.numerator if self.denominator is None else self.denominator

    def content(self) -> dict[str, Any]:
        """The snapshot as people and programs read it, with the hash of all the rest of it."""
        body = {
            "metric": self.metric,
            "definition_version": self.definition_version,
            "segment": dict(self.segment),
            "period": self.period.as_dict(),
            "value": value_of(self.numerator, self.denominator),
            "numerator": self.numerator,
            "denominator": self.denominator,
            "n": self.n,
            "small": self.n < SMALL,
            "suppressed": False,
            "synthetic": self.synthetic,
            "valid_at": rfc3339(self.valid_at),
            "recorded_at": rfc3339(self.recorded_at),
            "source": self.source.as_dict(),
        }
        return body | {"hash": content_hash(body)}


def series_of(metric: str, period: Period, segment: Mapping[str, str]) -> str:
    """What a snapshot and its successors have in common; sorts by metric, period and segment."""
    return f"{metric} {period.end} {period.grain} {canonical(segment).decode()}"


def valid_at(period: Period, latest_event: datetime, now: datetime) -> datetime:
    """The end of the period once it has passed, before that the latest event that was folded."""
    return period.last_moment if period.last_moment < now else min(latest_event, period.last_moment)


def content_hash(body: Mapping[str, Any]) -> str:
    """SHA-256 over the canonical JSON, without a `hash` of its own."""
    bare = {name: value for name, value in body.items() if name != "hash"}
    return hashlib.sha256(canonical(bare)).hexdigest()


def canonical(content: object) -> bytes:
    """JSON with sorted keys and no spaces, UTF-8."""
    return json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def rfc3339(moment: datetime) -> str:
    """UTC to the millisecond."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
