"""One recorded outcome, such as where one graduate went."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from services.metrics.domain.counters import Changes, Count, synthetic
from services.metrics.domain.definitions import OutcomeKind, outcome_kinds
from services.metrics.domain.period import Period

LONGEST = 200
FIELDS = frozenset(
    {
        "source", "key", "metric", "period", "occurred_at", "segment",
        "value", "category", "numerator", "denominator", "synthetic",
    }
)  # fmt: skip


class InvalidOutcome(ValueError):
    """`errors` holds one sentence per field that is wrong."""

    def __init__(self, errors: Mapping[str, str]) -> None:
        super().__init__("; ".join(f"{name}: {text}" for name, text in errors.items()))
        self.errors = dict(errors)


@dataclass(frozen=True)
class Outcome:
    """A category, in a segment and a period; `source` and `key` say whose it is. Where it is
    `synthetic` it was invented, and every figure that counts it says so."""

    source: str
    key: str
    metric: str
    period: Period
    segment: dict[str, str]
    category: str
    synthetic: bool

    @classmethod
    def read(cls, row: Mapping[str, Any]) -> "Outcome":
        """Check one row as it was sent; `InvalidOutcome` names every field that is wrong."""
        kind = outcome_kinds().get(row["metric"]) if isinstance(row.get("metric"), str) else None
        if kind is None:
            raise InvalidOutcome(_unread(row) | {"metric": _one_of("metric", outcome_kinds())})
        errors = _unread(row) | _category(row, kind) | _segment(row.get("segment") or {}, kind)
        period = _period(row, kind, errors)
        if errors or period is None:
            raise InvalidOutcome(errors)
        segment = {name: text.strip() for name, text in (row.get("segment") or {}).items()}
        return cls(
            row["source"].strip(),
            row["key"].strip(),
            kind.metric,
            period,
            {name: segment[name] for name in kind.dimensions if name in segment},
            row["category"],
            row.get("synthetic") or False,
        )

    @property
    def content(self) -> dict[str, Any]:
        """What may be corrected: where this outcome counts, and as what."""
        return {
            "period": self.period.as_dict(),
            "segment": self.segment,
            "category": self.category,
            "synthetic": self.synthetic,
        }


def outcomes_of(kind: OutcomeKind) -> Count:
    """Counts one outcome under its category, in the cell of its segment."""

    def count(changes: Changes, content: Mapping[str, Any], sign: int) -> None:
        segment, category = content["segment"], content["category"]
        counts = changes[tuple(segment.get(name) for name in kind.dimensions)]
        counts[category] += sign
        if content.get("synthetic"):
            counts[synthetic(category)] += sign

    return count


def _unread(row: Mapping[str, Any]) -> dict[str, str]:
    errors = {
        name: f"There is no such field; known are {', '.join(sorted(FIELDS))}."
        for name in row
        if name not in FIELDS
    }
    if type(row.get("synthetic") or False) is not bool:
        errors["synthetic"] = "Give true or false."
    return errors | {
        name: f"Give a text of 1 to {LONGEST} characters."
        for name in ("source", "key")
        if not _is_text(row.get(name))
    }


def _category(row: Mapping[str, Any], kind: OutcomeKind) -> dict[str, str]:
    errors = {
        name: f"{kind.metric} is recorded as a category; leave this out."
        for name in ("value", "numerator", "denominator")
        if row.get(name) is not None
    }
    if row.get("category") not in kind.categories:
        errors["category"] = _one_of("category", kind.categories)
    return errors


def _segment(segment: object, kind: OutcomeKind) -> dict[str, str]:
    if not isinstance(segment, Mapping):
        return {"segment": 'Give an object of dimensions, such as {"college": "Engineering"}.'}
    errors = {}
    for name, text in segment.items():
        if name not in kind.dimensions:
            errors[f"segment.{name}"] = _one_of("dimension", kind.dimensions)
        elif not _is_text(text):
            errors[f"segment.{name}"] = f"Give a text of 1 to {LONGEST} characters."
    return errors


def _period(row: Mapping[str, Any], kind: OutcomeKind, errors: dict[str, str]) -> Period | None:
    """The period given, or the one in which `occurred_at` falls; both must agree."""
    given = [name for name in ("period", "occurred_at") if row.get(name) is not None]
    if not given:
        errors["period"] = "Give a period, or the day it happened as occurred_at."
    periods = []
    for name in given:
        try:
            periods.append(
                Period.parse(row[name], kind.grain)
                if name == "period"
                else Period.containing(_day(row[name]), kind.grain)
            )
        except ValueError as error:
            errors[name] = str(error)
    if len(set(periods)) > 1:
        errors["occurred_at"] = f"That day is not within the period {periods[0].span}."
    return periods[0] if periods else None


def _day(given: object) -> date:
    try:
        if isinstance(given, str):
            return datetime.fromisoformat(given).date()
    except ValueError:
        pass
    raise ValueError("Give a day such as 2015-05-09, or a time as RFC 3339 writes it.")


def _is_text(given: object) -> bool:
    return isinstance(given, str) and 0 < len(given.strip()) <= LONGEST and "\0" not in given


def _one_of(what: str, names: Mapping[str, Any] | tuple[str, ...]) -> str:
    return f"There is no such {what}; choose from {', '.join(names)}."
