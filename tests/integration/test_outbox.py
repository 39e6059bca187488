"""What waits in outboxes reaches the broker at least once, and takes effect once."""

import threading
import time
import uuid
from datetime import timedelta

import orjson
import pytest

from shared.bus import BATCH, Publisher, Topology, subscribe
from shared.documents import Documents
from shared.event import MOST_BYTES, Outgoing, decode
from shared.outbox import Relay
from tests.integration.deadline import until
from tests.integration.tally import NumberDrawn, Tally, numbers_of

ENORMOUS = {"id": "e", "type": NumberDrawn.type, "body": b"x" * (MOST_BYTES + 1)}


@pytest.fixture
def tally(database) -> Tally:
    tally = Tally(database)
    tally.drawn.ensure_indexes()
    tally.work()
    return tally


def left(tally: Tally) -> int:
    """How many documents wait."""
    return sum(len(wait["of"]) for wait in tally.drawn.waits.find())


def numbers(sent: list[Outgoing]) -> list[int]:
    return [orjson.loads(event.body)["data"]["number"] for event in sent]


def hear(tally: Tally, url: str, topology: Topology, copies: int) -> list[int]:
    """Take so many messages from the queue, fold them, and acknowledge; answers their numbers."""
    (queue,) = topology.queues
    heard: list[int] = []
    with subscribe(url, queue, topology) as subscription:

        def arrived() -> bool:
            batch = subscription.next_batch(0.2)
            messages = [decode(bytes(delivery.body)) for delivery in batch]
            if messages:
                tally.hear(messages)
            subscription.acknowledge(batch)
            heard.extend(message.data["number"] for message in messages)
            return len(heard) >= copies

        until(arrived, f"{copies} messages")
    return heard


def test_the_relay_publishes_once(tally, broker_url, topology):
    tally.draw(range(3))
    publisher = Publisher(broker_url, topology)
    assert Relay([tally.drawn], publisher.publish).relay() == 3
    assert left(tally) == 0
    assert Relay([tally.drawn], publisher.publish).relay() == 0
    publisher.close()
    assert sorted(hear(tally, broker_url, topology, 3)) == [0, 1, 2]


def test_a_crash_before_the_wait_is_over_sends_twice_and_counts_once(tally, broker_url, topology):
    tally.draw(range(5))
    publisher = Publisher(broker_url, topology)

    def publish_and_die(events):
        publisher.publish(events)
        raise SystemExit

    with pytest.raises(SystemExit):
        Relay([tally.drawn], publish_and_die).relay()
    assert left(tally) == 5
    Relay([tally.drawn], publisher.publish).relay()
    publisher.close()
    assert sorted(hear(tally, broker_url, topology, 10)) == sorted([*range(5)] * 2)
    assert numbers_of(tally.fold) == [*range(5)]


def test_what_the_broker_does_not_confirm_stays(tally, broker_url, topology):
    tally.draw(range(3))
    publisher = Publisher(broker_url, topology)

    def refuse(_events):
        raise ConnectionError("the broker is away")

    with pytest.raises(ConnectionError):
        Relay([tally.drawn], refuse).relay()
    assert left(tally) == 3
    Relay([tally.drawn], publisher.publish).relay()
    assert left(tally) == 0
    publisher.close()


