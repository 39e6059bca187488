"""Where a webhook may lead, what it is told, and how long it is tried."""

from datetime import UTC, datetime, timedelta

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.intake.domain.webhook import (
    MOST_TRIES,
    InvalidWebhook,
    asked_to_wait,
    check_url,
    is_public,
    payload,
    wait_after,
)

NOW = datetime(2026, 5, 4, 12, tzinfo=UTC)
PRIVATE = [
    *("127.0.0.1", "10.0.0.1", "172.16.0.1", "192.168.1.1", "100.64.0.1", "169.254.169.254"),
    *("0.0.0.0", "224.0.0.1", "240.0.0.1", "255.255.255.255", "192.0.0.8", "192.88.99.1"),  # noqa: S104
    *("198.18.0.1", "203.0.113.7", "::", "::1", "fe80::1", "fe80::1%eth0", "fc00::1", "fec0::1"),
    *("ff02::1", "ff0e::1", "2001:db8::1", "::10.0.0.1", "::ffff:10.0.0.1", "::ffff:127.0.0.1"),
    *("64:ff9b::10.0.0.1", "64:ff9b::169.254.169.254", "64:ff9b:1::8.8.8.8", "2002:a00:1::"),
    *("2001::1", "3fff::1", "5f00::1"),
]


@pytest.mark.parametrize("address", PRIVATE)
def test_an_address_of_no_public_host_is_known(address):
    assert not is_public(address)


@pytest.mark.parametrize(
    "address", ["8.8.8.8", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::8.8.8.8"]
)
def test_a_public_address_is_known_in_every_dress(address):
    assert is_public(address)


@pytest.mark.parametrize(
    "url",
    [
        *(
            "http://example.edu/hook",
            "ftp://example.edu",
            "example.edu/hook",
            "https://",
            "nonsense",
        ),
        *(
            "nonsense",
            "https://kim:word@example.edu",
            "https://10.0.0.1/",
            "https://[::ffff:10.0.0.1]/",
        ),
        *("https://[::1]:8443/", "https://example.edu:port/", "file:///etc/passwd"),
    ],
)
def test_an_address_to_which_nothing_may_be_sent_is_refused(url):
    with pytest.raises(InvalidWebhook) as refused:
        check_url(url, private=False)
    assert {error["field"] for error in refused.value.errors} == {"url"}


def test_an_address_in_the_internet_is_taken():
    check_url("https://example.edu:8443/hook?key=1", private=False)


def test_private_addresses_and_plain_http_are_taken_where_the_setting_allows_it():
    check_url("http://127.0.0.1:8000/hook", private=True)
    with pytest.raises(InvalidWebhook):
        check_url("ftp://127.0.0.1/hook", private=True)


@pytest.mark.parametrize("participation", ["anonymous", "confidential", "identified"])
def test_only_a_survey_with_names_tells_which_response_it_was(participation):
    at = "2026-05-04T12:00:00.000Z"
    body = payload(
        "response.submitted", survey="s1", version=2, at=at, response="r1",
        participation=participation,
    )  # fmt: skip
    data = {"survey": "s1", "version": 2}
    if participation == "identified":
        data["response"] = "r1"
    assert orjson.loads(body) == {"type": "response.submitted", "timestamp": at, "data": data}


def test_tries_go_on_for_about_a_day_ever_further_apart():
    waits = [wait_after(tries, 0.5) for tries in range(1, MOST_TRIES)]
    assert waits == sorted(waits)
    assert waits[0] == timedelta(seconds=10)
    assert timedelta(hours=22) < sum(waits, timedelta()) < timedelta(hours=27)
    assert wait_after(MOST_TRIES, 0.5) is None


@given(st.integers(1, MOST_TRIES - 1), st.floats(0, 1))
def test_chance_spreads_a_wait_by_a_fifth(tries, chance):
    middle = wait_after(tries, 0.5)
    assert 0.79 * middle < wait_after(tries, chance) < 1.21 * middle


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        *((None, 0), ("", 0), ("120", 120), ("0", 0), ("soon", 0), ("-5", 0), ("9" * 400, 86400)),
        ("Mon, 04 May 2026 12:01:00 GMT", 60),
        ("Mon, 04 May 2026 11:59:00 GMT", 0),
        ("Mon, 04 May 2026 12:01:00", 0),
    ],
)
def test_a_receiver_may_ask_for_at_most_a_day(header, seconds):
    assert asked_to_wait(header, NOW) == timedelta(seconds=seconds)
