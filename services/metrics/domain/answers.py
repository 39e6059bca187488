"""What one answer to a survey adds to the counters."""

from collections.abc import Collection, Mapping
from typing import Any

from services.metrics.domain.counters import Changes, Count

RECORDS = "intake.response"
DIMENSIONS: tuple[str, ...] = ("group", "item")
RATED = frozenset({"need", "rating"})


def rated_items(definition: Mapping[str, Any]) -> list[str]:
    """The items whose answers hold a satisfaction: needs, and ratings."""
    return [item["id"] for item in definition["items"] if item["type"] in RATED]


def answers_to(items: Collection[str]) -> Count:
    """Counts one response per group, and the sum and number of satisfactions per item and group.

    A need that was not known or not used has no satisfaction and is not counted.
    """
    rated = frozenset(items)

    def count(changes: Changes, response: Mapping[str, Any], sign: int) -> None:
        group = response["group"]
        changes[group, None]["responses"] += sign
        for item, answer in response["answers"].items():
            score = answer.get("satisfaction") if type(answer) is dict else answer
            if type(score) is int and item in rated:
                counts = changes[group, item]
                counts["satisfaction_sum"] += sign * score
                counts["satisfaction_count"] += sign

    return count
