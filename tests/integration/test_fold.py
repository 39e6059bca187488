"""The fold over the wire: workers that fold the same messages at the same time."""

import dataclasses
import random
import threading

import orjson
import pytest

from shared import set_hash
from shared.contributions import Contribution
from shared.fold import Change, Fold
from tests.integration.tally import add

EVERYTHING = [
    Contribution("s1", "careers", f"r{i}", 1, "2026-03-01T09:00:00.000Z", {"number": i})
    for i in range(120)
]


@pytest.mark.parametrize("workers", [2, 4])
def test_workers_that_are_given_the_same_messages_fold_each_once(database, workers):
    begin = threading.Barrier(workers)
    errors = []

    def work(seed: int) -> None:
        fold = Fold(database, add)
        mine = EVERYTHING.copy()
        random.Random(seed).shuffle(mine)
        begin.wait()
        try:
            for start in range(0, len(mine), 15):
                fold.apply(mine[start : start + 20])
        except Exception as error:  # noqa: BLE001  # the test looks at it
            errors.append(error)

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(workers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    head = Fold(database, add).head("s1")
    assert errors == []
    assert orjson.loads(head.state) == list(range(120))
    assert head.count == head.folded == 120
    came = [f"{each.member}:1" for each in EVERYTHING]
    assert head.set_hash == set_hash.combine(set_hash.EMPTY, came=came, went=[])


def test_workers_fold_what_waited_once_while_it_is_delivered_again(database):
    known = threading.Event()

    def when_known(head, state, changes):
        return add(head, state, changes) if known.is_set() else None

    Fold(database, when_known).apply(EVERYTHING)
    known.set()
    begin = threading.Barrier(4)

    def wake() -> None:
        begin.wait()
        Fold(database, when_known).wake_all()

    def redeliver() -> None:
        begin.wait()
        fold = Fold(database, when_known)
        for start in range(0, 120, 40):
            fold.apply(EVERYTHING[start : start + 40])

    threads = [threading.Thread(target=each) for each in (wake, redeliver, wake, redeliver)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    head = Fold(database, add).head("s1")
    assert orjson.loads(head.state) == list(range(120))
    assert database["waiting_contributions"].count_documents({}) == 0


def test_a_replay_is_right_while_others_fold_and_revise(database):
    fold = Fold(database, replace)
    fold.apply(EVERYTHING[:60])
    database["heads"].update_one({"_id": "s1"}, {"$set": {"state": b"[]", "count": 7}})
    stop = threading.Event()

    def revise() -> None:
        other = Fold(database, replace)
        for start in range(0, 60, 5):
            revised = [dataclasses.replace(c, revision=2) for c in EVERYTHING[start : start + 5]]
            other.apply(revised + EVERYTHING[60 + start : 65 + start])
        stop.set()

    thread = threading.Thread(target=revise)
    thread.start()
    while not stop.is_set():
        Fold(database, replace).replay("s1")
    thread.join()
    Fold(database, replace).replay("s1")
    head = fold.head("s1")
    assert orjson.loads(head.state) == list(range(120))
    assert head.count == 120
    assert list(fold.history("s1"))[-1].result() == head.result()


def replace(_: str, state: bytes | None, changes: list[Change]) -> bytes:
    """As `add`, taking away what a revision replaces; where that was lost, there is nothing."""
    numbers = set(orjson.loads(bytes(state or b"[]")))
    numbers -= {change.before["number"] for change in changes if change.before}
    return orjson.dumps(sorted(numbers | {c.after["number"] for c in changes if c.after}))
