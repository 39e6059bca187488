"""Documents that carry the events they give rise to.

The state and its events are one atomic write, so neither exists without the other, on any
topology and without a transaction. A document here is a dict with

    _id, unit, schema   whose and which shape it is
    v                   storage version, compared and set by every write
    revision            what HTTP shows as the version; the caller's, never touched here
    outbox, pending     encoded events that wait for the relay, and the token of that wait

The relay clears an outbox only while `pending` is still the token it read, so an event that is
added meanwhile is never cleared unseen.
"""

import os
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
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
    """A database that answers or fails within two seconds. Call it after fork, once a process."""
    client: MongoClient[Document] = MongoClient(
        url,
        tz_aware=True,
        w="majority",
        readConcernLevel="majority",
        serverSelectionTimeoutMS=2000,
        connectTimeoutMS=2000,
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


def token() -> str:
    """A name for one wait of an outbox. Sorts by time, so the oldest wait is the smallest."""
    return f"{time.time_ns() // 1_000_000:013x}{os.urandom(6).hex()}"


def with_outbox(document: Mapping[str, Any], events: Iterable[Event], wait: str) -> Document:
    """A new document, as it is stored: version 1, its events inside it."""
    waiting = [vars(encode(event)) for event in events]
    pending = {"outbox": waiting, "pending": wait} if waiting else {}
    return {**document, "v": 1, **pending}


class Documents:
    """The documents of one collection."""

    def __init__(self, collection: Collection[Document]) -> None:
        self.collection = collection

    def ensure_indexes(self, *keys: Sequence[str]) -> None:
        """The relay's index and the given ones; a name after "-" is descending."""
        self.collection.create_index([("pending", 1)], sparse=True)
        for names in keys:
            self.collection.create_index([(n.lstrip("-"), -1 if n[0] == "-" else 1) for n in names])

    def insert(self, document: Mapping[str, Any], events: Iterable[Event] = ()) -> Document:
        """Store a new document with its events. Raises AlreadyThere."""
        stored = with_outbox(document, events, token())
        try:
            self.collection.insert_one(stored)
        except DuplicateKeyError as error:
            raise AlreadyThere(str(document["_id"])) from error
        return stored

    def insert_many(self, rows: Sequence[tuple[Mapping[str, Any], Sequence[Event]]]) -> set[int]:
        """Store new documents in one command; answers the positions whose id existed before."""
        wait = token()
        encoded = [encoded_document(document, events, wait) for document, events in rows]
        return insert_encoded(self.collection, encoded)

    def get(self, name: str) -> Document | None:
        return self.collection.find_one({"_id": name})

    def update(self, name: str, change: Change) -> Document:
        """Read, apply `change`, write, all or nothing.

        `change` edits the document in place and returns the events; it may run again when another
        writer came first, so it must do nothing else. What it raises leaves the document as it
        was. Raises NotThere, OutboxFull.
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
            document["outbox"], document["pending"] = waiting, token()
        # The relay clears without touching `v`; the version alone decides between writers. A
        # replaced document may carry an outbox that was cleared meanwhile: it is sent twice.
        written = self.collection.replace_one({"_id": document["_id"], "v": read}, document)
        return written.matched_count == 1


def encoded_document(
    document: Mapping[str, Any], events: Iterable[Event], wait: str
) -> RawBSONDocument:
    """The document as BSON, made by whoever asks, so that what BSON refuses fails nobody else."""
    return RawBSONDocument(bson.encode(with_outbox(document, events, wait)))


def insert_encoded(
    collection: Collection[Document], encoded: Sequence[RawBSONDocument]
) -> set[int]:
    """Insert all that are new; answers the positions of those whose id existed before."""
    try:
        collection.insert_many(encoded, ordered=False)
    except BulkWriteError as error:
        failures = (error.details or {}).get("writeErrors", [])
        if any(failure["code"] != _DUPLICATE_KEY for failure in failures):
            raise
        if (error.details or {}).get("writeConcernErrors"):
            raise
        return {failure["index"] for failure in failures}
    return set()
