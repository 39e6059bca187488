"""Publishing and reading in batches, on each broker: confirmed or raised, acknowledged or come
again."""

import sqlite3
from contextlib import closing

import kombu
import pytest

from shared import bus, sqlite_broker
from shared.bus import BATCH, Publisher, Topology, Unconfirmed, subscribe
from shared.event import Outgoing
from tests.integration.deadline import until

TYPE = "tally.number_drawn.v1"


def events(*bodies: str, event_type: str = TYPE) -> list[Outgoing]:
    return [Outgoing(body, event_type, body.encode()) for body in bodies]


@pytest.fixture
def publisher(broker_url, topology):
    publisher = Publisher(broker_url, topology)
    yield publisher
    publisher.close()


@pytest.fixture
def subscription(broker_url, topology, queue):
    with subscribe(broker_url, queue, topology) as subscription:
        yield subscription


def read(subscription, count: int) -> list[str]:
    """The bodies of the next `count` messages, acknowledged."""
    found: list[str] = []

    def arrived() -> bool:
        batch = subscription.next_batch(0.2)
        found.extend(bytes(delivery.body).decode() for delivery in batch)
        subscription.acknowledge(batch)
        return len(found) >= count

    until(arrived, f"{count} messages")
    return found


def test_what_is_published_is_there_when_publish_returns(publisher, broker_url, topology, queue):
    publisher.publish(events("a", "b"))
    publisher.publish(events("c"))
    with subscribe(broker_url, queue, topology) as later:
        assert read(later, 3) == ["a", "b", "c"]


def test_publishing_nothing_is_no_work(publisher):
    publisher.publish([])


def test_a_large_batch_is_read_in_bounded_batches(publisher, subscription):
    names = [f"m{i}" for i in range(2 * BATCH + 50)]
    publisher.publish(events(*names))
    sizes, found = [], []

    def arrived() -> bool:
        batch = subscription.next_batch(0.2)
        sizes.append(len(batch))
        found.extend(bytes(delivery.body).decode() for delivery in batch)
        subscription.acknowledge(batch)
        return len(found) >= len(names)

    until(arrived, "all messages")
    assert found == names
    assert max(sizes) <= BATCH


def test_no_more_is_handed_out_than_one_batch_before_it_is_acknowledged(publisher, subscription):
    """On quorum queues too, which take no prefetch for a whole channel."""
    publisher.publish(events(*(f"m{i}" for i in range(3 * BATCH))))
    taken = []
    until(lambda: taken.extend(subscription.next_batch(0.2)) or len(taken) >= BATCH, "a batch")
    assert subscription.next_batch(0.5) == []
    assert len(taken) == BATCH
    subscription.acknowledge(taken)
    until(lambda: subscription.next_batch(0.2), "the next batch")


def test_what_is_not_acknowledged_comes_again(publisher, broker_url, topology, queue):
    publisher.publish(events("a", "b", "c"))
    with subscribe(broker_url, queue, topology) as first:
        taken = []
        until(lambda: taken.extend(first.next_batch(0.2)) or len(taken) == 3, "three messages")
        first.acknowledge(taken[:1])
    with subscribe(broker_url, queue, topology) as second:
        assert read(second, 2) == ["b", "c"]


def test_no_event_is_published_that_nobody_listens_to(publisher, subscription):
    publisher.publish(events("lost", event_type="tally.unheard_of.v1"))
    publisher.publish(events("heard"))
    assert read(subscription, 1) == ["heard"]


def test_an_event_that_the_broker_cannot_route_raises_and_its_batch_is_not_confirmed(
    broker_url, topology, publisher
):
    """The queue lost its binding: what was believed to be heard is not."""
    publisher.publish(events("a"))
    (name,) = topology.queues
    with bus.connect(broker_url) as connection:
        exchange = kombu.Exchange(topology.exchange, type="topic")
        queue = kombu.Queue(name, exchange, TYPE, channel=connection.channel())
        queue.unbind_from(exchange, TYPE)
    with pytest.raises(Unconfirmed, match="refused 2"):
        publisher.publish(events("b", "c"))
    # The next attempt connects anew, and with that declares the binding again.
    publisher.publish(events("d"))
    with subscribe(broker_url, name, topology) as subscription:
        assert read(subscription, 2) == ["a", "d"]


