"""Who takes part in a prize draw: addresses alone, kept apart from answers.

They lie sorted in buckets that are all made at once, so that neither a time nor the order of
storing tells who came when, and with which answer.
"""

from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import datetime
from hashlib import sha256

from pymongo.database import Database
from pymongo.errors import DuplicateKeyError

from shared.documents import Document, insert_new

_SCHEMA = 1
_BUCKETS = 64


class DrawOver(Exception):
    """The winners were drawn; nobody can enter, and nobody can draw again."""


@dataclass(frozen=True)
class Draw:
    """The winners, drawn of so many entries with this seed."""

    id: str
    unit: str
    seed: str
    entries: int
    winners: list[str]
    drawn_by: str
    drawn_at: datetime


class Draws:
    def __init__(self, database: Database[Document]) -> None:
        self._buckets = database["draw_entries"]
        self._draws = database["draws"]

    def ensure_indexes(self) -> None:
        self._buckets.create_index([("survey", 1)])

    def enter(self, unit: str, survey: str, address: str) -> None:
        """Once, however often. Raises DrawOver."""
        name = f"{survey}.{sha256(address.encode()).digest()[0] % _BUCKETS}"
        while True:
            if self.get(survey) is not None:
                raise DrawOver("The winners of this draw were drawn already.")
            bucket = self._buckets.find_one({"_id": name})
            if bucket is None:
                self._make_buckets(unit, survey)
                continue
            there = {"_id": name, "addresses": bucket["addresses"]}
            with_it = sorted({*bucket["addresses"], address})
            if self._buckets.update_one(there, {"$set": {"addresses": with_it}}).matched_count:
                return

    def _make_buckets(self, unit: str, survey: str) -> None:
        empty = {"unit": unit, "schema": _SCHEMA, "survey": survey}
        rows = [{"_id": f"{survey}.{n}", **empty, "addresses": []} for n in range(_BUCKETS)]
        insert_new(self._buckets, rows)

    def leave(self, survey: str, address: str) -> None:
        """An address takes part no more, and is on no list of winners."""
        inside = {"survey": survey, "addresses": address}
        self._buckets.update_many(inside, {"$pull": {"addresses": address}})
        self._draws.update_one({"_id": survey}, {"$pull": {"winners": address}})

    def has(self, survey: str, address: str) -> bool:
        """Whether it takes part, or has won."""
        draw = self.get(survey)
        return address in self.addresses(survey) or bool(draw and address in draw.winners)

    def addresses(self, survey: str) -> list[str]:
        found = self._buckets.find({"survey": survey})
        return sorted(address for bucket in found for address in bucket["addresses"])

    def get(self, survey: str) -> Draw | None:
        found = self._draws.find_one({"_id": survey})
        if found is None:
            return None
        names = Draw.__dataclass_fields__.keys() - {"id"}
        return Draw(id=survey, **{name: found[name] for name in names})

    def keep(self, draw: Draw) -> Draw:
        """Keep the winners and forget all others. Killed on the way, it is done by the next call.
        The first draw stands."""
        fields = asdict(draw)
        with suppress(DuplicateKeyError):
            self._draws.insert_one({"_id": fields.pop("id"), "schema": _SCHEMA, **fields})
        self._buckets.delete_many({"survey": draw.id})
        return self.get(draw.id) or draw
