"""One message at fault holds up no other; a database that is away takes nothing."""

from datetime import timedelta

import orjson
import pytest
from pymongo.errors import AutoReconnect, OperationFailure

from shared import parking as parking_module
from shared import times
from shared.documents import NotThere
from shared.parking import ATTEMPTS, Parking
from shared.worker import Inbox, every
from tests.unit.shared.memory import Watched, empty

ERASED = "tests.erased.v1"


def body(name: str, event_type: str = "tests.said.v1", **changes) -> bytes:
    envelope = {
        "id": name,
        "type": event_type,
        "source": "/tests",
        "subject": name,
        "unit": "careers",
        "time": "2026-11-23T09:30:00.000Z",
        "data": {},
    }
    return orjson.dumps(envelope | changes)


class Consumer:
    """An inbox, its parking, and a handler whose effect is a set, as a handler's should be."""

    def __init__(self, fault: Exception | None = None, *faulty: str) -> None:
        self.effects: set[str] = set()
        self.fault, self.faulty = fault, set(faulty)
        self.calls: list[int] = []
        self.parking = Parking(empty())
        handlers = dict.fromkeys(("tests.said.v1", ERASED), self.handle)
        self.inbox = Inbox(handlers, self.parking, {ERASED})

    def handle(self, messages) -> None:
        self.calls.append(len(messages))
        for message in messages:
            if message.subject in self.faulty and message.type != ERASED:
                raise self.fault
        self.effects |= {message.subject for message in messages}

    def set_aside(self) -> dict[str, tuple[str, int]]:
        found = self.parking._messages.find()
        return {d["_id"]: (d["state"], d["attempts"]) for d in found}


FIFTY = [f"m{i}" for i in range(50)]


@pytest.fixture
def clock(monkeypatch):
    """Time as parking knows it, which passes when the test says."""
    now = [times.now()]
    monkeypatch.setattr(parking_module.times, "now", lambda: now[0])

    def pass_time(seconds: float) -> None:
        now[0] += timedelta(seconds=seconds)

    return pass_time


def test_a_batch_is_handled_as_one():
    consumer = Consumer()
    consumer.inbox.receive([body(name) for name in FIFTY])
    assert (consumer.effects, consumer.calls) == (set(FIFTY), [50])


@pytest.mark.parametrize("fault", [ValueError("bad"), OperationFailure("too large", 17280)])
def test_one_of_fifty_at_fault_is_set_aside_and_the_others_take_effect(fault):
    """Also one that the database refuses: it would refuse it for ever."""
    consumer = Consumer(fault, "m17")
    consumer.inbox.receive([body(name) for name in FIFTY])
    assert consumer.effects == set(FIFTY) - {"m17"}
    assert list(consumer.set_aside().values()) == [("waiting", 1)]
    assert len(consumer.calls) < 20


def test_a_database_that_is_away_leaves_the_batch_to_come_again():
    consumer = Consumer(AutoReconnect("away"), "m17")
    with pytest.raises(AutoReconnect):
        consumer.inbox.receive([body(name) for name in FIFTY])
    assert consumer.set_aside() == {}


@pytest.mark.parametrize(
    "hopeless",
    [
        b"not json",
        b"{}",
        b"\xff\xfe",
        body("m", event_type="tests.unheard_of.v1"),
        body("m", type=["a", "list"]),
        body("m", data=[]),
        body("m", time="0001-01-01T00:00:00+10:00"),
        body("m", unit=None),
    ],
)
def test_what_no_later_attempt_can_heal_is_parked_at_once_with_its_reason(hopeless):
    consumer = Consumer()
    consumer.inbox.receive([body("before"), hopeless, body("after")])
    assert consumer.effects == {"before", "after"}
    (parked,) = consumer.parking.parked()
    assert (parked.body, parked.attempts) == (hopeless, 1)
    assert parked.reason.startswith(("Malformed: ", "UnknownType: "))
    assert consumer.parking.count() == 1


def test_what_fails_is_tried_again_ever_later_and_parked_in_the_end(clock):
    consumer = Consumer(ValueError("bad"), "m1")
    consumer.inbox.receive([body("m1")])
    for wait in (1, 2, 4, 8, 16):
        calls = len(consumer.calls)
        clock(wait - 0.1)
        consumer.parking.retry_due(consumer.inbox.handle_one)
        assert len(consumer.calls) == calls, f"tried before {wait} s had passed"
        clock(0.2)
        consumer.parking.retry_due(consumer.inbox.handle_one)
        assert len(consumer.calls) == calls + 1
    assert len(consumer.calls) == ATTEMPTS
    (parked,) = consumer.parking.parked()
    assert (parked.attempts, parked.reason) == (ATTEMPTS, "ValueError: bad")
    assert "ValueError: bad" in parked.trace
    clock(10**6)
    consumer.parking.retry_due(consumer.inbox.handle_one)
    assert len(consumer.calls) == ATTEMPTS


def test_what_heals_takes_effect_and_is_forgotten(clock):
    consumer = Consumer(ValueError("bad"), "m1")
    consumer.inbox.receive([body("m1")])
    consumer.faulty.clear()
    clock(1.1)
    consumer.parking.retry_due(consumer.inbox.handle_one)
    assert (consumer.effects, consumer.set_aside()) == ({"m1"}, {})


