"""Where surveys came from: which column of another tool's answers is whose."""

from collections.abc import Mapping

import orjson
from pymongo.database import Database

from shared.documents import Document

_SCHEMA = 1

Columns = Mapping[str, tuple[str, str]]
"""{column, as the tool names it: (item, part of it or "")}"""


class Origins:
    def __init__(self, database: Database[Document]) -> None:
        self._collection = database["origins"]

    def ensure_indexes(self) -> None:
        """They are looked up by their survey's id alone."""

    def keep(self, unit: str, survey: str, columns: Columns) -> None:
        fields = {"unit": unit, "schema": _SCHEMA, "columns": orjson.dumps(columns)}
        self._collection.update_one({"_id": survey}, {"$set": fields}, upsert=True)

    def columns(self, survey: str) -> Columns:
        """None are known of a survey that was made here."""
        found = self._collection.find_one({"_id": survey})
        if found is None:
            return {}
        return {name: (item, part) for name, (item, part) in orjson.loads(found["columns"]).items()}
