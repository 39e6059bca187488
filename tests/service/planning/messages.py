"""What intake says, as planning receives it."""

from typing import Any
from uuid import uuid4

from services.planning.consumer import handlers
from services.planning.store import Store
from shared import set_hash, times
from shared.event import Message

ITEMS = ("advising", "events", "visas", "site", "parking")
DEFINITION = {
    "title": {"en": "Needs 2026"},
    "languages": ["en"],
    "groups": ["student", "staff"],
    "minimum_group_size": 10,
    "sections": [],
    "items": [
        {"id": item, "type": "need", "text": {"en": item.title()}, "scale": {"min": 1, "max": 5}}
        for item in ITEMS
    ]
    + [{"id": "why", "type": "text", "text": {"en": "Why?"}}],
}


def message(event_type: str, subject: str, data: dict[str, Any]) -> Message:
    return Message(
        id=uuid4().hex,
        type=event_type,
        source="/intake",
        subject=subject,
        unit="careers",
        time=times.now(),
        data=data,
    )


def published(definition: dict[str, Any] = DEFINITION, version: int = 1) -> Message:
    data = {
        "version": version,
        "definition": definition,
        "opened_at": "2026-04-01T00:00:00.000Z",
        "later": "addition",
    }
    return message("intake.survey_published.v1", "s1", data)


def closed(members: list[str], seal: int = 1) -> Message:
    """The survey closed with these responses, each as id:revision."""
    data = {
        "version": 1,
        "count": len(members),
        "set_hash": set_hash.combine(set_hash.EMPTY, came=members, went=[]),
        "closed_at": "2026-05-01T12:00:00.000Z",
        "seal": seal,
    }
    return message("intake.survey_closed.v1", "s1", data)


def side(importance: int, satisfaction: int, group: str = "student") -> dict[str, Any]:
    """One respondent: the first need with these marks, the others satisfied in falling order."""
    marks = {item: {"importance": 4, "satisfaction": 1 + i} for i, item in enumerate(ITEMS)}
    marks["advising"] = {"importance": importance, "satisfaction": satisfaction}
    return {"group": group, "profile": {"year": "first"}, "answers": {**marks, "why": "so"}}


def response(
    name: str, revision: int, before: dict | None, after: dict | None, version: int = 1
) -> Message:
    verb = "withdrawn" if after is None else "submitted" if before is None else "revised"
    data = {
        "survey": "s1",
        "survey_version": version,
        "revision": revision,
        "group": (after or before)["group"] if after or before else "student",
        "at": "2026-04-02T00:00:00.000Z",
        "before": before,
        "after": after,
    }
    return message(f"intake.response_{verb}.v1", name, data)


def submitted(name: str, *, group: str = "student", marks: tuple[int, int] = (5, 1)) -> Message:
    return response(name, 1, None, side(*marks, group=group))


def crowd(n: int = 20) -> list[Message]:
    return [submitted(f"r{i}", group="staff" if i % 2 else "student") for i in range(n)]


def members(messages: list[Message]) -> list[str]:
    return [f"{each.subject}:{each.data['revision']}" for each in messages]


def deliver(store: Store, *received: Message | list[Message]) -> None:
    """One message after the other; a list of one type as a batch."""
    handle = handlers(store)
    for each in received:
        batch = each if isinstance(each, list) else [each]
        handle[batch[0].type](batch)