def test_a_message_that_cannot_be_decoded_arrives_as_it_is(subscription, broker_url, topology):
    """Whoever reads it parks it; an error here would end the worker again and again."""
    with bus.connect(broker_url) as connection:
        kombu.Producer(connection.channel()).publish(
            b"odd", exchange=topology.exchange, routing_key=TYPE, content_encoding="binary",
            content_type="application/json", headers={"compression": "no such"},
        )  # fmt: skip
    assert read(subscription, 1) == ["odd"]


def test_dead_letters_are_read_as_well(subscription, broker_url, topology, queue):
    with bus.connect(broker_url) as connection:
        kombu.Producer(connection.channel()).publish(
            b"dead", exchange=f"{topology.exchange}.dead", routing_key=f"{queue}.dead",
            content_encoding="binary", content_type="application/json",
        )  # fmt: skip
    assert read(subscription, 1) == ["dead"]


def test_a_publisher_that_was_cut_off_while_idle_publishes_at_once(rabbitmq_url):
    topology = Topology("cut-off", {"cut-off": [TYPE]})
    publisher = Publisher(rabbitmq_url, topology)
    publisher.publish(events("a"))
    publisher._connection.connection.transport.sock.shutdown(2)
    publisher.publish(events("b"))
    publisher.close()
    with subscribe(rabbitmq_url, "cut-off", topology) as subscription:
        assert read(subscription, 2) == ["a", "b"]


def test_an_idle_consumer_is_not_cut_off(rabbitmq_url, monkeypatch):
    monkeypatch.setattr(bus, "_HEARTBEAT_SECONDS", 1)
    topology = Topology("idle", {"idle": [TYPE]})
    with subscribe(rabbitmq_url, "idle", topology) as subscription:
        for _ in range(20):  # four heartbeats; RabbitMQ ends a connection after three without
            assert subscription.next_batch(0.2) == []


def test_a_batch_that_the_broker_refuses_is_not_confirmed(tmp_path):
    """As RabbitMQ says it of a queue that is full."""
    topology = Topology("full", {"full": [TYPE]})
    publisher = Publisher(f"sqlite:///{tmp_path}/messages.sqlite", topology)
    publisher.publish(events("a"))
    channel = publisher._channel
    (refuse,) = channel.events["basic_nack"]
    channel._on_ack = lambda tag: refuse(tag, True)  # noqa: FBT003  # amqp's call
    with pytest.raises(Unconfirmed, match="queue full"):
        publisher.publish(events("b"))
    publisher.publish(events("c"))
    publisher.close()


def test_a_queue_that_is_there_and_cannot_be_read_is_named_with_what_to_do(tmp_path, monkeypatch):
    def without_a_leader(_) -> None:
        raise TimeoutError

    monkeypatch.setattr(bus.Consumer, "consume", without_a_leader)
    topology = bus.Topology("groundswell", {"planning": ["a.b.v1"]})
    with (
        pytest.raises(bus.AWAY, match=r"planning and planning\.dead .* delete_queue") as raised,
        bus.subscribe(f"sqlite:///{tmp_path}/messages.sqlite", "planning", topology),
    ):
        pass
    assert len(repr(raised.value)) < 200, "a log keeps all of it"


def test_what_was_in_hand_while_the_file_was_locked_for_long_comes_again(tmp_path, monkeypatch):
    monkeypatch.setattr(sqlite_broker, "BUSY_SECONDS", 0.01)
    path, topology = tmp_path / "messages.sqlite", Topology("groundswell", {"planning": [TYPE]})
    publisher = Publisher(f"sqlite:///{path}", topology)
    publisher.publish(events("a", "b", "c"))

    def work_while_it_is_locked() -> None:
        with (
            closing(sqlite3.connect(path, isolation_level=None)) as db,
            subscribe(f"sqlite:///{path}", "planning", topology) as subscription,
        ):
            batch = subscription.next_batch(5)
            db.execute("BEGIN IMMEDIATE")
            subscription.acknowledge(batch)

    with pytest.raises(bus.AWAY):
        work_while_it_is_locked()
    with subscribe(f"sqlite:///{path}", "planning", topology) as subscription:
        assert read(subscription, 3) == ["a", "b", "c"]
    publisher.close()
