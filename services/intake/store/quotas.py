"""How many of a group have answered, where a survey takes only so many.

A seat is taken by one conditional write before the response is stored, and given back when it was
not: under any load no more are seated than there are seats. Who dies in between leaves a seat
empty; `recount` finds it.
"""

from pymongo import ReturnDocument
from pymongo.database import Database
from pymongo.errors import DuplicateKeyError

from shared.documents import Document

_SCHEMA = 1


class Quotas:
    def __init__(self, database: Database[Document]) -> None:
        self._collection = database["quotas"]

    def ensure_indexes(self) -> None:
        self._collection.create_index("survey")

    def take(self, unit: str, survey: str, group: str, most: int) -> bool:
        """Take a seat; False where `most` are taken."""
        seats = {"_id": f"{survey}.{group}"}
        first = {"unit": unit, "schema": _SCHEMA, "survey": survey, "group": group}
        while True:
            took = self._collection.update_one(
                {**seats, "taken": {"$lt": most}}, {"$inc": {"taken": 1, "v": 1}}
            )
            if took.matched_count:
                return True
            if self._collection.find_one(seats) is not None:
                return False
            try:
                self._collection.insert_one({**seats, **first, "taken": 0, "v": 0})
            except DuplicateKeyError:
                continue  # somebody else was the first

    def give_back(self, survey: str, group: str) -> None:
        self._collection.update_one(
            {"_id": f"{survey}.{group}", "taken": {"$gt": 0}}, {"$inc": {"taken": -1, "v": 1}}
        )

    def taken(self, survey: str) -> dict[str, tuple[int, int]]:
        """By group, how many seats are taken, and the state that this was read in."""
        found = self._collection.find({"survey": survey})
        return {row["group"]: (row["taken"], row["v"]) for row in found}

    def recounted(self, survey: str, group: str, seated: int, state: int) -> bool:
        """Set what was counted, unless a seat was taken or given back since `state`."""
        counted = self._collection.find_one_and_update(
            {"_id": f"{survey}.{group}", "v": state},
            {"$set": {"taken": seated}, "$inc": {"v": 1}},
            return_document=ReturnDocument.AFTER,
        )
        return counted is not None
