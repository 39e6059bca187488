"""What was answered so far, by survey, as it was last counted."""

from dataclasses import dataclass
from datetime import datetime

from pymongo.database import Database

from services.intake.domain.summary import Counts
from shared import times
from shared.documents import Document

_SCHEMA = 1


@dataclass(frozen=True)
class Summary:
    """`responses` stood at that time."""

    at: datetime
    responses: int
    counts: Counts


class Summaries:
    def __init__(self, database: Database[Document]) -> None:
        self._collection = database["summaries"]

    def ensure_indexes(self) -> None:
        """By id alone."""

    def keep(self, unit: str, survey: str, responses: int, counts: Counts) -> None:
        # Values of answers are no field names that every database takes, so pairs are kept.
        pairs = [[name, list(found.items())] for name, found in counts.items()]
        row = {"unit": unit, "schema": _SCHEMA, "at": times.now(), "responses": responses}
        self._collection.replace_one({"_id": survey}, {**row, "counts": pairs}, upsert=True)

    def get(self, survey: str) -> Summary | None:
        row = self._collection.find_one({"_id": survey})
        if row is None:
            return None
        counts = {name: dict(found) for name, found in row["counts"]}
        return Summary(row["at"], row["responses"], counts)
