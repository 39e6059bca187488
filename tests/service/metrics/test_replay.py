"""Counters that are computed anew are, at every cut, those that its snapshots were made of."""

import random

import pytest

from services.metrics.__main__ import say_outcomes_again
from services.metrics.domain.snapshot import series_of
from services.metrics.store.heads import survey_head
from services.metrics.usecases.record_outcomes import record_outcomes
from services.metrics.usecases.take_snapshots import take_snapshots
from tests.service.metrics.messages import (
    UNIT,
    answered,
    deliver,
    figures,
    graduate,
    published,
    record,
    response,
)
from tests.service.metrics.test_cuts import history


def live(store) -> None:
    chance = random.Random(7)
    deliver(store, published())
    standing = {}
    for step in range(30):
        name = f"r{chance.randrange(12)}"
        revision, before = standing.get(name, (0, None))
        after = answered(chance.randint(1, 5))
        deliver(store, response(name, after, before, revision=revision + 1))
        standing[name] = revision + 1, after
        if step % 7 == 0:
            take_snapshots(store, UNIT)
    take_snapshots(store, UNIT)


def test_every_stored_cut_is_computed_again_with_the_same_figures(store):
    live(store)
    then = {head.v: head for head in store.heads.fold.history(survey_head("s1"))}
    snapshots = history(store)
    assert len({each["source"]["to_version"] for each in snapshots}) > 3
    for snapshot in snapshots:
        head, metrics = store.heads.to_cut(then[snapshot["source"]["to_version"]])
        figures = {
            series_of(metric.name, head.period, figure.segment): figure
            for metric in metrics
            for figure in head.counters.figures(metric, head.within)
        }
        metric = next(each for each in metrics if each.name == snapshot["metric"])
        figure = figures[series_of(metric.name, head.period, snapshot["segment"])]
        assert (figure.numerator, figure.denominator) == (
            snapshot["numerator"],
            snapshot["denominator"],
        )
        assert head.set_hash == snapshot["source"]["set_hash"]


def test_a_spoilt_head_is_replaced_by_what_its_contributions_say(store, database):
    live(store)
    name = survey_head("s1")
    good = store.heads.fold.head(name)
    database["heads"].update_one({"_id": name}, {"$set": {"count": 1, "set_hash": "0" * 64}})
    assert store.heads.fold.replay(name)
    assert store.heads.fold.head(name).result() == good.result()
    assert not store.heads.fold.replay(name)
    before = take_snapshots(store, UNIT).seq
    assert take_snapshots(store, UNIT).seq == before


KNOWN = "nace.knowledge_rate"
FOLDED = ("heads", "contributions", "folded_batches")


def by_class(store) -> dict[int, tuple[int, int]]:
    return {year: figures(store, KNOWN, year=year).get("") for year in (2014, 2015, 2016)}


@pytest.mark.parametrize("lost", [(), FOLDED])
def test_outcomes_that_metrics_lost_are_folded_from_their_documents(store, database, lost, capsys):
    record(store, graduate("g1"), graduate("g2", "unknown"), graduate("g3", year="2014"))
    record(store, graduate("g2", "military"), graduate("g3", year="2015"))
    take_snapshots(store, UNIT)
    # Nobody hears of these.
    record_outcomes(store, UNIT, [graduate("g3", year="2016"), graduate("g4", "unknown")])
    for name in lost:
        database.drop_collection(name)
    for _ in range(2):
        say_outcomes_again(database)
        take_snapshots(store, UNIT)
        assert by_class(store) == {2014: (0, 0), 2015: (2, 3), 2016: (1, 1)}
    assert "4 outcomes: folded" in capsys.readouterr().out
    record(store, graduate("g4", "military"), graduate("g5", year="2016"))
    take_snapshots(store, UNIT)
    assert by_class(store)[2015] == (3, 3)


def test_outcomes_that_were_folded_are_not_folded_again(store, database):
    record(store, graduate("g1", year="2014"), graduate("g2"))
    record(store, graduate("g1", year="2015"))
    before = {head.id: head for head in store.heads.of(UNIT)}
    say_outcomes_again(database)
    assert {head.id: head for head in store.heads.of(UNIT)} == before
