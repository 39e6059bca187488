"""Instants as the product writes them: UTC, RFC 3339, to the millisecond."""

from datetime import UTC, datetime


def now() -> datetime:
    """The instant it is, cut to the millisecond that the database and the wire keep."""
    instant = datetime.now(UTC)
    return instant.replace(microsecond=instant.microsecond // 1000 * 1000)


def rfc3339(instant: datetime) -> str:
    """`2026-11-23T09:30:00.000Z`; raises ValueError for a time without an offset."""
    if instant.tzinfo is None:
        raise ValueError("a time needs an offset")
    text = instant.astimezone(UTC).isoformat(timespec="milliseconds")
    return text.replace("+00:00", "Z")


def parse(text: str) -> datetime:
    """The instant that an RFC 3339 text names.

    Raises ValueError when it is no time or has no offset: a local time is nobody's in particular.
    """
    instant = datetime.fromisoformat(text)
    if instant.tzinfo is None:
        raise ValueError("a time needs an offset, such as Z or +01:00")
    try:
        return instant.astimezone(UTC)
    except OverflowError as error:
        raise ValueError("a time before the year 1 or after 9999 in UTC") from error
