"""Messages in. Each batch is read whole before any of it takes effect."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from marshmallow import ValidationError

from services.metrics.domain.answers import rated_items
from services.metrics.domain.definitions import outcome_kind_named
from services.metrics.domain.period import Period
from services.metrics.schemas import (
    OutcomesRecordedSchema,
    ResponseEventSchema,
    SurveyPublishedSchema,
)
from services.metrics.store import Store
from services.metrics.store.heads import outcomes_head, survey_head
from services.metrics.store.surveys import Survey
from services.metrics.usecases.fold_outcomes import fold_outcomes
from shared.contributions import Contribution
from shared.event import Message
from shared.languages import language_in
from shared.worker import Handler

ERASURES = ("intake.response_erased.v1",)
"""Nothing is kept of the responses that they name."""

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
        """Fold submitted, revised and withdrawn responses, in whatever order they come, and the
        outcomes that some of them are."""
        self.store.heads.fold.apply(
            [part for message in messages for part in _read_response(message)]
        )

    def on_outcomes_recorded(self, messages: list[Message]) -> None:
        """Fold outcomes, and their corrections, into the year to which they belong."""
        fold_outcomes(
            self.store,
            [
                (message.unit, message.subject, said)
                for message in messages
                for said in _outcomes.load(message.data)["outcomes"]
            ],
        )


def _read_survey(message: Message) -> Survey:
    data = _survey.load(message.data)
    titles = data["definition"]["title"]
    language = language_in(titles)
    return Survey(
        id=message.subject,
        unit=message.unit,
        versions=frozenset({data["version"]}),
        items=frozenset(rated_items(data["definition"])),
        opened_at=data["opened_at"],
        title=titles[language],
        language=language,
        synthetic=data["definition"]["synthetic"],
    )


def _read_response(message: Message) -> Iterator[Contribution]:
    data = _response.load(message.data)
    said = {
        "unit": message.unit,
        "member": message.subject,  # as intake names it, so that its hash of the set is comparable
        "revision": data["revision"],
        "at": data["at"],
    }
    body = data["after"] and {"version": data["survey_version"], **data["after"]}
    yield Contribution(head=survey_head(data["survey"]), body=body, **said)
    if data["outcome"] is not None:
        head, content = _read_outcome(message.unit, **data["outcome"])
        yield Contribution(head=head, body=content, **said)


def _read_outcome(
    unit: str, metric: str, period: str, category: str | None, *, synthetic: bool
) -> tuple[str, dict[str, Any] | None]:
    """The head in which an outcome counts, and as what; None where it does not stand. Raises
    ValidationError for a metric, a class or a category that there is not."""
    try:
        kind = outcome_kind_named(metric)
        year = Period.parse(period, kind.grain)
    except (LookupError, ValueError) as error:
        raise ValidationError(str(error), "outcome") from error
    if category is not None and category not in kind.categories:
        raise ValidationError(f"There is no category {category!r}.", "outcome")
    content: dict[str, Any] = {"period": year.as_dict(), "segment": {}}
    content |= {"category": category, "synthetic": synthetic}
    return outcomes_head(unit, metric, year.year), content if category else None
