"""The embedded broker: AMQP's queues in one sqlite file.

A message is published when its transaction is on disk, leased while a consumer works on it, and
deleted when acknowledged. Publishing syncs at each commit; leases and acknowledgements do not,
because losing one to a power cut only delivers the message again.
"""

import functools
import os
import secrets
import sqlite3
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import closing
from dataclasses import astuple
from pathlib import Path
from typing import Any, NamedTuple
from weakref import WeakValueDictionary

from amqp.exceptions import NotFound

from shared import sqlite_topology
from shared.processes import Process
from shared.sqlite_topology import Topology

LEASE_SECONDS = 60.0  # for owners whose process cannot be looked up from here
CHECK_SECONDS = 1.0  # between two looks for owners that are gone
BUSY_SECONDS = 30.0

# AUTOINCREMENT never gives an id twice: a late acknowledgement cannot delete another message.
SCHEMA = """
CREATE TABLE owner (
    id INTEGER PRIMARY KEY, boot TEXT, namespace TEXT, pid INTEGER, started TEXT, expires REAL
);
CREATE TABLE message (
    id INTEGER PRIMARY KEY AUTOINCREMENT, queue TEXT NOT NULL, owner INTEGER,
    returns INTEGER NOT NULL DEFAULT 0,
    exchange TEXT NOT NULL, routing_key TEXT NOT NULL, envelope TEXT NOT NULL, body BLOB NOT NULL
);
CREATE INDEX ready ON message (queue) WHERE owner IS NULL;
CREATE INDEX leased ON message (owner) WHERE owner IS NOT NULL;
"""

# Steps of the wall clock must not expire leases, and time asleep must count.
boot_clock: Callable[[], float] = functools.partial(
    time.clock_gettime, getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
)


# By owner, this process' own ways into files. What others of this process have leased is nobody's:
# a file that was locked for long could not be told when they were closed.
_open: WeakValueDictionary[int, "Broker"] = WeakValueDictionary()


class Letter(NamedTuple):
    """What is published; `envelope` is the JSON of its properties and headers."""

    exchange: str
    routing_key: str
    envelope: str
    body: bytes


class Delivery(NamedTuple):
    """What is leased; `returns` counts how often it was delivered and came back before."""

    id: int
    returns: int
    letter: Letter


