"""Inserts of many requests in one command: each request gets its own answer."""

import threading
from collections.abc import Callable

import pytest
from bson.errors import InvalidDocument

from shared import group_commit
from shared.documents import AlreadyThere, Documents, encoded_document
from shared.group_commit import GroupCommit
from tests.integration.deadline import until


class Shut(Exception):
    """The gate is closed."""


def admit_all(_) -> dict[str, Exception]:
    return {}


def rows(database) -> Documents:
    return Documents(database["rows"])


def encoded(name: str, **fields):
    return encoded_document({"_id": name, **fields})


@pytest.fixture
def together(database):
    """Has requests insert at the same time; answers what each of them got: None or its error."""

    def run(requests: list[Callable[[], None]]) -> list[BaseException | None]:
        answers: list[BaseException | None] = [None] * len(requests)
        begin = threading.Barrier(len(requests))

        def ask(position: int, request: Callable[[], None]) -> None:
            begin.wait()
            try:
                request()
            except BaseException as error:  # noqa: BLE001  # it is what the request is told
                answers[position] = error

        threads = [
            threading.Thread(target=ask, args=(position, request))
            for position, request in enumerate(requests)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
            assert not thread.is_alive(), "a request waits for ever"
        return answers

    return run


def names(database) -> set[str]:
    return {document["_id"] for document in database["rows"].find()}


def test_thirty_two_threads_each_find_their_document_stored(database, together):
    commit = GroupCommit(rows(database), admit_all, admit_all)

    def insert_ten(thread: int) -> None:
        for i in range(10):
            name = f"{thread}.{i}"
            commit.insert(name, "gate", encoded(name))
            assert database["rows"].find_one({"_id": name}), f"{name} acknowledged, not stored"

    answers = together([lambda t=t: insert_ten(t) for t in range(32)])
    assert answers == [None] * 32
    assert len(names(database)) == 320


def test_a_value_that_bson_cannot_encode_fails_only_its_own_request(database, together):
    commit = GroupCommit(rows(database), admit_all, admit_all)

    def insert(position: int) -> None:
        value = 10**30 if position == 7 else 1
        commit.insert(str(position), "gate", encoded(str(position), value=value))

    answers = together([lambda p=p: insert(p) for p in range(16)])
    assert isinstance(answers[7], OverflowError | InvalidDocument)
    assert answers[:7] + answers[8:] == [None] * 15
    assert names(database) == {str(p) for p in range(16)} - {"7"}


def test_a_duplicate_is_told_to_the_request_that_sent_it(database, together):
    for taken in ("3", "11"):
        database["rows"].insert_one({"_id": taken, "old": True})
    commit = GroupCommit(rows(database), admit_all, admit_all)
    answers = together(
        [lambda n=n: commit.insert(n, "gate", encoded(n)) for n in map(str, range(16))]
    )
    refused = {str(i): str(error) for i, error in enumerate(answers) if error is not None}
    assert refused == {"3": "3", "11": "11"}
    assert database["rows"].find_one({"_id": "3"}) == {"_id": "3", "old": True}


def test_of_twenty_requests_with_one_id_one_is_stored(database, together):
    commit = GroupCommit(rows(database), admit_all, admit_all)
    answers = together(
        [lambda i=i: commit.insert("same", "gate", encoded("same", by=i)) for i in range(20)]
    )
    stored = database["rows"].find_one({"_id": "same"})["by"]
    assert [i for i, error in enumerate(answers) if error is None] == [stored]
    assert sum(isinstance(error, AlreadyThere) for error in answers) == 19


def test_a_closed_gate_refuses_only_its_own(database, together):
    commit = GroupCommit(
        rows(database), lambda gates: {g: Shut(g) for g in gates if g == "odd"}, admit_all
    )
    answers = together(
        [
            lambda n=n: commit.insert(str(n), "odd" if n % 2 else "even", encoded(str(n)))
            for n in range(12)
        ]
    )
    assert [str(error) if error else None for error in answers] == [None, "odd"] * 6
    assert names(database) == {str(n) for n in range(0, 12, 2)}


def test_what_ends_the_leader_acknowledges_nobody(database, together):
    """A process told to exit in the middle of a batch must not answer that it was stored."""
    batches = []

    def admit(_) -> dict[str, Exception]:
        batches.append(1)
        if len(batches) == 1:
            until(lambda: len(commit._waiting) == 7, "the others wait behind the first")
        if len(batches) == 2:
            raise SystemExit("told to stop")
        return {}

    commit = GroupCommit(rows(database), admit, admit_all)
    answers = together(
        [lambda n=n: commit.insert(n, "gate", encoded(n)) for n in map(str, range(8))]
    )
    assert sum(isinstance(error, SystemExit) for error in answers) == 7
    assert names(database) == {str(n) for n, error in enumerate(answers) if error is None}


class Unlucky(Documents):
    """They are stored, and the answer gets lost."""

    def insert_encoded(self, new):
        super().insert_encoded(new)
        raise ConnectionResetError("the answer got lost")


@pytest.fixture
def no_patience(monkeypatch):
    """Every write is slow."""
    monkeypatch.setattr(group_commit, "PATIENCE_SECONDS", -1.0)


def test_the_gates_of_a_slow_write_are_told_before_anybody_is_answered(database, no_patience):
    told = []
    commit = GroupCommit(rows(database), admit_all, told.extend)
    commit.insert("r1", "gate", encoded("r1"))
    assert told == ["gate"]


def test_the_gates_of_a_slow_write_are_told_when_its_answer_got_lost(database, no_patience):
    """It is stored all the same, as here."""
    told = []
    commit = GroupCommit(Unlucky(database["rows"]), admit_all, told.extend)
    with pytest.raises(ConnectionResetError):
        commit.insert("r1", "gate", encoded("r1"))
    assert names(database) == {"r1"}
    assert told == ["gate"]


def test_a_write_in_time_is_told_to_nobody(database):
    told = []
    GroupCommit(rows(database), admit_all, told.extend).insert("r1", "gate", encoded("r1"))
    assert told == []
