"""What a graduate answers to a first-destination survey, as the outcome that others count."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from services.intake.domain.items import Raw
from services.intake.domain.participation import IDENTIFIED

METRIC = "nace.first_destination"
CATEGORIES = frozenset(
    {
        "employed_full_time", "employed_part_time", "self_employed", "volunteer_service",
        "military", "continuing_education", "seeking_employment", "seeking_education",
        "not_seeking", "unknown",
    }
)  # fmt: skip
_ROLE = "first_destination"
_YEAR = re.compile(r"(19|20)\d\d", re.ASCII)


@dataclass(frozen=True)
class Destination:
    """Which item says where somebody went, and of which class year; `synthetic` where the survey
    says that its answers are generated."""

    item: str
    period: str
    synthetic: bool

    def outcome(self, content: Mapping[str, Any] | None) -> dict[str, Any]:
        """What a response says now: its category, or None where it is none or stands no more."""
        answers = {**content["profile"], **content["answers"]} if content else {}
        answer = answers.get(self.item)
        category = answer if isinstance(answer, str) else None
        said = {"metric": METRIC, "period": self.period, "category": category}
        return {**said, "synthetic": self.synthetic}


def destination_of(definition: Mapping[str, Any]) -> Destination | None:
    """Only who answers by name is an outcome."""
    if definition.get("participation") != IDENTIFIED:
        return None
    items = (item["id"] for item in definition["items"] if item.get("role") == _ROLE)
    name = next(items, None)
    if name is None:
        return None
    return Destination(name, definition["outcome_period"], definition.get("synthetic", False))


def destination_errors(definition: Mapping[str, Any]) -> Iterator[dict[str, str]]:
    """What keeps an item from telling first destinations, one entry a field."""
    asking = [(i, item) for i, item in enumerate(definition["items"]) if item.get("role") == _ROLE]
    if asking and definition.get("participation") != IDENTIFIED:
        message = "First destinations are asked with participation identified."
        yield {"field": f"items.{asking[0][0]}.role", "message": message}
    if asking and not _YEAR.fullmatch(definition.get("outcome_period") or ""):
        message = "Give the class year whose first destinations these are, such as 2026."
        yield {"field": "outcome_period", "message": message}
    for i, _ in asking[1:]:
        yield {"field": f"items.{i}.role", "message": "One item tells the first destination."}
    for i, item in asking:
        yield from ({"field": f"items.{i}.{key}", "message": text} for key, text in _wrong(item))


def _wrong(item: Raw) -> Iterator[tuple[str, str]]:
    if item["type"] != "single_choice":
        yield "type", "The first destination is asked with a single choice."
        return
    others = {choice["value"] for choice in item.get("choices") or ()} - CATEGORIES
    if others or item.get("other"):
        yield "choices", f"Choose the values among: {', '.join(sorted(CATEGORIES))}; no other."
