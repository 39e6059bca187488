"""Each contribution takes effect once, whoever folds it, dies, stalls or comes again."""

from collections.abc import Sequence
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared import set_hash
from shared.fold import Contribution, Fold
from tests.unit.shared.memory import Crash, CrashAt, Player, Watched, empty


def add(_: str, state: bytes | None, bodies: list[dict[str, Any]]) -> bytes:
    """The state is the list of all that was folded, so that loss and doubling show."""
    folded = orjson.loads(bytes(state or b"[]")) + [body["name"] for body in bodies]
    return orjson.dumps(sorted(folded))


def contributions(names: str) -> list[Contribution]:
    return [Contribution(name, "s1", "careers", {"name": name}, came=name) for name in names]


def folder(database, step=None, folding=add) -> Fold:
    return Fold(database if step is None else Watched(database, step), folding)


def insert(database, names: str) -> None:
    Fold(Watched(database, lambda _: None), add).apply(contributions(names))


def assert_folded(database, names: str) -> None:
    head = Fold(database, add).head("s1")
    assert orjson.loads(bytes(head.state)) == sorted(names)
    assert head.count == head.folded == len(names)
    assert head.set_hash == set_hash.combine(set_hash.EMPTY, came=list(names), went=[])


def test_duplicates_in_one_batch_and_across_batches_change_nothing():
    database = empty()
    for batch in ("aab", "ba", "bcca", "abc"):
        insert(database, batch)
    assert_folded(database, "abc")


def test_the_same_folder_goes_on_from_what_it_folded_last():
    database = empty()
    fold = folder(database, lambda _: None)
    for batch in ("ab", "bc", "d", "ad"):
        fold.apply(contributions(batch))
    assert_folded(database, "abcd")


def test_heads_are_folded_apart():
    database = empty()
    other = [Contribution("z", "s2", "careers", {"name": "z"})]
    folder(database, lambda _: None).apply(contributions("ab") + other)
    assert_folded(database, "ab")
    assert [head.id for head in Fold(database, add).heads("careers")] == ["s1", "s2"]


def crash_points(most: int = 60):
    """Every step of a process in turn, until it gets to its end."""
    for at in range(most):
        crash = CrashAt(at)
        yield crash
        if not crash.crashed:
            assert at > 5, "the crashes never hit anything"
            return
    pytest.fail("the steps did not end")


def test_a_crash_at_any_step_and_a_redelivery_fold_once():
    for crash in crash_points():
        database = empty()
        insert(database, "ab")
        try:
            folder(database, crash).apply(contributions("bcde"))
        except Crash:
            insert(database, "f")
            insert(database, "bcde")
        else:
            insert(database, "f")
        insert(database, "ef")
        assert_folded(database, "abcdef")


def test_a_crash_in_the_first_batch_of_a_head_and_a_redelivery_fold_once():
    for crash in crash_points():
        database = empty()
        try:
            folder(database, crash).apply(contributions("abc"))
        except Crash:
            insert(database, "cb")
        insert(database, "abc")
        assert_folded(database, "abc")


@pytest.mark.parametrize("stalled_before", ["heads.update_one", "contributions.find"])
@pytest.mark.parametrize("meanwhile", [["bcd"], ["bcd", "e"], ["b", "c", "ef"], ["e"]])
def test_a_stalled_folder_that_resumes_folds_only_what_nobody_did(stalled_before, meanwhile):
    database = empty()
    insert(database, "ab")
    stalled = Player(lambda step: folder(database, step).apply(contributions("bcd")))
    stalled.advance_to(stalled_before)
    for batch in meanwhile:
        insert(database, batch)
    stalled.finish()
    assert_folded(database, "".join(sorted({*"abcd", *"".join(meanwhile)})))


BATCHES = st.lists(st.text("abcdef", min_size=1, max_size=4), min_size=1, max_size=3)


@given(
    queues=st.lists(BATCHES, min_size=2, max_size=3),
    turns=st.lists(st.tuples(st.integers(0, 2), st.integers(0, 30)), max_size=120),
)
@settings(max_examples=150, deadline=None)
def test_no_order_of_the_steps_of_several_folders_doubles_or_loses(queues, turns):
    """One in thirty steps is a folder's last; its queue is then delivered anew by another."""
    database = empty()

    def play(batches: Sequence[str]) -> Player:
        def consume(step):
            fold = folder(database, step)
            for batch in batches:
                fold.apply(contributions(batch))

        return Player(consume)

    players = [play(batches) for batches in queues]
    for who, fate in turns:
        chosen = who % len(players)
        if fate == 0 and players[chosen].next is not None:
            players[chosen].die()
            players[chosen] = play(queues[chosen])
        else:
            players[chosen].advance()
    for player in players:
        player.finish()
    assert_folded(database, "".join(sorted({name for q in queues for b in q for name in b})))


class Definition:
    """What contributions wait for: bodies make no sense before it is `known`."""

    known = False

    def __call__(self, head: str, state: bytes | None, bodies: list[dict]) -> bytes | None:
        if not self.known:
            return None
        if any(body["name"] == "?" for body in bodies):
            raise ValueError("it makes no sense at all")
        return add(head, state, bodies)


def test_contributions_wait_for_what_they_need_and_are_folded_when_woken():
    database, definition = empty(), Definition()
    fold = folder(database, lambda _: None, definition)
    fold.apply(contributions("ab"))
    fold.apply(contributions("bc"))
    fold.wake("s1")
    assert fold.head("s1") is None
    definition.known = True
    fold.wake_all()
    assert_folded(database, "abc")
    assert database["waiting_contributions"].count_documents({}) == 0


