"""Webhooks, and of each event whether it was taken.

A delivery is taken in hand for a while; who dies with it loses it to the next, so a receiver may
hear an event twice, under one id. What is told of an event is kept for KEPT.
"""

import hmac
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from time import monotonic
from typing import Any
from uuid import uuid4

from pymongo import ReturnDocument
from pymongo.database import Database
from pymongo.errors import DuplicateKeyError

from services.intake.domain.webhook import BOTH_SIGN
from services.intake.store.surveys import AlreadyCreated
from shared import times
from shared.chunks import INSERTS, chunks
from shared.documents import Document, insert_new

KEPT = timedelta(days=30)
_SCHEMA = 1
MOST = 20
"""A unit has no more webhooks."""
_MOST_SECRETS = 5
_LEASE = timedelta(minutes=2)
_LOOK_SECONDS = 1.0

WAITING, DELIVERED, FAILED = "waiting", "delivered", "failed"
ON, PAUSED, OFF = "on", "paused", "off"


class NoSuchWebhook(Exception):
    """No webhook, or delivery of one, of this id is there to see."""


class TooManyWebhooks(Exception):
    """A unit has as many as it may have."""


@dataclass(frozen=True)
class Webhook:
    """`secrets`, the newest first: {id, secret, until}, where `until` is None for the newest.
    `status`: on, paused (what happens waits for it), off (it is told nothing). `reason` is why it
    was switched off; `failing_since` is when it last began to fail."""

    id: str
    unit: str
    url: str
    events: Sequence[str]
    created_by: str
    created_at: datetime
    body_digest: str
    secrets: list[dict[str, Any]] = field(repr=False)
    status: str = ON
    reason: str = ""
    failing_since: datetime | None = None

    def signing(self, now: datetime) -> list[str]:
        """The secrets that sign now."""
        good = (each for each in self.secrets if each["until"] is None or each["until"] > now)
        return [each["secret"] for each in good]


@dataclass(frozen=True)
class Delivery:
    """One event for one webhook. `state`: waiting, delivered, failed. `due` is when it is tried
    next, `answer` the last status that the receiver answered."""

    id: str
    unit: str
    webhook: str
    event: str
    type: str
    body: bytes
    created_at: datetime
    due: datetime
    state: str = WAITING
    tries: int = 0
    answer: int | None = None
    reason: str = ""
    holder: str = ""


@dataclass(frozen=True)
class Standing:
    """Of what is kept: when a delivery was last taken, how many wait, how many were given up."""

    delivered_at: datetime | None
    waiting: int
    failed: int


def delivery_of(
    webhook: Webhook, event: str, kind: str, body: bytes, *, at: datetime, due: datetime
) -> Delivery:
    return Delivery(f"{webhook.id}.{event}", webhook.unit, webhook.id, event, kind, body, at, due)