def test_the_oldest_is_sent_first_and_a_backlog_in_bounded_batches(tally):
    for start in range(0, 1000, 50):
        tally.draw(range(start, start + 50))
    batches = []
    Relay([tally.drawn], batches.append).relay()
    sent = numbers([event for batch in batches for event in batch])
    assert {number // 50 for number in sent[:50]} == {0}
    assert sorted(sent) == list(range(1000))
    assert max(len(batch) for batch in batches) <= BATCH + 50


def test_the_relay_rests_no_longer_after_a_broker_that_stood_still(tally, monkeypatch):
    monkeypatch.setattr("shared.outbox._LONGEST_REST_SECONDS", 0.001)
    rests = []
    tally.draw([7])
    Relay([tally.drawn], lambda _: time.sleep(0.05)).relay(rests.append)
    assert rests == [0.001]


def relaying(tally: Tally, publish) -> tuple[threading.Thread, threading.Event]:
    stop = threading.Event()
    thread = threading.Thread(target=Relay([tally.drawn], publish).run, args=(stop,))
    thread.start()
    return thread, stop


@pytest.mark.parametrize("error", [ConnectionError("away"), RuntimeError("nobody thought of it")])
def test_the_relay_goes_on_after_an_error_of_any_kind(tally, error, monkeypatch):
    """It runs on a thread of its own, whose end nobody would notice."""
    monkeypatch.setattr("shared.outbox._AWAY_SECONDS", 0.01)
    errors, sent = [error], []

    def publish(events):
        if errors:
            raise errors.pop()
        sent.extend(events)

    tally.draw([7])
    thread, stop = relaying(tally, publish)
    try:
        until(lambda: sent and not left(tally), "the event is sent after all", 5)
    finally:
        stop.set()
        thread.join()


def test_a_backlog_drains_when_rabbitmq_comes_back(tally, own_rabbitmq):
    topology = Topology("outage", {"outage": [NumberDrawn.type]})
    publisher = Publisher(own_rabbitmq.url, topology)
    thread, stop = relaying(tally, publisher.publish)
    try:
        tally.draw(range(10))
        until(lambda: not left(tally), "the first ten are sent")
        # A queue that RabbitMQ 3.10 was killed with in its first two seconds has no leader later.
        declared = time.monotonic()
        until(lambda: time.monotonic() > declared + 3, "the queues are on disk")
        own_rabbitmq.kill()
        for start in range(10, 410, 100):
            tally.draw(range(start, start + 100))
        assert left(tally) == 400
        own_rabbitmq.start()
        until(lambda: not left(tally), "the backlog is sent")
    finally:
        stop.set()
        thread.join()
        publisher.close()
    hear(tally, own_rabbitmq.url, topology, 410)
    assert numbers_of(tally.fold) == [*range(410)]


def test_a_backlog_drains_when_the_embedded_broker_can_write_again(tally, tmp_path, monkeypatch):
    """Its folder is gone for a while, as a disk may be."""
    monkeypatch.setattr("shared.outbox._AWAY_SECONDS", 0.05)
    name = uuid.uuid4().hex
    topology = Topology(name, {name: [NumberDrawn.type]})
    folder = tmp_path / "broker"
    url = f"sqlite:///{folder}/messages.sqlite"
    publisher = Publisher(url, topology)
    thread, stop = relaying(tally, publisher.publish)
    try:
        tally.draw(range(300))
        assert left(tally) == 300
        folder.mkdir()
        until(lambda: not left(tally), "the backlog is sent")
    finally:
        stop.set()
        thread.join()
        publisher.close()
    hear(tally, url, topology, 300)
    assert numbers_of(tally.fold) == [*range(300)]


def test_two_relays_at_once_lose_nothing(tally, broker_url, topology):
    tally.draw(range(100))
    publishers = [Publisher(broker_url, topology) for _ in range(2)]
    relays = [relaying(tally, publisher.publish) for publisher in publishers]
    try:
        for start in range(100, 300, 20):
            tally.draw(range(start, start + 20))
        until(lambda: not left(tally), "all is sent")
    finally:
        for thread, stop in relays:
            stop.set()
            thread.join()
        for publisher in publishers:
            publisher.close()
    (queue,) = topology.queues
    with subscribe(broker_url, queue, topology) as subscription:

        def heard() -> bool:
            batch = subscription.next_batch(0.2)
            if batch:
                tally.hear([decode(bytes(delivery.body)) for delivery in batch])
            subscription.acknowledge(batch)
            return len(numbers_of(tally.fold)) >= 300

        until(heard, "all numbers")
    assert numbers_of(tally.fold) == [*range(300)]


def test_events_of_one_document_are_sent_in_their_order(database):
    documents = Documents(database["documents"])
    documents.insert({"_id": "d", "unit": "careers"}, [NumberDrawn("careers", "d", 0)])
    for number in (1, 2, 3):
        documents.update("d", lambda _, n=number: [NumberDrawn("careers", "d", n)])
    sent = []
    Relay([documents], sent.extend).relay()
    assert numbers(sent) == [0, 1, 2, 3]


def test_a_document_that_came_under_a_wait_after_the_look_waits_on(tally):
    """The documents of one command become visible one by one."""
    tally.draw(range(4))
    late = tally.drawn.collection.find_one_and_delete({"_id": "3"})

    def publish_while_it_comes(events):
        if late["_id"] not in {d["_id"] for d in tally.drawn.collection.find()}:
            tally.drawn.collection.insert_one(late)
        published.append(len(events))

    published: list[int] = []
    relay = Relay([tally.drawn], publish_while_it_comes)
    assert (relay.relay(), left(tally)) == (3, 1)
    assert (relay.relay(), left(tally)) == (1, 0)


@pytest.mark.parametrize("write", ["a new one", "a change"])
def test_what_is_written_after_the_relay_looked_for_it_is_sent(database, monkeypatch, write):
    """Whoever writes notes so before, and may stand still in between."""
    documents, sent = Documents(database["documents"]), []
    relay = Relay([documents], sent.extend)
    if write == "a change":
        documents.insert({"_id": "d", "unit": "careers"}, [NumberDrawn("careers", "d", 0)])
        relay.relay()
    note = documents._note

    def note_and_stand_still(names, v) -> None:
        note(names, v)
        assert relay.relay() == 0

    monkeypatch.setattr(documents, "_note", note_and_stand_still)
    said = [NumberDrawn("careers", "d", 1)]
    if write == "a change":
        documents.update("d", lambda _: said)
    else:
        documents.insert({"_id": "d", "unit": "careers"}, said)
    relay.relay()
    assert numbers(sent)[-1] == 1
    assert documents.waits.count_documents({}) == 0


def test_a_wait_for_nothing_ends_after_a_day_and_one_for_what_cannot_be_sent_does_not(
    tally, monkeypatch
):
    tally.draw([0])
    tally.drawn.collection.update_one({"_id": "0"}, {"$push": {"outbox": ENORMOUS}})
    tally.drawn._note(["killed"], 1)
    relay = Relay([tally.drawn], lambda _: None)
    relay.relay()
    assert left(tally) == 2
    monkeypatch.setattr("shared.outbox._LONGEST_WRITE", timedelta(0))
    relay.relay()
    assert [wait["of"] for wait in tally.drawn.waits.find()] == [["0"]]


def test_an_outbox_is_emptied_once_its_document_changed(database):
    documents = Documents(database["documents"])
    documents.insert({"_id": "d", "unit": "careers"}, [NumberDrawn("careers", "d", 0)])
    relay = Relay([documents], lambda _: None)
    relay.relay()
    assert len(documents.get("d")["outbox"]) == 1
    documents.update("d", lambda _: [NumberDrawn("careers", "d", 1)])
    relay.relay()
    assert "outbox" not in documents.get("d")


def test_a_document_that_cannot_be_sent_keeps_its_events_and_holds_up_no_other(tally):
    """One whose event is larger than what is sent, in the midst of others of the same wait."""
    tally.draw(range(5))
    tally.drawn.collection.update_one({"_id": "2"}, {"$push": {"outbox": ENORMOUS}})
    sent: list[Outgoing] = []
    relay = Relay([tally.drawn], sent.extend)
    assert [relay.relay() for _ in range(3)] == [4, 0, 0]
    assert {decode(event.body).subject for event in sent} == {"0", "1", "3", "4"}
    assert (left(tally), len(tally.drawn.get("2")["outbox"])) == (1, 2)
    tally.draw(range(5, 7))
    assert relay.relay() == 2
