"""Mailings, and of each address whether it was sent.

A delivery is noted as `sending` before the letter is handed over and as `sent` after. A process
that dies in between leaves it `sending`, and it is never sent again: an address gets a mailing at
most once, and may miss it. Which those are is told as `uncertain`.
"""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime

from pymongo import ReturnDocument
from pymongo.database import Database
from pymongo.errors import DuplicateKeyError

from shared import times
from shared.chunks import INSERTS, chunks
from shared.documents import Document, insert_new

_SCHEMA = 1
UNDER_WAY = ("preparing", "sending")
_STATES = {
    "queued": "queued",
    "sending": "uncertain",
    "sent": "sent",
    "skipped": "skipped",
    "failed": "failed",
}


class NoSuchMailing(Exception):
    """No mailing of this id is there to see."""


@dataclass(frozen=True)
class Mailing:
    """A letter to everybody who has not answered. `status`: preparing, sending, done, cancelled.
    `trouble` is why the mail server could not be used when it was last tried, "" where it could."""

    id: str
    unit: str
    survey: str
    subject: str
    text: str
    created_by: str
    created_at: datetime
    status: str = "preparing"
    language: str = ""
    trouble: str = ""


@dataclass(frozen=True)
class Delivery:
    id: str
    invitation: str
    tries: int


@dataclass(frozen=True)
class Undelivered:
    """`state` is failed or uncertain, `reason` what the mail server said."""

    invitation: str
    state: str
    reason: str


class Mailings:
    def __init__(self, database: Database[Document]) -> None:
        self._mailings = database["mailings"]
        self._deliveries = database["deliveries"]

    def ensure_indexes(self) -> None:
        self._mailings.create_index([("status", 1)])
        self._mailings.create_index([("survey", 1), ("_id", 1)])
        self._deliveries.create_index([("mailing", 1), ("state", 1), ("due", 1)])

    def add(self, mailing: Mailing) -> Mailing:
        """Store a new one; the same id again finds what was stored."""
        fields = asdict(mailing)
        try:
            self._mailings.insert_one({"_id": fields.pop("id"), "schema": _SCHEMA, **fields})
        except DuplicateKeyError:
            return self.get(mailing.unit, mailing.id)
        return mailing

    def get(self, unit: str, name: str) -> Mailing:
        """Raises NoSuchMailing."""
        found = self._mailings.find_one({"_id": name})
        if found is None or found["unit"] != unit:
            raise NoSuchMailing(name)
        return _mailing(found)

    def of(self, survey: str) -> list[Mailing]:
        found = [_mailing(each) for each in self._mailings.find({"survey": survey})]
        return sorted(found, key=lambda each: each.created_at, reverse=True)

    def with_status(self, status: str) -> list[Mailing]:
        return [_mailing(each) for each in self._mailings.find({"status": status})]

    def move(self, mailing: str, before: Sequence[str], after: str) -> bool:
        """Whether it was in one of these statuses, and is now in that one."""
        among = {"_id": mailing, "status": {"$in": list(before)}}
        return bool(self._mailings.update_one(among, {"$set": {"status": after}}).matched_count)

    def note_trouble(self, mailing: Mailing, trouble: str) -> None:
        if trouble != mailing.trouble:
            change = {"$set": {"trouble": trouble}}
            self._mailings.update_one({"_id": mailing.id}, change)

    def queue(self, mailing: Mailing, invitations: Iterable[str]) -> None:
        """Each once, however often."""
        at = times.now()
        rows: list[Document] = [
            {
                "_id": f"{mailing.id}.{invitation}",
                "unit": mailing.unit,
                "schema": _SCHEMA,
                "mailing": mailing.id,
                "invitation": invitation,
                "state": "queued",
                "tries": 0,
                "due": at,
            }
            for invitation in invitations
        ]
        for some in chunks(rows, INSERTS):
            insert_new(self._deliveries, list(some))

    def due(self, mailing: str, most: int) -> list[str]:
        asked = {"mailing": mailing, "state": "queued", "due": {"$lte": times.now()}}
        return [each["_id"] for each in self._deliveries.find(asked, {"_id": 1}).limit(most)]

    def begin(self, delivery: str) -> Delivery | None:
        """From here on it counts as sent, unless `end` says otherwise; None where another process
        has it."""
        began = self._deliveries.find_one_and_update(
            {"_id": delivery, "state": "queued"},
            {"$set": {"state": "sending"}, "$inc": {"tries": 1}},
            return_document=ReturnDocument.AFTER,
        )
        if began is None:
            return None
        return Delivery(began["_id"], began["invitation"], began["tries"])

    def end(self, delivery: str, state: str, reason: str = "", due: datetime | None = None) -> None:
        fields = {"state": state, "reason": reason, "due": due or times.now()}
        self._deliveries.update_one({"_id": delivery}, {"$set": fields})

    def put_back(self, delivery: str) -> None:
        """It was not handed over, and that is no fault of its own: it costs no try."""
        change = {"$set": {"state": "queued"}, "$inc": {"tries": -1}}
        self._deliveries.update_one({"_id": delivery}, change)

    def undelivered(self, mailing: str, most: int) -> list[Undelivered]:
        """Of what did not arrive for sure, some."""
        asked = {"mailing": mailing, "state": {"$in": ["failed", "sending"]}}
        found = self._deliveries.find(asked).limit(most)
        return [
            Undelivered(each["invitation"], _STATES[each["state"]], each.get("reason", ""))
            for each in found
        ]

    def progress(self, mailing: str) -> dict[str, int]:
        """How many deliveries are in each state, as they are called to people."""
        return {
            called: self._deliveries.count_documents({"mailing": mailing, "state": state})
            for state, called in _STATES.items()
        }


def _mailing(document: Document) -> Mailing:
    names = Mailing.__dataclass_fields__.keys() & document.keys()
    return Mailing(id=document["_id"], **{name: document[name] for name in names})
