"""What intake promises to say. Responses speak of `before` and `after`, so that whoever adds them
up needs no order: add `after`, take `before` away."""

from dataclasses import dataclass
from typing import Any, ClassVar

from shared.event import Event


@dataclass(frozen=True)
class SurveyPublished(Event):
    type: ClassVar[str] = "intake.survey_published.v1"
    version: int
    definition: dict[str, Any]
    opened_at: str


@dataclass(frozen=True)
class SurveyClosed(Event):
    """The set of answers is complete: so many, with this hash. A higher `seal` replaces a lower."""

    type: ClassVar[str] = "intake.survey_closed.v1"
    version: int
    count: int
    set_hash: str
    closed_at: str
    seal: int


@dataclass(frozen=True)
class _ResponseEvent(Event):
    survey: str
    survey_version: int
    revision: int
    group: str
    at: str
    before: dict[str, Any] | None
    after: dict[str, Any] | None


@dataclass(frozen=True)
class ResponseSubmitted(_ResponseEvent):
    type: ClassVar[str] = "intake.response_submitted.v1"


@dataclass(frozen=True)
class ResponseRevised(_ResponseEvent):
    type: ClassVar[str] = "intake.response_revised.v1"


@dataclass(frozen=True)
class ResponseWithdrawn(_ResponseEvent):
    type: ClassVar[str] = "intake.response_withdrawn.v1"
