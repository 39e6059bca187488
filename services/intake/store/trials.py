"""Test answers, kept apart from real ones: nobody is told of them, and no figure counts them."""

from collections.abc import Iterator
from typing import Any

from pymongo.database import Database

from shared import times
from shared.documents import Document

_SCHEMA = 1


class Trials:
    def __init__(self, database: Database[Document]) -> None:
        self._collection = database["trials"]

    def ensure_indexes(self) -> None:
        self._collection.create_index("survey")

    def keep(self, unit: str, survey: str, name: str, content: dict[str, Any]) -> None:
        """Again under the same name, it replaces."""
        row = {
            "unit": unit,
            "schema": _SCHEMA,
            "survey": survey,
            "at": times.now(),
            "content": content,
        }
        self._collection.replace_one({"_id": f"{survey}.{name}"}, row, upsert=True)

    def get(self, survey: str, name: str) -> Document | None:
        """`{"group", "profile", "answers"}`."""
        row = self._collection.find_one({"_id": f"{survey}.{name}"})
        return None if row is None else dict(row["content"])

    def erase(self, survey: str, name: str) -> None:
        self._collection.delete_one({"_id": f"{survey}.{name}"})

    def all_of(self, survey: str) -> Iterator[Document]:
        """`{"id", "at", "group", "profile", "answers"}`, in no order."""
        for row in self._collection.find({"survey": survey}):
            name = row["_id"].removeprefix(f"{survey}.")
            yield {"id": name, "at": times.rfc3339(row["at"]), **row["content"]}

    def forget(self, survey: str) -> int:
        """How many there were."""
        return self._collection.delete_many({"survey": survey}).deleted_count
