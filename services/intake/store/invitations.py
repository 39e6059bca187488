"""Invitations as documents, their links, and what is kept of a survey's list.

Nothing here says when an invitation was answered, or in which order: no time, no version and no
counter is touched by an answer, only two fields of a document that stays where it is. Links are
documents of their own, of which only a hash of the secret is kept.
"""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeVar

from pymongo.database import Database
from pymongo.errors import DuplicateKeyError

from services.intake.domain.invitation import (
    InvitationSpent,
    InvitationUnknown,
    claim_of,
    is_secret,
    link_id,
)
from shared import times
from shared.chunks import INSERTS, LOOKUPS, chunks
from shared.documents import Document, insert_new, stamp

_SCHEMA = 1
_HELD_SECONDS = 120
TALLY_SECONDS = 2.0

T = TypeVar("T")
Row = tuple[str, dict[str, str], bool]


class ListBusy(Exception):
    """Somebody else is changing this survey's list of invitations at this moment."""


@dataclass
class Invitation:
    """One address. `carried` is what an answer says of it, None until a first link is made;
    `shown` is whether lists show it as answered."""

    id: str
    unit: str
    survey: str
    email: str
    name: str
    group: str
    profile: dict[str, str]
    carried: dict[str, str] | None = None
    claim: str | None = None
    spent: bool = False
    shown: bool = False
    opted_out: bool = False


