"""Leases, dead letters and the file of the embedded broker, without kombu above them."""

import dataclasses
import os
import sqlite3
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import pytest

from shared import sqlite_broker, sqlite_topology
from shared.processes import Process
from shared.sqlite_broker import CHECK_SECONDS, LEASE_SECONDS, Broker, Letter

HERE = Process.current()
DAY = 86_400


class Clock:
    def __init__(self):
        self.seconds = 1000.0

    def __call__(self):
        return self.seconds


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def broker_of(tmp_path, clock):
    """Brokers on one file and one clock, each of the process given."""
    brokers = []

    def make(process=HERE):
        broker = Broker(tmp_path / "messages.sqlite", clock, lambda: process)
        broker.define(sqlite_topology.declare_queue, "work", {})
        brokers.append(broker)
        return broker

    yield make
    for broker in brokers:
        broker.close()


def publish(broker, *bodies):
    broker.publish([Letter("", "work", '{"headers": {}}', body) for body in bodies])


def bodies(deliveries):
    return [delivery.letter.body for delivery in deliveries]


def test_lease_is_not_given_twice(broker_of):
    publish(broker_of(), b"1", b"2", b"3")
    assert bodies(broker_of().lease("work", 2)) == [b"1", b"2"]
    assert bodies(broker_of().lease("work", 2)) == [b"3"]


def test_step_of_the_wall_clock_expires_no_lease(broker_of, monkeypatch):
    publish(broker_of(), b"1")
    broker_of(dataclasses.replace(HERE, namespace="elsewhere")).lease("work", 1)
    later = time.time() + DAY
    monkeypatch.setattr(time, "time", lambda: later)
    assert broker_of().lease("work", 1) == []


def test_lease_of_a_process_out_of_sight_expires(broker_of, clock):
    publish(broker_of(), b"1")
    broker_of(dataclasses.replace(HERE, namespace="elsewhere")).lease("work", 1)
    broker = broker_of()
    clock.seconds += LEASE_SECONDS - CHECK_SECONDS
    assert broker.lease("work", 1) == []
    clock.seconds += 2 * CHECK_SECONDS
    assert bodies(broker.lease("work", 1)) == [b"1"]


def test_lease_of_a_living_process_lasts_as_long_as_its_work(broker_of, clock):
    publish(broker_of(), b"1")
    worker = broker_of()
    (delivery,) = worker.lease("work", 1)
    clock.seconds += DAY
    assert broker_of().lease("work", 1) == []
    worker.acknowledge([delivery.id])
    assert broker_of().size("work") == 0


@pytest.mark.parametrize("change", [{"boot": "before"}, {"started": "before"}])
def test_lease_of_a_process_that_is_gone_ends_at_once(broker_of, change):
    publish(broker_of(), b"1")
    broker_of(dataclasses.replace(HERE, **change)).lease("work", 1)
    (delivery,) = broker_of().lease("work", 1)
    assert delivery.returns == 1


def test_what_could_not_be_given_back_for_a_locked_file_is_by_the_next_of_the_process(
    broker_of, monkeypatch, tmp_path
):
    """A backup holds the file for as long as it takes."""
    monkeypatch.setattr(sqlite_broker, "BUSY_SECONDS", 0.01)
    publish(broker_of(), b"1", b"2")
    working, closed = broker_of(), broker_of()
    assert bodies(working.lease("work", 1) + closed.lease("work", 1)) == [b"1", b"2"]
    with closing(sqlite3.connect(tmp_path / "messages.sqlite", isolation_level=None)) as db:
        db.execute("BEGIN IMMEDIATE")
        with pytest.raises(sqlite3.OperationalError):
            closed.close()
    assert bodies(broker_of().lease("work", 2)) == [b"2"]


def test_late_acknowledgement_does_not_touch_the_lease_of_another(broker_of, clock):
    publish(broker_of(), b"1")
    slow = broker_of(dataclasses.replace(HERE, namespace="elsewhere"))
    (delivery,) = slow.lease("work", 1)
    clock.seconds += LEASE_SECONDS + CHECK_SECONDS
    quick = broker_of()
    assert bodies(quick.lease("work", 1)) == [b"1"]
    slow.acknowledge([delivery.id])
    quick.give_back([delivery.id], delivered=True)
    assert quick.size("work") == 1


def test_idle_consumer_sees_what_it_gave_back_itself(broker_of):
    publish(broker_of(), b"1")
    broker = broker_of()
    (delivery,) = broker.lease("work", 1)
    assert broker.lease("work", 1) == []
    broker.give_back([delivery.id], delivered=True)
    assert bodies(broker.lease("work", 1)) == [b"1"]


def test_given_back_message_comes_before_later_ones(broker_of):
    publish(broker_of(), b"1", b"2")
    broker = broker_of()
    (delivery,) = broker.lease("work", 1)
    broker.give_back([delivery.id], delivered=True)
    assert bodies(broker.lease("work", 2)) == [b"1", b"2"]


def test_what_was_never_delivered_counts_as_no_delivery(broker_of):
    publish(broker_of(), b"1")
    broker = broker_of()
    (delivery,) = broker.lease("work", 1)
    broker.give_back([delivery.id], delivered=False)
    assert broker.lease("work", 1)[0].returns == 0


def test_dead_letter_without_a_queue_stays(broker_of):
    broker = broker_of()
    arguments = {"x-dead-letter-exchange": "", "x-dead-letter-routing-key": "dead"}
    broker.define(sqlite_topology.declare_queue, "work", arguments)
    publish(broker, b"1")
    broker.reject([delivery.id for delivery in broker.lease("work", 1)])
    assert broker.size("work") == 1


def test_rejected_message_of_a_queue_without_dead_letters_is_dropped(broker_of):
    broker = broker_of()
    publish(broker, b"1")
    broker.reject([delivery.id for delivery in broker.lease("work", 1)])
    assert broker.size("work") == 0


def test_many_may_make_the_file_at_once(tmp_path):
    def declare(number):
        broker = Broker(tmp_path / "messages.sqlite")
        broker.define(sqlite_topology.declare_queue, f"queue {number}", {})
        broker.close()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(declare, range(8)))
    broker = Broker(tmp_path / "messages.sqlite")
    assert [broker.size(f"queue {number}") for number in range(8)] == [0] * 8
    broker.close()
    assert [path.name for path in tmp_path.iterdir()] == ["messages.sqlite"]


def test_forked_child_works_and_leaves_its_parents_leases_alone(tmp_path):
    broker = Broker(tmp_path / "messages.sqlite")
    broker.define(sqlite_topology.declare_queue, "work", {})
    publish(broker, b"1")
    assert bodies(broker.lease("work", 1)) == [b"1"]
    child = os.fork()
    if not child:
        broker.close()
        publish(broker, b"2")
        os._exit(0 if bodies(broker.lease("work", 2)) == [b"2"] else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    other = Broker(tmp_path / "messages.sqlite")
    assert bodies(other.lease("work", 2)) == [b"2"]  # given back by the child's death
    other.close()
    broker.close()
