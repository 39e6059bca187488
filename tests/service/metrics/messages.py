"""What metrics hears, and short ways to let it hear it."""

from typing import Any
from uuid import uuid4

import orjson

from services.metrics.consumer import handlers
from services.metrics.store import Store
from services.metrics.usecases.find_snapshots import Query, cut_as_of, find_snapshots
from services.metrics.usecases.record_outcomes import record_outcomes
from shared import times
from shared.event import Message, decode

UNIT = "careers"
DEFINITION = {
    "title": {"en": "Needs"},
    "items": [
        {"id": "year", "type": "single_choice"},
        {"id": "advising", "type": "need"},
        {"id": "overall", "type": "rating"},
        {"id": "age", "type": "number"},
    ],
}


def message(event_type: str, subject: str, data: dict[str, Any]) -> Message:
    return Message(
        id=uuid4().hex,
        type=event_type,
        source="/intake",
        subject=subject,
        unit=UNIT,
        time=times.now(),
        data=data,
    )


def published(definition: dict[str, Any] = DEFINITION, version: int = 1) -> Message:
    data = {"version": version, "definition": definition, "opened_at": "2026-09-01T00:00:00.000Z"}
    return message("intake.survey_published.v1", "s1", data)


def response(
    name: str, after: dict | None, before: dict | None = None, revision: int = 1, version: int = 1
) -> Message:
    verb = "withdrawn" if after is None else "submitted" if before is None else "revised"
    data = {
        "survey": "s1",
        "survey_version": version,
        "revision": revision,
        "group": "student",
        "at": f"2026-10-0{revision}T09:00:00.000Z",
        "before": before,
        "after": after,
    }
    return message(f"intake.response_{verb}.v1", name, data)


def answered(satisfaction: int, group: str = "student") -> dict[str, Any]:
    marks = {"importance": 5, "satisfaction": satisfaction}
    return {"group": group, "profile": {}, "answers": {"advising": marks, "age": 44}}


def graduate(key: str, category: str = "military", year: str = "2015", **segment: str) -> dict:
    return {
        "source": "fds",
        "key": key,
        "metric": "nace.first_destination",
        "period": year,
        "segment": segment,
        "category": category,
    }


def deliver(store: Store, *messages: Message) -> None:
    handle = handlers(store)
    for each in messages:
        handle[each.type]([each])


def waiting(store: Store) -> list[Message]:
    """What waits for the relay, of outcomes and of cuts."""
    return [
        decode(event["body"])
        for documents in (store.outcomes.documents, store.cuts.documents)
        for found in documents.collection.find()
        for event in found.get("outbox", [])
    ]


def record(store: Store, *rows: dict) -> None:
    """Record outcomes and fold what is said of them; every time again, as a relay may."""
    record_outcomes(store, UNIT, rows)
    deliver(store, *(each for each in waiting(store) if "outcomes" in each.type))


def figures(store: Store, metric: str, moment: Any = None, **query: Any) -> dict[str, Any]:
    """Numerator and denominator by segment, of the latest snapshots as of `moment`."""
    last = cut_as_of(store, UNIT, moment)
    asked = Query(metric=metric, **query)
    rows = [orjson.loads(row["content"]) for _, row in find_snapshots(store, UNIT, asked, last)]
    return {
        ",".join(row["segment"].values()): (row["numerator"], row["denominator"]) for row in rows
    }
