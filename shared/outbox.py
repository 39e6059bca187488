"""The relay: what waits in documents goes to the broker, at least once; then its wait is over."""

import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import timedelta

import structlog
from pymongo.collection import Collection

from shared.bus import AWAY, BATCH
from shared.chunks import FEW, chunks
from shared.documents import Document, Documents, age_of, waiting_under
from shared.event import Outgoing, TooLarge
from shared.loops import repeat

log = structlog.get_logger()

Publish = Callable[[Sequence[Outgoing]], None]
_Due = dict[str, Document]

_BUSY_SECONDS, _IDLE_SECONDS, _AWAY_SECONDS = 0.02, 0.2, 1.0
# A broker that stood still for minutes must not be waited for as long again.
_LONGEST_REST_SECONDS = 1.0
_LONGEST_WRITE = timedelta(days=1)


class Relay:
    """Moves the outboxes of some collections to the broker. Two may run: events are then sent
    twice, which every consumer takes for once."""

    def __init__(self, outboxes: Sequence[Documents], publish: Publish) -> None:
        self._outboxes = outboxes
        self._publish = publish
        self._told: set[str] = set()

    def run(self, stop: threading.Event) -> None:
        """Relay until `stop` is set; what fails is tried again and stays where it is."""
        repeat(
            lambda: self.relay(stop.wait), stop, name="relay", idle=_IDLE_SECONDS,
            busy=_BUSY_SECONDS, after_failure=_AWAY_SECONDS, away=AWAY,
        )  # fmt: skip

    def relay(self, rest: Callable[[float], object] = lambda _: None) -> int:
        """One pass over all that waits, oldest first, in bounded batches; answers how many.

        After each batch it rests for a quarter of the time that it kept the database busy, within
        bounds: whoever waits for an answer to what they just sent comes before what can wait.
        """
        return sum(self._relay(outbox, rest) for outbox in self._outboxes)

    def _relay(self, outbox: Documents, rest: Callable[[float], object]) -> int:
        sent = 0
        began = time.monotonic()
        for tokens in _batches(outbox):
            waits = _found(outbox.waits, tokens, {})
            due = _due(outbox, waits)
            documents, events = self._sendable(due)
            read = time.monotonic()
            self._publish(events)
            published = time.monotonic()
            _empty(outbox, documents)
            _settle(outbox, waits, due, documents)
            sent += len(events)
            busy = time.monotonic() - published + read - began
            rest(min(busy / 4, _LONGEST_REST_SECONDS))
            began = time.monotonic()
        return sent

    def _sendable(self, due: _Due) -> tuple[list[Document], list[Outgoing]]:
        """Those that can be sent, and their events. One that cannot stays where it is, and holds up
        nobody."""
        documents: list[Document] = []
        events: list[Outgoing] = []
        for document in due.values():
            try:
                events += [Outgoing(**event) for event in document.get("outbox", ())]
            except TooLarge as error:
                self._tell(document["_id"], error)
            else:
                documents.append(document)
        return documents, events

    def _tell(self, name: str, error: TooLarge) -> None:
        """Once, not at every pass."""
        if name not in self._told:
            self._told.add(name)
            log.error("relay.too_large", document=name, reason=str(error))


def _batches(outbox: Documents) -> Iterator[list[str]]:
    """The waits of now, oldest first, a batch of documents at a time.

    One look lists the whole backlog, small strings; the documents are read a batch at a time, so
    that hours without a broker do not come back as one answer.
    """
    batch: list[str] = []
    size = 0
    for token in sorted(wait["_id"] for wait in outbox.waits.find({}, {"_id": 1})):
        documents = waiting_under(token)
        if batch and size + documents > BATCH:
            yield batch
            batch, size = [], 0
        batch.append(token)
        size += documents
    if batch:
        yield batch


def _found(
    collection: Collection[Document], names: Sequence[str], fields: dict[str, int]
) -> list[Document]:
    return [
        document
        for some in chunks(names, FEW)
        for document in collection.find({"_id": {"$in": list(some)}}, fields)
    ]


def _due(outbox: Documents, waits: Iterable[Document]) -> _Due:
    """The documents that are written as their waits say."""
    awaited: dict[str, int] = {}
    for wait in waits:
        for name in wait["of"]:
            awaited[name] = min(wait["v"], awaited.get(name, wait["v"]))
    found = _found(outbox.collection, list(awaited), {"v": 1, "outbox": 1})
    return {each["_id"]: each for each in found if each["v"] >= awaited[each["_id"]]}


def _empty(outbox: Documents, sent: Iterable[Document]) -> None:
    """Of documents that changed: what a new one holds is left to its first change."""
    changed: dict[int, list[str]] = {}
    for each in sent:
        if each["v"] > 1 and "outbox" in each:
            changed.setdefault(each["v"], []).append(each["_id"])
    for v, names in changed.items():
        for some in chunks(names, FEW):
            as_read = {"_id": {"$in": list(some)}, "v": v}
            outbox.collection.update_many(as_read, {"$unset": {"outbox": ""}})


def _settle(
    outbox: Documents, waits: Iterable[Document], due: _Due, sent: Iterable[Document]
) -> None:
    """Take away the waits whose documents were all sent. Of another, what is left goes on waiting:
    what cannot be sent, and for a day what is not written; no write is under way for as long."""
    done = {each["_id"]: each["v"] for each in sent}
    over = []
    for wait in waits:
        left = [name for name in wait["of"] if done.get(name, 0) < wait["v"]]
        if age_of(wait["_id"]) > _LONGEST_WRITE:
            left = [name for name in left if name in due]
        if not left:
            over.append(wait["_id"])
        elif left != wait["of"]:
            outbox.waits.update_one({"_id": wait["_id"]}, {"$set": {"of": left}})
    for some in chunks(over, FEW):
        outbox.waits.delete_many({"_id": {"$in": list(some)}})
