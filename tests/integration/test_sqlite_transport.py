"""What both brokers promise, through the same kombu code."""

import multiprocessing
from multiprocessing.connection import wait

import kombu
import pytest
from amqp.exceptions import NotFound

from tests.integration.wire import PROMPTLY, QUIETLY, Bus, payloads

spawn = multiprocessing.get_context("spawn")


@pytest.fixture
def bus(broker_url):
    with Bus(broker_url) as bus:
        yield bus
    with bus.again() as janitor:
        for queue in ("first", "second", "dead"):
            janitor.channel.queue_delete(f"{bus.name}.{queue}")


@pytest.fixture
def start():
    """Starts functions in processes of their own; kills what is left at the end."""
    children = []

    def run(function, *arguments):
        child = spawn.Process(target=function, args=arguments, daemon=True)
        child.start()
        children.append(child)
        return child

    yield run
    for child in children:
        child.kill()
        child.join()


def test_confirmed_message_is_consumed_and_acknowledged(bus):
    bus.declare("first")
    bus.publish(["hello"], message_id="m1", headers={"trace": "t1"})
    (message,) = bus.take("first", 1)
    assert message.payload == "hello"
    assert message.properties["message_id"] == "m1"
    assert message.headers == {"trace": "t1"}
    assert message.delivery_info["exchange"] == bus.name
    assert message.delivery_info["routing_key"] == "a.b"
    assert message.delivery_info["redelivered"] is False
    message.ack()
    bus.connection.close()
    with bus.again() as later:
        messages = later.consume("first")
        later.settle()
        assert messages == []


def test_confirms_count_up_to_the_last_of_a_batch(bus):
    bus.declare("first")
    tags = []
    bus.channel.events["basic_ack"].add(lambda tag, multiple: tags.append((tag, multiple)))
    bus.publish(range(3))
    bus.publish(range(2))
    assert tags[-1][0] == 5


def publish_elsewhere(url, name):
    with Bus(url, name) as bus:
        bus.publish(["both"], key="intake.survey_closed.v1")
        bus.publish(["second only"], key="planning.plan_adopted.v1")


def test_topic_reaches_the_queues_bound_from_another_process(bus, start):
    bus.declare("first", key="intake.*.v1")
    bus.declare("second", key="#")
    start(publish_elsewhere, bus.url, bus.name).join()
    assert payloads(bus.take("second", 2)) == ["both", "second only"]
    assert payloads(bus.take("first", 1)) == ["both"]
    bus.settle()
    assert bus.size("first") == 0


def take_and_hang(url, name, pipe):
    with Bus(url, name) as bus:
        pipe.send(payloads(bus.take("first", 1)))
        pipe.recv()


def test_message_of_a_killed_consumer_returns_once_to_its_own_queue(bus, start):
    bus.declare("first")
    bus.declare("second")
    bus.publish([1])
    ours, theirs = spawn.Pipe()
    consumer = start(take_and_hang, bus.url, bus.name, theirs)
    assert ours.recv() == [1]
    consumer.kill()
    first = bus.take("first", 1)
    second = bus.take("second", 1)
    bus.settle()
    assert payloads(first) == payloads(second) == [1]
    assert first[0].delivery_info["redelivered"] is True
    assert first[0].headers["x-delivery-count"] == 1
    assert "x-delivery-count" not in second[0].headers


def publish_for_ever(url, name, pipe):
    with Bus(url, name) as bus:
        for batch in range(10**6):
            numbers = range(batch * 20, batch * 20 + 20)
            bus.publish(numbers)
            pipe.send(numbers[-1])


def test_what_a_killed_publisher_saw_confirmed_is_there(bus, start):
    bus.declare("first")
    ours, theirs = spawn.Pipe()
    publisher = start(publish_for_ever, bus.url, bus.name, theirs)
    theirs.close()
    last = [ours.recv() for _ in range(10)][-1]
    publisher.kill()
    publisher.join()
    while ours.poll():
        try:
            last = ours.recv()
        except EOFError:
            break
    messages = bus.take("first", last + 1)
    assert payloads(messages) == list(range(last + 1))


def consume_for_ever(url, name, pipe):
    with Bus(url, name) as bus:
        messages = bus.consume("first", prefetch=10)
        pipe.send([])
        while True:
            bus.connection.drain_events()
            pipe.send(payloads(messages))
            messages.pop().ack()