class Invitations:
    def __init__(self, database: Database[Document]) -> None:
        self._invitations = database["invitations"]
        self._links = database["invitation_links"]
        self._rosters = database["rosters"]
        self._tallied: dict[str, tuple[float, datetime, Any]] = {}

    def ensure_indexes(self) -> None:
        for names in (("survey", "_id"), ("survey", "spent"), ("survey", "shown")):
            self._invitations.create_index([(name, 1) for name in names])
        self._links.create_index("invitation")

    @contextmanager
    def held(self, unit: str, survey: str) -> Iterator[list[str]]:
        """The survey's list for oneself; gives its profile fields in their order, to add to.

        Raises ListBusy. A process that dies holds it for two minutes more.
        """
        now, token = times.now(), stamp()
        new: Document = {"_id": survey, "unit": unit, "schema": _SCHEMA, "fields": []}
        with suppress(DuplicateKeyError):
            self._rosters.insert_one(new | {"holder": None, "until": now})
        free = {"_id": survey, "until": {"$lte": now}}
        until = now + timedelta(seconds=_HELD_SECONDS)
        if not self._rosters.update_one(
            free, {"$set": {"holder": token, "until": until}}
        ).matched_count:
            raise ListBusy("The list of this survey is being changed; try again in a moment.")
        fields: list[str] = self._roster(survey)["fields"]
        try:
            yield fields
        finally:
            mine = {"_id": survey, "holder": token}
            change = {"holder": None, "until": now, "fields": fields}
            self._rosters.update_one(mine, {"$set": change})

    def fields(self, survey: str) -> list[str]:
        """The profile fields of a survey's list, in the order in which they were declared."""
        return list(self._roster(survey).get("fields", []))

    def _roster(self, survey: str) -> Document:
        return self._rosters.find_one({"_id": survey}) or {}

    def keep_withheld(self, survey: str, groups: Mapping[str, int]) -> None:
        """How many of each group get no link for now."""
        kept = [{"group": group, "people": people} for group, people in groups.items()]
        self._rosters.update_one({"_id": survey}, {"$set": {"withheld": kept}})

    def withheld(self, survey: str) -> dict[str, int]:
        return {each["group"]: each["people"] for each in self._roster(survey).get("withheld", [])}

    def keep_population(self, unit: str, survey: str, cells: Sequence[Mapping[str, Any]]) -> None:
        """How many there are of each {group, profile}, whoever was invited."""
        with self.held(unit, survey):
            self._rosters.update_one({"_id": survey}, {"$set": {"population": list(cells)}})

    def forget_population(self, survey: str) -> None:
        self._rosters.delete_one({"_id": survey})

    def population(self, survey: str) -> list[dict[str, Any]]:
        return list(self._roster(survey).get("population", []))

    def among(self, names: Sequence[str]) -> dict[str, Invitation]:
        """Those of these that exist, by id."""
        return {
            document["_id"]: _invitation(document)
            for some in chunks(names, LOOKUPS)
            for document in self._invitations.find({"_id": {"$in": list(some)}})
        }

    def add(self, invitations: Sequence[Invitation]) -> None:
        """Store those that are new."""
        for some in chunks(invitations, INSERTS):
            insert_new(self._invitations, [_document(each) for each in some])

    def replace(self, invitation: Invitation) -> None:
        """Write name, group and profile again, of one that has no link yet; a name at any time."""
        names = ("name", "group", "profile")
        change = {name: getattr(invitation, name) for name in names}
        self._invitations.update_one({"_id": invitation.id}, {"$set": change})

    def all_of(self, survey: str) -> Iterator[Invitation]:
        return map(_invitation, self._invitations.find({"survey": survey}))

    def page(self, survey: str, after: str | None, limit: int) -> list[Invitation]:
        found = self._invitations.find({"survey": survey, "_id": {"$gt": after or ""}})
        return [_invitation(document) for document in found.sort("_id", 1).limit(limit)]

    def count(self, survey: str) -> int:
        return self._invitations.count_documents({"survey": survey})

    def tally(self, survey: str, count: Callable[[Iterator[Row]], T]) -> tuple[datetime, T]:
        """What `count` makes of each one's group, profile and whether it is answered, and when.
        One process counts a survey's once in TALLY_SECONDS, however many ask: a counter that each
        answer moved could be wrong after a crash, and its order would tell who answered when."""
        known = self._tallied.get(survey)
        if known is None or known[0] <= time.monotonic():
            asked = {"group": 1, "profile": 1, "spent": 1}
            found = self._invitations.find({"survey": survey}, asked)
            at = times.now()
            made = count((each["group"], each["profile"], each["spent"]) for each in found)
            known = self._tallied[survey] = time.monotonic() + TALLY_SECONDS, at, made
        return known[1:]

    def keep_carried(self, carried: Mapping[str, Mapping[str, str]]) -> None:
        for name, profile in carried.items():
            fields = {"carried": dict(profile)}
            self._invitations.update_one({"_id": name, "carried": None}, {"$set": fields})

    def link(self, invitations: Iterable[tuple[Invitation, str]]) -> None:
        """Make these secrets good for these invitations."""
        rows: list[Any] = [
            {
                "_id": link_id(secret),
                "unit": each.unit,
                "schema": _SCHEMA,
                "survey": each.survey,
                "invitation": each.id,
            }
            for each, secret in invitations
        ]
        insert_new(self._links, rows)

    def by_secret(self, secret: str) -> Invitation:
        """Raises InvitationUnknown."""
        link = self._links.find_one({"_id": link_id(secret)}) if is_secret(secret) else None
        found = link and self._invitations.find_one({"_id": link["invitation"]})
        if not found:
            raise InvitationUnknown(
                "No invitation has this link. Copy it whole, or ask for a new one."
            )
        return _invitation(found)

    def get(self, name: str) -> Invitation:
        """Raises InvitationUnknown."""
        found = self._invitations.find_one({"_id": name})
        if found is None:
            raise InvitationUnknown("There is no such invitation.")
        return _invitation(found)

    def claim(self, invitation: str, secret: str) -> None:
        """From here on no other of its links is answered with. Raises InvitationSpent."""
        claim = claim_of(secret)
        free = {"_id": invitation, "claim": {"$in": [None, claim]}}
        if not self._invitations.update_one(free, {"$set": {"claim": claim}}).matched_count:
            raise InvitationSpent(
                "This invitation was answered with another link of yours. To change the answer, "
                "use its receipt; if it was not stored, open that link again."
            )

    def release(self, invitation: str, secret: str) -> None:
        """What was claimed could not be answered, and any link may be used again."""
        claimed = {"_id": invitation, "claim": claim_of(secret), "spent": False}
        self._invitations.update_one(claimed, {"$set": {"claim": None}})

    def spend(self, invitation: str, secret: str) -> None:
        """The answer is stored."""
        done = {"claim": claim_of(secret), "spent": True}
        self._invitations.update_one({"_id": invitation}, {"$set": done})

    def forget(self, invitation: str) -> None:
        """Nothing is left of the address, and its links lead nowhere."""
        self._links.delete_many({"invitation": invitation})
        self._invitations.delete_one({"_id": invitation})

    def opt_out(self, invitation: str) -> None:
        """Send nothing more to this address. Its links stay good."""
        self._invitations.update_one({"_id": invitation}, {"$set": {"opted_out": True}})

    def show(self, survey: str, least: int) -> None:
        """Show who has answered, once at least `least` answers came since it was last shown.

        An invitation that a process died on between claim and answer is shown with the others and
        looks like them; whoever holds its link can still finish.
        """
        spent = self._invitations.count_documents({"survey": survey, "spent": True})
        shown = self._invitations.count_documents({"survey": survey, "shown": True})
        if spent - shown >= least:
            claimed = {"survey": survey, "claim": {"$ne": None}}
            self._invitations.update_many(claimed, {"$set": {"shown": True, "spent": True}})


def _document(invitation: Invitation) -> Document:
    fields = vars(invitation).copy()
    return {"_id": fields.pop("id"), "schema": _SCHEMA, **fields}


def _invitation(document: Document) -> Invitation:
    names = Invitation.__dataclass_fields__.keys() - {"id"}
    return Invitation(id=document["_id"], **{name: document[name] for name in names})
