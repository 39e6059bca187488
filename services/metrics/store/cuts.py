"""Cuts, and how far a unit's cuts are complete.

cuts   one document a cut, `_id` = unit/seq, with its event
lines  per unit, the last cut that is complete
marks  per head, what its snapshots already say
"""

import zlib
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

import orjson
from bson import Binary
from pymongo import ReturnDocument
from pymongo.database import Database
from pymongo.errors import DuplicateKeyError

from services.metrics.domain.cut import Mark, Part
from shared.documents import Document, Documents

_NEVER = datetime(1970, 1, 1, tzinfo=UTC)
_REMEMBERED = 10_000


@dataclass(frozen=True)
class Line:
    """The last cut of a unit that is complete: all up to `recorded_at` can be read."""

    unit: str
    seq: int
    recorded_at: datetime


class Cuts:
    def __init__(self, database: Database[Document]) -> None:
        self.documents = Documents(database["cuts"])
        self._lines = database["lines"]
        self._marks = database["marks"]
        self._reached: dict[str, Line] = {}
        self.recorded_at = lru_cache(maxsize=_REMEMBERED)(self._recorded_at)

    def ensure_indexes(self) -> None:
        self.documents.ensure_indexes()

    def line(self, unit: str) -> Line:
        found = self._lines.find_one({"_id": unit}) or {"seq": 0, "recorded_at": _NEVER}
        self._reached[unit] = Line(unit, found["seq"], found["recorded_at"])
        return self._reached[unit]

    def reached(self, unit: str) -> Line:
        """The line as this process last saw it. It has moved since if there is a cut after it."""
        return self._reached.get(unit) or Line(unit, 0, _NEVER)

    def advance(self, line: Line) -> None:
        """Say that the line's cut is complete; does nothing when somebody said so before."""
        reached = {"seq": line.seq, "recorded_at": line.recorded_at}
        self._lines.update_one({"_id": line.unit, "seq": line.seq - 1}, {"$set": reached})

    def now(self, unit: str) -> datetime:
        """The time by the clock that stamps cuts: the database's."""
        asked = None
        while asked is None:
            asked = self._lines.find_one_and_update(
                {"_id": unit},
                {"$currentDate": {"asked_at": True}},
                return_document=ReturnDocument.AFTER,
            )
            if asked is None:
                self._begin(unit)
        return _milliseconds(asked["asked_at"])

    def _begin(self, unit: str) -> None:
        # Not an upsert: of two that race, the embedded database answers one with nothing.
        with suppress(DuplicateKeyError):
            self._lines.insert_one({"_id": unit, "schema": 1, "seq": 0, "recorded_at": _NEVER})

    def get(self, unit: str, seq: int) -> Document | None:
        return self.documents.get(cut_id(unit, seq))

    def prepare(self, unit: str, seq: int, parts: Sequence[Part], earliest: datetime) -> None:
        """Store what a cut will write. Raises AlreadyThere when another process came first."""
        self.documents.insert(
            {
                "_id": cut_id(unit, seq),
                "unit": unit,
                "schema": 1,
                "seq": seq,
                "state": "prepared",
                "earliest": earliest,
                "snapshots": sum(len(part.rows) for part in parts),
                "parts": _packed([part.as_dict() for part in parts]),
            }
        )

    def seal(self, cut: Document) -> Document:
        """Stamp a prepared cut by the database's clock, once; answers it as it is then."""
        sealed = self.documents.collection.find_one_and_update(
            {"_id": cut["_id"], "state": "prepared"},
            {"$set": {"state": "sealed"}, "$currentDate": {"stamped_at": True}, "$inc": {"v": 1}},
            return_document=ReturnDocument.AFTER,
        )
        return sealed or self.documents.collection.find_one({"_id": cut["_id"]}) or cut

    def _recorded_at(self, unit: str, seq: int) -> datetime:
        """When a complete cut was known. Raises LookupError for a cut that was never made."""
        cut = self.documents.collection.find_one({"_id": cut_id(unit, seq)}, {"parts": 0})
        if cut is None:
            raise LookupError(cut_id(unit, seq))
        return recorded_at(cut)

    def mark(self, head: str) -> Mark:
        found = self._marks.find_one({"_id": head})
        if found is None:
            return Mark()
        return Mark(found["version"], found["valid_at"], _unpacked(found["figures"]))

    def move_mark(self, unit: str, seq: int, part: Part) -> None:
        """Note what a cut wrote of a head; does nothing when that is noted already."""
        mark = part.marked(self.mark(part.lineage.head))
        noted = {
            "unit": unit,
            "schema": 1,
            "seq": seq,
            "version": mark.version,
            "valid_at": mark.valid_at,
            "figures": _packed(mark.figures),
        }
        before = {"_id": part.lineage.head, "seq": {"$lt": seq}}
        # Where the mark is at this cut or a later one, nothing matches and the upsert is refused.
        with suppress(DuplicateKeyError):
            self._marks.update_one(before, {"$set": noted}, upsert=True)


def cut_id(unit: str, seq: int) -> str:
    return f"{unit}/{seq}"


def parts_of(cut: Document) -> list[Part]:
    return [Part.of_dict(part) for part in _unpacked(cut["parts"])]


def recorded_at(cut: Document) -> datetime:
    """When a sealed cut was known: the database's time, or the first instant after the cut before
    it where that clock went back."""
    stamped: datetime = max(_milliseconds(cut["stamped_at"]), cut["earliest"])
    return stamped


def _packed(content: Any) -> Binary:
    return Binary(zlib.compress(orjson.dumps(content), 1))


def _unpacked(packed: bytes) -> Any:
    return orjson.loads(zlib.decompress(packed))


def _milliseconds(instant: datetime) -> datetime:
    return instant.replace(microsecond=instant.microsecond // 1000 * 1000)
