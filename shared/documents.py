"""Documents that carry the events they give rise to.

The state and its events are one atomic write, so neither exists without the other, on any
topology and without a transaction. A document here is a dict with

    _id, unit, schema   whose and which shape it is
    v                   storage version, compared and set by every write
    revision            what HTTP shows as the version; the caller's, never touched here
    outbox, pending     encoded events that wait for the relay, and the token of that wait

Documents of one command wait under one token, which says how many they are. The relay clears an
outbox only while `pending` is still the token it read, so an event that is added meanwhile is
never cleared unseen.
"""

import os
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
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
    """A name for the wait of so many outboxes; the oldest wait is the smallest."""
    return f"{stamp()}.{documents}"


def waiting_under(token: str) -> int:
    """How many documents were to wait under this token when it was made."""
    return int(token.rpartition(".")[2])


@dataclass(frozen=True)
class Encoded:
    """A new document as BSON; the token of its wait is added when it is written."""

    bson: bytes
    waits: bool

    def stored(self, wait: str) -> RawBSONDocument:
        if not self.waits:
            return RawBSONDocument(self.bson)
        pending = bson.encode({"pending": wait})[4:-1]
        length = (len(self.bson) + len(pending)).to_bytes(4, "little")
        return RawBSONDocument(length + self.bson[4:-1] + pending + b"\0")


class Documents:
    """The documents of one collection."""

    def __init__(self, collection: Collection[Document]) -> None:
        self.collection = collection

    def ensure_indexes(self, *keys: Sequence[str]) -> None:
        """The relay's index and the given ones; a name after "-" is descending."""
        self.collection.create_index([("pending", 1)], sparse=True)
        for names in keys:
            self.collection.create_index([(n.lstrip("-"), -1 if n[0] == "-" else 1) for n in names])

    def insert(self, document: Mapping[str, Any], events: Iterable[Event] = ()) -> None:
        """Store a new document with its events. Raises AlreadyThere."""
        stored = _new(document, events)
        if "outbox" in stored:
            stored["pending"] = token(1)
        try:
            self.collection.insert_one(stored)
        except DuplicateKeyError as error:
            raise AlreadyThere(str(document["_id"])) from error

    def insert_many(self, rows: Sequence[tuple[Mapping[str, Any], Sequence[Event]]]) -> set[int]:
        """Store new documents in one command; answers the positions whose id existed before."""
        return insert_encoded(self.collection, [encoded_document(*row) for row in rows])

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
        waiting = document.get("outbox", []) + [vars(encode(event)) for event in events]
        if len(waiting) > MOST_PENDING:
            raise OutboxFull(str(document["_id"]))
        document["v"] = read + 1
        if waiting:
            document["outbox"], document["pending"] = waiting, token(1)
        # The relay clears without touching `v`; the version alone decides between writers. A
        # replaced document may carry an outbox that was cleared meanwhile: it is sent twice.
        written = self.collection.replace_one({"_id": document["_id"], "v": read}, document)
        return written.matched_count == 1


def _new(document: Mapping[str, Any], events: Iterable[Event]) -> Document:
    outbox = [vars(encode(event)) for event in events]
    return {**document, "v": 1, **({"outbox": outbox} if outbox else {})}


def encoded_document(document: Mapping[str, Any], events: Iterable[Event] = ()) -> Encoded:
    """A new document as it is stored: version 1, its events inside it. Made by whoever asks, so
    that what BSON refuses fails nobody else."""
    new = _new(document, events)
    return Encoded(bson.encode(new), "outbox" in new)


def insert_encoded(collection: Collection[Document], encoded: Sequence[Encoded]) -> set[int]:
    """Insert all that are new, to wait under one token; answers as insert_new does."""
    wait = token(sum(each.waits for each in encoded))
    return insert_new(collection, [each.stored(wait) for each in encoded])


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
