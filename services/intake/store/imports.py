"""Imports as documents: who has one in hand, how far it is, and what was refused."""

from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

from pymongo.database import Database

from services.intake.store.surveys import AlreadyCreated
from shared import times
from shared.documents import Document
from shared.jobs import WAITING, Jobs

_SCHEMA = 1
MOST_SHOWN = 100
_LONGEST = 200
_PROGRESS = ("rows", "taken", "new", "refusals", "refused", "left_out", "problem")


@dataclass
class Import:
    """`rows` were looked at so far, `of` so many; `taken` of them are stored, `new` ones of these
    for the first time. `refused` has {row, field, message} of the first rows that were not,
    `refusals` is how many there were; `left_out` has {field, message, rows} of what was left out
    of rows that were taken; with `lenient`, what does not fit is. `digest` tells one request from
    another, `holder` is of whoever has it in hand."""

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
    holder: str | None = None

    @property
    def lease(self) -> Document:
        return {"_id": self.id, "holder": self.holder}

    def refuse(self, row: int, named: str, message: str) -> None:
        """Note the first thing that is wrong with a row."""
        self.refusals += 1
        if len(self.refused) < MOST_SHOWN:
            self.refused.append({"row": row, "field": named[:_LONGEST], "message": message})


class Imports:
    def __init__(self, database: Database[Document]) -> None:
        self.jobs = Jobs(database["imports"], "import")

    def ensure_indexes(self) -> None:
        self.jobs.ensure_indexes()

    def add(self, job: Import) -> Import:
        """Store a new one; the same request again finds it. Raises AlreadyCreated."""
        fields = asdict(job)
        found = _import(self.jobs.add({"_id": fields.pop("id"), "schema": _SCHEMA, **fields}))
        if found.digest != job.digest:
            raise AlreadyCreated
        return found

    def get(self, unit: str, name: str) -> Import:
        """Raises NoSuchJob."""
        return _import(self.jobs.get(unit, name))

    def take(self) -> Import | None:
        """One that waits, or that nobody has in hand any more."""
        found = self.jobs.take()
        return None if found is None else _import(found)

    def advance(self, job: Import) -> None:
        """Keep how far it is. Raises TakenAway."""
        self.jobs.advance(job.lease, **_progress(job))

    def end(self, job: Import, state: str) -> None:
        """Raises TakenAway."""
        self.jobs.end(job.lease, state, **_progress(job))

    def cancel(self, unit: str, name: str) -> Import:
        """Stop it; what is stored stays. Raises NoSuchJob."""
        return _import(self.jobs.cancel(unit, name))


def _progress(job: Import) -> dict[str, Any]:
    return {name: getattr(job, name) for name in _PROGRESS}


def _import(document: Document) -> Import:
    names = Import.__dataclass_fields__.keys() - {"id"}
    return Import(id=document["_id"], **{name: document[name] for name in names})