def test_a_database_that_is_away_is_not_held_against_a_waiting_message(clock):
    consumer = Consumer(ValueError("bad"), "m1")
    consumer.inbox.receive([body("m1")])
    consumer.fault = AutoReconnect("away")
    for _ in range(ATTEMPTS):
        clock(100)
        with pytest.raises(AutoReconnect):
            consumer.parking.retry_due(consumer.inbox.handle_one)
    assert list(consumer.set_aside().values()) == [("waiting", 1)]


def test_a_parked_message_is_tried_once_more_when_somebody_asks_and_only_then():
    consumer = Consumer(ValueError("bad"), "m1", "m2")
    for name in ("m1", "m2"):
        consumer.parking.failed(body(name), ValueError("bad"), hopeless=True)
    first, second = consumer.parking.parked()
    consumer.parking.replay(first.id)
    for _ in range(2):
        consumer.parking.retry_due(consumer.inbox.handle_one)
    again = consumer.parking.get(first.id)
    assert (again.state, again.attempts, again.due) == ("parked", 2, None)
    assert consumer.parking.get(second.id) == second
    consumer.faulty.clear()
    consumer.parking.replay(first.id)
    consumer.parking.retry_due(consumer.inbox.handle_one)
    assert consumer.effects == {"m1"}
    assert [each.id for each in consumer.parking.parked()] == [second.id]


def test_a_parked_message_is_given_up_by_hand():
    consumer = Consumer()
    consumer.parking.failed(body("m1"), ValueError("bad"), hopeless=True)
    (parked,) = consumer.parking.parked()
    consumer.parking.drop(parked.id)
    assert consumer.set_aside() == {}
    for gone in (consumer.parking.get, consumer.parking.replay, consumer.parking.drop):
        with pytest.raises(NotThere):
            gone(parked.id)


def test_a_parked_message_says_when_it_failed_first_and_last(clock):
    consumer = Consumer()
    for _ in range(2):
        consumer.parking.failed(body("m1"), ValueError("bad"), hopeless=True)
        clock(60)
    (parked,) = consumer.parking.parked()
    assert times.parse(parked.at) - times.parse(parked.since) == timedelta(seconds=60)


def test_a_body_that_no_document_could_hold_is_kept_cut_off_as_one_message():
    consumer = Consumer()
    enormous = b"x" * 20_000_000
    for _ in range(2):
        consumer.inbox.receive([enormous])
    (parked,) = consumer.parking.parked()
    assert (len(parked.body), parked.attempts) == (8_000_000, 2)
    consumer.parking.replay(parked.id)
    consumer.parking.retry_due(consumer.inbox.handle_one)
    (again,) = consumer.parking.parked()
    assert (again.id, again.attempts, again.due) == (parked.id, 3, None)


def test_after_an_erasure_nothing_about_its_subject_stays_set_aside():
    consumer = Consumer(ValueError("bad"), "m1", "m2")
    said = [body("m1"), body("m1", data={"revised": True}), body("m2")]
    consumer.inbox.receive([*said, body("m1", event_type="tests.unheard_of.v1")])
    assert len(consumer.parking.about("m1")) == 3
    consumer.inbox.receive([body("m1", event_type=ERASED)])
    assert consumer.parking.about("m1") == []
    assert [each.subject for each in consumer.parking.about("m2")] == ["m2"]
    assert len(consumer.set_aside()) == 1


def test_what_comes_late_about_an_erased_subject_and_fails_is_not_kept(clock):
    consumer = Consumer(ValueError("bad"), "m1", "m2")
    consumer.inbox.receive([body("m1", event_type=ERASED)])
    consumer.inbox.receive([body("m1"), body("m2"), body("m1", data=[])])
    assert [each.subject for each in consumer.parking.about("m2")] == ["m2"]
    assert len(consumer.set_aside()) == 1
    clock(1.1)
    consumer.parking.retry_due(consumer.inbox.handle_one)
    assert consumer.parking.about("m1") == []


def test_an_erasure_that_failed_first_forgets_when_it_is_handled(clock):
    consumer = Consumer(ValueError("bad"), "m1")
    consumer.inbox.receive([body("m1")])
    consumer.parking.failed(body("m1", event_type=ERASED), ValueError("bad"), hopeless=True)
    for parked in consumer.parking.about("m1"):
        consumer.parking.replay(parked.id)
    consumer.parking.retry_due(consumer.inbox.handle_one)
    assert consumer.set_aside() == {}


def test_a_message_that_is_set_aside_while_its_subject_is_forgotten_is_not_kept():
    """The erasure is handled by another process, between any two steps of this one."""
    for turn in range(4):
        database, steps = empty(), iter(range(100))

        def forget(_: str, database=database, steps=steps, turn=turn) -> None:
            if next(steps) == turn:
                Parking(database).forget({"m1"})

        Parking(Watched(database, forget)).failed(body("m1"), ValueError("bad"))
        assert next(steps) > turn, "it ended before its turn"
        assert list(database["parked_messages"].find()) == []


def test_of_what_was_forgotten_only_a_hash_of_its_subject_is_left():
    consumer = Consumer(ValueError("bad"), "m1")
    consumer.inbox.receive([body("m1"), body("m1", event_type=ERASED)])
    (mark,) = consumer.parking._forgotten.find()
    assert mark.keys() == {"_id"}
    assert "m1" not in str(mark)


def test_a_tick_now_and_then_comes_at_once_and_then_not_for_a_while():
    ticks = []
    tick = every(3600, lambda: ticks.append(1))
    tick()
    tick()
    assert ticks == [1]