class Broker:
    """One channel's way into the file, for one thread at a time; a forked child gets its own."""

    def __init__(
        self,
        path: str | Path,
        clock: Callable[[], float] = boot_clock,
        identify: Callable[[], Process] = Process.current,
    ) -> None:
        self._path = Path(path)
        self._clock = clock
        self._identify = identify
        self._inherited: list[dict[str, sqlite3.Connection]] = []
        self._known: Topology | None = None
        self._enter_process()

    def _enter_process(self) -> None:
        self._pid = os.getpid()
        self._process = self._identify()
        self._owner = secrets.randbits(62)
        _open[self._owner] = self
        self._connections: dict[str, sqlite3.Connection] = {}
        self._empty_at: dict[str, int] = {}
        self._next_check = 0.0

    def define(self, change: Callable[..., int], *arguments: Any) -> int:
        """Carry out one of sqlite_topology's changes; all processes see it from then on."""
        with self._begin("FULL") as db:
            changed = change(db, *arguments)
            if changed:
                (version,) = db.execute("PRAGMA user_version").fetchone()
                db.execute(f"PRAGMA user_version = {version + 1}")
        return changed

    def topology(self) -> Topology:
        return self._topology(self._connection("NORMAL"))

    def size(self, queue: str) -> int:
        """How many messages are ready; raises NotFound for a queue that was not declared."""
        self.topology().arguments(queue)
        count = "SELECT count(*) FROM message WHERE queue = ? AND owner IS NULL"
        return int(self._connection("NORMAL").execute(count, (queue,)).fetchone()[0])

    def purge(self, queue: str) -> int:
        with self._begin("FULL") as db:
            delete = "DELETE FROM message WHERE queue = ? AND owner IS NULL"
            return db.execute(delete, (queue,)).rowcount

    def publish(self, letters: Sequence[Letter]) -> list[bool]:
        """Put all letters into all their queues, on disk; tells of each whether it has any."""
        with self._begin("FULL") as db:
            topology = self._topology(db)
            routes = [topology.route(x.exchange, x.routing_key) for x in letters]
            db.executemany(
                "INSERT INTO message (queue, exchange, routing_key, envelope, body)"
                " VALUES (?, ?, ?, ?, ?)",
                [(q, *x) for x, queues in zip(letters, routes, strict=True) for q in queues],
            )
        return [bool(queues) for queues in routes]

    def lease(self, queue: str, limit: int) -> list[Delivery]:
        """Up to `limit` ready messages, oldest first, that nobody else gets meanwhile."""
        now = self._clock()
        if now >= self._next_check:
            self._next_check = now + CHECK_SECONDS
            self._release_abandoned(now)
        db = self._connection("NORMAL")
        # It changes with each commit of another connection, so an idle poll ends here.
        (version,) = db.execute("PRAGMA data_version").fetchone()
        if self._empty_at.get(queue) == version:
            return []
        ready = "SELECT id FROM message WHERE queue = ? AND owner IS NULL ORDER BY id LIMIT ?"
        if not db.execute(ready, (queue, 1)).fetchone():
            self._empty_at[queue] = version
            return []
        with self._begin("NORMAL"):
            signature = (self._owner, *astuple(self._process), now + LEASE_SECONDS)
            db.execute("INSERT OR REPLACE INTO owner VALUES (?, ?, ?, ?, ?, ?)", signature)
            rows = db.execute(
                f"UPDATE message SET owner = ? WHERE id IN ({ready})"  # noqa: S608
                " RETURNING id, returns, exchange, routing_key, envelope, body",
                (self._owner, queue, limit),
            ).fetchall()
        return [Delivery(row[0], row[1], Letter(*row[2:])) for row in sorted(rows)]

    def acknowledge(self, ids: Iterable[int]) -> None:
        with self._begin("NORMAL") as db:
            delete = "DELETE FROM message WHERE id = ? AND owner = ?"
            db.executemany(delete, [(each, self._owner) for each in ids])

    def give_back(self, ids: Iterable[int], *, delivered: bool) -> None:
        """Make them ready again in their places, or dead past their queue's x-delivery-limit."""
        with self._begin("NORMAL") as db:
            self._return(db, ids, self._owner, delivered=delivered)

    def reject(self, ids: Iterable[int]) -> None:
        """Move them to where their queue's x-dead-letter-exchange leads, or drop them."""
        with self._begin("NORMAL") as db:
            for each in ids:
                if self._unlease(db, each, self._owner):
                    self._bury(db, each, "rejected")

    def close(self) -> None:
        """Give back what is still leased and close the connections; no use after a fork. Where the
        file cannot be told, the next of this process to lease from it gives it back."""
        if self._pid != os.getpid():
            return
        _open.pop(self._owner, None)
        try:
            if "NORMAL" in self._connections:
                with self._begin("NORMAL") as db:
                    self._release(db, self._owner)
        finally:
            while self._connections:
                self._connections.popitem()[1].close()

    def _connection(self, synchronous: str) -> sqlite3.Connection:
        if self._pid != os.getpid():
            # sqlite connections must be neither used nor closed on the far side of a fork.
            self._inherited.append(self._connections)
            self._enter_process()
        if synchronous not in self._connections:
            if not self._path.exists():
                _create(self._path)
            db = sqlite3.connect(
                self._path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False
            )
            db.execute(f"PRAGMA synchronous = {synchronous}")
            self._connections[synchronous] = db
        return self._connections[synchronous]

    def _begin(self, synchronous: str) -> sqlite3.Connection:
        """For a `with` statement, which commits or rolls back."""
        db = self._connection(synchronous)
        db.execute("BEGIN IMMEDIATE")
        return db

    def _topology(self, db: sqlite3.Connection) -> Topology:
        self._known = Topology.read(db, self._known)
        return self._known

    def _release_abandoned(self, now: float) -> None:
        owners = self._connection("NORMAL").execute("SELECT * FROM owner").fetchall()
        for owner, boot, namespace, pid, started, expires in owners:
            process = Process(boot, namespace, pid, started)
            gone = process.is_gone(self._process)
            closed = process == self._process and owner not in _open
            if gone or closed or (gone is None and now > expires):
                with self._begin("NORMAL") as db:
                    self._release(db, owner)

    def _release(self, db: sqlite3.Connection, owner: int) -> None:
        held = db.execute("SELECT id FROM message WHERE owner = ? ORDER BY id", (owner,)).fetchall()
        self._return(db, [each for (each,) in held], owner, delivered=True)
        db.execute("DELETE FROM owner WHERE id = ?", (owner,))

    def _return(
        self, db: sqlite3.Connection, ids: Iterable[int], owner: int, *, delivered: bool
    ) -> None:
        for each in ids:
            queue = self._unlease(db, each, owner)
            if not queue or not delivered:
                continue
            count = "UPDATE message SET returns = returns + 1 WHERE id = ? RETURNING returns"
            (returns,) = db.execute(count, (each,)).fetchone()
            limit = self._topology(db).arguments(queue).get("x-delivery-limit")
            if limit is not None and returns > limit:
                self._bury(db, each, "delivery_limit")

    def _unlease(self, db: sqlite3.Connection, each: int, owner: int) -> str | None:
        """The queue in which the message is ready again; None if the lease was lost before."""
        self._empty_at.clear()  # data_version does not tell of changes of our own
        update = "UPDATE message SET owner = NULL WHERE id = ? AND owner = ? RETURNING queue"
        row = db.execute(update, (each, owner)).fetchone()
        return str(row[0]) if row else None

    def _bury(self, db: sqlite3.Connection, each: int, reason: str) -> None:
        """A dead letter for which there is no queue stays where it is: nothing is lost."""
        find = "SELECT queue, exchange, routing_key FROM message WHERE id = ?"
        queue, exchange, key = db.execute(find, (each,)).fetchone()
        arguments = self._topology(db).arguments(queue)
        dead_exchange = arguments.get("x-dead-letter-exchange")
        if dead_exchange is not None:
            dead_key = arguments.get("x-dead-letter-routing-key", key)
            try:
                targets = self._topology(db).route(dead_exchange, dead_key)
            except NotFound:
                targets = set()
            if not targets:
                return
            values = (dead_exchange, dead_key, queue, reason, exchange, each)
            db.executemany(BURY, [(target, *values) for target in targets])
        db.execute("DELETE FROM message WHERE id = ?", (each,))


# json_insert leaves alone what an earlier death wrote.
BURY = """
INSERT INTO message (queue, exchange, routing_key, envelope, body)
SELECT ?, ?, ?, json_insert(envelope, '$.headers."x-first-death-queue"', ?,
    '$.headers."x-first-death-reason"', ?, '$.headers."x-first-death-exchange"', ?), body
FROM message WHERE id = ?
"""


def _create(path: Path) -> None:
    """Build the file aside and link it into place whole, so that nobody meets half of it."""
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    with closing(sqlite3.connect(draft, isolation_level=None)) as db:
        db.execute("PRAGMA journal_mode = WAL")
        db.executescript(sqlite_topology.SCHEMA + SCHEMA)
    try:
        os.link(draft, path)
    except FileExistsError:
        pass  # another process was faster
    finally:
        draft.unlink()
