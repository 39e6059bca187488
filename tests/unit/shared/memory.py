"""A database in memory that stops before and after each command, for tests that crash or interleave
what goes on between two of them."""

import threading
from collections.abc import Callable, Sequence
from typing import Any

import bson
import mongomock
from bson.raw_bson import RawBSONDocument

WRITES = {"insert_one", "insert_many", "update_one", "update_many", "delete_one", "delete_many"}
READS = {"find", "find_one", "distinct"}


class Crash(BaseException):
    """The process died here. No handler of errors sees it."""


def empty() -> Any:
    return mongomock.MongoClient(tz_aware=True)["groundswell"]


class Watched:
    """`database`, telling `step` of every command as "collection.command": before a read, before
    and after a write, and in the middle of one that inserts several documents."""

    def __init__(self, database: Any, step: Callable[[str], None]) -> None:
        self._database = database
        self._step = step

    def __getitem__(self, name: str) -> "WatchedCollection":
        return WatchedCollection(self._database[name], self._step)


class WatchedCollection:
    def __init__(self, collection: Any, step: Callable[[str], None]) -> None:
        self._collection = collection
        self._step = step

    def __getattr__(self, command: str) -> Callable[..., Any]:
        method = getattr(self._collection, command)
        name = f"{self._collection.name}.{command}"

        def call(*arguments: Any, **options: Any) -> Any:
            if command not in WRITES | READS:
                return method(*arguments, **options)
            self._step(name)
            if command == "insert_many":
                arguments = ([_mutable(each) for each in arguments[0]],)
                self._crash_in_the_middle(name, arguments[0])
            answer = method(*arguments, **options)
            if command in WRITES:
                self._step(name)
            return list(answer) if command == "find" else answer

        return call

    def _crash_in_the_middle(self, name: str, documents: Sequence[dict]) -> None:
        try:
            self._step(name)
        except Crash:
            for document in documents[: len(documents) // 2]:
                self._collection.update_one(
                    {"_id": document["_id"]}, {"$setOnInsert": document}, upsert=True
                )
            raise


def _mutable(document: Any) -> dict:
    return bson.decode(document.raw) if isinstance(document, RawBSONDocument) else document


class CrashAt:
    """Dies at step number `at`; `crashed` tells whether it came so far."""

    def __init__(self, at: int) -> None:
        self.left = at
        self.crashed = False

    def __call__(self, _: str) -> None:
        if self.left == 0:
            self.crashed = True
            raise Crash
        self.left -= 1


class Player:
    """Runs `play(step)` on a thread of its own, one step at a time, as the test says."""

    def __init__(self, play: Callable[[Callable[[str], None]], None]) -> None:
        self._go, self._stopped = threading.Semaphore(0), threading.Semaphore(0)
        self._dies = False
        self.next: str | None = "begin"  # the step before which it stands; None when it has ended
        self.error: Exception | None = None
        self._thread = threading.Thread(target=self._run, args=(play,), daemon=True)
        self._thread.start()

    def _run(self, play: Callable[[Callable[[str], None]], None]) -> None:
        self._go.acquire()
        try:
            if not self._dies:
                play(self._step)
        except Crash:
            pass
        except Exception as error:  # noqa: BLE001  # the test looks at it
            self.error = error
        self.next = None
        self._stopped.release()

    def _step(self, name: str) -> None:
        self.next = name
        self._stopped.release()
        self._go.acquire()
        if self._dies:
            raise Crash

    def advance(self) -> None:
        """Let it go to its next step, or to its end."""
        if self.next is not None:
            self._go.release()
            self._stopped.acquire()

    def advance_to(self, name: str) -> None:
        while self.next not in {name, None}:
            self.advance()
        assert self.next == name, f"it ended without a step {name}"

    def finish(self) -> None:
        while self.next is not None:
            self.advance()
        if self.error is not None:
            raise self.error

    def die(self) -> None:
        self._dies = True
        self.advance()
