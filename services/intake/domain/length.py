"""How long a survey takes, told to its author while it can still be shortened."""

import math

from services.intake.domain.items import Raw

# Seconds that an answer takes, reading included. Rows count for each row.
_SECONDS = {
    "need": 12.0,
    "rating": 7.5,
    "nps": 7.5,
    "single_choice": 7.5,
    "multiple_choice": 12.0,
    "ranking": 20.0,
    "matrix": 5.0,
    "number": 10.0,
    "date": 10.0,
    "text": 30.0,
}
NEEDS_BUDGET = 12
"""Paired needs that people answer with care; after that they begin to tick along."""


def minutes(definition: Raw) -> int:
    """Expected for somebody to whom everything is shown, at least one."""
    seconds = sum(
        _SECONDS[item["type"]] * max(1, len(item.get("rows") or ())) for item in definition["items"]
    )
    return max(1, math.ceil(seconds / 60))


def advice(definition: Raw) -> str | None:
    """What to do about a survey that asks more than people answer well, or None."""
    needs = sum(item["type"] == "need" for item in definition["items"])
    if needs <= NEEDS_BUDGET:
        return None
    return (
        f"{needs} paired needs, about {minutes(definition)} minutes: ask for at most "
        f"{NEEDS_BUDGET}, or show each group only those that concern it."
    )
