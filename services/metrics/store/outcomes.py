"""Recorded outcomes: one document each, with the events that tell of it."""

from collections.abc import Iterator, Sequence
from hashlib import sha256

import orjson
from pymongo import ASCENDING
from pymongo.database import Database

from services.metrics.domain.outcome import Outcome
from shared.chunks import LOOKUPS, chunks
from shared.documents import Document, Documents


class Outcomes:
    def __init__(self, database: Database[Document]) -> None:
        self.documents = Documents(database["outcomes"])

    def ensure_indexes(self) -> None:
        self.documents.ensure_indexes(("unit", "metric", "_id"), ("unit", "metric", "year", "_id"))

    def among(self, names: Sequence[str]) -> dict[str, Document]:
        """Those of these outcomes that exist, by id."""
        return {
            document["_id"]: document
            for some in chunks(names, LOOKUPS)
            for document in self.documents.collection.find({"_id": {"$in": some}}, {"outbox": 0})
        }

    def all(self) -> Iterator[Document]:
        """Of all units, without their outboxes."""
        return iter(self.documents.collection.find({}, {"outbox": 0}))

    def after(
        self, unit: str, metric: str, year: int | None, name: str, limit: int
    ) -> list[Document]:
        """Outcomes with ids after `name`, of one class year or of all."""
        asked: Document = {"unit": unit, "metric": metric, "_id": {"$gt": name}}
        if year is not None:
            asked["year"] = year
        found = self.documents.collection.find(asked, {"outbox": 0})
        return list(found.sort("_id", ASCENDING).limit(limit))


def content_of(document: Document) -> Document:
    """What may be corrected of an outcome, as it stands: Outcome.content."""
    return {
        "period": document["period"],
        "segment": document["segment"],
        "category": document["category"],
        "synthetic": document.get("synthetic", False),
    }


def outcome_id(unit: str, outcome: Outcome) -> str:
    """The same for whoever records it again."""
    names = [unit, outcome.metric, outcome.source, outcome.key]
    return sha256(orjson.dumps(names)).hexdigest()[:32]
