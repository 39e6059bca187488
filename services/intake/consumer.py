"""Messages in: intake hears its own events, to know how many responses stand without counting them,
and to tell webhooks."""

from typing import Any

from services.intake.domain.webhook import TOLD
from services.intake.events import (
    ResponseErased,
    ResponseRevised,
    ResponseSubmitted,
    ResponseWithdrawn,
    SurveyClosed,
    SurveyPublished,
)
from services.intake.store import Store
from services.intake.usecases.deliver_webhooks import note_events
from shared.contributions import Contribution
from shared.event import Message
from shared.worker import Handler

ERASURES = (ResponseErased.type,)
"""Nothing is kept of the responses that they name."""

_SURVEYS = (SurveyPublished, SurveyClosed)
_RESPONSES = (ResponseSubmitted, ResponseRevised, ResponseWithdrawn, ResponseErased)


def handlers(store: Store) -> dict[str, Handler]:
    """What is done with each type of event."""

    def on_response(messages: list[Message]) -> None:
        """Fold them, in whatever order they come, and have webhooks told of them."""
        store.tallies.fold.apply([_contribution(store, message) for message in messages])
        if messages[0].type in TOLD:
            note_events(store, messages)

    def on_survey(messages: list[Message]) -> None:
        note_events(store, messages)

    return {
        **dict.fromkeys((event.type for event in _RESPONSES), on_response),
        **dict.fromkeys((event.type for event in _SURVEYS), on_survey),
    }


def _contribution(store: Store, message: Message) -> Contribution:
    data = message.data
    return Contribution(
        head=data["survey"],
        unit=message.unit,
        member=message.subject,
        revision=data["revision"],
        at=data["at"],
        body=data["after"] and _body(store, data["survey"], data["after"]),
    )


def _body(store: Store, survey: str, content: dict[str, Any]) -> dict[str, Any]:
    """The group, and the choices among the profile; what anybody wrote stays where it is."""
    items = store.surveys.for_answering(survey).definition.items
    chosen = {
        name: value
        for name, value in content["profile"].items()
        if isinstance(value, str) and name in items and items[name].type == "single_choice"
    }
    return {"group": content["group"], "profile": chosen}
