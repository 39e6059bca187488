"""A kombu connection as the tests of both brokers use it."""

import contextlib
import uuid
from dataclasses import dataclass, field

import kombu

import shared.sqlite_transport  # noqa: F401  (kombu learns sqlite:// from it, also in children)

PROMPTLY = 15  # seconds within which what is promised must have come
QUIETLY = 0.3  # seconds after which what has not come does not come


@dataclass
class Bus:
    """A connection with one channel, and the names that one test uses."""

    url: str
    name: str = field(default_factory=lambda: f"test-{uuid.uuid4().hex}")

    def __post_init__(self):
        self.connection = kombu.Connection(self.url)
        self.channel = self.connection.channel()
        self.sent = self.confirmed = 0

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.connection.close()

    def again(self):
        """The same names on another connection."""
        return Bus(self.url, self.name)

    def declare(self, queue, key="#", **arguments):
        self.channel.exchange_declare(self.name, "topic", durable=True, auto_delete=False)
        self.channel.queue_declare(
            f"{self.name}.{queue}",
            durable=True,
            auto_delete=False,
            arguments={"x-queue-type": "quorum", **arguments},
        )
        self.channel.queue_bind(f"{self.name}.{queue}", self.name, key)

    def dead_letters_to(self, queue):
        self.declare(queue, key="never.published")
        return {
            "x-dead-letter-exchange": "",
            "x-dead-letter-routing-key": f"{self.name}.{queue}",
            "x-dead-letter-strategy": "at-least-once",
            "x-overflow": "reject-publish",
        }

    def publish(self, bodies, key="a.b", **options):
        """Publish all, then wait until all are confirmed."""
        if not self.sent:
            self.channel.confirm_select()
            self.channel.events["basic_ack"].add(self._on_confirm)
        producer = kombu.Producer(self.channel)
        for body in bodies:
            producer.publish(body, exchange=self.name, routing_key=key, delivery_mode=2, **options)
            self.sent += 1
        while self.confirmed < self.sent:
            self.connection.drain_events(timeout=PROMPTLY)

    def _on_confirm(self, delivery_tag, multiple):
        self.confirmed = delivery_tag if multiple else self.confirmed + 1

    def consume(self, queue, prefetch=100):
        """Start to consume; gives the list to which the messages will come."""
        messages = []
        kombu.Consumer(
            self.channel,
            [kombu.Queue(f"{self.name}.{queue}", no_declare=True)],
            on_message=messages.append,
            prefetch_count=prefetch,
        ).consume()
        return messages

    def take(self, queue, count):
        messages = self.consume(queue, prefetch=count)
        while len(messages) < count:
            self.connection.drain_events(timeout=PROMPTLY)
        return messages

    def settle(self):
        """Let come what comes."""
        with contextlib.suppress(TimeoutError):
            while True:
                self.connection.drain_events(timeout=QUIETLY)

    def size(self, queue):
        return self.channel.queue_declare(f"{self.name}.{queue}", passive=True).message_count


def payloads(messages):
    return [message.payload for message in messages]
