import pytest

from services.metrics.domain.outcome import InvalidOutcome, Outcome


def row(**changes):
    given = {
        "source": "survey-2015",
        "key": "g-1",
        "metric": "nace.first_destination",
        "period": "2015",
        "segment": {"college": "Arts"},
        "category": "military",
    } | changes
    return {name: value for name, value in given.items() if value is not ...}


def errors_of(**changes):
    with pytest.raises(InvalidOutcome) as caught:
        Outcome.read(row(**changes))
    return caught.value.errors


def test_an_outcome_is_one_category_in_a_segment_of_a_class():
    outcome = Outcome.read(row())
    assert outcome.content == {
        "period": {"grain": "class_year", "start": "2014-07-01", "end": "2015-06-30"},
        "segment": {"college": "Arts"},
        "category": "military",
        "synthetic": False,
    }


@pytest.mark.parametrize(
    ("occurred_at", "year"),
    [
        ("2015-06-30", 2015),
        ("2015-07-01", 2016),
        ("2016-02-29", 2016),
        ("2015-06-30T23:30:00-07:00", 2015),
        ("2015-07-01T00:00:00Z", 2016),
    ],
)
def test_the_day_of_graduation_as_written_gives_the_class(occurred_at, year):
    outcome = Outcome.read(row(period=..., occurred_at=occurred_at))
    assert outcome.period.year == year


def test_the_segment_may_be_left_out():
    assert Outcome.read(row(segment=...)).segment == {}
    assert Outcome.read(row(segment=None)).segment == {}


def test_equal_outcomes_have_equal_content_whatever_the_order_and_spaces():
    one = Outcome.read(row(segment={"major": " Music ", "college": "Arts"}))
    other = Outcome.read(
        row(segment={"college": "Arts", "major": "Music"}, occurred_at="2015-01-01")
    )
    assert list(one.content["segment"].items()) == list(other.content["segment"].items())
    assert one == other


@pytest.mark.parametrize(
    ("changes", "field", "says"),
    [
        ({"metric": "nace.x"}, "metric", "choose from nace.first_destination"),
        ({"metric": ...}, "metric", "choose from nace.first_destination"),
        ({"metric": ["nace.first_destination"]}, "metric", "choose from"),
        ({"category": "employed"}, "category", "employed_full_time, employed_part_time"),
        ({"category": ...}, "category", "choose from"),
        ({"category": ["military"]}, "category", "choose from"),
        ({"segment": {"colege": "Arts"}}, "segment.colege", "college, major, degree_level"),
        ({"segment": {"college": ""}}, "segment.college", "1 to 200"),
        ({"segment": {"college": 7}}, "segment.college", "1 to 200"),
        ({"segment": "Arts"}, "segment", "object of dimensions"),
        ({"segment": [1]}, "segment", "object of dimensions"),
        ({"synthetic": "yes"}, "synthetic", "true or false"),
        ({"synthetic": 1}, "synthetic", "true or false"),
        ({"key": ...}, "key", "1 to 200"),
        ({"key": " "}, "key", "1 to 200"),
        ({"key": "a\0b"}, "key", "1 to 200"),
        ({"source": "x" * 201}, "source", "1 to 200"),
        ({"period": ...}, "period", "or the day it happened"),
        ({"period": "2015-06"}, "period", "such as 2015"),
        ({"occurred_at": "2015-02-29"}, "occurred_at", "such as 2015-05-09"),
        ({"occurred_at": 2015}, "occurred_at", "such as 2015-05-09"),
        ({"period": ..., "occurred_at": "9999-07-01"}, "occurred_at", "to 9999"),
        ({"occurred_at": "2015-07-01"}, "occurred_at", "not within the period 2014-07-01"),
        ({"value": 3}, "value", "recorded as a category"),
        ({"numerator": 3}, "numerator", "recorded as a category"),
        ({"colour": "red"}, "colour", "no such field"),
    ],
)
def test_what_is_wrong_is_named_by_field_with_what_is_allowed(changes, field, says):
    errors = errors_of(**changes)
    assert set(errors) == {field}
    assert says in errors[field]


def test_every_wrong_field_is_named_at_once():
    errors = errors_of(category="x", key=..., segment={"a": "b"}, period="x")
    assert set(errors) == {"category", "key", "segment.a", "period"}
