"""Exchanges, queues and bindings of the embedded broker, kept in its file.

The file is read again when its version has changed, so a publisher in one process routes to the
queue that a consumer declared in another.
"""

import json
import sqlite3
from typing import Any

from amqp.exceptions import NotFound, PreconditionFailed
from kombu.transport.virtual.exchange import STANDARD_EXCHANGE_TYPES

SCHEMA = """
CREATE TABLE exchange (name TEXT PRIMARY KEY, type TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE queue (name TEXT PRIMARY KEY, arguments TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE binding (
    exchange TEXT, queue TEXT, routing_key TEXT, PRIMARY KEY (exchange, queue, routing_key)
) WITHOUT ROWID;
"""


class Topology:
    """What was declared, as it stands at one version of the file."""

    def __init__(self, db: sqlite3.Connection, version: int) -> None:
        self.version = version
        self._queues: dict[str, dict[str, Any]] = {
            name: json.loads(arguments) for name, arguments in db.execute("SELECT * FROM queue")
        }
        self._types = {
            name: STANDARD_EXCHANGE_TYPES[kind](None)
            for name, kind in db.execute("SELECT * FROM exchange")
        }
        self._tables: dict[str, list[Any]] = {name: [] for name in self._types}
        for exchange, queue, key in db.execute("SELECT * FROM binding"):
            bound = self._types[exchange].prepare_bind(queue, exchange, key, {})
            self._tables[exchange].append(bound)

    @classmethod
    def read(cls, db: sqlite3.Connection, known: "Topology | None") -> "Topology":
        (version,) = db.execute("PRAGMA user_version").fetchone()
        return known if known and known.version == version else cls(db, version)

    def arguments(self, queue: str) -> dict[str, Any]:
        """What `queue` was declared with; raises NotFound where it was not."""
        if queue not in self._queues:
            raise NotFound(f"no queue {queue!r}: declare it first")
        return self._queues[queue]

    def route(self, exchange: str, routing_key: str) -> set[str]:
        """The queues a message goes to; the nameless exchange leads to the queue named.

        Raises NotFound for an exchange that was not declared.
        """
        if not exchange:
            return {routing_key} & self._queues.keys()
        if exchange not in self._types:
            raise NotFound(f"no exchange {exchange!r}: declare it first")
        table = self._tables[exchange]
        return set(self._types[exchange].lookup(table, exchange, routing_key, None))


def declare_exchange(db: sqlite3.Connection, name: str, kind: str) -> int:
    """Raises PreconditionFailed where it stands with another type."""
    found = db.execute("SELECT type FROM exchange WHERE name = ?", (name,)).fetchone()
    if found and found[0] != kind:
        raise PreconditionFailed(f"exchange {name!r} is of type {found[0]!r}, not {kind!r}")
    insert = "INSERT INTO exchange VALUES (?, ?) ON CONFLICT DO NOTHING"
    return db.execute(insert, (name, kind)).rowcount


def delete_exchange(db: sqlite3.Connection, name: str) -> int:
    db.execute("DELETE FROM binding WHERE exchange = ?", (name,))
    return db.execute("DELETE FROM exchange WHERE name = ?", (name,)).rowcount


def declare_queue(db: sqlite3.Connection, name: str, arguments: dict[str, Any]) -> int:
    """Other arguments than before replace those, where RabbitMQ would refuse."""
    upsert = (
        "INSERT INTO queue VALUES (:name, :arguments) ON CONFLICT DO UPDATE"
        " SET arguments = :arguments WHERE arguments <> :arguments"
    )
    values = {"name": name, "arguments": json.dumps(arguments, sort_keys=True)}
    return db.execute(upsert, values).rowcount


def delete_queue(db: sqlite3.Connection, name: str) -> int:
    db.execute("DELETE FROM binding WHERE queue = ?", (name,))
    db.execute("DELETE FROM message WHERE queue = ?", (name,))
    return db.execute("DELETE FROM queue WHERE name = ?", (name,)).rowcount


def bind(db: sqlite3.Connection, exchange: str, queue: str, routing_key: str) -> int:
    """Raises NotFound for an exchange or a queue that was not declared."""
    topology = Topology.read(db, None)
    topology.route(exchange, routing_key)
    topology.arguments(queue)
    insert = "INSERT INTO binding VALUES (?, ?, ?) ON CONFLICT DO NOTHING"
    return db.execute(insert, (exchange, queue, routing_key)).rowcount


def unbind(db: sqlite3.Connection, exchange: str, queue: str, routing_key: str) -> int:
    delete = "DELETE FROM binding WHERE exchange = ? AND queue = ? AND routing_key = ?"
    return db.execute(delete, (exchange, queue, routing_key)).rowcount
