"""Group commit: the inserts of many waiting requests in one command.

No delay is added and no thread is kept: whichever request finds the way free writes for all that
wait, and the others wake up with their own answer.
"""

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from pymongo.errors import ConnectionFailure, ServerSelectionTimeoutError

from shared.documents import AlreadyThere, Documents, Encoded

Admission = Callable[[Sequence[str]], dict[str, Exception]]
Overdue = Callable[[Sequence[str]], None]

# What a write may take after its gates were found open, and be sure that they still were.
PATIENCE_SECONDS = 1.0


@dataclass
class _Entry:
    name: str
    gate: str
    document: Encoded
    is_sent: bool = False
    done: bool = False
    error: BaseException | None = None
    woken: threading.Event = field(default_factory=threading.Event)


class GroupCommit:
    """Inserts into one collection, durable when `insert` returns.

    `admit` is asked once a batch, just before the write, about the gates of all its entries and
    answers the closed ones with the error to raise: a rule that must hold at the moment of the
    write, at the price of one look for all of them. When a write took longer than
    PATIENCE_SECONDS after that look, `overdue` is told the gates before anybody is answered that
    it is stored; of one that failed, and may be stored all the same, once the others are answered.
    """

    def __init__(
        self, documents: Documents, admit: Admission, overdue: Overdue, most: int = 64
    ) -> None:
        self._documents = documents
        self._admit = admit
        self._overdue = overdue
        self._most = most
        self._waiting: list[_Entry] = []
        self._is_led = False
        self._mutex = threading.Lock()

    def insert(self, name: str, gate: str, document: Encoded) -> None:
        """Raises AlreadyThere, what `admit` answered, or what the database said of the batch."""
        entry = _Entry(name, gate, document)
        with self._mutex:
            self._waiting.append(entry)
            leads, self._is_led = not self._is_led, True
        if not leads:
            # Woken when the document is stored, or to lead. A lock that all of them took in turn
            # would pass one by one through waiters that have nothing left to do.
            entry.woken.wait()
        if not entry.done:
            self._lead()
        if entry.error is not None:
            raise entry.error

    def _lead(self) -> None:
        """Write what waits, the leader's own entry first; then hand over to who came meanwhile."""
        with self._mutex:
            batch, self._waiting = self._waiting[: self._most], self._waiting[self._most :]
        looked, failed = time.monotonic(), None
        try:
            self._write(batch, looked)
        except BaseException as error:  # noqa: BLE001  # each waiting request answers for itself
            failed = error
            if isinstance(error, ConnectionFailure):
                # Who waits behind would wait out the same absence, one batch after the other.
                with self._mutex:
                    batch, self._waiting = batch + self._waiting, []
            for entry in batch:
                entry.error = error
        for entry in batch:
            entry.done = True
            entry.woken.set()
        with self._mutex:
            if self._waiting:
                self._waiting[0].woken.set()
            else:
                self._is_led = False
        if failed and not isinstance(failed, ServerSelectionTimeoutError):
            self._tell(looked, batch)

    def _write(self, batch: list[_Entry], looked: float) -> None:
        closed = self._admit(sorted({entry.gate for entry in batch}))
        for entry in batch:
            entry.error = closed.get(entry.gate)
        admitted = [entry for entry in batch if entry.error is None]
        if not admitted:
            return
        for entry in admitted:
            entry.is_sent = True
        existed = self._documents.insert_encoded([entry.document for entry in admitted])
        self._tell(looked, admitted)
        for position in existed:
            admitted[position].error = AlreadyThere(admitted[position].name)

    def _tell(self, looked: float, batch: list[_Entry]) -> None:
        gates = sorted({entry.gate for entry in batch if entry.is_sent})
        if gates and time.monotonic() - looked > PATIENCE_SECONDS:
            self._overdue(gates)
