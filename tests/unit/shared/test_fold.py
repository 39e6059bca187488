"""Each contribution takes effect once, whoever folds it, dies, stalls or comes again."""

from collections.abc import Sequence
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared import set_hash
from shared.contributions import ERASED, Contribution
from shared.fold import Change, Fold
from tests.unit.shared.memory import Crash, CrashAt, Player, Watched, empty

AT = "2026-03-01T09:00:00.000Z"


def add(_: str, state: bytes | None, changes: list[Change]) -> bytes:
    """The state is the list of all that stands, so that loss and doubling show."""
    folded = orjson.loads(bytes(state or b"[]"))
    folded += [change.after["name"] for change in changes if change.after]
    for change in changes:
        if change.before:
            folded.remove(change.before["name"])
    return orjson.dumps(sorted(folded))


def contribution(name: str, head: str = "s1", revision: int = 1, body: Any = ...) -> Contribution:
    said = {"name": name} if body is ... else body
    return Contribution(head, "careers", name, revision, AT, said)


def contributions(names: str) -> list[Contribution]:
    return [contribution(name) for name in names]


def folder(database, step=None, folding=add) -> Fold:
    return Fold(database if step is None else Watched(database, step), folding)


def insert(database, names: str) -> None:
    Fold(Watched(database, lambda _: None), add).apply(contributions(names))


def assert_folded(database, names: str) -> None:
    head = Fold(database, add).head("s1")
    assert orjson.loads(bytes(head.state)) == sorted(names)
    assert head.count == head.folded == len(names)
    assert head.set_hash == set_hash.combine(
        set_hash.EMPTY, came=[f"{name}:1" for name in names], went=[]
    )


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
    other = [contribution("z", "s2")]
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

    def __call__(self, head: str, state: bytes | None, changes: list[Change]) -> bytes | None:
        if not self.known:
            return None
        if any(change.after["name"] == "?" for change in changes):
            raise ValueError("it makes no sense at all")
        return add(head, state, changes)


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
    waiting = [contribution(f"{i:03}") for i in range(450)]
    fold.apply(waiting)
    definition.known = True
    fold.wake("s1")
    head = fold.head("s1")
    assert head.folded == 450
    assert orjson.loads(bytes(head.state)) == [each.member for each in waiting]
    assert len(head.last.steps) <= 200


def test_one_that_makes_no_sense_does_not_keep_the_others_waiting():
    database, definition = empty(), Definition()
    fold = folder(database, lambda _: None, definition)
    other = [contribution("z", "s2")]
    fold.apply(contributions("ab?cd") + other)
    definition.known = True
    with pytest.raises(ExceptionGroup) as raised:
        fold.wake_all()
    assert raised.group_contains(ValueError, match="no sense")
    assert fold.head("s2").folded == 1
    assert_folded(database, "abcd")
    (left,) = database["waiting_contributions"].find()
    assert orjson.loads(left["body"])["member"] == "?"


@st.composite
def deliveries(draw):
    """The histories of some responses, delivered in any order and batches, some twice."""
    messages, standing = [], {}
    for name in draw(st.lists(st.sampled_from("pqrstu"), min_size=1, max_size=5, unique=True)):
        last = draw(st.integers(1, 4))
        ending = draw(st.sampled_from(["stands", "withdrawn", "erased"]))
        for revision in range(1, last + 1):
            gone = ending == "withdrawn" and revision == last
            body = None if gone else {"name": f"{name}{revision}"}
            messages.append(contribution(name, revision=revision, body=body))
        if ending == "erased":
            messages.append(contribution(name, revision=ERASED, body=None))
        if ending == "stands":
            standing[name] = last
    again = draw(st.lists(st.sampled_from(messages), max_size=5))
    order = draw(st.permutations(messages + again))
    size = draw(st.integers(1, 4))
    return [order[i : i + size] for i in range(0, len(order), size)], standing


def assert_stands(head, standing: dict[str, int]) -> None:
    assert orjson.loads(bytes(head.state)) == sorted(f"{n}{r}" for n, r in standing.items())
    members = [f"{n}:{r}" for n, r in standing.items()]
    assert head.count == len(standing)
    assert head.set_hash == set_hash.combine(set_hash.EMPTY, came=members, went=[])


