"""Documents that carry the events they give rise to.

The state and its events are one atomic write, so neither exists without the other, on any
topology and without a transaction. A document here is a dict with

    _id, unit, schema   whose and which shape it is
    v                   storage version, compared and set by every write
    revision            what HTTP shows as the version; the caller's, never touched here
    outbox              encoded events that wait for the relay

Before the write, a wait is noted beside it: which documents, and from which version on. The relay
finds by the waits what is to be sent, so nothing has to be changed in a new document when it was,
which is most of what an embedded database would charge for: only the wait is taken away. An outbox
is emptied when its document changes. Whoever dies between noting and writing leaves a wait for
nothing, which ends with time.
"""

import os
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import bson
from bson.raw_bson import RawBSONDocument
from pymongo import MongoClient
from pymongo.collection import Collection
from pymongo.database import Database
from pymongo.errors import BulkWriteError, DuplicateKeyError

from shared import times
from shared.event import Event, encode

Document = dict[str, Any]
Change = Callable[[Document], Sequence[Event]]

MOST_PENDING = 20
_DUPLICATE_KEY = 11000


class AlreadyThere(Exception):
    """A document with this id exists."""


class NotThere(Exception):
    """No document has this id."""


class OutboxFull(Exception):
    """Too many events of one document wait for the broker; the caller is asked to come back."""


def connect(url: str, database: str) -> Database[Document]:
    """A database that fails within two seconds when it is gone or hangs, and has the time it needs
    while it lives: it is asked twice a second whether it does, on a connection of its own. Call it
    after fork, once a process."""
    client: MongoClient[Document] = MongoClient(
        url,
        tz_aware=True,
        w="majority",
        readConcernLevel="majority",
        # A connection that waits notices within 500 ms more that its server was given up.
        heartbeatFrequencyMS=500,
        connectTimeoutMS=1000,
        serverMonitoringMode="poll",
        serverSelectionTimeoutMS=1200,
        retryReads=False,  # whoever asked is told to come back, sooner than a second wait would end
        maxPoolSize=64,
    )
    return client[database]


def say_alive(database: Database[Document]) -> None:
    """The worker's sign of life."""
    database["heartbeats"].update_one({"_id": "worker"}, {"$set": {"at": times.now()}}, upsert=True)


def worker_seen(database: Database[Document]) -> datetime | None:
    """When the worker last gave a sign of life."""
    heartbeat = database["heartbeats"].find_one({"_id": "worker"})
    return None if heartbeat is None else heartbeat["at"]


def stamp() -> str:
    """A name that nobody else has and that sorts by time."""
    return f"{time.time_ns() // 1_000_000:013x}{os.urandom(6).hex()}"


def token(documents: int) -> str:
    """A name for a wait of so many documents; the oldest wait is the smallest."""
    return f"{stamp()}.{documents}"


def waiting_under(token: str) -> int:
    """How many documents were to wait under this token when it was made."""
    return int(token.rpartition(".")[2])


def age_of(token: str) -> timedelta:
    """How long ago it was made, by the clocks of whoever made it and of this machine."""
    return timedelta(milliseconds=time.time_ns() // 1_000_000 - int(token[:13], 16))


@dataclass(frozen=True)
class Encoded:
    """A new document as BSON; `waits` when there are events in it."""

    name: str
    bson: bytes
    waits: bool


class Documents:
    """The documents of one collection."""

    def __init__(self, collection: Collection[Document]) -> None:
        self.collection = collection
        self.waits = collection.database[f"{collection.name}.waits"]

    def ensure_indexes(self, *keys: Sequence[str]) -> None:
        """A name after "-" is descending."""
        for names in keys:
            self.collection.create_index([(n.lstrip("-"), -1 if n[0] == "-" else 1) for n in names])

    def insert(self, document: Mapping[str, Any], events: Iterable[Event] = ()) -> None:
        """Store a new document with its events. Raises AlreadyThere."""
        new = _new(document, events)
        if "outbox" in new:
            self._note([str(new["_id"])], 1)
        try:
            self.collection.insert_one(new)
        except DuplicateKeyError as error:
            raise AlreadyThere(str(new["_id"])) from error

    def insert_many(self, rows: Sequence[tuple[Mapping[str, Any], Sequence[Event]]]) -> set[int]:
        """Store new documents in one command; answers the positions whose id existed before."""
        return self.insert_encoded([encoded_document(*row) for row in rows])

    def insert_encoded(self, new: Sequence[Encoded]) -> set[int]:
        """Store new documents in one command; answers as insert_new does."""
        self._note([each.name for each in new if each.waits], 1)
        return insert_new(self.collection, [RawBSONDocument(each.bson) for each in new])

    def get(self, name: str) -> Document | None:
        return self.collection.find_one({"_id": name})

    def update(self, name: str, change: Change) -> Document:
        """Read, apply `change`, write, all or nothing.

        `change` edits the document in place and returns the events; it may run again when another
        writer came first, so it must do nothing else. What it raises leaves the document as it
        was. Raises NotThere, OutboxFull, TooLarge.
        """
        while True:
            document = self.get(name)
            if document is None:
                raise NotThere(name)
            before = bson.encode(document)
            read = document["v"]
            events = change(document)
            if bson.encode(document) == before and not events:
                return document
            if self._replace(document, read, events):
                return document

    def _replace(self, document: Document, read: int, events: Sequence[Event]) -> bool:
        waiting = document.get("outbox", []) + _outbox(events)
        if len(waiting) > MOST_PENDING:
            raise OutboxFull(str(document["_id"]))
        document["v"] = read + 1
        if waiting:
            document["outbox"] = waiting
        if events:
            self._note([document["_id"]], read + 1)
        # The relay empties without touching `v`; the version alone decides between writers. A
        # replaced document may carry events that were sent meanwhile: they are sent twice.
        written = self.collection.replace_one({"_id": document["_id"], "v": read}, document)
        return written.matched_count == 1

    def _note(self, names: Sequence[str], v: int) -> None:
        """From version `v` on these have something to send."""
        if names:
            self.waits.insert_one({"_id": token(len(names)), "v": v, "of": list(names)})


def _outbox(events: Iterable[Event]) -> list[dict[str, Any]]:
    return [vars(encode(event)) for event in events]


def _new(document: Mapping[str, Any], events: Iterable[Event]) -> Document:
    outbox = _outbox(events)
    return {**document, "v": 1, **({"outbox": outbox} if outbox else {})}


def encoded_document(document: Mapping[str, Any], events: Iterable[Event] = ()) -> Encoded:
    """A new document as it is stored: version 1, its events inside it. Made by whoever asks, so
    that what BSON refuses fails nobody else."""
    new = _new(document, events)
    return Encoded(str(new["_id"]), bson.encode(new), "outbox" in new)


def insert_new(
    collection: Collection[Document], rows: Sequence[Document | RawBSONDocument]
) -> set[int]:
    """Insert all that are new; answers the positions of those whose id existed before."""
    try:
        collection.insert_many(rows, ordered=False)
    except BulkWriteError as error:
        failures = (error.details or {}).get("writeErrors", [])
        if any(failure["code"] != _DUPLICATE_KEY for failure in failures):
            raise
        if (error.details or {}).get("writeConcernErrors"):
            raise
        return {failure["index"] for failure in failures}
    return set()
