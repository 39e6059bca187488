from datetime import UTC, date, datetime

import pytest

from services.metrics.domain.period import Period, UnknownPeriod


def test_class_of_2015_graduated_from_july_2014_to_june_2015():
    period = Period.of_year(2015)
    assert (period.start, period.end) == (date(2014, 7, 1), date(2015, 6, 30))
    assert period.as_dict() == {
        "grain": "class_year",
        "start": "2014-07-01",
        "end": "2015-06-30",
    }


def test_collection_for_a_class_closes_on_the_last_day_of_its_year():
    assert Period.of_year(2015).collection_closes == date(2015, 12, 31)


@pytest.mark.parametrize(
    ("day", "year"),
    [
        (date(2015, 6, 30), 2015),
        (date(2015, 7, 1), 2016),
        (date(2014, 7, 1), 2015),
        (date(2016, 2, 29), 2016),
        (date(2015, 12, 31), 2016),
        (date(9999, 6, 30), 9999),
        (datetime(2015, 6, 30, 23, 59, 59, tzinfo=UTC), 2015),
    ],
)
def test_a_day_falls_in_the_year_that_ends_with_the_next_june(day, year):
    assert Period.containing(day).year == year


@pytest.mark.parametrize("day", [date(9999, 7, 1), date(1899, 6, 30), date(1, 1, 1)])
def test_days_without_a_whole_year_around_them_are_refused(day):
    with pytest.raises(UnknownPeriod):
        Period.containing(day)


@pytest.mark.parametrize(
    "given",
    [
        2015,
        "2015",
        "2014-07-01/2015-06-30",
        {"grain": "class_year", "start": "2014-07-01", "end": "2015-06-30"},
    ],
)
def test_a_period_is_read_from_its_year_or_its_days(given):
    assert Period.parse(given) == Period.of_year(2015)


@pytest.mark.parametrize(
    "given",
    [
        "", "15", "20150", "٢٠١٥", "2015-06-30", "2014-07-01/2016-06-30", "2014-01-01/2014-12-31",
        "1899", "0000", True, 2015.0, None, -2015, 10**9, [],
        {"grain": "term", "start": "2014-07-01", "end": "2015-06-30"}, {"start": "2014-07-01"},
    ],
)  # fmt: skip
def test_anything_else_is_refused_with_what_to_give(given):
    with pytest.raises(UnknownPeriod, match="give the year of its end, such as 2015"):
        Period.parse(given)


def test_years_of_different_grains_are_different_periods():
    assert Period.of_year(2015, "academic_year") != Period.of_year(2015)
    assert Period.of_year(2015, "academic_year").span == Period.of_year(2015).span


def test_the_last_year_of_the_calendar_still_has_a_last_moment():
    assert Period.of_year(9999).last_moment == datetime(9999, 6, 30, 23, 59, 59, 999_000, UTC)
