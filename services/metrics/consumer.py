"""Messages in. Each batch is read whole before any of it takes effect."""

from collections.abc import Iterator
from dataclasses import dataclass

from services.metrics.domain.answers import rated_items
from services.metrics.domain.period import Period
from services.metrics.schemas import (
    OutcomesRecordedSchema,
    ResponseEventSchema,
    SurveyPublishedSchema,
)
from services.metrics.store import Store
from services.metrics.store.heads import outcomes_head, survey_head
from services.metrics.store.surveys import Survey
from shared.contributions import Contribution
from shared.event import Message
from shared.worker import Handler

_survey = SurveyPublishedSchema()
_response = ResponseEventSchema()
_outcomes = OutcomesRecordedSchema()


def handlers(store: Store) -> dict[str, Handler]:
    """What is done with each type of event."""
    receive = Receive(store)
    return {
        "intake.survey_published.v1": receive.on_survey_published,
        "intake.response_submitted.v1": receive.on_response,
        "intake.response_revised.v1": receive.on_response,
        "intake.response_withdrawn.v1": receive.on_response,
        "intake.response_erased.v1": receive.on_response,
        "intake.responses_counted.v1": store.reconciliation.hear,
        "metrics.outcomes_recorded.v1": receive.on_outcomes_recorded,
    }


@dataclass(frozen=True)
class Receive:
    """Takes batches of one type; returns when their effect is durable. Raises ValidationError for
    a message that does not say what it must."""

    store: Store

    def on_survey_published(self, messages: list[Message]) -> None:
        """Keep what counting needs of it, and fold the answers that came before it."""
        surveys = [_read_survey(message) for message in messages]
        for survey in surveys:
            self.store.surveys.keep(survey)
            self.store.heads.wake(survey.id)

    def on_response(self, messages: list[Message]) -> None:
        """Fold submitted, revised and withdrawn responses, in whatever order they come."""
        self.store.heads.fold.apply([_read_response(message) for message in messages])

    def on_outcomes_recorded(self, messages: list[Message]) -> None:
        """Fold outcomes, and their corrections, into the year to which they belong."""
        self.store.heads.fold.apply(
            [part for message in messages for part in _read_outcomes(message)]
        )


def _read_survey(message: Message) -> Survey:
    data = _survey.load(message.data)
    return Survey(
        id=message.subject,
        unit=message.unit,
        versions=frozenset({data["version"]}),
        items=frozenset(rated_items(data["definition"])),
        opened_at=data["opened_at"],
        title=next(iter(data["definition"]["title"].values()), message.subject),
        synthetic=data["definition"]["synthetic"],
    )


def _read_response(message: Message) -> Contribution:
    data = _response.load(message.data)
    return Contribution(
        head=survey_head(data["survey"]),
        unit=message.unit,
        member=message.subject,  # as intake names it, so that its hash of the set can be compared
        revision=data["revision"],
        at=data["at"],
        body=data["after"] and {"version": data["survey_version"], **data["after"]},
    )


def _read_outcomes(message: Message) -> Iterator[Contribution]:
    """One contribution a head: a graduate whose class was corrected leaves one and joins one."""
    for recorded in _outcomes.load(message.data)["outcomes"]:
        years = {
            Period.parse(recorded[part]["period"]).year: recorded[part] if part == "after" else None
            for part in ("before", "after")
            if recorded[part]
        }
        for year, content in years.items():
            yield Contribution(
                head=outcomes_head(message.unit, recorded["metric"], year),
                unit=message.unit,
                member=message.subject,
                revision=recorded["revision"],
                at=recorded["at"],
                body=content,
            )
