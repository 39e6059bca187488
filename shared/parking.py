"""Messages that could not be handled: tried again with back-off, then parked, never dropped.

They wait in the consumer's own database, where a broken one holds up no queue, can be listed
on any broker and survives it.
"""

import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256
from typing import Any

from pymongo.database import Database
from pymongo.errors import ConnectionFailure

from shared import times
from shared.documents import Document

ATTEMPTS = 6
_FIRST_WAIT = timedelta(seconds=1)
_REASON_CHARACTERS = 500
_TRACE_CHARACTERS = 8000


@dataclass(frozen=True)
class Parked:
    """A message set aside: `state` is "waiting" for its next attempt or "parked" for a person."""

    id: str
    body: bytes
    state: str
    attempts: int
    reason: str
    trace: str
    due: str


class Parking:
    """The messages of one consumer that failed."""

    def __init__(self, database: Database[Document]) -> None:
        self._messages = database["parked_messages"]

    def ensure_indexes(self) -> None:
        self._messages.create_index([("state", 1), ("due", 1)])

    def failed(self, body: bytes, error: Exception, *, hopeless: bool = False) -> None:
        """Keep a message that raised `error`; the same body again counts as its next attempt.

        A `hopeless` one, which no later attempt can heal, is parked at once.
        """
        name = sha256(body).hexdigest()
        before = self._messages.find_one({"_id": name}) or {"attempts": 0, "state": "waiting"}
        attempts = before["attempts"] + 1
        parked = hopeless or attempts >= ATTEMPTS or before["state"] == "parked"
        wait = _FIRST_WAIT * 2 ** (attempts - 1)
        fields = {
            "body": body,
            "state": "parked" if parked else "waiting",
            "attempts": attempts,
            "reason": f"{type(error).__name__}: {error}"[:_REASON_CHARACTERS],
            "trace": "".join(traceback.format_exception(error))[-_TRACE_CHARACTERS:],
            "due": times.rfc3339(times.now() + wait),
        }
        self._messages.update_one({"_id": name}, {"$set": fields}, upsert=True)

    def retry_due(self, handle: Callable[[bytes], None]) -> None:
        """Try again what is due; `handle` raises or has handled it."""
        due = {"state": "waiting", "due": {"$lte": times.rfc3339(times.now())}}
        for document in list(self._messages.find(due)):
            self._retry(document, handle)

    def replay(self, name: str, handle: Callable[[bytes], None]) -> bool:
        """Try a parked message now; answers whether it was handled. Raises KeyError."""
        return self._retry(self._get(name), handle)

    def drop(self, name: str) -> None:
        """Give a message up for good. Raises KeyError."""
        self._get(name)
        self._messages.delete_one({"_id": name})

    def get(self, name: str) -> Parked:
        return _parked(self._get(name))

    def parked(self) -> Iterator[Parked]:
        return (_parked(document) for document in self._messages.find({"state": "parked"}))

    def count(self) -> int:
        return self._messages.count_documents({"state": "parked"})

    def _get(self, name: str) -> Document:
        document = self._messages.find_one({"_id": name})
        if document is None:
            raise KeyError(name)
        return document

    def _retry(self, document: dict[str, Any], handle: Callable[[bytes], None]) -> bool:
        try:
            handle(document["body"])
        except ConnectionFailure:
            raise
        except Exception as error:  # noqa: BLE001  # whatever it raised, it is kept with its reason
            self.failed(document["body"], error)
            return False
        self._messages.delete_one({"_id": document["_id"]})
        return True


def _parked(document: dict[str, Any]) -> Parked:
    names = ("body", "state", "attempts", "reason", "trace", "due")
    return Parked(id=document["_id"], **{name: document[name] for name in names})
