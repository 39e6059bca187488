"""What intake promises to say. Of a response its highest revision counts, so that whoever adds them
up needs no order; `before` is there for those who hear every revision once. `outcome` is what a
response to a first-destination survey says now: {metric, period, category or null, synthetic}."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar, Self

from services.intake.domain.survey import Survey
from shared import times
from shared.event import Event


@dataclass(frozen=True)
class SurveyPublished(Event):
    type: ClassVar[str] = "intake.survey_published.v1"
    version: int
    definition: dict[str, Any]
    opened_at: str

    @classmethod
    def of(cls, survey: Survey, version: int) -> Self:
        """What is said of one published version of a survey."""
        return cls(
            unit=survey.unit,
            subject=survey.id,
            version=version,
            definition=survey.published[version - 1],
            opened_at=_said_at(survey.opened_at),
        )


@dataclass(frozen=True)
class SurveyClosed(Event):
    """The set of answers is complete: so many, with this hash. A higher `seal` replaces a lower."""

    type: ClassVar[str] = "intake.survey_closed.v1"
    version: int
    count: int
    set_hash: str
    closed_at: str
    seal: int

    @classmethod
    def of(cls, survey: Survey) -> Self:
        """What is said of a survey that was sealed."""
        seal = survey.seal or {}
        return cls(
            unit=survey.unit,
            subject=survey.id,
            version=survey.version,
            count=seal["count"],
            set_hash=seal["set_hash"],
            closed_at=_said_at(survey.closed_at),
            seal=survey.seals,
        )


@dataclass(frozen=True)
class _ResponseEvent(Event):
    survey: str
    survey_version: int
    revision: int
    group: str
    at: str
    before: dict[str, Any] | None
    after: dict[str, Any] | None
    outcome: dict[str, Any] | None = None


@dataclass(frozen=True)
class ResponseSubmitted(_ResponseEvent):
    type: ClassVar[str] = "intake.response_submitted.v1"


@dataclass(frozen=True)
class ResponseRevised(_ResponseEvent):
    type: ClassVar[str] = "intake.response_revised.v1"


@dataclass(frozen=True)
class ResponseWithdrawn(_ResponseEvent):
    type: ClassVar[str] = "intake.response_withdrawn.v1"


@dataclass(frozen=True)
class ResponseErased(Event):
    """Nothing of the response is kept, and nothing of it that arrives later counts. Its `revision`
    is the highest there can be."""

    type: ClassVar[str] = "intake.response_erased.v1"
    survey: str
    survey_version: int
    revision: int
    at: str
    reason: str
    after: None = None
    outcome: dict[str, Any] | None = None


@dataclass(frozen=True)
class ResponsesCounted(Event):
    """So many responses stand at the moment, with this hash: what listeners should come to."""

    type: ClassVar[str] = "intake.responses_counted.v1"
    count: int
    set_hash: str
    at: str


def _said_at(at: datetime | None) -> str:
    return times.rfc3339(at or times.now())