class Webhooks:
    def __init__(self, database: Database[Document], secret: str) -> None:
        self._webhooks = database["webhooks"]
        self._deliveries = database["webhook_deliveries"]
        self._secret = secret.encode()
        self._listening: dict[str, list[Webhook]] = {}
        self._look_again = 0.0

    def ensure_indexes(self) -> None:
        self._webhooks.create_index([("unit", 1), ("_id", 1)])
        self._webhooks.create_index([("status", 1)])
        self._deliveries.create_index([("webhook", 1), ("created_at", -1), ("_id", -1)])
        self._deliveries.create_index([("webhook", 1), ("state", 1), ("due", 1)])
        self._deliveries.create_index([("created_at", 1)])

    def event_id(self, *said: object) -> str:
        """The same for an event that is published again, and telling nobody what it is of."""
        text = "\0".join(str(each) for each in ("webhook", *said))
        return hmac.digest(self._secret, text.encode(), "sha256").hex()[:32]

    def add(self, webhook: Webhook) -> Webhook:
        """Store a new one; the same request again finds it. Raises AlreadyCreated,
        TooManyWebhooks."""
        if self._webhooks.count_documents({"unit": webhook.unit}) >= MOST:
            raise TooManyWebhooks(f"There are {MOST} webhooks; delete one that is not needed.")
        try:
            self._webhooks.insert_one(_document(webhook))
        except DuplicateKeyError:
            found = self.get(webhook.unit, webhook.id)
            if found.body_digest != webhook.body_digest:
                raise AlreadyCreated from None
            return found
        return webhook

    def get(self, unit: str, name: str) -> Webhook:
        """Raises NoSuchWebhook."""
        found = self._webhooks.find_one({"_id": name})
        if found is None or found["unit"] != unit:
            raise NoSuchWebhook(name)
        return _webhook(found)

    def page(self, unit: str, after: str | None, limit: int) -> list[Webhook]:
        found = self._webhooks.find({"unit": unit, "_id": {"$gt": after or ""}})
        return [_webhook(each) for each in found.sort("_id", 1).limit(limit)]

    def delete(self, unit: str, name: str) -> None:
        """With what waits for it and what was told to it. Raises NoSuchWebhook."""
        self.get(unit, name)
        self._webhooks.delete_one({"_id": name})
        self._deliveries.delete_many({"webhook": name})

    def rotate(self, unit: str, name: str, rotation: str, secret: str) -> Webhook:
        """A new secret, beside which the one before signs for a while; the same `rotation` again
        changes nothing. Raises NoSuchWebhook."""
        webhook = self.get(unit, name)
        now = times.now()
        kept = [
            {**each, "until": each["until"] or now + BOTH_SIGN}
            for each in webhook.secrets
            if each["until"] is None or each["until"] > now
        ]
        made = {"id": rotation, "secret": secret, "until": None}
        among = {"_id": name, "secrets.id": {"$ne": rotation}, "secrets.0.id": _newest(webhook)}
        fields = {"secrets": [made, *kept][:_MOST_SECRETS]}
        self._webhooks.update_one(among, {"$set": fields})
        return self.get(unit, name)

    def listening(self, unit: str) -> list[Webhook]:
        """Those of a unit that are told of events, now or once they go on, as they were at most a
        second ago."""
        if monotonic() >= self._look_again:
            by_unit: dict[str, list[Webhook]] = {}
            for found in self._webhooks.find({"status": {"$ne": OFF}}):
                webhook = _webhook(found)
                by_unit.setdefault(webhook.unit, []).append(webhook)
            self._listening, self._look_again = by_unit, monotonic() + _LOOK_SECONDS
        return self._listening.get(unit, [])

    def switched_on(self) -> list[Webhook]:
        return [_webhook(each) for each in self._webhooks.find({"status": ON})]

    def is_on(self, name: str) -> bool:
        return self._webhooks.count_documents({"_id": name, "status": ON}, limit=1) == 1

    def pause(self, name: str) -> None:
        """Hold back what it is to be told. What is switched off stays so."""
        self._webhooks.update_one({"_id": name, "status": ON}, {"$set": {"status": PAUSED}})

    def switch_on(self, name: str) -> None:
        fields = {"status": ON, "reason": "", "failing_since": None}
        self._webhooks.update_one({"_id": name}, {"$set": fields})

    def switch_off(self, name: str, reason: str) -> None:
        """And wait no more to tell it anything."""
        self._webhooks.update_one({"_id": name}, {"$set": {"status": OFF, "reason": reason}})
        waiting = {"webhook": name, "state": WAITING}
        fields = {"state": FAILED, "reason": "The webhook was switched off."}
        self._deliveries.update_many(waiting, {"$set": fields})

    def took(self, webhook: Webhook) -> None:
        """It works."""
        if webhook.failing_since is not None:
            self._webhooks.update_one({"_id": webhook.id}, {"$set": {"failing_since": None}})

    def refused(self, webhook: Webhook, now: datetime) -> datetime:
        """It does not work; answers since when."""
        if webhook.failing_since is not None:
            return webhook.failing_since
        began = {"_id": webhook.id, "failing_since": None}
        self._webhooks.update_one(began, {"$set": {"failing_since": now}})
        return now

    def queue(self, deliveries: Iterable[Delivery]) -> None:
        """Each once, however often."""
        rows = [_document(each) for each in deliveries]
        for some in chunks(rows, INSERTS):
            insert_new(self._deliveries, list(some))

    def begin(self, webhook: str) -> Delivery | None:
        """Take in hand what is due longest; None where nothing is."""
        now = times.now()
        began = self._deliveries.find_one_and_update(
            {"webhook": webhook, "state": WAITING, "due": {"$lte": now}},
            {"$set": {"due": now + _LEASE, "holder": uuid4().hex}, "$inc": {"tries": 1}},
            sort=[("due", 1)],
            return_document=ReturnDocument.AFTER,
        )
        return None if began is None else _delivery(began)

    def end(
        self, held: Delivery, state: str, answer: int | None, reason: str, due: datetime
    ) -> None:
        """Say what became of it, unless somebody else has it in hand by now."""
        among = {"_id": held.id, "state": WAITING, "holder": held.holder}
        fields = {"state": state, "answer": answer, "reason": reason, "due": due}
        self._deliveries.update_one(among, {"$set": fields})

    def replay(self, delivery: str) -> None:
        """Tell it again, from the beginning, unless it waits anyway."""
        over = {"_id": delivery, "state": {"$in": [DELIVERED, FAILED]}}
        fields = {"state": WAITING, "tries": 0, "due": times.now(), "reason": ""}
        self._deliveries.update_one(over, {"$set": fields})

    def delivery(self, webhook: str, name: str) -> Delivery:
        """Raises NoSuchWebhook."""
        found = self._deliveries.find_one({"_id": name})
        if found is None or found["webhook"] != webhook:
            raise NoSuchWebhook(name)
        return _delivery(found)

    def deliveries(
        self, webhook: str, after: tuple[datetime, str] | None, limit: int
    ) -> list[Delivery]:
        """The newest first; `after` is the time and id of the last one seen."""
        asked: Document = {"webhook": webhook}
        if after is not None:
            at, name = after
            asked["$or"] = [{"created_at": {"$lt": at}}, {"created_at": at, "_id": {"$lt": name}}]
        found = self._deliveries.find(asked).sort([("created_at", -1), ("_id", -1)]).limit(limit)
        return [_delivery(each) for each in found]

    def standing(self, webhook: str) -> Standing:
        last = self._deliveries.find_one(
            {"webhook": webhook, "state": DELIVERED}, sort=[("due", -1)]
        )
        waiting, failed = (
            self._deliveries.count_documents({"webhook": webhook, "state": state})
            for state in (WAITING, FAILED)
        )
        return Standing(last["due"] if last else None, waiting, failed)

    def erase_old(self) -> None:
        old = {"created_at": {"$lt": times.now() - KEPT}}
        self._deliveries.delete_many(old)


def _newest(webhook: Webhook) -> str:
    return str(webhook.secrets[0]["id"])


def _document(kept: Webhook | Delivery) -> Document:
    fields = asdict(kept)
    return {"_id": fields.pop("id"), "schema": _SCHEMA, **fields}


def _webhook(document: Document) -> Webhook:
    names = Webhook.__dataclass_fields__.keys() - {"id"}
    return Webhook(id=document["_id"], **{name: document[name] for name in names})


def _delivery(document: Document) -> Delivery:
    names = Delivery.__dataclass_fields__.keys() - {"id"}
    return Delivery(id=document["_id"], **{name: document[name] for name in names})
