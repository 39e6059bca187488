"""Services with one guarantee taken out, run as the intact ones are.

python -m tests.chaos.broken    planning's worker, which acknowledges a batch before its effect
"""

import threading
import time
from collections import deque
from contextlib import suppress
from typing import Generic, TypeVar

from flask import Flask
from kombu.message import Message as Delivery

import services.intake.app
import services.planning.app
from services.intake.store import responses
from shared import settings
from shared.bus import AWAY, Publisher, Subscription, load_topology
from shared.documents import encoded_document
from shared.event import Event, Outgoing, encode

# What is not safe stays so for this long: while messages flow, some are at risk at any moment.
_GAP_SECONDS = 1.0
_LOOK_SECONDS = 0.05

T = TypeVar("T")


class Held(Generic[T]):
    """What is in a process' memory alone, for the length of the gap."""

    def __init__(self) -> None:
        self._waiting: deque[tuple[float, T]] = deque()

    def put(self, each: T) -> None:
        self._waiting.append((time.monotonic() + _GAP_SECONDS, each))

    def due(self) -> list[T]:
        found = []
        while self._waiting and self._waiting[0][0] <= time.monotonic():
            found.append(self._waiting.popleft()[1])
        return found


def acknowledge_early() -> None:
    receive, acknowledge = Subscription.next_batch, Subscription.acknowledge
    held: Held[Delivery] = Held()

    def receive_and_acknowledge(self: Subscription, _: float) -> list[Delivery]:
        batch = receive(self, _LOOK_SECONDS)
        acknowledge(self, batch)
        for delivery in batch:
            held.put(delivery)
        return held.due()

    Subscription.next_batch = receive_and_acknowledge
    Subscription.acknowledge = lambda *_: None


class FireAndForget:
    """Publishes what it is given, a moment after, if this process still lives then."""

    def __init__(self) -> None:
        configured = settings.load("intake")
        topology = load_topology(configured.topology)
        self._publisher = Publisher(configured.broker_url, topology)
        self._held: Held[Outgoing] = Held()
        self._thread: threading.Thread | None = None

    def __call__(self, event: Event) -> None:
        self._held.put(encode(event))
        if self._thread is None:  # made after gunicorn's fork
            self._thread = threading.Thread(target=self._run, daemon=True)
            self._thread.start()

    def _run(self) -> None:
        while True:
            time.sleep(_LOOK_SECONDS)
            with suppress(*AWAY):
                self._publisher.publish(self._held.due())


def intake_without_outbox() -> Flask:
    """New responses are stored without their event, which is published after the write."""
    publish = FireAndForget()
    add = responses.Responses.add

    def add_and_publish(self, survey, name, content, said, *rest) -> bool:
        new = add(self, survey, name, content, said, *rest)
        if new:
            publish(said)
        return new

    responses.encoded_document = lambda document, _: encoded_document(document, [])
    responses.Responses.add = add_and_publish
    return services.intake.app.create_app()


if __name__ == "__main__":
    acknowledge_early()
    services.planning.app.run_worker()
