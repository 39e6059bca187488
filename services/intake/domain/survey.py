"""The life of a survey: draft, open, closing, closed. A published definition never changes."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any


class SurveyNotDraft(Exception):
    """Only a draft can be edited or published."""


class SurveyNotOpen(Exception):
    """The survey takes no answers, not yet or not any more."""


@dataclass
class Survey:
    """`version` counts publications, `revision` the states that HTTP shows.

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
    version: int = 0
    revision: int = 1
    opened_at: datetime | None = None
    closed_at: datetime | None = None
    seals: int = 0
    seal: dict[str, Any] | None = field(default=None)

    def edit(self, definition: dict[str, Any]) -> None:
        if self.status != "draft":
            raise SurveyNotDraft(
                "This survey was published, and what was published never changes. "
                "Make a new survey from it."
            )
        self.definition = definition
        self.revision += 1

    def publish(self, at: datetime) -> None:
        if self.status != "draft":
            raise SurveyNotDraft(f"This survey is {self.status} already.")
        self.status, self.opened_at = "open", at
        self.version += 1
        self.revision += 1

    def close(self, at: datetime) -> None:
        """Refuse new answers from here on. Closing what is closed changes nothing."""
        if self.status == "draft":
            raise SurveyNotOpen("This survey was never published.")
        if self.status == "open":
            self.status, self.closed_at = "closing", at
            self.revision += 1

    def sealed(self, count: int, set_hash: str) -> bool:
        """Declare the set of answers complete; answers whether that was news."""
        seal = {"count": count, "set_hash": set_hash}
        if self.status == "closed" and self.seal == seal:
            return False
        self.status, self.seal = "closed", seal
        self.seals += 1
        self.revision += 1
        return True
