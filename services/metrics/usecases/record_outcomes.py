"""Record what became of people, and correct it when more is known."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from services.metrics.domain.outcome import InvalidOutcome, Outcome
from services.metrics.events import OutcomesRecorded
from services.metrics.store import Store
from services.metrics.store.outcomes import content_of, outcome_id
from shared import times
from shared.chunks import INSERTS, chunks
from shared.documents import Document


class InvalidOutcomes(ValueError):
    """`errors` holds, by the row's position, one sentence per field that is wrong."""

    def __init__(self, errors: Mapping[int, Mapping[str, str]]) -> None:
        super().__init__(f"{len(errors)} rows are wrong; nothing was recorded.")
        self.errors = errors


@dataclass
class Recorded:
    """How many outcomes were new, were changed by what was sent, or were known as sent."""

    recorded: int = 0
    corrected: int = 0
    unchanged: int = 0


def record_outcomes(store: Store, unit: str, rows: Sequence[Mapping[str, Any]]) -> Recorded:
    """Store every row as one outcome, with the event that tells of it.

    A row whose source and key were recorded before corrects that outcome; the same content again
    changes nothing. Raises InvalidOutcomes before anything is stored.
    """
    outcomes = _read(unit, rows)
    now = times.now()
    done = Recorded()
    known = store.outcomes.among(list(outcomes))
    new = [_new(unit, name, outcomes[name], now) for name in outcomes if name not in known]
    for some in chunks(new, INSERTS):
        existed = store.outcomes.documents.insert_many(some)
        done.recorded += len(some) - len(existed)
        known |= store.outcomes.among([some[position][0]["_id"] for position in existed])
    for name, document in known.items():
        if content_of(document) == outcomes[name].content:
            done.unchanged += 1
        else:
            _correct(store, name, outcomes[name], now)
            done.corrected += 1
    return done


def _read(unit: str, rows: Sequence[Mapping[str, Any]]) -> dict[str, Outcome]:
    """Every row checked, by the outcome's id. The same row twice is one."""
    outcomes: dict[str, Outcome] = {}
    first: dict[str, int] = {}
    errors: dict[int, dict[str, str]] = {}
    for position, row in enumerate(rows):
        try:
            outcome = Outcome.read(row)
        except InvalidOutcome as error:
            errors[position] = error.errors
            continue
        name = outcome_id(unit, outcome)
        if outcomes.setdefault(name, outcome) != outcome:
            where = first[name]
            errors[position] = {"key": f"Row {where} says otherwise of this source and key."}
        first.setdefault(name, position)
    if errors:
        raise InvalidOutcomes(errors)
    return outcomes


def _new(
    unit: str, name: str, outcome: Outcome, now: datetime
) -> tuple[Document, list[OutcomesRecorded]]:
    document = {
        "_id": name,
        "unit": unit,
        "schema": 1,
        "metric": outcome.metric,
        "source": outcome.source,
        "key": outcome.key,
        "revision": 1,
        "recorded_at": now,
        "year": outcome.period.year,
        **outcome.content,
    }
    return document, [_event(document, before=None)]


def _correct(store: Store, name: str, outcome: Outcome, now: datetime) -> None:
    def correct(document: Document) -> list[OutcomesRecorded]:
        before = content_of(document)
        if before == outcome.content:
            return []
        document["revision"] += 1
        document["left"] = _left(document, outcome)
        document.update(outcome.content, year=outcome.period.year, recorded_at=now)
        return [_event(document, before)]

    store.outcomes.documents.update(name, correct)


def _left(document: Document, outcome: Outcome) -> list[dict[str, Any]]:
    """The periods in which it counted before, with the revision that took it away."""
    here = {"period": document["period"], "revision": document["revision"]}
    there = outcome.content["period"]
    return [left for left in [*document.get("left", ()), here] if left["period"] != there]


def _event(document: Document, before: Mapping[str, Any] | None) -> OutcomesRecorded:
    after = content_of(document)
    return OutcomesRecorded(
        unit=document["unit"],
        subject=document["_id"],
        outcomes=[
            {
                "metric": document["metric"],
                "key": document["key"],
                "source": document["source"],
                "revision": document["revision"],
                "at": times.rfc3339(document["recorded_at"]),
                "period": after["period"],
                "segment": after["segment"],
                "before": before,
                "after": after,
            }
        ],
    )
