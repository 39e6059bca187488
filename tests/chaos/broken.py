"""Services with one guarantee taken out, run as the intact ones are.

python -m tests.chaos.broken    planning's worker, which acknowledges a batch before its effect
"""

import threading
import time
from contextlib import suppress

from flask import Flask

import services.intake.app
import services.intake.store
import services.planning.app
from shared import settings
from shared.bus import AWAY, Publisher, Subscription, load_topology
from shared.documents import encoded_document
from shared.event import Event, Outgoing, encode

# How long what is not safe yet stays so. A batch in an intact service takes as long, some day.
_GAP_SECONDS = 1.0


def acknowledge_early() -> None:
    receive = Subscription.next_batch
    acknowledge = Subscription.acknowledge

    def receive_and_acknowledge(self: Subscription, wait: float) -> list:
        batch = receive(self, wait)
        acknowledge(self, batch)
        if batch:
            time.sleep(_GAP_SECONDS)
        return batch

    Subscription.next_batch = receive_and_acknowledge  # type: ignore[method-assign]
    Subscription.acknowledge = lambda *_: None  # type: ignore[method-assign]


class FireAndForget:
    """Publishes what it is given, a moment after, if this process still lives then."""

    def __init__(self) -> None:
        configured = settings.load("intake")
        self._publisher = Publisher(configured.broker_url, load_topology(configured.topology))
        self._events: list[Outgoing] = []
        self._thread: threading.Thread | None = None

    def __call__(self, event: Event) -> None:
        self._events.append(encode(event))
        if self._thread is None:  # made after gunicorn's fork
            self._thread = threading.Thread(target=self._run, daemon=True)
            self._thread.start()

    def _run(self) -> None:
        while True:
            time.sleep(_GAP_SECONDS)
            events, self._events = self._events, []
            with suppress(*AWAY):
                self._publisher.publish(events)


def intake_without_outbox() -> Flask:
    """New responses are stored without their event, which is published after the write."""
    publish = FireAndForget()
    add = services.intake.store.Responses.add

    def add_and_publish(self, survey, name, content, said, at) -> bool:
        new = add(self, survey, name, content, said, at)
        if new:
            publish(said)
        return new

    services.intake.store.encoded_document = lambda document, _: encoded_document(document, [])
    services.intake.store.Responses.add = add_and_publish  # type: ignore[method-assign]
    return services.intake.app.create_app()


if __name__ == "__main__":
    acknowledge_early()
    services.planning.app.run_worker()
