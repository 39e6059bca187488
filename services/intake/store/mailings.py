"""Mailings, and of each address whether it was sent.

A delivery is noted as `sending` before the letter is handed over and as `sent` after. A process
that dies in between leaves it `sending`, and it is never sent again: an address gets a mailing at
most once, and may miss it. Which those are is told as `uncertain`.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from pymongo import ReturnDocument
from pymongo.database import Database

from shared import times
from shared.chunks import INSERTS, chunks
from shared.documents import Document, insert_new
from shared.jobs import CANCELLED, DONE, Jobs

_SCHEMA = 1
UNDER_WAY = ("preparing", "sending")
_STATES = {
    "queued": "queued",
    "sending": "uncertain",
    "sent": "sent",
    "skipped": "skipped",
    "failed": "failed",
}


@dataclass(frozen=True)
class Mailing:
    """A letter to everybody who has not answered. `status`: preparing, sending, done, cancelled;
    once it is `prepared`, it is settled who gets it. `trouble` is why the mail server could not be
    used when it was last tried, "" where it could. `holder` is of whoever has it in hand."""

    id: str
    unit: str
    survey: str
    subject: str
    text: str
    created_by: str
    created_at: datetime
    status: str
    prepared: bool
    language: str
    trouble: str
    holder: str | None

    @property
    def lease(self) -> Document:
        return {"_id": self.id, "holder": self.holder}


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
        self.jobs = Jobs(database["mailings"], "mailing")
        self._deliveries = database["deliveries"]

    def ensure_indexes(self) -> None:
        self.jobs.ensure_indexes()
        self.jobs.collection.create_index([("survey", 1), ("_id", 1)])
        self._deliveries.create_index([("mailing", 1), ("state", 1), ("due", 1)])
        self._deliveries.create_index([("invitation", 1)])

    def add(
        self, unit: str, name: str, survey: str, *, who: str, subject: str, text: str, language: str
    ) -> Mailing:
        """Store a new one; the same id again finds what was stored."""
        letter = {"subject": subject, "text": text, "language": language}
        job = {"_id": name, "unit": unit, "schema": _SCHEMA, "survey": survey, "created_by": who}
        return _mailing(self.jobs.add({**job, **letter, "prepared": False, "trouble": ""}))

    def of(self, survey: str) -> list[Mailing]:
        found = [_mailing(each) for each in self.jobs.collection.find({"survey": survey})]
        return sorted(found, key=lambda each: each.created_at, reverse=True)

    def take(self) -> Mailing | None:
        """One that waits, or that nobody has in hand any more."""
        found = self.jobs.take()
        return None if found is None else _mailing(found)

    def cancel(self, unit: str, name: str) -> Mailing:
        """Send no more of it. Raises NoSuchJob."""
        return _mailing(self.jobs.cancel(unit, name))

    def note_trouble(self, mailing: Mailing, trouble: str) -> None:
        """Raises TakenAway."""
        if trouble != mailing.trouble:
            self.jobs.advance(mailing.lease, trouble=trouble)

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

    def sent_to(self, invitation: str) -> list[dict[str, str]]:
        """What became of each letter to an invitation: {mailing, state, reason}."""
        return [
            {
                "mailing": each["mailing"],
                "state": _STATES[each["state"]],
                "reason": each.get("reason", ""),
            }
            for each in self._deliveries.find({"invitation": invitation})
        ]

    def forget(self, invitation: str) -> None:
        """Nothing tells any more that it was sent something, or is to be."""
        self._deliveries.delete_many({"invitation": invitation})

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
    under_way = "sending" if document["prepared"] else "preparing"
    ended = document["state"] in {DONE, CANCELLED}
    names = Mailing.__dataclass_fields__.keys() - {"id", "created_at", "status"}
    return Mailing(
        id=document["_id"],
        created_at=document["began_at"],
        status=document["state"] if ended else under_way,
        **{name: document[name] for name in names},
    )
