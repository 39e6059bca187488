"""What planning hears, and what it does about it.

Proposals are drafted on the worker's tick, not here: a survey that cannot be drafted must not
send the messages of its responses to parking.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from services.planning.domain.survey import Seal
from services.planning.schemas import (
    ResponseSchema,
    SurveyClosedSchema,
    SurveyPublishedSchema,
)
from services.planning.store import Store
from shared.contributions import Contribution
from shared.event import Message

ERASURES = ("intake.response_erased.v1",)
"""Nothing is kept of the responses that they name."""

_published = SurveyPublishedSchema()
_closed = SurveyClosedSchema()
_response = ResponseSchema()


def handlers(store: Store) -> dict[str, Callable[[list[Message]], None]]:
    responses = partial(on_response, store)
    return {
        "intake.survey_published.v1": partial(on_survey_published, store),
        "intake.survey_closed.v1": partial(on_survey_closed, store),
        "intake.response_submitted.v1": responses,
        "intake.response_revised.v1": responses,
        "intake.response_withdrawn.v1": responses,
        "intake.response_erased.v1": responses,
        "intake.responses_counted.v1": store.reconciliation.hear,
    }


def on_survey_published(store: Store, messages: list[Message]) -> None:
    for message in messages:
        known = _published.load(message.data)
        store.surveys.publish(message.unit, message.subject, known["version"], known["definition"])
        store.tables.wake(message.subject)


def on_survey_closed(store: Store, messages: list[Message]) -> None:
    for message in messages:
        known = _closed.load(message.data)
        seal = Seal(known["seal"], known["count"], known["set_hash"], known["closed_at"])
        store.surveys.close(message.unit, message.subject, seal)


def on_response(store: Store, messages: list[Message]) -> None:
    """Submitted, revised, withdrawn or erased: it counts as it says now, and as nothing else."""
    by_version = defaultdict(list)
    for message in messages:
        known = _response.load(message.data)
        by_version[known["survey_version"]].append(_contribution(message, known))
    # A batch waits as a whole for what it does not know: those who answered a version that is
    # known must not wait for those who answered another.
    for contributions in by_version.values():
        store.tables.apply(contributions)


def _contribution(message: Message, known: Mapping[str, Any]) -> Contribution:
    answers = known["after"] and {"survey_version": known["survey_version"], **known["after"]}
    return Contribution(
        head=known["survey"],
        unit=message.unit,
        member=message.subject,
        revision=known["revision"],
        at=known["at"],
        body=answers,
    )