def test_four_consumers_of_one_queue_get_each_message_once(bus, start):
    bus.declare("first")
    pipes = [spawn.Pipe() for _ in range(4)]
    for _, theirs in pipes:
        start(consume_for_ever, bus.url, bus.name, theirs)
    for ours, _ in pipes:
        assert ours.recv() == []
    bus.publish(range(400))
    got = []
    while len(got) < 400:
        for ours in wait([ours for ours, _ in pipes], PROMPTLY):
            got += ours.recv()
    assert sorted(got) == list(range(400))
    assert not wait([ours for ours, _ in pipes], QUIETLY)


def test_rejected_message_lands_in_the_dead_queue(bus):
    bus.declare("first", **bus.dead_letters_to("dead"))
    bus.publish(["poison"], headers={"trace": "t1"})
    (message,) = bus.take("first", 1)
    message.reject(requeue=False)
    (dead,) = bus.take("dead", 1)
    assert dead.payload == "poison"
    assert dead.headers["trace"] == "t1"
    assert dead.headers["x-first-death-queue"] == f"{bus.name}.first"
    assert dead.headers["x-first-death-reason"] == "rejected"
    assert dead.headers["x-first-death-exchange"] == bus.name
    assert dead.delivery_info["routing_key"] == f"{bus.name}.dead"


def test_requeued_message_comes_again_and_says_so(bus):
    bus.declare("first")
    bus.publish([1])
    messages = bus.take("first", 1)
    messages[0].requeue()
    bus.settle()
    assert payloads(messages) == [1, 1]
    assert messages[1].headers["x-delivery-count"] == 1


def test_message_beyond_the_delivery_limit_is_dead(bus):
    bus.declare("first", **{"x-delivery-limit": 1}, **bus.dead_letters_to("dead"))
    bus.publish(["poison"])
    messages = bus.consume("first")
    for count in (1, 2):
        while len(messages) < count:
            bus.connection.drain_events(timeout=PROMPTLY)
        messages[-1].requeue()
    (dead,) = bus.take("dead", 1)
    assert dead.headers["x-first-death-reason"] == "delivery_limit"
    bus.settle()
    assert len(messages) == 2


def test_prefetch_bounds_what_is_unacknowledged(bus):
    bus.declare("first")
    bus.publish(range(10))
    messages = bus.consume("first", prefetch=3)
    bus.settle()
    assert payloads(messages) == [0, 1, 2]
    messages[0].ack()
    bus.settle()
    assert payloads(messages) == [0, 1, 2, 3]


def test_multiple_acknowledges_everything_up_to_the_tag(bus):
    bus.declare("first")
    bus.publish(range(5))
    messages = bus.take("first", 5)
    messages[2].ack(multiple=True)
    bus.connection.close()
    with bus.again() as later:
        assert payloads(later.take("first", 2)) == [3, 4]
        later.settle()


def test_unroutable_mandatory_message_is_returned_before_its_confirm(bus):
    bus.declare("first", key="known")
    events = []
    bus.channel.events["basic_return"].add(
        lambda error, exchange, key, message: events.append(
            (error.reply_text, exchange, key, message.properties["message_id"])
        )
    )
    bus.channel.events["basic_ack"].add(lambda *_: events.append("confirmed"))
    bus.publish(["lost"], key="unknown", mandatory=True, message_id="m1")
    assert events == [("NO_ROUTE", bus.name, "unknown", "m1"), "confirmed"]


def test_unroutable_message_without_mandatory_is_dropped(bus):
    bus.declare("first", key="known")
    bus.publish(["lost"], key="unknown")
    assert bus.size("first") == 0


def test_closing_a_channel_returns_its_messages_to_their_own_queue(bus):
    bus.declare("first")
    bus.declare("second")
    bus.publish([1, 2])
    bus.take("first", 2)
    bus.channel.close()
    with bus.again() as later:
        assert payloads(later.take("first", 2)) == [1, 2]
        assert payloads(later.take("second", 2)) == [1, 2]
        later.settle()
        assert later.size("second") == 0


def test_get_takes_one_message_or_none(bus):
    bus.declare("first")
    queue = kombu.Queue(f"{bus.name}.first", channel=bus.channel)
    assert queue.get() is None
    bus.publish(["one"])
    message = queue.get()
    assert message.payload == "one"
    message.ack()
    assert queue.get() is None


def test_purge_empties_the_queue_and_tells_how_much(bus):
    bus.declare("first")
    bus.publish(range(3))
    assert bus.size("first") == 3
    assert bus.channel.queue_purge(f"{bus.name}.first") == 3
    assert bus.size("first") == 0


def test_deleted_queue_is_not_found(bus):
    bus.declare("first")
    bus.channel.queue_delete(f"{bus.name}.first")
    with pytest.raises(NotFound):
        bus.size("first")


def test_publishing_to_an_unknown_exchange_is_an_error(bus):
    with pytest.raises(NotFound):
        bus.publish(["lost"])
