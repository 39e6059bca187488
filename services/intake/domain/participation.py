"""What a survey promises to those who answer, and what follows for how answers are kept."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

ANONYMOUS, CONFIDENTIAL, IDENTIFIED = "anonymous", "confidential", "identified"
_WAYS = {
    "anonymous open": ("promise_anybody",),
    "anonymous invited": (
        "promise_invited", "promise_carried", "promise_steps", "promise_outside",
    ),
    CONFIDENTIAL: ("promise_apart", "promise_vault"),
    IDENTIFIED: ("promise_named", "promise_counted"),
}  # fmt: skip
_ALWAYS = ("promise_least", "promise_receipt")


def promise(definition: Mapping[str, Any]) -> list[str]:
    """What is said before anything is asked: its sentences, by their keys in the pages' wording.
    `definition` as it was published."""
    return [*_WAYS[_way(definition)], *_ALWAYS]


def the_day_of(moment: datetime) -> datetime:
    """All that is kept of an answer's time where a list of who was invited is at hand: the first
    instant of its day in UTC."""
    return moment.replace(hour=0, minute=0, second=0, microsecond=0)


def _way(definition: Mapping[str, Any]) -> str:
    participation = definition.get("participation", ANONYMOUS)
    if participation != ANONYMOUS:
        return str(participation)
    return f"{ANONYMOUS} {definition.get('access', 'open')}"
