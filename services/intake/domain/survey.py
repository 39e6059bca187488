"""The life of a survey: draft, open, closing, closed, archived. What was published never changes; a
correction is published beside it as the next version."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from services.intake.domain.definition import Error, InvalidDefinition

OPEN, CLOSING, CLOSED, ARCHIVED = "open", "closing", "closed", "archived"
PUBLISHED = (OPEN, CLOSING, CLOSED, ARCHIVED)
# What respondents of earlier versions were told, or what the figures of both rest on.
_PROMISED = ("participation", "access", "minimum_group_size", "synthetic")
_MEANING = ("type", "scale", "role")


class SurveyNotDraft(Exception):
    """Only a draft, or an open survey's correction, can be edited or published."""


class SurveyNotOpen(Exception):
    """The survey takes no answers, not yet or not any more."""


class GroupFull(SurveyNotOpen):
    """As many of this group have answered as the survey takes."""


class SurveyInUse(Exception):
    """The survey is not where it would have to be for this: the text says what to do first."""


@dataclass
class Survey:
    """`definition` is what is asked now: the draft's, or the last published one. `published` holds
    every version, the first one first, and `correction` what is being written to follow.

    `version` counts publications, `revision` the states that HTTP shows.
    `seals` counts how often the set of answers was declared complete: more than once only when a
    stalled write arrived after the first.
    """

    id: str
    unit: str
    definition: dict[str, Any]
    created_by: str
    created_at: datetime
    body_digest: str
    status: str = "draft"
    revision: int = 1
    opened_at: datetime | None = None
    closed_at: datetime | None = None
    seals: int = 0
    seal: dict[str, Any] | None = None
    published: list[dict[str, Any]] = field(default_factory=list)
    correction: dict[str, Any] | None = None

    @property
    def version(self) -> int:
        return len(self.published)

    @property
    def being_written(self) -> dict[str, Any]:
        """The draft, an open survey's correction, or what a correction would begin with."""
        return self.correction or self.definition

    def taken_away(self) -> list[tuple[dict[str, Any], list[str]]]:
        """Items of the correction that lack choices which are offered now, with their values."""
        asked_now = {item["id"]: item for item in self.definition["items"]}
        found = []
        for item in self.correction["items"] if self.correction else ():
            before = asked_now.get(item["id"], {}).get("choices") or ()
            kept = {choice["value"] for choice in item.get("choices") or ()}
            found.append((item, [each["value"] for each in before if each["value"] not in kept]))
        return [(item, gone) for item, gone in found if gone]

    def edit(self, definition: dict[str, Any]) -> None:
        """Rewrite the draft, or write the open survey's correction.

        Raises InvalidDefinition where a published item would change its meaning.
        """
        if self.status == "draft":
            self.definition = definition
        elif self.status == OPEN:
            check_correction(self.published, definition)
            self.correction = None if definition == self.definition else definition
        else:
            raise SurveyNotDraft(
                f"This survey is {self.status}, and what was published never changes. "
                "Duplicate it to ask again."
            )
        self.revision += 1

    def publish(self, at: datetime) -> None:
        """Open the draft, or have the correction asked from here on.

        Raises InvalidDefinition for one that nobody could answer any more.
        """
        _check_closing(self.being_written, at)
        if self.status == "draft":
            self.status, self.opened_at = OPEN, at
        elif self.status == OPEN and self.correction is not None:
            self.definition, self.correction = self.correction, None
        else:
            raise SurveyNotDraft(f"This survey is {self.status} already, with nothing to correct.")
        self.published.append(self.definition)
        self.revision += 1

    def close(self, at: datetime) -> None:
        """Refuse new answers from here on. Closing what is closed changes nothing."""
        if self.status == "draft":
            raise SurveyNotOpen("This survey was never published.")
        if self.status == OPEN:
            self.status, self.closed_at, self.correction = CLOSING, at, None
            self.revision += 1

    def sealed(self, count: int, set_hash: str) -> bool:
        """Declare the set of answers complete; answers whether that was news."""
        seal = {"count": count, "set_hash": set_hash}
        if self.status == CLOSED and self.seal == seal:
            return False
        self.status, self.seal = CLOSED, seal
        self.seals += 1
        self.revision += 1
        return True

    def drop_correction(self) -> None:
        """Go on as it was published; nothing of what was written to follow is left."""
        if self.correction is not None:
            self.correction = None
            self.revision += 1

    def archive(self) -> None:
        """Out of the way; everything of it is kept."""
        if self.status == ARCHIVED:
            return
        if self.status != CLOSED:
            raise SurveyInUse("Close the survey first, and wait until its answers are counted.")
        self.status = ARCHIVED
        self.revision += 1

    def restore(self) -> None:
        """Back among the closed ones."""
        if self.status != ARCHIVED:
            raise SurveyInUse("Only an archived survey can be restored.")
        self.status = CLOSED
        self.revision += 1


def why_not_now(status: str, definition: Mapping[str, Any], now: datetime) -> str | None:
    """Why a published survey takes no answer now, "early" or "closed"; None where it does."""
    opens_at = _instant(definition, "opens_at")
    if status == OPEN and opens_at is not None and now < opens_at:
        return "early"
    return "closed" if status != OPEN or _is_over(definition, now) else None


def refusal(status: str, definition: Mapping[str, Any], now: datetime) -> SurveyNotOpen | None:
    """What whoever answers now is told, or None where the answer is taken."""
    why = why_not_now(status, definition, now)
    if why == "early":
        opens_at = _instant(definition, "opens_at")
        return SurveyNotOpen(f"This survey opens on {opens_at:%d %B %Y at %H:%M} UTC.")
    if why is not None:
        return SurveyNotOpen("This survey is closed. Thank you for wanting to answer.")
    return None


def _instant(definition: Mapping[str, Any], key: str) -> datetime | None:
    said = definition.get(key)
    return datetime.fromisoformat(said) if said else None


def _is_over(definition: Mapping[str, Any], now: datetime) -> bool:
    closes_at = _instant(definition, "closes_at")
    return closes_at is not None and now >= closes_at


def _check_closing(definition: Mapping[str, Any], now: datetime) -> None:
    if _is_over(definition, now):
        text = "It closes in the past. Change when it closes in its settings, or leave that open."
        raise InvalidDefinition([{"field": "closes_at", "message": text}], text)


def check_correction(published: list[dict[str, Any]], definition: Mapping[str, Any]) -> None:
    """Raises InvalidDefinition where an item would change its meaning under its old id, or where
    what respondents were promised would change."""
    errors: list[Error] = [
        {"field": key, "message": "Those who answered were promised otherwise; make a new survey."}
        for key in _PROMISED
        if definition.get(key) != published[-1].get(key)
    ]
    meant = {item["id"]: item for version in published for item in version["items"]}
    for i, item in enumerate(definition["items"]):
        before = meant.get(item["id"], item)
        for key in _MEANING:
            if _bare(before.get(key)) != _bare(item.get(key)):
                message = (
                    f"{item['id']!r} was published with another {key}; give this one a new id."
                )
                errors.append({"field": f"items.{i}.{key}", "message": message})
    gone = set(published[-1]["groups"]) - set(definition["groups"])
    if gone:
        message = f"{', '.join(sorted(gone))} may have answered; groups can only be added."
        errors.append({"field": "groups", "message": message})
    if errors:
        raise InvalidDefinition(errors, "The correction would change what was published.")


def _bare(value: Any) -> Any:
    """A scale without its words: they may be corrected."""
    return (value["min"], value["max"]) if isinstance(value, Mapping) else value
