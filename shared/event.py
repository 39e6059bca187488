"""Events: what a service says happened, and what another receives of it.

On the wire an event is a CloudEvents 1.0 envelope in JSON mode; `unit` rides as an extension
attribute, so that whoever routes or parks a message knows whose it is without its schema.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar
from uuid import uuid4

import orjson

from shared import times

MOST_BYTES = 65_536
"""Of an event on the wire: consumers hold hundreds at once, and no broker refuses one."""


_ENVELOPE = {"unit", "subject"}


class TooLarge(Exception):
    """An event of more than MOST_BYTES, which is neither stored nor sent."""


class Malformed(Exception):
    """A message that is no envelope of ours; the text says what is wrong."""


@dataclass(frozen=True)
class Event:
    """Base of what a service promises to say. `type` is the routing key; the fields after `unit`
    and `subject` are the data."""

    type: ClassVar[str]
    unit: str
    subject: str

    def data(self) -> dict[str, Any]:
        return {name: value for name, value in vars(self).items() if name not in _ENVELOPE}


@dataclass(frozen=True)
class Outgoing:
    """An event, encoded once, as it waits in the outbox of its document. Making one raises
    TooLarge."""

    id: str
    type: str
    body: bytes

    def __post_init__(self) -> None:
        if len(self.body) > MOST_BYTES:
            raise TooLarge(f"{self.type} of {len(self.body)} bytes; at most {MOST_BYTES} are sent")


@dataclass(frozen=True)
class Message:
    """An event as its consumer sees it."""

    id: str
    type: str
    source: str
    subject: str
    unit: str
    time: datetime
    data: dict[str, Any]


def encode(event: Event) -> Outgoing:
    """The envelope's bytes. An event's id is made here, so a republished copy keeps it. Raises
    TooLarge."""
    name, data = uuid4().hex, event.data()
    envelope = {
        "specversion": "1.0",
        "id": name,
        "source": "/" + event.type.partition(".")[0],
        "type": event.type,
        # When it happened, where the event says so: it may be kept less exactly than known.
        "time": data.get("at") or times.rfc3339(times.now()),
        "subject": event.subject,
        "unit": event.unit,
        "traceparent": f"00-{name}-{name[:16]}-01",
        "datacontenttype": "application/json",
        "data": data,
    }
    return Outgoing(name, event.type, orjson.dumps(envelope))


def subject_of(body: bytes) -> str | None:
    """What a message is about, also where it is no envelope of ours otherwise; None where nothing
    says so."""
    try:
        envelope = orjson.loads(body)
    except orjson.JSONDecodeError:
        return None
    subject = envelope.get("subject") if isinstance(envelope, dict) else None
    return subject if isinstance(subject, str) else None


def decode(body: bytes) -> Message:
    """What the bytes of an envelope say. Raises Malformed."""
    try:
        envelope = orjson.loads(body)
        message = Message(
            id=envelope["id"],
            type=envelope["type"],
            source=envelope["source"],
            subject=envelope["subject"],
            unit=envelope["unit"],
            time=times.parse(envelope["time"]),
            data=envelope["data"],
        )
    except orjson.JSONDecodeError as error:
        raise Malformed(f"not JSON: {error}") from error
    except (KeyError, TypeError, ValueError) as error:
        raise Malformed(f"not an event envelope: {error!r}") from error
    texts = (message.id, message.type, message.source, message.subject, message.unit)
    if not all(isinstance(text, str) for text in texts) or not isinstance(message.data, dict):
        raise Malformed("not an event envelope: its attributes are texts and its data an object")
    return message
