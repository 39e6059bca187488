"""Snapshots, and the series they make.

snapshots  `_id` = series-seq, inserted once and never changed
series     per metric, period and segment, the cut of its latest snapshot
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256

import orjson
from pymongo import ASCENDING, DESCENDING
from pymongo.database import Database

from services.metrics.domain.cut import Row
from services.metrics.domain.snapshot import Snapshot
from shared.chunks import INSERTS, LOOKUPS, chunks
from shared.documents import Document, insert_new

_LAST_CHARACTER = "\U0010ffff"


@dataclass(frozen=True)
class Series:
    """One metric, period and segment; `seq` is the cut of its latest snapshot."""

    id: str
    key: str
    pairs: tuple[str, ...]
    seq: int


class Snapshots:
    def __init__(self, database: Database[Document]) -> None:
        self._snapshots = database["snapshots"]
        self._series = database["series"]

    def ensure_indexes(self) -> None:
        self._snapshots.create_index([("series", ASCENDING), ("seq", ASCENDING)])
        self._snapshots.create_index([("hash", ASCENDING)])
        self._series.create_index([("unit", ASCENDING), ("key", ASCENDING)])
        self._series.create_index([("unit", ASCENDING), ("pairs", ASCENDING), ("key", ASCENDING)])

    def add(self, unit: str, seq: int, made: Iterable[tuple[Row, Snapshot]]) -> None:
        """Write them and point their series to them. Again, or late, changes nothing."""
        for some in chunks(list(made), INSERTS):
            begun = [_series_document(unit, seq, row) for row, _ in some if row.is_new]
            if begun:
                insert_new(self._series, begun)
            insert_new(self._snapshots, [_snapshot_document(unit, seq, *each) for each in some])
            moved = [series_id(unit, row.series) for row, _ in some if not row.is_new]
            for names in chunks(moved, LOOKUPS):
                self._series.update_many({"_id": {"$in": names}}, {"$max": {"seq": seq}})

    def series(self, unit: str, prefix: str, pairs: Sequence[str], start: str) -> Iterator[Series]:
        """Series by key, those that have all these pairs, from the key `start` on."""
        keys = {"$gte": max(prefix, start), "$lt": prefix + _LAST_CHARACTER}
        asked: Document = {"unit": unit, "key": keys} | ({"pairs": pairs[0]} if pairs else {})
        for found in self._series.find(asked).sort("key", ASCENDING):
            if set(pairs) <= set(found["pairs"]):
                yield Series(found["_id"], found["key"], tuple(found["pairs"]), found["seq"])

    def latest(self, series: Sequence[Series], seq: int) -> dict[str, Document]:
        """By series, the latest snapshot of those whose latest is no later than the cut `seq`."""
        names = [f"{each.id}-{each.seq}" for each in series if each.seq <= seq]
        found = self._snapshots.find({"_id": {"$in": names}})
        return {document["series"]: document for document in found}

    def of(self, series: str, first: int, last: int, *, back: bool = False) -> Iterator[Document]:
        """A series' snapshots of the cuts `first` to `last`; `back` begins with the latest."""
        asked = {"series": series, "seq": {"$gte": first, "$lte": last}}
        return iter(self._snapshots.find(asked).sort("seq", DESCENDING if back else ASCENDING))

    def get(self, unit: str, name: str) -> Document | None:
        """By id or by hash."""
        found = self._snapshots.find_one({"_id": name}) or self._snapshots.find_one({"hash": name})
        return found if found and found["unit"] == unit else None


def series_id(unit: str, key: str) -> str:
    return sha256(orjson.dumps([unit, key])).hexdigest()[:32]


def _series_document(unit: str, seq: int, row: Row) -> Document:
    return {
        "_id": series_id(unit, row.series),
        "unit": unit,
        "schema": 1,
        "key": row.series,
        "pairs": [f"{name}:{value}" for name, value in row.segment.items()],
        "seq": seq,
    }


def _snapshot_document(unit: str, seq: int, row: Row, snapshot: Snapshot) -> Document:
    series, content = series_id(unit, row.series), snapshot.content()
    return {
        "_id": f"{series}-{seq}",
        "unit": unit,
        "schema": 1,
        "series": series,
        "seq": seq,
        "valid_at": snapshot.valid_at,
        "hash": content["hash"],
        "content": orjson.dumps(content),
    }
