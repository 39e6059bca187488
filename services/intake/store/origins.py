"""Where surveys came from: how another tool writes the answers to them."""

import orjson
from pymongo.database import Database

from services.intake.domain.origin import Origin
from shared.documents import Document

_SCHEMA = 1


class Origins:
    def __init__(self, database: Database[Document]) -> None:
        self._collection = database["origins"]

    def ensure_indexes(self) -> None:
        """They are looked up by their survey's id alone."""

    def keep(self, unit: str, survey: str, origin: Origin) -> None:
        fields = {
            "unit": unit, "schema": _SCHEMA, "columns": orjson.dumps(origin.columns),
            "codes": orjson.dumps(origin.codes), "divider": origin.divider,
        }  # fmt: skip
        self._collection.update_one({"_id": survey}, {"$set": fields}, upsert=True)

    def forget(self, survey: str) -> None:
        self._collection.delete_one({"_id": survey})

    def of(self, survey: str) -> Origin:
        found = self._collection.find_one({"_id": survey})
        if found is None:
            return Origin()
        columns = orjson.loads(found["columns"]).items()
        return Origin(
            {name: (item, part) for name, (item, part) in columns},
            orjson.loads(found["codes"]) if "codes" in found else {},
            found.get("divider", Origin.divider),
        )
