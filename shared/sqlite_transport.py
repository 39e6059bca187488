"""The embedded broker as a kombu transport: `kombu.Connection("sqlite:////abs/messages.sqlite")`.

Channels behave as py-amqp's do against RabbitMQ, so that one code serves both. In particular,
after `channel.confirm_select()` what is published waits for `connection.drain_events()`, which
writes all of it in one transaction; the "basic_return" and "basic_ack" events follow, one per
further call. Without it each publish is on disk when it returns. Priorities, time-outs and length
limits of messages and queues are ignored.
"""

import sqlite3
from collections import defaultdict, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from itertools import count
from queue import Empty
from typing import Any

import orjson
from amqp.exceptions import (
    ChannelError,
    PreconditionFailed,
    RecoverableConnectionError,
    error_for_code,
)
from amqp.protocol import queue_declare_ok_t
from kombu.transport import TRANSPORT_ALIASES, virtual
from kombu.utils.uuid import uuid

from shared import sqlite_topology
from shared.sqlite_broker import Broker, Delivery, Letter

TRANSPORT_ALIASES["sqlite"] = f"{__name__}:Transport"

UNLIMITED_LEASE = 100  # messages leased at a time where no prefetch count is set


@dataclass
class Consumer:
    """One consumer of one queue: what is leased for it, and how much of it is out."""

    tag: str
    queue: str
    callback: Callable[[Any], Any]
    no_ack: bool
    waiting: deque[Delivery] = field(default_factory=deque)
    unacknowledged: int = 0


