"""What an envelope says, and what is none."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import ClassVar

import orjson
import pytest

from shared import times
from shared.event import (
    MOST_BYTES,
    Event,
    Malformed,
    Outgoing,
    TooLarge,
    decode,
    encode,
    subject_of,
)

ENVELOPE = {
    "id": "e1",
    "type": "tests.thing_said.v1",
    "source": "/tests",
    "subject": "s1",
    "unit": "careers",
    "time": "2026-11-23T09:30:00.000Z",
    "data": {"text": "hello"},
}


@dataclass(frozen=True)
class ThingSaid(Event):
    type: ClassVar[str] = "tests.thing_said.v1"
    text: str


def test_an_event_arrives_as_it_was_said():
    said = encode(ThingSaid("careers", "s1", "grüß dich"))
    heard = decode(said.body)
    assert (heard.id, heard.type, heard.source) == (said.id, said.type, "/tests")
    assert (heard.unit, heard.subject, heard.data) == ("careers", "s1", {"text": "grüß dich"})
    assert abs((heard.time - times.now()).total_seconds()) < 60


def test_attributes_that_a_later_version_adds_are_no_obstacle():
    assert decode(orjson.dumps({**ENVELOPE, "traceparent": "x", "later": 1})).id == "e1"


@pytest.mark.parametrize("body", [b"", b"{", b"\xff", b'{"id": NaN}', b'{"id": "\\ud800"}'])
def test_what_is_no_json_is_malformed(body):
    with pytest.raises(Malformed, match="not JSON"):
        decode(body)


@pytest.mark.parametrize("body", [b"5", b"null", b"[]", b'"text"', b"{}"])
def test_what_is_no_object_with_an_envelope_is_malformed(body):
    with pytest.raises(Malformed, match="not an event envelope"):
        decode(body)


@pytest.mark.parametrize("name", sorted(ENVELOPE))
@pytest.mark.parametrize("value", [None, 5, [], ["x"], "MISSING"])
def test_an_envelope_with_an_attribute_amiss_is_malformed(name, value):
    """Otherwise a list for a type, say, would end the worker that looks up its handler."""
    broken = {**ENVELOPE, name: value}
    if value == "MISSING":
        del broken[name]
    with pytest.raises(Malformed):
        decode(orjson.dumps(broken))


@pytest.mark.parametrize("time", ["yesterday", "2026-11-23T09:30:00", "0001-01-01T00:00:00+10:00"])
def test_an_envelope_of_no_certain_time_is_malformed(time):
    with pytest.raises(Malformed):
        decode(orjson.dumps({**ENVELOPE, "time": time}))


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("2026-11-23T09:30:00Z", datetime(2026, 11, 23, 9, 30, tzinfo=UTC)),
        ("2026-11-23T09:30:00.125+01:00", datetime(2026, 11, 23, 8, 30, 0, 125_000, tzinfo=UTC)),
        ("2028-02-29T23:59:59-05:00", datetime(2028, 3, 1, 4, 59, 59, tzinfo=UTC)),
    ],
)
def test_a_time_is_read_with_its_offset(text, instant):
    assert times.parse(text) == instant


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-23T09:30:00",
        "2027-02-29T00:00:00Z",
        "2026-06-30T23:59:60Z",
        "0001-01-01T00:00:00+00:01",
        "9999-12-31T23:59:59-00:01",
    ],
)
def test_a_time_that_is_none_or_not_of_this_calendar_is_refused(text):
    with pytest.raises(ValueError):
        times.parse(text)


def test_a_time_is_written_in_utc_to_the_millisecond():
    instant = times.parse("2026-11-23T10:30:00.125999+01:00")
    assert times.rfc3339(instant) == "2026-11-23T09:30:00.125Z"
    with pytest.raises(ValueError, match="offset"):
        times.rfc3339(datetime(2026, 11, 23))  # noqa: DTZ001  # that is the point


def test_an_event_of_more_than_64_kilobytes_cannot_be_made():
    room = MOST_BYTES - len(encode(ThingSaid("careers", "s1", "")).body)
    assert len(encode(ThingSaid("careers", "s1", "x" * room)).body) == MOST_BYTES
    for excess in (1, 10_000_000):
        with pytest.raises(TooLarge, match=f"at most {MOST_BYTES} are sent"):
            encode(ThingSaid("careers", "s1", "x" * (room + excess)))


def test_a_body_of_ten_megabytes_is_nothing_that_a_publisher_could_be_given():
    with pytest.raises(TooLarge, match="of 10000000 bytes"):
        Outgoing("e1", ThingSaid.type, b"x" * 10_000_000)


@pytest.mark.parametrize(
    ("body", "subject"),
    [
        (orjson.dumps(ENVELOPE), "s1"),
        (orjson.dumps({"subject": "s1"}), "s1"),
        (orjson.dumps({**ENVELOPE, "subject": 7}), None),
        (b"[]", None),
        (b"{not json", None),
    ],
)
def test_whom_a_message_is_about_is_known_where_it_says_so(body, subject):
    assert subject_of(body) == subject
