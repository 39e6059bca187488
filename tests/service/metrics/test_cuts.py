"""Cuts survive a crash after any of their steps, and what was known stays known."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import orjson
import pytest

from services.metrics.store import Store, open_store
from services.metrics.store.cuts import Cuts, Line
from services.metrics.store.snapshots import Snapshots
from services.metrics.usecases import take_snapshots as usecase
from services.metrics.usecases.find_snapshots import (
    NotYetRecorded,
    Query,
    cut_as_of,
    find_page,
    find_snapshots,
)
from services.metrics.usecases.take_snapshots import TakeSnapshots, _expand, take_snapshots
from shared import times
from shared.documents import Documents
from tests.service.metrics.messages import (
    UNIT,
    answered,
    deliver,
    figures,
    graduate,
    published,
    record,
    response,
    waiting,
)

KNOWN = "nace.knowledge_rate"


class Crash(Exception):
    """The process died here."""


STEPS = [
    (Cuts, "prepare"),
    (Cuts, "seal"),
    (Snapshots, "add"),
    (Cuts, "move_mark"),
    (Documents, "update"),
    (Cuts, "advance"),
]


def crash_after(monkeypatch, owner, name):
    done = getattr(owner, name)

    def die(*args, **options):
        done(*args, **options)
        raise Crash

    monkeypatch.setattr(owner, name, die)


def history(store: Store) -> list[dict]:
    last = cut_as_of(store, UNIT, None)
    found = find_snapshots(store, UNIT, Query(history=True), last)
    return [orjson.loads(row["content"]) for _, row in found]


def said(store: Store) -> list:
    return [each for each in waiting(store) if each.type == "metrics.snapshot_taken.v1"]


def test_a_cut_writes_what_changed_and_says_so_once(store):
    record(store, graduate("g1", college="Arts"))
    line = take_snapshots(store, UNIT)
    assert len(history(store)) == 4
    (event,) = said(store)
    assert event.subject == "careers/1"
    assert event.data == {
        "seq": 1,
        "recorded_at": times.rfc3339(line.recorded_at),
        "snapshots": 4,
        "changed": [
            {
                "metric": metric,
                "period": {"grain": "class_year", "start": "2014-07-01", "end": "2015-06-30"},
                "snapshots": 2,
            }
            for metric in ("nace.career_outcomes_rate", KNOWN)
        ],
    }


def test_nothing_new_makes_no_cut(store):
    assert take_snapshots(store, UNIT).seq == 0
    record(store, graduate("g1"))
    assert take_snapshots(store, UNIT).seq == 1
    assert take_snapshots(store, UNIT).seq == 1


def test_a_revision_that_changes_no_figure_makes_no_snapshot(store):
    deliver(store, published(), response("r1", answered(3)))
    take_snapshots(store, UNIT)
    deliver(store, response("r1", answered(3), answered(3), revision=2))
    assert take_snapshots(store, UNIT).seq == 1


def test_more_than_one_cut_can_hold_is_split(store):
    record(store, *(graduate(f"g{i}", college=f"c{i}", major=f"m{i}") for i in range(4)))
    line = take_snapshots(store, UNIT, most=10)
    rows = history(store)
    assert line.seq == 3
    assert len(rows) == 2 * (1 + 3 * 4)
    assert len({row["hash"] for row in rows}) == len(rows)
    assert figures(store, KNOWN, total_only=True) == {"": (4, 4)}


@pytest.mark.parametrize(("owner", "name"), STEPS, ids=[name for _, name in STEPS])
def test_a_crash_after_any_step_is_repaired_by_the_next_cut(store, monkeypatch, owner, name):
    record(store, graduate("g1", college="Arts"), graduate("g2", "unknown"))
    take_snapshots(store, UNIT)
    before = history(store)
    record(store, graduate("g2"))
    with monkeypatch.context() as patch:
        crash_after(patch, owner, name)
        with pytest.raises(Crash):
            take_snapshots(store, UNIT)
    line = take_snapshots(store, UNIT)
    rows = history(store)
    assert line.seq == 2
    assert [row for row in rows if row in before] == before
    assert sum(row not in before for row in rows) == 2
    assert figures(store, KNOWN) == {"": (2, 2), "Arts": (1, 1)}
    assert sorted(each.subject for each in said(store)) == ["careers/1", "careers/2"]
    assert len({row["hash"] for row in rows}) == len(rows)


@pytest.mark.parametrize(("owner", "name"), STEPS, ids=[name for _, name in STEPS])
def test_a_reader_never_sees_a_part_of_a_cut(store, monkeypatch, owner, name):
    record(store, *(graduate(f"g{i}", college=f"c{i}") for i in range(5)))
    with monkeypatch.context() as patch:
        crash_after(patch, owner, name)
        with pytest.raises(Crash):
            take_snapshots(store, UNIT)
    assert len(figures(store, KNOWN)) == 6


def test_a_stalled_process_that_goes_on_late_changes_nothing(store, monkeypatch):
    record(store, graduate("g1", college="Arts"))
    with monkeypatch.context() as patch:
        crash_after(patch, Cuts, "seal")
        with pytest.raises(Crash):
            take_snapshots(store, UNIT)
    stalled = store.cuts.get(UNIT, 1)
    for key in ("g2", "g3"):
        take_snapshots(store, UNIT)
        record(store, graduate(key, college="Arts"))
    line = take_snapshots(store, UNIT)
    before = history(store), figures(store, KNOWN), len(said(store))
    _expand(store, stalled)
    store.cuts.advance(Line(UNIT, stalled["seq"], stalled["stamped_at"]))
    assert (history(store), figures(store, KNOWN), len(said(store))) == before
    assert take_snapshots(store, UNIT) == line


def test_of_two_processes_that_cut_at_once_one_does(store, monkeypatch):
    record(store, graduate("g1"))
    prepare = Cuts.prepare

    def outrun(*args):
        prepare(*args)
        prepare(*args)

    monkeypatch.setattr(Cuts, "prepare", outrun)
    assert take_snapshots(store, UNIT).seq == 1
    assert len(history(store)) == 2


def test_racing_processes_make_each_cut_once(database):
    stores = [open_store(database) for _ in range(3)]
    done = threading.Event()

    def cut_on(store: Store) -> None:
        while not done.is_set():
            take_snapshots(store, UNIT)

    with ThreadPoolExecutor(3) as pool:
        racing = [pool.submit(cut_on, store) for store in stores]
        writer = open_store(database)
        for number in range(8):
            record(writer, graduate(f"g{number}", college="Arts"))
        done.set()
        for each in racing:
            each.result()
    line = take_snapshots(writer, UNIT)
    totals = [r for r in history(writer) if r["metric"] == KNOWN and r["segment"] == {}]
    counts, times_known = [r["n"] for r in totals], [r["recorded_at"] for r in totals]
    assert counts == sorted(set(counts))
    assert counts[-1] == 8
    assert times_known == sorted(set(times_known))
    assert len(said(writer)) == line.seq == len({r["recorded_at"] for r in history(writer)})


def test_what_was_known_then_stays_the_same_for_ever(store):
    moments, answers = [], []
    for key, category in [("g1", "unknown"), ("g2", "military"), ("g1", "military")]:
        record(store, graduate(key, category, college="Arts"))
        line = take_snapshots(store, UNIT)
        moments.append(line.recorded_at)
        answers.append(figures(store, KNOWN, line.recorded_at))
    assert answers == [
        {"": (0, 1), "Arts": (0, 1)},
        {"": (1, 2), "Arts": (1, 2)},
        {"": (2, 2), "Arts": (2, 2)},
    ]
    assert [figures(store, KNOWN, moment) for moment in moments] == answers
    just_before = timedelta(milliseconds=1)
    assert figures(store, KNOWN, moments[0] - just_before) == {}
    assert figures(store, KNOWN, moments[2] - just_before) == answers[1]


def test_a_process_that_only_reads_sees_every_cut_of_another_and_what_was_known_before(
    store, database
):
    reader, lines, total = open_store(database), [], Query(metric=KNOWN, total_only=True)
    for number in range(3):
        record(store, graduate(f"g{number}"))
        lines.append(take_snapshots(store, UNIT))
        last = cut_as_of(reader, UNIT, None)
        ((_, row),) = find_page(reader, UNIT, total, last, None, 2)
        assert orjson.loads(row["content"])["n"] == number + 1
        assert [cut_as_of(reader, UNIT, line.recorded_at) for line in lines] == [
            line.seq for line in lines
        ]


def test_cuts_are_recorded_one_after_another_even_when_the_clock_goes_back(store):
    record(store, graduate("g1"))
    first = take_snapshots(store, UNIT)
    ahead = first.recorded_at + timedelta(days=1)
    store.cuts._lines.update_one({"_id": UNIT}, {"$set": {"recorded_at": ahead}})
    record(store, graduate("g2"))
    assert take_snapshots(store, UNIT).recorded_at == ahead + timedelta(milliseconds=1)


def test_the_future_cannot_be_asked_for(store):
    with pytest.raises(NotYetRecorded):
        cut_as_of(store, UNIT, times.now() + timedelta(minutes=1))


def test_snapshots_can_be_asked_for_by_the_time_they_speak_of(store):
    deliver(store, published(), response("r1", answered(3)))
    take_snapshots(store, UNIT)
    deliver(store, response("r1", answered(5), answered(3), revision=2))
    take_snapshots(store, UNIT)
    mean = "intake.need_satisfaction"
    asked = {"pairs": ("group:student",)}
    first, second = times.parse("2026-10-01T09:00:00Z"), times.parse("2026-10-02T09:00:00Z")
    assert figures(store, mean, **asked) == {"s1,advising,student": (5, 1)}
    assert figures(store, mean, valid_at=second, **asked) == {"s1,advising,student": (5, 1)}
    assert figures(store, mean, valid_at=first, **asked) == {"s1,advising,student": (3, 1)}
    assert figures(store, mean, valid_at=first - timedelta(days=1), **asked) == {}


def test_units_are_cut_apart(store):
    record(store, graduate("g1"))
    take_snapshots(store, "another")
    assert history(store) == []
    TakeSnapshots(store, 0.0)()
    assert len(history(store)) == 2


def test_the_tick_waits_its_seconds(store):
    tick = TakeSnapshots(store, 3600.0)
    tick()
    record(store, graduate("g1"))
    tick()
    assert history(store) == []


def test_lineage_says_what_was_folded(store):
    record(store, graduate("g1"))
    take_snapshots(store, UNIT)
    record(store, graduate("g2"))
    take_snapshots(store, UNIT)
    sources = [row["source"] for row in history(store) if row["metric"] == KNOWN]
    versions = [(each["from_version"], each["to_version"], each["events"]) for each in sources]
    assert versions == [(0, 1, 1), (1, 2, 2)]
    assert sources[0]["set_hash"] != sources[1]["set_hash"]


def test_a_cut_changes_so_many_class_years_only_and_another_one_the_rest(store, monkeypatch):
    """What a cut says of each must fit into one event."""
    monkeypatch.setattr(usecase, "MOST_HEADS", 2)
    years = [str(year) for year in range(2010, 2015)]
    record(store, *(graduate(f"k{year}", year=year) for year in years))
    assert take_snapshots(store, UNIT).seq == 3
    told = [each.data["changed"] for each in waiting(store) if "snapshot" in each.type]
    assert [len({line["period"]["end"] for line in changed}) for changed in told] == [2, 2, 1]
    assert all(figures(store, KNOWN, year=int(year)) for year in years)