@given(deliveries())
@settings(max_examples=100, deadline=None)
def test_whatever_the_order_the_final_set_of_answers_is_what_counts(delivered):
    batches, standing = delivered
    fold = folder(empty(), lambda _: None)
    for batch in batches:
        fold.apply(batch)
    assert_stands(fold.head("s1"), standing)


@given(deliveries())
@settings(max_examples=60, deadline=None)
def test_a_replay_gives_what_was_folded_whatever_the_order(delivered):
    batches, standing = delivered
    database = empty()
    for batch in batches:
        folder(database, lambda _: None).apply(batch)
    database["heads"].update_one({"_id": "s1"}, {"$set": {"state": b'["spoilt"]', "count": 99}})
    fold = folder(database, lambda _: None)
    assert fold.replay("s1")
    assert_stands(fold.head("s1"), standing)
    assert not fold.replay("s1")
    fold.apply([contribution("z", body={"name": "z1"})])
    assert_stands(fold.head("s1"), standing | {"z": 1})


def test_a_head_is_computed_again_as_it_was_after_each_of_its_batches():
    database, seen = empty(), []
    fold = folder(database, lambda _: None)
    for batch in (["a", "b"], ["c"], ["d", "a"]):
        fold.apply(contribution(name, revision=len(seen) + 1) for name in batch)
        head = fold.head("s1")
        seen.append((head.v, head.result()))
    assert [(head.v, head.result()) for head in fold.history("s1")] == seen


def test_a_replay_while_others_fold_loses_nothing_of_theirs():
    for steps in range(2, 40, 3):
        database = empty()
        insert(database, "abc")
        insert(database, "de")
        database["heads"].update_one({"_id": "s1"}, {"$set": {"state": b"[]"}})
        slow = Player(lambda step, db=database: folder(db, step).replay("s1"))
        for _ in range(steps):
            slow.advance()
        # A folder adds to what it finds, spoilt or not; the replay must put that right too.
        folder(database, lambda _: None).apply(contributions("fg"))
        slow.finish()
        folder(database, lambda _: None).replay("s1")
        insert(database, "h")
        assert_folded(database, "abcdefgh")


@pytest.mark.parametrize("revision", [2, ERASED])
def test_of_a_member_that_is_gone_no_body_is_kept_whoever_dies_and_whatever_comes_late(revision):
    for crash in crash_points():
        database = empty()
        fold = folder(database, lambda _: None)
        fold.apply([contribution("a"), contribution("b", body={"name": "b1"})])
        gone = [contribution("a", revision=revision, body=None)]
        try:
            folder(database, crash).apply(gone)
        except Crash:
            folder(database, lambda _: None).apply(gone)
        folder(database, lambda _: None).apply([contribution("a")])
        assert_stands(folder(database, lambda _: None).head("s1"), {"b": 1})
        (row,) = database["contributions"].find({"_id": gone[0].row})
        assert [step["body"] for step in row["steps"].values()] == [None, None]
        assert (row["member"] is None) == (revision == ERASED)


@pytest.mark.parametrize("late_first", [False, True])
@pytest.mark.parametrize("revision", [2, ERASED])
def test_of_a_member_that_is_gone_nothing_waits_for_what_it_needs(revision, late_first):
    known = False

    def add_when_known(head: str, state: bytes | None, changes: list[Change]) -> bytes | None:
        return add(head, state, changes) if known else None

    answer, gone = contribution("a"), contribution("a", revision=revision, body=None)
    first, second = (gone, answer) if late_first else (answer, gone)
    for crash in crash_points():
        database, known = empty(), False
        fold = folder(database, lambda _: None, add_when_known)
        fold.apply([first, contribution("b", body={"name": "b1"})])
        try:
            folder(database, crash, add_when_known).apply([second])
        except Crash:
            fold.apply([second])
        fold.apply([answer])
        waiting = [orjson.loads(w["body"]) for w in database["waiting_contributions"].find()]
        assert {(w["member"], w["revision"]) for w in waiting if w["body"]} == {("b", 1)}
        (row,) = database["contributions"].find({"_id": gone.row})
        assert [step["body"] for step in row["steps"].values()] == [None, None]
        known = True
        fold.wake_all()
        assert_stands(fold.head("s1"), {"b": 1})
        assert database["waiting_contributions"].count_documents({}) == 0


