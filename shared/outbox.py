"""The relay: what waits in documents goes to the broker, at least once, and is then cleared."""

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence

import structlog

from shared.bus import AWAY, BATCH
from shared.chunks import FEW, chunks
from shared.documents import Document, Documents, waiting_under
from shared.event import Outgoing, TooLarge
from shared.loops import repeat

log = structlog.get_logger()

Publish = Callable[[Sequence[Outgoing]], None]

_BUSY_SECONDS, _IDLE_SECONDS, _AWAY_SECONDS = 0.02, 0.2, 1.0
# A broker that stood still for minutes must not be waited for as long again.
_LONGEST_REST_SECONDS = 1.0


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

        After each batch it rests for half as long as the batch kept the database busy, within
        bounds: whoever waits for an answer to what they just sent comes before what can wait.
        """
        return sum(self._relay(outbox, rest) for outbox in self._outboxes)

    def _relay(self, outbox: Documents, rest: Callable[[float], object]) -> int:
        sent = 0
        began = time.monotonic()
        for waits in _batches(outbox):
            among = {"pending": {"$gte": waits[0], "$lte": waits[-1]}}
            found = outbox.collection.find(among, {"pending": 1, "outbox": 1})
            documents, events = self._sendable(found)
            read = time.monotonic()
            self._publish(events)
            published = time.monotonic()
            _clear(outbox, documents)
            sent += len(events)
            busy = time.monotonic() - published + read - began
            rest(min(busy / 2, _LONGEST_REST_SECONDS))
            began = time.monotonic()
        return sent

    def _sendable(self, found: Iterable[Document]) -> tuple[list[Document], list[Outgoing]]:
        """Those that can be sent, and their events. One that cannot stays where it is, and holds up
        nobody."""
        documents: list[Document] = []
        events: list[Outgoing] = []
        for document in found:
            try:
                events += [Outgoing(**event) for event in document["outbox"]]
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
    waiting = outbox.collection.find({"pending": {"$gt": ""}}, {"pending": 1})
    by_wait = sorted(Counter(document["pending"] for document in waiting).items())
    batch: list[str] = []
    size = 0
    for wait, documents in by_wait:
        if batch and size + documents > BATCH:
            yield batch
            batch, size = [], 0
        batch.append(wait)
        size += documents
    if batch:
        yield batch


def _clear(outbox: Documents, documents: Sequence[Document]) -> None:
    """Clear these and no other. A document that came under the same wait after the look keeps its
    outbox: only a wait that was read in full is cleared by its token alone."""
    by_wait: dict[str, list[str]] = {}
    for document in documents:
        by_wait.setdefault(document["pending"], []).append(document["_id"])
    whole = [wait for wait, names in by_wait.items() if len(names) == waiting_under(wait)]
    filters: list[Document] = [{"pending": {"$in": waits}} for waits in chunks(whole, FEW)]
    filters += [
        {"pending": wait, "_id": {"$in": by_wait[wait]}} for wait in by_wait.keys() - set(whole)
    ]
    for each in filters:
        outbox.collection.update_many(each, {"$unset": {"pending": "", "outbox": ""}})
