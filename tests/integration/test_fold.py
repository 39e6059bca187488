"""The fold over the wire: workers that fold the same messages at the same time."""

import random
import threading

import orjson
import pytest

from shared import set_hash
from shared.fold import Contribution, Fold
from tests.integration.tally import add

EVERYTHING = [
    Contribution(f"r{i}:1", "s1", "careers", {"number": i}, came=f"r{i}:1") for i in range(120)
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
    came = [each.id for each in EVERYTHING]
    assert head.set_hash == set_hash.combine(set_hash.EMPTY, came=came, went=[])


def test_workers_fold_what_waited_once_while_it_is_delivered_again(database):
    known = threading.Event()

    def when_known(head, state, bodies):
        return add(head, state, bodies) if known.is_set() else None

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