def test_what_was_folded_of_a_member_is_taken_away_though_its_going_had_to_wait():
    known = True

    def add_when_known(head: str, state: bytes | None, changes: list[Change]) -> bytes | None:
        return add(head, state, changes) if known else None

    database = empty()
    fold = folder(database, lambda _: None, add_when_known)
    fold.apply([contribution("a"), contribution("b", body={"name": "b1"})])
    known = False
    fold.apply([contribution("a", revision=2)])
    fold.apply([contribution("a", revision=3, body=None)])
    (row,) = database["contributions"].find({"_id": contribution("a").row})
    assert [step["body"] is None for step in row["steps"].values()] == [False, True, True]
    known = True
    fold.wake_all()
    assert_stands(fold.head("s1"), {"b": 1})


@pytest.mark.parametrize("revision", [2, ERASED])
def test_a_member_that_goes_at_once_while_its_answer_waits_leaves_no_body_waiting(revision):
    """Its going needs nothing, its answer a version that is not known yet."""

    def add_unless_strange(head: str, state: bytes | None, changes: list[Change]) -> bytes | None:
        strange = any((change.after or {}).get("name") == "?" for change in changes)
        return None if strange else add(head, state, changes)

    answer = contribution("a", body={"name": "?"})
    gone = contribution("a", revision=revision, body=None)
    for crash in crash_points():
        database = empty()
        fold = folder(database, lambda _: None, add_unless_strange)
        fold.apply([contribution("b", body={"name": "b1"})])
        fold.apply([answer])
        assert [(head, kept.body) for head, kept in fold.held("a")] == [("s1", {"name": "?"})]
        try:
            folder(database, crash, add_unless_strange).apply([gone])
        except Crash:
            fold.apply([gone])
        fold.apply([answer])
        assert fold.held("a") == []
        assert database["waiting_contributions"].count_documents({}) == 0
        (row,) = database["contributions"].find({"_id": gone.row})
        assert [step["body"] for step in row["steps"].values()] == [None, None]
        assert_stands(fold.head("s1"), {"b": 1})


def test_what_waits_for_a_head_that_is_not_there_yet_is_held():
    fold = folder(empty(), lambda _: None, lambda *_: None)
    fold.apply([contribution("a")])
    assert [(head, kept.body) for head, kept in fold.held("a")] == [("s1", {"name": "a"})]
    fold.apply([contribution("a", revision=ERASED, body=None)])
    assert fold.held("a") == []


def test_a_member_that_comes_back_while_it_is_forgotten_keeps_what_is_newer():
    database = empty()
    known = True

    def add_when_known(head: str, state: bytes | None, changes: list[Change]) -> bytes | None:
        return add(head, state, changes) if known else None

    fold = folder(database, lambda _: None, add_when_known)
    fold.apply([contribution("a", body={"name": "a1"})])
    known = False
    fold.apply([contribution("a", revision=3, body={"name": "a3"})])
    known = True
    fold.apply([contribution("a", revision=2, body=None)])
    fold.wake_all()
    assert_stands(fold.head("s1"), {"a": 3})


@pytest.mark.parametrize("revision", [3, ERASED])
def test_it_is_known_which_versions_a_member_that_is_gone_counted_in(revision):
    gone = contribution("a", revision=revision, body=None)
    for crash in crash_points():
        database = empty()
        fold = folder(database, lambda _: None)
        fold.apply(contributions("b"))
        fold.apply(contributions("a"))
        fold.apply([contribution("a", revision=2)])
        assert fold.departures("s1") == []
        try:
            folder(database, crash).apply([gone])
        except Crash:
            folder(database, lambda _: None).apply([gone])
        fold.apply([gone])
        fold.apply([contribution("c", revision=revision, body=None)])
        assert fold.departures("s1") == [(2, 4)]


def test_the_hash_tells_other_sets_and_other_revisions_apart():
    def hash_of(*members: str) -> str:
        return set_hash.combine(set_hash.EMPTY, came=list(members), went=[])

    assert hash_of("a:1", "b:1") == hash_of("b:1", "a:1")
    assert len({hash_of("a:1"), hash_of("a:2"), hash_of("a:1", "b:1"), hash_of("b:1")}) == 4
