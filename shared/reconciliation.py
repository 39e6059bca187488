"""Does a service hold what the producer says there is? Counts and set hashes are compared.

A producer states what stands; the messages of the last moments may still be on their way. So a
difference is an alarm only when the producer has said the same twice: then nothing was on its way
for that long, and something was lost.
"""

from collections.abc import Callable
from dataclasses import dataclass

import structlog
from marshmallow import EXCLUDE, Schema, fields, validate
from pymongo.database import Database

from shared.documents import Document
from shared.event import Message
from shared.fold import Head

# How often a service looks; what agrees is not looked at again.
RECONCILE_SECONDS = 10.0

log = structlog.get_logger()


class StatementSchema(Schema):
    """So many members stand, with this hash of their set, as counted then."""

    class Meta:
        unknown = EXCLUDE

    count = fields.Integer(required=True, strict=True, validate=validate.Range(0))
    set_hash = fields.String(required=True, validate=validate.Length(equal=64))
    at = fields.String(required=True)


@dataclass(frozen=True)
class Difference:
    """What a producer said twice, against what was folded of it."""

    name: str
    stated: int
    folded: int


class Reconciliation:
    """The statements that one service heard, against the heads it folded.

    `head` finds the head of what a statement is about.
    """

    def __init__(self, database: Database[Document], head: Callable[[str], Head | None]) -> None:
        self._statements = database["statements"]
        self._head = head

    def ensure_indexes(self) -> None:
        self._statements.create_index([("agreed", 1)])

    def hear(self, messages: list[Message]) -> None:
        """A producer's statements, each of what its subject names. Raises ValidationError."""
        for message in messages:
            self._hear(message.subject, message.unit, **StatementSchema().load(message.data))

    def _hear(self, name: str, unit: str, count: int, set_hash: str, at: str) -> None:
        """Keep the producer's statement, unless a later one came before."""
        last = self._statements.find_one({"_id": name})
        if last is not None and last["at"] >= at:
            return
        same = last is not None and (last["count"], last["set_hash"]) == (count, set_hash)
        fields = {
            "unit": unit,
            "count": count,
            "set_hash": set_hash,
            "at": at,
            "repeated": same,
            "agreed": False,
            "told": same and last is not None and last["told"],
        }
        self._statements.update_one({"_id": name}, {"$set": fields}, upsert=True)

    def __call__(self) -> None:
        """Compare what is not known to agree, and raise the alarm, once for each difference."""
        for statement in list(self._statements.find({"agreed": False})):
            name = statement["_id"]
            if self._agrees(statement):
                self._statements.update_one({"_id": name}, {"$set": {"agreed": True}})
            elif statement["repeated"] and not statement["told"]:
                difference = self._difference(statement)
                log.error("reconciliation.differs", **vars(difference), do="republish, then replay")
                self._statements.update_one({"_id": name}, {"$set": {"told": True}})

    def differences(self) -> list[Difference]:
        found = self._statements.find({"agreed": False})
        return [self._difference(s) for s in found if s["repeated"] and not self._agrees(s)]

    def _agrees(self, statement: Document) -> bool:
        head = self._head(statement["_id"])
        if head is None:
            return bool(statement["count"] == 0)
        return (head.count, head.set_hash) == (statement["count"], statement["set_hash"])

    def _difference(self, statement: Document) -> Difference:
        head = self._head(statement["_id"])
        return Difference(statement["_id"], statement["count"], head.count if head else 0)