def test_what_waited_is_folded_once_when_it_is_delivered_again_before_it_is_woken():
    database, definition = empty(), Definition()
    folder(database, lambda _: None, definition).apply(contributions("ab"))
    definition.known = True
    folder(database, lambda _: None, definition).apply(contributions("bc"))
    folder(database, lambda _: None, definition).wake_all()
    assert_folded(database, "abc")


def test_a_crash_between_postponing_and_acknowledging_folds_once():
    for crash in crash_points():
        database, definition = empty(), Definition()
        try:
            folder(database, crash, definition).apply(contributions("abc"))
        except Crash:
            definition.known = True
            folder(database, lambda _: None, definition).apply(contributions("abc"))
        definition.known = True
        folder(database, lambda _: None, definition).wake_all()
        assert_folded(database, "abc")


def test_a_crash_at_any_step_of_waking_folds_once():
    for crash in crash_points():
        database, definition = empty(), Definition()
        folder(database, lambda _: None, definition).apply(contributions("abc"))
        definition.known = True
        try:
            folder(database, crash, definition).wake_all()
        except Crash:
            insert(database, "cd")
            folder(database, lambda _: None, definition).wake_all()
        insert(database, "d")
        assert_folded(database, "abcd")
        assert database["waiting_contributions"].count_documents({}) == 0


def test_two_that_wake_the_same_head_at_once_fold_once():
    definition = Definition()
    for steps in range(30):
        database, definition.known = empty(), False
        folder(database, lambda _: None, definition).apply(contributions("abc"))
        definition.known = True
        slow = Player(lambda step, db=database: folder(db, step, definition).wake_all())
        for _ in range(steps):
            slow.advance()
        folder(database, lambda _: None, definition).wake_all()
        slow.finish()
        assert_folded(database, "abc")


def test_waking_too_early_leaves_no_trace():
    """It is done every second, for hours where a definition is lost: what waits must not grow."""
    database, definition = empty(), Definition()
    fold = folder(database, lambda _: None, definition)
    fold.apply(contributions("ab"))
    before = list(database["contributions"].find())
    writes = []
    watched = folder(database, lambda name: writes.append(name.partition(".")[2]), definition)
    for _ in range(3):
        watched.wake_all()
    assert list(database["contributions"].find()) == before
    assert set(writes) <= {"find", "find_one", "distinct"}


def test_hours_of_waiting_are_folded_in_bounded_batches():
    database, definition = empty(), Definition()
    fold = folder(database, lambda _: None, definition)
    waiting = [Contribution(f"{i:03}", "s1", "careers", {"name": f"{i:03}"}) for i in range(450)]
    fold.apply(waiting)
    definition.known = True
    fold.wake("s1")
    head = fold.head("s1")
    assert head.folded == 450
    assert orjson.loads(bytes(head.state)) == [each.id for each in waiting]
    assert len(head.last["ids"]) <= 200


def test_one_that_makes_no_sense_does_not_keep_the_others_waiting():
    database, definition = empty(), Definition()
    fold = folder(database, lambda _: None, definition)
    other = [Contribution("z", "s2", "careers", {"name": "z"})]
    fold.apply(contributions("ab?cd") + other)
    definition.known = True
    with pytest.raises(ExceptionGroup) as raised:
        fold.wake_all()
    assert raised.group_contains(ValueError, match="no sense")
    assert fold.head("s2").folded == 1
    assert_folded(database, "abcd")
    (left,) = database["waiting_contributions"].find()
    assert left["_id"] == "?"


@st.composite
def deliveries(draw):
    """The histories of some responses, delivered in any order and batches, some twice."""
    messages, standing = [], []
    for name in draw(st.lists(st.sampled_from("pqrstu"), min_size=1, max_size=5, unique=True)):
        revisions = draw(st.integers(1, 4))
        withdrawn = draw(st.booleans()) and revisions > 1
        for revision in range(1, revisions + 1):
            gone = withdrawn and revision == revisions
            messages.append(
                Contribution(
                    f"{name}:{revision}",
                    "s1",
                    "careers",
                    {"name": f"{name}{revision}"},
                    came=None if gone else f"{name}:{revision}",
                    went=None if revision == 1 else f"{name}:{revision - 1}",
                )
            )
        if not withdrawn:
            standing.append(f"{name}:{revisions}")
    again = draw(st.lists(st.sampled_from(messages), max_size=5))
    order = draw(st.permutations(messages + again))
    size = draw(st.integers(1, 4))
    batches = [order[i : i + size] for i in range(0, len(order), size)]
    return batches, len(messages), standing


@given(deliveries())
@settings(max_examples=80, deadline=None)
def test_count_and_hash_follow_what_stands_whatever_the_order(delivered):
    batches, distinct, standing = delivered
    fold = folder(empty(), lambda _: None)
    for batch in batches:
        fold.apply(batch)
    head = fold.head("s1")
    assert (head.folded, head.count) == (distinct, len(standing))
    assert head.set_hash == set_hash.combine(set_hash.EMPTY, came=standing, went=[])


def test_the_hash_tells_other_sets_and_other_revisions_apart():
    def hash_of(*members: str) -> str:
        return set_hash.combine(set_hash.EMPTY, came=list(members), went=[])

    assert hash_of("a:1", "b:1") == hash_of("b:1", "a:1")
    assert len({hash_of("a:1"), hash_of("a:2"), hash_of("a:1", "b:1"), hash_of("b:1")}) == 4
