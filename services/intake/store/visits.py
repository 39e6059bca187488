"""How far people come who begin to answer: which item, and nothing of what they say.

A visit is a random id that a page makes for itself. It is in no answer, and carries no time of day;
of whom it is is known only while the form that was begun in it is kept to go on with.
"""

from collections import Counter
from dataclasses import dataclass, field

from pymongo.database import Database
from pymongo.errors import DuplicateKeyError

from shared.documents import Document

_SCHEMA = 1


@dataclass
class Seen:
    """Of one survey: how many visits ended at which item, how many were completed, and how many of
    those took so many seconds."""

    left_at: Counter[str] = field(default_factory=Counter)
    completed: int = 0
    seconds: Counter[int] = field(default_factory=Counter)


class Visits:
    def __init__(self, database: Database[Document]) -> None:
        self._collection = database["visits"]

    def ensure_indexes(self) -> None:
        self._collection.create_index("survey")

    def reach(self, unit: str, survey: str, visit: str, item: str) -> None:
        """The visit has come to this item; one that is completed stays so."""
        under_way = {"_id": f"{survey}.{visit}", "done": False}
        first = {"unit": unit, "schema": _SCHEMA, "survey": survey}
        try:
            self._collection.update_one(
                under_way, {"$set": {"item": item}, "$setOnInsert": first}, upsert=True
            )
        except DuplicateKeyError:
            return

    def complete(self, unit: str, survey: str, visit: str, seconds: int | None) -> None:
        row = {"unit": unit, "schema": _SCHEMA, "survey": survey, "done": True, "seconds": seconds}
        self._collection.replace_one({"_id": f"{survey}.{visit}"}, row, upsert=True)

    def forget(self, survey: str, visit: str) -> None:
        self._collection.delete_one({"_id": f"{survey}.{visit}"})

    def seen(self, survey: str) -> Seen:
        seen = Seen()
        wanted = {"_id": 0, "done": 1, "item": 1, "seconds": 1}
        for row in self._collection.find({"survey": survey}, wanted):
            if not row["done"]:
                seen.left_at[row["item"]] += 1
                continue
            seen.completed += 1
            if row["seconds"] is not None:
                seen.seconds[row["seconds"]] += 1
        return seen
