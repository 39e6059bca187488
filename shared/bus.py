"""Messages between services, over whatever broker kombu is given.

One topic exchange, one quorum queue a consumer with its dead-letter queue. Publishing and
consuming go in batches, confirmed and acknowledged as one.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from sqlite3 import Error as SqliteError
from typing import Any

import orjson
from amqp.exceptions import AMQPError
from kombu import Connection, Consumer, Exchange, Producer, Queue
from kombu.exceptions import KombuError
from kombu.message import Message as Delivery

import shared.sqlite_transport  # noqa: F401  # teaches kombu the sqlite: URLs
from shared.event import Outgoing

BATCH = 200
_CONFIRM_SECONDS = 15
_HEARTBEAT_SECONDS = 10
# What a broker that is away, starting or in trouble makes a caller see.
AWAY = (AMQPError, KombuError, OSError, SqliteError)
# A message that kills its worker again and again is dead-lettered; kills of healthy workers
# count too, for every message they had prefetched, hence far above what kills alone reach.
_DELIVERY_LIMIT = 50


class Unconfirmed(KombuError):
    """The broker did not take a batch; it stays in its outboxes and is sent again."""


class Unreadable(KombuError):
    """Queues are there and cannot be read. RabbitMQ 3.10 that is killed within about two seconds
    after it made a queue brings it back without a leader, for good."""

    def __init__(self, queue: str) -> None:
        super().__init__(
            f"{queue} and {queue}.dead cannot be read. Should this stay, RabbitMQ was killed as it "
            "made one: rabbitmqctl delete_queue the one without a leader, then make republish"
        )


@dataclass(frozen=True)
class Topology:
    """Which queue hears which event types. Every process declares all of it, so that whoever
    starts first loses nothing."""

    exchange: str
    queues: dict[str, list[str]]

    def has_listener(self, event_type: str) -> bool:
        return any(event_type in types for types in self.queues.values())


def load_topology(path: Path) -> Topology:
    return Topology(**orjson.loads(path.read_bytes()))


def connect(url: str) -> Connection:
    """A connection, not yet made. Make it after fork; never share its channels by threads."""
    if url.startswith("sqlite:"):
        return Connection(url)
    return Connection(
        url,
        heartbeat=_HEARTBEAT_SECONDS,
        connect_timeout=5,
        transport_options={"read_timeout": 30, "write_timeout": 10},
    )


def declare(channel: Any, topology: Topology) -> dict[str, Queue]:
    """Make the exchange, every queue and every binding; answers the queues by name."""
    exchange = Exchange(topology.exchange, type="topic", durable=True)
    dead = Exchange(f"{topology.exchange}.dead", type="direct", durable=True)
    exchange(channel).declare()
    dead(channel).declare()
    declared = {}
    for name, types in topology.queues.items():
        arguments = {
            "x-queue-type": "quorum",
            "x-overflow": "reject-publish",
            "x-dead-letter-exchange": dead.name,
            "x-dead-letter-routing-key": f"{name}.dead",
            "x-dead-letter-strategy": "at-least-once",
            "x-delivery-limit": _DELIVERY_LIMIT,
        }
        queue = Queue(name, durable=True, queue_arguments=arguments)(channel)
        queue.queue_declare()
        for event_type in types:
            queue.bind_to(exchange, routing_key=event_type)
        parked = Queue(
            f"{name}.dead",
            exchange=dead,
            routing_key=f"{name}.dead",
            durable=True,
            queue_arguments={"x-queue-type": "quorum"},
        )(channel)
        parked.declare()
        declared[name], declared[parked.name] = queue, parked
    return declared


class Publisher:
    """Publishes batches; a batch is either confirmed whole or raises."""

    def __init__(self, url: str, topology: Topology) -> None:
        self._topology = topology
        self._connection = connect(url)
        self._channel: Any = None
        self._last_tag = 0
        self._open: set[int] = set()
        self._refused: list[str] = []

    def publish(self, events: Sequence[Outgoing]) -> None:
        """Returns when the broker has all of them safe. Raises Unconfirmed, or what the
        connection raised; the next call connects anew."""
        kept = self._channel is not None
        try:
            self._publish(events)
        except Unconfirmed:
            self.close()
            raise
        except AWAY:
            # A connection that was idle may have been cut off; only a new one tells.
            self.close()
            if not kept:
                raise
            self.publish(events)

    def close(self) -> None:
        self._channel = None
        with suppress(*AWAY):
            self._connection.close()

    def _publish(self, events: Sequence[Outgoing]) -> None:
        producer = self._producer()
        self._refused.clear()
        for event in events:
            if not self._topology.has_listener(event.type):
                continue
            self._last_tag += 1
            self._open.add(self._last_tag)
            producer.publish(
                event.body,
                exchange=self._topology.exchange,
                routing_key=event.type,
                content_type="application/json",
                content_encoding="binary",
                delivery_mode=2,
                mandatory=True,
                message_id=event.id,
            )
        while self._open:
            self._connection.drain_events(timeout=_CONFIRM_SECONDS)
        if self._refused:
            raise Unconfirmed(f"the broker refused {len(self._refused)}: {self._refused[0]}")

    def _producer(self) -> Producer:
        if self._channel is None:
            self._connection.connect()
            channel = self._connection.channel()
            declare(channel, self._topology)
            channel.confirm_select()
            channel.events["basic_ack"].add(self._on_ack)
            channel.events["basic_nack"].add(self._on_nack)
            channel.events["basic_return"].add(self._on_return)
            self._channel, self._last_tag = channel, 0
            self._open.clear()
        return Producer(self._channel)

    def _on_ack(self, tag: int, multiple: bool) -> None:  # noqa: FBT001  # amqp's call
        self._open = {t for t in self._open if t > tag} if multiple else self._open - {tag}

    def _on_nack(self, tag: int, multiple: bool) -> None:  # noqa: FBT001  # amqp's call
        self._refused.append("queue full")
        self._on_ack(tag, multiple)

    def _on_return(self, error: Any, *_: Any) -> None:
        self._refused.append(str(error))


class Subscription:
    """One consumer's queue, read in batches."""

    def __init__(self, connection: Connection, queue: str, topology: Topology) -> None:
        self._connection = connection
        self._channel = connection.channel()
        declared = declare(self._channel, topology)
        self._arrived: list[Delivery] = []
        self._consumer = Consumer(
            self._channel,
            queues=[declared[queue], declared[f"{queue}.dead"]],
            on_message=self._arrived.append,
            on_decode_error=lambda delivery, _: self._arrived.append(delivery),
            prefetch_count=BATCH,
        )
        try:
            self._consumer.consume()
        except AWAY as error:
            raise Unreadable(queue) from error

    def next_batch(self, wait: float) -> list[Delivery]:
        """What has arrived, at most BATCH; waits up to `wait` seconds for the first only."""
        timeout = wait
        while len(self._arrived) < BATCH:
            try:
                self._connection.drain_events(timeout=timeout)
            except TimeoutError:
                break
            timeout = 0.002
        self._connection.heartbeat_check()
        batch = self._arrived[:BATCH]
        del self._arrived[:BATCH]
        return batch

    def acknowledge(self, batch: Sequence[Delivery]) -> None:
        """Forget a batch; call it when its effects are durable."""
        if batch:
            batch[-1].ack(multiple=True)


@contextmanager
def subscribe(url: str, queue: str, topology: Topology) -> Iterator[Subscription]:
    with connect(url) as connection:
        connection.connect()
        yield Subscription(connection, queue, topology)
