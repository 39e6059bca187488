"""Messages in: intake hears its own responses, to know how many stand without counting them."""

from typing import Any

from services.intake.events import (
    ResponseErased,
    ResponseRevised,
    ResponseSubmitted,
    ResponseWithdrawn,
)
from services.intake.store import Store
from shared.contributions import Contribution
from shared.event import Message
from shared.worker import Handler

_RESPONSES = (ResponseSubmitted, ResponseRevised, ResponseWithdrawn, ResponseErased)


def handlers(store: Store) -> dict[str, Handler]:
    """What is done with each type of event."""

    def on_response(messages: list[Message]) -> None:
        """Fold them, in whatever order they come."""
        store.tallies.fold.apply([_contribution(store, message) for message in messages])

    return {event.type: on_response for event in _RESPONSES}


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
