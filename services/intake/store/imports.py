"""Imports as documents: who has one in hand, how far it is, and what was refused."""

from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from typing import Any

from pymongo import ReturnDocument
from pymongo.database import Database
from pymongo.errors import DuplicateKeyError

from services.intake.store.surveys import AlreadyCreated
from shared import times
from shared.documents import Document, stamp

_SCHEMA = 1
_HELD = timedelta(seconds=60)
MOST_SHOWN = 100
_LONGEST = 200
WAITING, RUNNING, DONE, CANCELLED, FAILED = "waiting", "running", "done", "cancelled", "failed"
UNDER_WAY = (WAITING, RUNNING)


class NoSuchImport(Exception):
    """No import of this id is there to see."""


@dataclass
class Import:
    """`rows` were looked at so far, `of` so many; `taken` of them are stored, `new` ones of these
    for the first time. `refused` has {row, field, message} of the first rows that were not,
    `refusals` is how many there were; `left_out` has {field, message, rows} of what was left out
    of rows that were taken; with `lenient`, what does not fit is. `digest` tells one request from
    another."""

    id: str
    unit: str
    survey: str
    file: str
    mapping: str | None
    digest: str
    lenient: bool = False
    closes: bool = False
    keeps_file: bool = False
    state: str = WAITING
    rows: int = 0
    of: int = 0
    taken: int = 0
    new: int = 0
    refusals: int = 0
    refused: list[dict[str, Any]] = field(default_factory=list)
    left_out: list[dict[str, Any]] = field(default_factory=list)
    problem: str = ""
    began_at: datetime = field(default_factory=times.now)
    ended_at: datetime | None = None

    def refuse(self, row: int, named: str, message: str) -> None:
        """Note the first thing that is wrong with a row."""
        self.refusals += 1
        if len(self.refused) < MOST_SHOWN:
            self.refused.append({"row": row, "field": named[:_LONGEST], "message": message})


class Imports:
    def __init__(self, database: Database[Document]) -> None:
        self._collection = database["imports"]

    def ensure_indexes(self) -> None:
        self._collection.create_index([("state", 1), ("until", 1)])

    def add(self, job: Import) -> Import:
        """Store a new one; the same request again finds it. Raises AlreadyCreated."""
        fields = asdict(job)
        document = {"_id": fields.pop("id"), "schema": _SCHEMA, **fields}
        try:
            self._collection.insert_one({**document, "holder": None, "until": times.now()})
        except DuplicateKeyError:
            found = self.get(job.unit, job.id)
            if found.digest != job.digest:
                raise AlreadyCreated from None
            return found
        return job

    def get(self, unit: str, name: str) -> Import:
        """Raises NoSuchImport."""
        found = self._collection.find_one({"_id": name})
        if found is None or found["unit"] != unit:
            raise NoSuchImport(name)
        return _import(found)

    def take(self) -> tuple[Import, str] | None:
        """One that waits, or that nobody has in hand any more, and the token of holding it."""
        holder = stamp()
        for state in UNDER_WAY:
            found = self._collection.find_one_and_update(
                {"state": state, "until": {"$lte": times.now()}},
                {"$set": {"state": RUNNING, "holder": holder, "until": times.now() + _HELD}},
                return_document=ReturnDocument.AFTER,
            )
            if found is not None:
                return _import(found), holder
        return None

    def advance(self, job: Import, holder: str) -> bool:
        """Keep how far it is; False where it was cancelled or somebody else has it in hand."""
        return self._write(job, holder, {"until": times.now() + _HELD})

    def release(self, job: Import, holder: str) -> None:
        """For whoever looks next."""
        self._write(job, holder, {"until": times.now()})

    def end(self, job: Import, holder: str, state: str) -> None:
        job.state, job.ended_at = state, times.now()
        self._write(job, holder, {"state": state, "ended_at": job.ended_at})

    def cancel(self, unit: str, name: str) -> Import:
        """Stop it; what is stored stays. Raises NoSuchImport."""
        self.get(unit, name)
        under_way = {"_id": name, "state": {"$in": list(UNDER_WAY)}}
        change = {"state": CANCELLED, "ended_at": times.now()}
        self._collection.update_one(under_way, {"$set": change})
        return self.get(unit, name)

    def _write(self, job: Import, holder: str, more: dict[str, Any]) -> bool:
        progress = ("rows", "taken", "new", "refusals", "refused", "left_out", "problem")
        change = {name: getattr(job, name) for name in progress}
        mine = {"_id": job.id, "state": RUNNING, "holder": holder}
        return self._collection.update_one(mine, {"$set": change | more}).matched_count == 1


def _import(document: Document) -> Import:
    names = Import.__dataclass_fields__.keys() - {"id"}
    return Import(id=document["_id"], **{name: document[name] for name in names})