class Channel(virtual.Channel):  # type: ignore[misc, unused-ignore]
    """What AMQP calls a channel: deliveries and confirms are numbered from 1 in each."""

    def __init__(self, connection: Any, **kwargs: Any) -> None:
        super().__init__(connection, **kwargs)
        self.events: defaultdict[str, set[Callable[..., Any]]] = defaultdict(set)
        self.no_ack_consumers: Any = set()
        self._broker = Broker(connection.client.virtual_host)
        self._consuming: dict[str, Consumer] = {}
        self._prefetch = 0
        self._tags = count(1)
        self._unacknowledged: dict[int, tuple[int, Consumer | None]] = {}
        self._confirming = False
        self._confirmed = 0
        self._unwritten: list[tuple[Letter, bool]] = []
        self._due: deque[Callable[[], Any]] = deque()

    def exchange_declare(
        self,
        exchange: str = "",
        type: str = "direct",  # noqa: A002
        *_: Any,
        passive: bool = False,
        **__: Any,
    ) -> None:
        if passive:
            self._broker.topology().route(exchange, "")
        else:
            self._broker.define(sqlite_topology.declare_exchange, exchange, type)

    def exchange_delete(self, exchange: str, *_: Any, **__: Any) -> None:
        self._broker.define(sqlite_topology.delete_exchange, exchange)

    def queue_declare(
        self,
        queue: str = "",
        *_: Any,
        passive: bool = False,
        arguments: dict[str, Any] | None = None,
        **__: Any,
    ) -> queue_declare_ok_t:
        queue = queue or f"amq.gen-{uuid()}"
        if not passive:
            self._broker.define(sqlite_topology.declare_queue, queue, arguments or {})
        return queue_declare_ok_t(queue, self._broker.size(queue), 0)

    def queue_bind(
        self, queue: str, exchange: str = "", routing_key: str = "", *_: Any, **__: Any
    ) -> None:
        self._broker.define(sqlite_topology.bind, exchange, queue, routing_key)

    def queue_unbind(
        self, queue: str, exchange: str = "", routing_key: str = "", *_: Any, **__: Any
    ) -> None:
        self._broker.define(sqlite_topology.unbind, exchange, queue, routing_key)

    def queue_purge(self, queue: str, **_: Any) -> int:
        return self._broker.purge(queue)

    def queue_delete(self, queue: str, *_: Any, if_empty: bool = False, **__: Any) -> None:
        if not (if_empty and self._broker.size(queue)):
            self._broker.define(sqlite_topology.delete_queue, queue)

    def confirm_select(self, **_: Any) -> None:
        self._confirming = True

    def basic_publish(
        self,
        message: dict[str, Any],
        exchange: str = "",
        routing_key: str = "",
        *,
        mandatory: bool = False,
        **_: Any,
    ) -> None:
        """On disk on return; on a confirming channel, once its "basic_ack" event has come.

        Raises NotFound for an exchange that was not declared, if need be from drain_events.
        """
        self._require_open()
        body = message["body"]
        if isinstance(body, str):
            body = body.encode(message["content-encoding"] or "utf-8")
        envelope = orjson.dumps({**message, "body": None}).decode()
        letter = Letter(exchange, routing_key, envelope, body)
        self._unwritten.append((letter, mandatory))
        if not self._confirming:
            self._write()
            while self._due:
                self._due.popleft()()

    def _write(self) -> None:
        batch, self._unwritten = self._unwritten, []
        routed = self._broker.publish([letter for letter, _ in batch])
        for (letter, mandatory), found in zip(batch, routed, strict=True):
            if mandatory and not found:
                self._due.append(partial(self._on_return, letter))
        if self._confirming:
            self._confirmed += len(batch)
            self._due.append(partial(self._on_ack, self._confirmed))

    def _on_ack(self, delivery_tag: int) -> None:
        for callback in self.events["basic_ack"]:
            callback(delivery_tag, True)  # noqa: FBT003

    def _on_return(self, letter: Letter) -> None:
        error = error_for_code(312, "NO_ROUTE", (60, 50), ChannelError)
        if not self.events["basic_return"]:
            raise error
        message = self._message(letter, delivery_tag=None)
        for callback in self.events["basic_return"]:
            callback(error, letter.exchange, letter.routing_key, message)

    def basic_qos(self, _size: int = 0, prefetch_count: int = 0, *_: Any, **__: Any) -> None:
        """Each consumer of the channel gets so many unacknowledged messages; 0 is no limit."""
        self._prefetch = prefetch_count

    def basic_consume(
        self,
        queue: str,
        no_ack: bool = False,  # noqa: FBT001, FBT002
        callback: Callable[[Any], Any] | None = None,
        consumer_tag: str = "",
        **_: Any,
    ) -> str:
        tag = consumer_tag or f"ctag-{uuid()}"
        self._broker.topology().arguments(queue)
        self._consuming[tag] = Consumer(tag, queue, callback or (lambda _: None), bool(no_ack))
        if no_ack:
            self.no_ack_consumers.add(tag)
        return tag

    def basic_cancel(self, consumer_tag: str, **_: Any) -> None:
        consumer = self._consuming.pop(consumer_tag, None)
        if consumer and consumer.waiting:
            self._broker.give_back([each.id for each in consumer.waiting], delivered=False)

    def basic_get(self, queue: str, no_ack: bool = False, **_: Any) -> Any:  # noqa: FBT001, FBT002
        for delivery in self._broker.lease(queue, 1):
            if no_ack:
                self._broker.acknowledge([delivery.id])
            return self._deliver(delivery, None, no_ack=no_ack)
        return None

    def drain_events(self, timeout: float | None = None, callback: Any = None) -> None:  # noqa: ARG002
        """Do one thing: a confirm, a return or a delivery; raises Empty when there is none."""
        if self._unwritten:
            self._write()
        if self._due:
            self._due.popleft()()
            return
        for tag, consumer in list(self._consuming.items()):
            if consumer.waiting or self._lease(consumer):
                self._consuming[tag] = self._consuming.pop(tag)  # the others come first next time
                delivery = consumer.waiting.popleft()
                consumer.callback(self._deliver(delivery, consumer, no_ack=consumer.no_ack))
                return
        raise Empty

    def _lease(self, consumer: Consumer) -> bool:
        room = self._prefetch - consumer.unacknowledged if self._prefetch else UNLIMITED_LEASE
        if room > 0:
            consumer.waiting.extend(self._broker.lease(consumer.queue, room))
        if consumer.waiting and consumer.no_ack:
            self._broker.acknowledge([each.id for each in consumer.waiting])
        return bool(consumer.waiting)

    def _deliver(self, delivery: Delivery, consumer: Consumer | None, *, no_ack: bool) -> Any:
        tag = next(self._tags)
        if not no_ack:
            self._unacknowledged[tag] = (delivery.id, consumer)
            if consumer:
                consumer.unacknowledged += 1
        message = self._message(delivery.letter, delivery_tag=tag, redelivered=delivery.returns > 0)
        if consumer:
            message.delivery_info["consumer_tag"] = consumer.tag
        if delivery.returns:
            message.headers["x-delivery-count"] = delivery.returns
        return message

    def _message(self, letter: Letter, **delivery_info: Any) -> Any:
        payload = orjson.loads(letter.envelope)
        delivery_info |= {"exchange": letter.exchange, "routing_key": letter.routing_key}
        payload["properties"] |= {
            "delivery_tag": delivery_info["delivery_tag"],
            "delivery_info": delivery_info,
        }
        payload["body"] = letter.body
        return self.Message(payload, channel=self)

    def basic_ack(self, delivery_tag: int, multiple: bool = False) -> None:  # noqa: FBT001, FBT002
        """With `multiple`, everything up to this tag; tag 0 then means everything delivered."""
        self._settle(delivery_tag, self._broker.acknowledge, multiple=multiple)

    def basic_reject(self, delivery_tag: int, requeue: bool = False) -> None:  # noqa: FBT001, FBT002
        """Back to its place with `requeue`, else to the queue's dead-letter exchange."""
        give_back = partial(self._broker.give_back, delivered=True)
        self._settle(delivery_tag, give_back if requeue else self._broker.reject)

    def basic_recover(self, requeue: bool = False) -> None:  # noqa: ARG002, FBT001, FBT002
        self._settle(0, partial(self._broker.give_back, delivered=True), multiple=True)

    def _settle(
        self, delivery_tag: int, how: Callable[[list[int]], None], *, multiple: bool = False
    ) -> None:
        self._require_open()
        if multiple:
            tags = [tag for tag in self._unacknowledged if tag <= (delivery_tag or tag)]
        else:
            tags = [delivery_tag]
        if not self._unacknowledged.keys() >= set(tags) or (delivery_tag and not tags):
            raise PreconditionFailed(f"unknown delivery tag {delivery_tag}")
        how([self._unacknowledged[tag][0] for tag in tags])
        for tag in tags:
            _, consumer = self._unacknowledged.pop(tag)
            if consumer:
                consumer.unacknowledged -= 1

    def _require_open(self) -> None:
        if self.closed:
            raise RecoverableConnectionError("channel is closed: open another")

    def close(self) -> None:
        """Messages return to their own queues; what was published but not drained is dropped."""
        try:
            for tag in list(self._consuming):
                self.basic_cancel(tag)
            super().close()
        finally:
            self._broker.close()


class Transport(virtual.Transport):  # type: ignore[misc, unused-ignore]
    """Takes `polling_interval` (seconds) from the connection's transport_options."""

    Channel = Channel
    # Nobody notices it who waits; looking is most of what a worker with nothing to do costs.
    polling_interval = 0.05
    connection_errors = (
        *virtual.Transport.connection_errors,
        sqlite3.OperationalError,
    )
    implements = virtual.Transport.implements.extend(
        exchange_type=frozenset(["direct", "topic", "fanout"])
    )
    driver_type = "sqlite"
    driver_name = "sqlite3"

    def driver_version(self) -> str:
        return sqlite3.sqlite_version
