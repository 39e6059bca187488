"""What was begun and not sent, kept because somebody asked for a link to go on with.

Only a hash of the link's secret is kept, and the response that is to come of it; and where answers
are kept with an invitation, that. Nothing else says whose it is, and nothing here counts.
"""

from collections.abc import Sequence
from datetime import datetime
from hashlib import sha256

import orjson
from pymongo.database import Database

from shared.documents import Document

_SCHEMA = 1
Fields = Sequence[tuple[str, str]]


class Partials:
    def __init__(self, database: Database[Document]) -> None:
        self._collection = database["partials"]

    def ensure_indexes(self) -> None:
        for name in ("until", "response", "invitation"):
            self._collection.create_index(name)

    def keep(
        self, unit: str, survey: str, secret: str, fields: Fields, until: datetime,
        *, response: str, invitation: str | None,
    ) -> None:  # fmt: skip
        """Until then, or until it is forgotten; again under the same secret, it replaces."""
        row: Document = {
            "unit": unit,
            "schema": _SCHEMA,
            "survey": survey,
            "until": until,
            "response": response,
            "invitation": invitation,
            "fields": orjson.dumps(fields),
        }
        self._collection.replace_one({"_id": _key(survey, secret)}, row, upsert=True)

    def fields(self, survey: str, secret: str, now: datetime) -> list[tuple[str, str]] | None:
        """What was typed, as it was; None where there is nothing, or not any more."""
        row = self._collection.find_one({"_id": _key(survey, secret), "until": {"$gt": now}})
        return None if row is None else _fields(row)

    def about(self, response: str | None, invitation: str | None) -> list[list[tuple[str, str]]]:
        """What was typed of this response, and with this invitation."""
        found = {
            row["_id"]: _fields(row)
            for named in _named(response, invitation)
            for row in self._collection.find(named)
        }
        return list(found.values())

    def forget_about(self, response: str | None, invitation: str | None) -> None:
        for named in _named(response, invitation):
            self._collection.delete_many(named)

    def forget(self, survey: str, secret: str) -> None:
        self._collection.delete_one({"_id": _key(survey, secret)})

    def forget_old(self, now: datetime) -> None:
        self._collection.delete_many({"until": {"$lte": now}})


def _named(response: str | None, invitation: str | None) -> list[Document]:
    names = {"response": response, "invitation": invitation}
    return [{name: value} for name, value in names.items() if value is not None]


def _fields(row: Document) -> list[tuple[str, str]]:
    return [(name, value) for name, value in orjson.loads(row["fields"])]


def _key(survey: str, secret: str) -> str:
    return sha256(f"groundswell begun\0{survey}\0{secret}".encode()).hexdigest()
