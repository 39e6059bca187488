"""A document and its events are one write, whoever else writes, on the embedded database."""

import threading
from dataclasses import dataclass
from typing import ClassVar

import orjson
import pytest

from shared.documents import MOST_PENDING, AlreadyThere, Documents, NotThere, OutboxFull
from shared.event import MOST_BYTES, Event, TooLarge
from shared.outbox import Relay


@dataclass(frozen=True)
class Counted(Event):
    type: ClassVar[str] = "tests.counted.v1"
    value: int


NEW = {"_id": "d1", "unit": "careers", "value": 0}


@pytest.fixture(params=["wire", "memory"])
def documents(request):
    fixture = {"wire": "database", "memory": "mock_database"}[request.param]
    documents = Documents(request.getfixturevalue(fixture)["documents"])
    documents.ensure_indexes(("unit", "-value"))
    return documents


def count(document):
    document["value"] += 1
    return [Counted("careers", "d1", document["value"])]


def waiting(documents) -> list[int]:
    stored = documents.get("d1")
    return [orjson.loads(event["body"])["data"]["value"] for event in stored.get("outbox", [])]


def test_a_new_document_holds_its_events(documents):
    documents.insert(NEW, [Counted("careers", "d1", 0)])
    assert waiting(documents) == [0]
    assert documents.get("d1")["v"] == 1


def test_a_document_is_made_once(documents):
    documents.insert(NEW)
    with pytest.raises(AlreadyThere):
        documents.insert({**NEW, "value": 5}, [Counted("careers", "d1", 5)])
    assert documents.get("d1")["value"] == 0
    assert waiting(documents) == []


def test_a_change_and_its_events_are_stored_together(documents):
    documents.insert(NEW)
    documents.update("d1", count)
    documents.update("d1", count)
    assert (documents.get("d1")["value"], waiting(documents)) == (2, [1, 2])


def test_a_change_of_nothing_writes_nothing(documents):
    documents.insert(NEW)
    documents.update("d1", lambda _: [])
    assert documents.get("d1")["v"] == 1


def test_a_missing_document_cannot_be_changed(documents):
    with pytest.raises(NotThere):
        documents.update("d1", count)


def test_a_change_that_raises_leaves_the_document_as_it_was(documents):
    documents.insert(NEW, [Counted("careers", "d1", 0)])
    before = documents.get("d1")

    def spoil(document):
        document["value"] = 99
        raise ValueError("on second thoughts")

    with pytest.raises(ValueError, match="second thoughts"):
        documents.update("d1", spoil)
    assert documents.get("d1") == before


def test_a_change_that_lost_a_race_runs_again_on_what_the_other_left(documents):
    documents.insert(NEW)
    seen = []

    def beaten_at_first(document):
        seen.append(document["value"])
        if len(seen) == 1:
            documents.update("d1", count)
        return count(document)

    documents.update("d1", beaten_at_first)
    assert seen == [0, 1]
    assert (documents.get("d1")["value"], waiting(documents)) == (2, [1, 2])


def test_an_outbox_that_nobody_empties_refuses_more(documents):
    documents.insert(NEW)
    for _ in range(MOST_PENDING):
        documents.update("d1", count)
    with pytest.raises(OutboxFull):
        documents.update("d1", count)
    assert documents.get("d1")["value"] == len(waiting(documents)) == MOST_PENDING


def test_an_event_that_is_too_large_is_refused_and_leaves_the_document_as_it_was(documents):
    enormous = Counted("careers", "d1", "x" * MOST_BYTES)
    with pytest.raises(TooLarge):
        documents.insert(NEW, [enormous])
    assert documents.get("d1") is None
    documents.insert(NEW, [Counted("careers", "d1", 0)])
    before = documents.get("d1")

    def change(document):
        document["value"] = 1
        return [enormous]

    with pytest.raises(TooLarge):
        documents.update("d1", change)
    assert documents.get("d1") == before


def test_the_relay_never_clears_an_event_that_came_after_it_read(documents):
    documents.insert(NEW)
    documents.update("d1", count)
    sent = []

    def publish(events):
        sent.extend(orjson.loads(event.body)["data"]["value"] for event in events)
        if len(sent) == 1:
            documents.update("d1", count)

    relay = Relay([documents], publish)
    relay.relay()
    assert waiting(documents) == [1, 2]
    relay.relay()
    assert sent == [1, 1, 2]
    assert waiting(documents) == []


def test_a_clearing_between_a_change_s_read_and_its_write_costs_a_copy_and_no_event(documents):
    documents.insert(NEW, [Counted("careers", "d1", 0)])
    sent = []

    def publish(events):
        sent.extend(orjson.loads(event.body)["data"]["value"] for event in events)

    def cleared_meanwhile(document):
        Relay([documents], publish).relay()
        return count(document)

    documents.update("d1", cleared_meanwhile)
    Relay([documents], publish).relay()
    assert set(sent) == {0, 1}
    assert waiting(documents) == []


def test_many_are_inserted_at_once_and_those_that_existed_are_named(database):
    documents = Documents(database["documents"])
    documents.insert(NEW)
    rows = [({**NEW, "_id": name}, [Counted("careers", name, 1)]) for name in ("d0", "d1", "d2")]
    assert documents.insert_many(rows) == {1}
    assert waiting(documents) == []
    assert "outbox" in documents.get("d2")


def test_twenty_racing_writers_lose_no_increment(database):
    documents = Documents(database["documents"])
    documents.insert(NEW)
    begin = threading.Barrier(20)

    def increment(document):
        document["value"] += 1
        return []

    def write():
        begin.wait()
        for _ in range(5):
            documents.update("d1", increment)

    threads = [threading.Thread(target=write) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (documents.get("d1")["value"], documents.get("d1")["v"]) == (100, 101)
