"""Messages that could not be handled: tried again with back-off, then parked, never dropped.

They wait in the consumer's own database, where a broken one holds up no queue, can be listed
on any broker and survives it. `due` alone says when a message is tried next; a parked one has none
until a person asks for another attempt.

What is kept here holds what people said. Once a subject is to be forgotten, messages about it are
deleted, and those that still come and fail are not kept either: there is nothing left of it that
they could change.
"""

import traceback
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256
from typing import Any

from pymongo.database import Database
from pymongo.errors import ConnectionFailure

from shared import times
from shared.chunks import LOOKUPS, chunks
from shared.documents import Document, NotThere, insert_new
from shared.event import subject_of

ATTEMPTS = 6
_FIRST_WAIT = timedelta(seconds=1)
_LONGEST_WAIT = _FIRST_WAIT * 2**ATTEMPTS
_MOST_AT_ONCE = 100  # whoever tries them has a queue to listen to as well
_REASON_CHARACTERS = 500
_BODY_BYTES = 8_000_000  # a document holds twice as many; no message of ours comes near
_TRACE_CHARACTERS = 8000


@dataclass(frozen=True)
class Parked:
    """A message set aside: `state` is "waiting" for its next attempt or "parked" for a person.

    `subject` is what it is about, None where it does not say so.
    `since` and `at` are the times of the first and the last failure, `due` that of the next
    attempt, all RFC 3339 in UTC.
    """

    id: str
    subject: str | None
    body: bytes
    state: str
    attempts: int
    reason: str
    trace: str
    since: str
    at: str
    due: str | None


class Parking:
    """The messages of one consumer that failed."""

    def __init__(self, database: Database[Document]) -> None:
        self._messages = database["parked_messages"]
        self._forgotten = database["forgotten_subjects"]

    def ensure_indexes(self) -> None:
        self._messages.create_index([("subject", 1)])
        self._messages.create_index([("state", 1), ("at", 1)])
        self._messages.create_index([("due", 1)])

    def failed(self, body: bytes, error: Exception, *, hopeless: bool = False) -> None:
        """Keep a message that raised `error`; the same body again counts as its next attempt.

        A `hopeless` one, which no later attempt can heal, is parked at once. One about a forgotten
        subject is not kept.
        """
        self._keep(_hash(body), body, error, hopeless=hopeless)

    def retry_due(self, handle: Callable[[bytes], None]) -> None:
        """Try again what is due; `handle` raises or has handled it."""
        now = times.now()
        passed = {"$lte": times.rfc3339(now)}
        # Nothing waits longer than this, unless the clock stepped back since.
        beyond = {"$gt": times.rfc3339(now + _LONGEST_WAIT)}
        for due in (passed, beyond):
            found = self._messages.find({"due": due}).sort("due", 1).limit(_MOST_AT_ONCE)
            for document in list(found):
                self._retry(document, handle)

    def replay(self, name: str) -> None:
        """Have the consumer's worker try a message when it looks next. One that was parked is tried
        once, and is parked again should it fail. Raises NotThere."""
        now = times.rfc3339(times.now())
        if not self._messages.update_one({"_id": name}, {"$set": {"due": now}}).matched_count:
            raise NotThere(name)

    def forget(self, subjects: Collection[str]) -> None:
        """Keep no message about these, neither what is here nor what comes; only a hash of each
        subject stays. Again, it changes nothing."""
        # First of all: whoever sets a message aside at this moment looks for it afterwards.
        insert_new(self._forgotten, [{"_id": _hash(each.encode())} for each in set(subjects)])
        for some in chunks(sorted(subjects), LOOKUPS):
            self._messages.delete_many({"subject": {"$in": list(some)}})

    def about(self, subject: str) -> list[Parked]:
        """Those about it, waiting or parked."""
        return [_parked(document) for document in self._messages.find({"subject": subject})]

    def drop(self, name: str) -> None:
        """Give a message up for good. Raises NotThere."""
        if not self._messages.delete_one({"_id": name}).deleted_count:
            raise NotThere(name)

    def get(self, name: str) -> Parked:
        """Raises NotThere."""
        document = self._messages.find_one({"_id": name})
        if document is None:
            raise NotThere(name)
        return _parked(document)

    def starting_with(self, prefix: str) -> list[str]:
        """The ids that begin so."""
        named = self._messages.find({"_id": {"$gte": prefix, "$lt": prefix + "g"}}, {"_id": 1})
        return [document["_id"] for document in named]

    def parked(self) -> Iterator[Parked]:
        """Those that wait for a person, the longest parked first."""
        return map(_parked, self._messages.find({"state": "parked"}).sort("at", 1))

    def count(self, state: str = "parked") -> int:
        return self._messages.count_documents({"state": state})

    def _keep(self, name: str, body: bytes, error: Exception, *, hopeless: bool = False) -> None:
        before = self._messages.find_one({"_id": name}) or {"attempts": 0, "state": "waiting"}
        attempts = before["attempts"] + 1
        parked = hopeless or attempts >= ATTEMPTS or before["state"] == "parked"
        now = times.now()
        fields = {
            "body": body[:_BODY_BYTES],
            "state": "parked" if parked else "waiting",
            "attempts": attempts,
            "reason": f"{type(error).__name__}: {error}"[:_REASON_CHARACTERS],
            "trace": "".join(traceback.format_exception(error))[-_TRACE_CHARACTERS:],
            "at": times.rfc3339(now),
            "due": None if parked else times.rfc3339(now + _FIRST_WAIT * 2 ** (attempts - 1)),
        }
        subject = subject_of(body)
        first = {"since": fields["at"], "subject": subject}
        self._messages.update_one(
            {"_id": name}, {"$set": fields, "$setOnInsert": first}, upsert=True
        )
        if subject is not None and self._forgotten.find_one({"_id": _hash(subject.encode())}):
            self._messages.delete_one({"_id": name})

    def _retry(self, document: dict[str, Any], handle: Callable[[bytes], None]) -> None:
        try:
            handle(document["body"])
        except ConnectionFailure:
            raise
        except Exception as error:  # noqa: BLE001  # whatever it raised, it is kept with its reason
            self._keep(document["_id"], document["body"], error)
        else:
            self._messages.delete_one({"_id": document["_id"]})


def _hash(content: bytes) -> str:
    return sha256(content).hexdigest()


def _parked(document: dict[str, Any]) -> Parked:
    fields = {"since": "", "at": "", "subject": None, **document}
    return Parked(id=fields.pop("_id"), **fields)
