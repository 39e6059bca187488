"""What is told to a webhook, where it may lead, and when it is told again."""

import base64
import secrets
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Any

import orjson
from urllib3.exceptions import LocationParseError
from urllib3.util import parse_url

from services.intake.domain.participation import IDENTIFIED

PING = "ping"
TOLD = {
    "intake.survey_published.v1": "survey.published",
    "intake.survey_closed.v1": "survey.closed",
    "intake.response_submitted.v1": "response.submitted",
    "intake.response_revised.v1": "response.revised",
    "intake.response_withdrawn.v1": "response.withdrawn",
}
"""What our events are called outside."""

MOST_TRIES = 11
_FIRST_WAIT, _LONGEST_WAIT = timedelta(seconds=10), timedelta(hours=8)
_JITTER = 0.2
_LONGEST_ASKED = timedelta(hours=24)

PATIENCE = timedelta(days=5)
"""For so long an endpoint may fail; then it is switched off."""

BOTH_SIGN = timedelta(hours=24)
"""For so long the secret before the newest one signs too."""


_NOT_FOR_HOSTS = (IPv4Network("192.0.0.0/24"), IPv4Network("192.88.99.0/24"))
_GLOBAL_UNICAST = IPv6Network("2000::/3")
_NAT64 = IPv6Network("64:ff9b::/96")
_TUNNELS = (IPv6Network("2001::/23"), IPv6Network("2002::/16"), IPv6Network("3fff::/20"))


class InvalidWebhook(Exception):
    """`errors` has one entry a field."""

    def __init__(self, errors: list[dict[str, str]]) -> None:
        super().__init__("The webhook cannot be used as it is.")
        self.errors = errors


def check_url(url: str, *, private: bool) -> None:
    """Where a name leads is seen when something is sent there. Raises InvalidWebhook."""
    errors = [{"field": "url", "message": message} for message in _url_errors(url, private=private)]
    if errors:
        raise InvalidWebhook(errors)


def _url_errors(url: str, *, private: bool) -> Iterator[str]:
    try:
        asked = parse_url(url)
    except LocationParseError:
        yield "Not an address; for example https://example.edu/hooks."
        return
    if not asked.host:
        yield "Name a host, as in https://example.edu/hooks."
    elif not private and _is_private_address(asked.host):
        yield (
            "Nothing is sent to an address in a private network unless whoever runs this sets "
            "GROUNDSWELL_WEBHOOK_PRIVATE=true."
        )
    if asked.scheme != "https" and not (private and asked.scheme == "http"):
        yield "Begin it with https://."
    if asked.auth is not None:
        yield "Leave out user and password; what is sent is signed."


def _is_private_address(host: str) -> bool:
    try:
        return not is_public(host.strip("[]"))
    except ValueError:  # a name
        return False


def is_public(text: str) -> bool:
    """Whether an address is one of a host in the internet, also where it is an IPv4 address in the
    clothes of an IPv6 one. Raises ValueError for what is no address."""
    address = ip_address(text.partition("%")[0])
    if isinstance(address, IPv6Address):
        inner = _ipv4_in(address)
        return _is_public_ipv6(address) if inner is None else _is_public_ipv4(inner)
    return _is_public_ipv4(address)


def _is_public_ipv4(address: IPv4Address) -> bool:
    odd = address.is_multicast or address.is_reserved or any(address in n for n in _NOT_FOR_HOSTS)
    return address.is_global and not odd


def _is_public_ipv6(address: IPv6Address) -> bool:
    tunnelled = any(address in network for network in _TUNNELS)
    return address.is_global and address in _GLOBAL_UNICAST and not tunnelled


def _ipv4_in(address: IPv6Address) -> IPv4Address | None:
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFF_FFFF)
    return address.ipv4_mapped


def payload(
    kind: str, *, survey: str, version: int, at: str, response: str, participation: str
) -> bytes:
    """The body of a webhook. Nothing of the answers; whose response it is only where all are
    stored with a name. `at` is an RFC 3339 time."""
    data: dict[str, Any] = {"survey": survey, "version": version}
    if response and participation == IDENTIFIED:
        data["response"] = response
    return _body(kind, at, data)


def ping_payload(at: str) -> bytes:
    return _body(PING, at, {})


def _body(kind: str, at: str, data: Mapping[str, Any]) -> bytes:
    return orjson.dumps({"type": kind, "timestamp": at, "data": data})


def wait_after(tries: int, chance: float) -> timedelta | None:
    """How long to wait after so many tries, None when that is enough of them; `chance`, from 0 to
    1, spreads those who wait."""
    if tries >= MOST_TRIES:
        return None
    wait: timedelta = min(_FIRST_WAIT * 3 ** (tries - 1), _LONGEST_WAIT)
    return wait * (1 - _JITTER + 2 * _JITTER * chance)


def asked_to_wait(retry_after: str | None, now: datetime) -> timedelta:
    """What a Retry-After header says, in seconds or as a date; at most a day, and nothing where it
    says nothing that can be read."""
    if not retry_after:
        return timedelta()
    try:
        seconds = _seconds(retry_after.strip(), now)
    except (TypeError, ValueError, OverflowError):
        return timedelta()
    return timedelta(seconds=max(0.0, min(seconds, _LONGEST_ASKED.total_seconds())))


def _seconds(text: str, now: datetime) -> float:
    if text.isascii() and text.isdigit():
        return float(text[:10])
    return (parsedate_to_datetime(text) - now).total_seconds()


def new_secret() -> str:
    return "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode()
