"""A service's worker process: it consumes, relays, and looks after what comes due.

The consumer runs on the main thread and the relay on one of its own, each with connections of its
own, made in this process.
"""

import signal
import threading
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

import structlog
from kombu.message import Message as Delivery
from pymongo.database import Database
from pymongo.errors import ConnectionFailure, PyMongoError

from shared import logs
from shared.bus import AWAY, Publisher, Subscription, Topology, load_topology, subscribe
from shared.documents import Document, Documents, connect, say_alive
from shared.event import Malformed, Message, decode
from shared.indexes import made_whole
from shared.outbox import Relay
from shared.parking import Parking
from shared.settings import Settings

log = structlog.get_logger()

Handler = Callable[[list[Message]], None]
Tick = Callable[[], None]
Loop = Callable[[threading.Event], None]

_LISTEN_SECONDS = 0.2
_TICK_SECONDS = 1.0
_AWAY_SECONDS = 1.0
_HEARTBEAT_SECONDS = 5.0


class UnknownType(Exception):
    """No handler for an event type: this service is older than the message, or never meant."""


@dataclass(frozen=True)
class Work:
    """What a service's worker does: a handler an event type, which takes the batch of its
    messages and returns when their effect is durable; the collections it relays; what is looked at
    every second; what runs beside it, on a thread of its own, until its event is set; and the event
    types after which no message about their subject is kept."""

    handlers: Mapping[str, Handler]
    outboxes: Sequence[Documents]
    ticks: Sequence[Tick] = ()
    loops: Sequence[Loop] = ()
    erasures: Collection[str] = ()


class Inbox:
    """Hands messages to their handlers; what fails is set aside and the rest goes on. After one of
    the `erasures` nothing about its subject stays set aside."""

    def __init__(
        self, handlers: Mapping[str, Handler], parking: Parking, erasures: Collection[str] = ()
    ) -> None:
        self._handlers = handlers
        self._parking = parking
        self._erasures = erasures

    def receive(self, bodies: Sequence[bytes]) -> None:
        """Handle a batch. When this returns, each message took effect or is set aside.

        Raises only what a database that is away makes it raise; the batch then comes again.
        """
        by_type: dict[str, list[tuple[Message, bytes]]] = {}
        for body in bodies:
            try:
                message = decode(body)
                self._handler(message.type)
            except (Malformed, UnknownType) as error:
                self._parking.failed(body, error, hopeless=True)
            else:
                by_type.setdefault(message.type, []).append((message, body))
        for event_type, batch in by_type.items():
            self._handle(event_type, batch)

    def handle_one(self, body: bytes) -> None:
        """Handle one message again. Raises what it raises."""
        message = decode(body)
        self._take(message.type, [message])

    def _take(self, event_type: str, messages: list[Message]) -> None:
        self._handler(event_type)(messages)
        if event_type in self._erasures:
            self._parking.forget({message.subject for message in messages})

    def _handler(self, event_type: str) -> Handler:
        try:
            return self._handlers[event_type]
        except KeyError:
            raise UnknownType(
                f"nothing here handles {event_type}: upgrade this service, then replay the message"
            ) from None

    def _handle(self, event_type: str, batch: list[tuple[Message, bytes]]) -> None:
        try:
            self._take(event_type, [message for message, _ in batch])
        except ConnectionFailure:
            raise
        except Exception as error:  # noqa: BLE001  # one of them is at fault; find it, keep it
            if len(batch) == 1:
                log.warning("message.failed", type=event_type, reason=repr(error))
                self._parking.failed(batch[0][1], error)
                return
            middle = len(batch) // 2
            self._handle(event_type, batch[:middle])
            self._handle(event_type, batch[middle:])


def every(seconds: float, tick: Tick) -> Tick:
    """`tick`, at most once in so many seconds, the first time at once."""
    due = 0.0

    def now_and_then() -> None:
        nonlocal due
        if time.monotonic() >= due:
            tick()
            due = time.monotonic() + seconds

    return now_and_then


def run(settings: Settings, build: Callable[[Database[Document]], Work]) -> None:
    """Work until SIGTERM; then finish the batch in hand and return."""
    logs.configure(settings.service)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    database = connect(settings.database_url, settings.database)
    parking = Parking(database)
    work = _when_there(lambda: _prepare(build, database, parking), stop)
    if work is None:
        return
    topology = load_topology(settings.topology)
    publisher = Publisher(settings.broker_url, topology)
    inbox = Inbox(work.handlers, parking, work.erasures)
    ticks = (
        every(_HEARTBEAT_SECONDS, lambda: say_alive(database)),
        lambda: parking.retry_due(inbox.handle_one),
        *work.ticks,
    )
    loops = (Relay(work.outboxes, publisher.publish).run, *work.loops)
    threads = [threading.Thread(target=loop, args=(stop,)) for loop in loops]
    for thread in threads:
        thread.start()
    log.info("worker.ready")
    try:
        _listen(settings, topology, inbox, ticks, stop)
    finally:  # half a worker would look alive to whoever restarts dead ones
        stop.set()
        for thread in threads:
            thread.join()
        publisher.close()
        log.info("worker.stopped")


def _prepare(
    build: Callable[[Database[Document]], Work], database: Database[Document], parking: Parking
) -> Work:
    with made_whole(database):
        parking.ensure_indexes()
        work = build(database)
        for outbox in work.outboxes:
            outbox.ensure_indexes()
    return work


def _when_there(prepare: Callable[[], Work], stop: threading.Event) -> Work | None:
    while not stop.is_set():
        try:
            return prepare()
        except PyMongoError as error:
            log.warning("worker.waiting", reason=repr(error)[:200])
            stop.wait(_AWAY_SECONDS)
    return None


def _listen(
    settings: Settings,
    topology: Topology,
    inbox: Inbox,
    ticks: Sequence[Tick],
    stop: threading.Event,
) -> None:
    while not stop.is_set():
        try:
            if settings.service in topology.queues:
                with subscribe(settings.broker_url, settings.service, topology) as subscription:
                    _consume(subscription, inbox, ticks, stop)
            else:
                _tick(ticks)
                stop.wait(_TICK_SECONDS)
        except (PyMongoError, *AWAY) as error:
            log.warning("worker.waiting", reason=repr(error)[:200])
            stop.wait(_AWAY_SECONDS)


def _consume(
    subscription: Subscription, inbox: Inbox, ticks: Sequence[Tick], stop: threading.Event
) -> None:
    due = 0.0
    while not stop.is_set():
        batch = subscription.next_batch(_LISTEN_SECONDS)
        if batch:
            inbox.receive([_body(delivery) for delivery in batch])
            subscription.acknowledge(batch)
        if time.monotonic() >= due:
            _tick(ticks)
            due = time.monotonic() + _TICK_SECONDS


def _tick(ticks: Sequence[Tick]) -> None:
    for tick in ticks:
        try:
            tick()
        except ConnectionFailure:
            raise
        except Exception:
            log.exception("tick.failed")


def _body(delivery: Delivery) -> bytes:
    body = delivery.body
    return body.encode() if isinstance(body, str) else bytes(body)
