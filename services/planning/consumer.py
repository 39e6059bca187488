"""What planning hears, and what it does about it.

Proposals are drafted on the worker's tick, not here: a survey that cannot be drafted must not
send the messages of its responses to parking.
"""

from collections import defaultdict
from collections.abc import Callable
from functools import partial

from services.planning.domain.survey import Seal
from services.planning.schemas import ResponseSchema, SurveyClosedSchema, SurveyPublishedSchema
from services.planning.store import Store
from shared.event import Message
from shared.fold import Contribution


def handlers(store: Store) -> dict[str, Callable[[list[Message]], None]]:
    responses = partial(on_response, store)
    return {
        "intake.survey_published.v1": partial(on_survey_published, store),
        "intake.survey_closed.v1": partial(on_survey_closed, store),
        "intake.response_submitted.v1": responses,
        "intake.response_revised.v1": responses,
        "intake.response_withdrawn.v1": responses,
    }


def on_survey_published(store: Store, messages: list[Message]) -> None:
    for message in messages:
        known = SurveyPublishedSchema().load(message.data)
        store.surveys.publish(message.unit, message.subject, known["version"], known["definition"])
        store.tables.wake(message.subject)


def on_survey_closed(store: Store, messages: list[Message]) -> None:
    for message in messages:
        known = SurveyClosedSchema().load(message.data)
        seal = Seal(known["seal"], known["count"], known["set_hash"], known["closed_at"])
        store.surveys.close(message.unit, message.subject, seal)


def on_response(store: Store, messages: list[Message]) -> None:
    """Submitted, revised or withdrawn: it adds what it says now and takes away what it said."""
    by_version = defaultdict(list)
    for message in messages:
        contribution = _contribution(message)
        by_version[contribution.body["survey_version"]].append(contribution)
    # A batch waits as a whole for what it does not know: those who answered a version that is
    # known must not wait for those who answered another.
    for contributions in by_version.values():
        store.tables.apply(contributions)


def _contribution(message: Message) -> Contribution:
    known = ResponseSchema().load(message.data)
    name, revision = message.subject, known["revision"]
    return Contribution(
        id=f"{name}:{revision}",
        head=known["survey"],
        unit=message.unit,
        body={key: known[key] for key in ("survey_version", "before", "after")},
        came=None if known["after"] is None else f"{name}:{revision}",
        went=None if known["before"] is None else f"{name}:{revision - 1}",
    )
