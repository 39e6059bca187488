"""Work that takes longer than a request, as documents: one worker has a job in hand at a time, says
how far it is, and another goes on when it dies."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from pymongo import ReturnDocument
from pymongo.collection import Collection
from pymongo.errors import DuplicateKeyError

from shared import times
from shared.documents import Document, stamp

WAITING, RUNNING, DONE, CANCELLED, FAILED = "waiting", "running", "done", "cancelled", "failed"
UNDER_WAY = (WAITING, RUNNING)
# Whoever does not say for so long how far it is has died.
_HELD = timedelta(seconds=60)


class NoSuchJob(Exception):
    """No job of this id is there to see; the text is what such a job is called."""


class TakenAway(Exception):
    """Somebody cancelled the job, or another worker has it in hand."""


class Jobs:
    """The jobs of one collection; `state` is one of the five above, the rest is the caller's. One
    is `called` so where it is missed. Whoever took one has its `_id` and `holder` to show."""

    def __init__(self, collection: Collection[Document], called: str) -> None:
        self.collection = collection
        self._called = called

    def ensure_indexes(self) -> None:
        self.collection.create_index([("state", 1), ("until", 1)])

    def add(self, job: Mapping[str, Any]) -> Document:
        """`job` has `_id` and `unit`. The same id again finds the one there is."""
        fresh = {**job, "state": WAITING, "holder": None, "until": times.now()}
        document: Document = {**fresh, "began_at": times.now(), "ended_at": None}
        try:
            self.collection.insert_one(document)
        except DuplicateKeyError:
            return self.get(str(job["unit"]), str(job["_id"]))
        return document

    def get(self, unit: str, name: str) -> Document:
        """Raises NoSuchJob."""
        found = self.collection.find_one({"_id": name})
        if found is None or found["unit"] != unit:
            raise NoSuchJob(self._called)
        return found

    def take(self) -> Document | None:
        """The first that waits, or that nobody has in hand any more; its `holder` is new."""
        for state in UNDER_WAY:
            found = self.collection.find_one_and_update(
                {"state": state, "until": {"$lte": times.now()}},
                {"$set": {"state": RUNNING, "holder": stamp(), "until": times.now() + _HELD}},
                sort=[("until", 1)],
                return_document=ReturnDocument.AFTER,
            )
            if found is not None:
                return found
        return None

    def advance(self, job: Document, **progress: Any) -> None:
        """Keep how far it is. Raises TakenAway."""
        self._write(job, {**progress, "until": times.now() + _HELD})

    def release(self, job: Document, until: datetime | None = None) -> None:
        """For whoever looks next, or first after `until`. Raises TakenAway."""
        self._write(job, {"until": until or times.now()})

    def end(self, job: Document, state: str, **progress: Any) -> None:
        """Raises TakenAway."""
        self._write(job, {**progress, "state": state, "ended_at": times.now()})

    def cancel(self, unit: str, name: str) -> Document:
        """Stop it where it is. Raises NoSuchJob."""
        self.get(unit, name)
        under_way = {"_id": name, "state": {"$in": list(UNDER_WAY)}}
        change = {"state": CANCELLED, "ended_at": times.now()}
        self.collection.update_one(under_way, {"$set": change})
        return self.get(unit, name)

    def begin_anew(self, job: Document) -> None:
        """Take it from whoever has it in hand, as it was read; another begins it again."""
        self._turn(job, {"state": WAITING, "holder": None, "until": times.now()})

    def revoke(self, job: Document, **progress: Any) -> None:
        """What was done, as it was read, counts no more."""
        self._turn(job, {**progress, "state": FAILED})

    def _turn(self, job: Document, change: Mapping[str, Any]) -> None:
        """Nothing, where somebody else was faster."""
        as_it_was = {"_id": job["_id"], "state": job["state"], "holder": job["holder"]}
        self.collection.update_one(as_it_was, {"$set": dict(change)})

    def _write(self, job: Document, change: Mapping[str, Any]) -> None:
        mine = {"_id": job["_id"], "state": RUNNING, "holder": job["holder"]}
        if not self.collection.update_one(mine, {"$set": dict(change)}).matched_count:
            raise TakenAway(str(job["_id"]))
