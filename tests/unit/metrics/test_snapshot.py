from dataclasses import replace
from datetime import UTC, datetime

import pytest

from services.metrics.domain.period import Period
from services.metrics.domain.snapshot import Lineage, Snapshot, content_hash, series_of, valid_at

NOW = datetime(2016, 1, 5, tzinfo=UTC)
SNAPSHOT = Snapshot(
    metric="nace.knowledge_rate",
    definition_version=1,
    segment={"college": "Arts and Sciences"},
    period=Period.of_year(2015),
    numerator=56,
    denominator=68,
    valid_at=Period.of_year(2015).last_moment,
    recorded_at=NOW,
    source=Lineage("unit/head", 3, 7, 68, "0" * 64),
    synthetic=False,
)


def test_a_snapshot_holds_its_value_with_numerator_and_denominator():
    content = SNAPSHOT.content()
    assert content["value"] == 56 / 68
    assert (content["numerator"], content["denominator"], content["n"]) == (56, 68, 68)
    assert content["period"] == {
        "grain": "class_year",
        "start": "2014-07-01",
        "end": "2015-06-30",
    }
    assert content["valid_at"] == "2015-06-30T23:59:59.999Z"
    assert content["recorded_at"] == "2016-01-05T00:00:00.000Z"
    assert content["suppressed"] is False
    assert content["source"]["to_version"] == 7


def test_a_rate_of_nobody_has_no_value():
    content = replace(SNAPSHOT, numerator=0, denominator=0).content()
    assert content["value"] is None
    assert content["n"] == 0


@pytest.mark.parametrize(
    ("numerator", "denominator", "small"),
    [(9, 9, True), (9, 10, False), (9, None, True), (10, None, False)],
)
def test_fewer_than_ten_people_are_marked_small(numerator, denominator, small):
    snapshot = replace(SNAPSHOT, numerator=numerator, denominator=denominator)
    assert snapshot.content()["small"] is small


def test_the_hash_covers_everything_that_a_reader_sees():
    content = SNAPSHOT.content()
    assert content["hash"] == content_hash(content)
    for name in content.keys() - {"hash"}:
        assert content_hash(content | {name: "changed"}) != content["hash"]


def test_a_passed_period_is_valid_at_its_end_and_a_running_one_at_its_latest_event():
    event = datetime(2015, 3, 1, tzinfo=UTC)
    period = Period.of_year(2015)
    assert valid_at(period, event, NOW) == period.last_moment
    assert valid_at(period, event, datetime(2015, 4, 1, tzinfo=UTC)) == event


def test_an_event_dated_ahead_never_moves_validity_past_the_period():
    running = datetime(2015, 6, 30, tzinfo=UTC)
    assert valid_at(Period.of_year(2015), NOW, running) == Period.of_year(2015).last_moment


def test_a_series_is_one_metric_segment_and_period():
    period = Period.of_year(2015)
    one = series_of("m", period, {"college": "a", "major": "b"})
    assert one == series_of("m", period, {"major": "b", "college": "a"})
    assert one != series_of("m", period, {"college": "a"})
    assert one != series_of("m", Period.of_year(2015, "academic_year"), {"college": "a"})
    assert one != series_of("m", Period.of_year(2016), {"college": "a", "major": "b"})


def test_series_sort_by_metric_then_period():
    years = [series_of("b", Period.of_year(year), {}) for year in (2014, 2015)]
    assert sorted([*years[::-1], series_of("a", Period.of_year(2016), {})])[1:] == years
