"""Which response came from which invitation, and who has asked."""

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from pymongo.database import Database
from pymongo.errors import DuplicateKeyError

from shared.documents import Document, stamp

_SCHEMA = 1


@dataclass(frozen=True)
class Use:
    """One opening of the vault: who asked, when, why, and for what."""

    unit: str
    survey: str
    who: str
    at: datetime
    reason: str
    asked: dict[str, str]


class Vault:
    """Pairs of a response and its invitation. Uses are only ever added; what was asked for in one
    is erased with the person."""

    def __init__(self, database: Database[Document]) -> None:
        self._pairs = database["vault"]
        self._uses = database["vault_uses"]

    def ensure_indexes(self) -> None:
        self._pairs.create_index([("invitation", 1)])
        for name in ("_id", "asked.email", "asked.response"):
            self._uses.create_index([("survey", 1), (name, 1)])

    def keep(self, unit: str, response: str, invitation: str) -> None:
        """Before the response is stored; again, it changes nothing."""
        pair = {"_id": response, "unit": unit, "schema": _SCHEMA, "invitation": invitation}
        try:
            self._pairs.insert_one(pair)
        except DuplicateKeyError:
            return

    def invitation_of(self, response: str) -> str | None:
        found = self._pairs.find_one({"_id": response})
        return None if found is None else str(found["invitation"])

    def response_of(self, invitation: str) -> str | None:
        found = self._pairs.find_one({"invitation": invitation})
        return None if found is None else str(found["_id"])

    def forget(self, response: str) -> None:
        """The response is erased."""
        self._pairs.delete_one({"_id": response})

    def note(self, use: Use) -> None:
        self._uses.insert_one({"_id": stamp(), "schema": _SCHEMA, **asdict(use)})

    def uses_about(self, survey: str, email: str | None, response: str | None) -> list[Use]:
        """Those in which somebody asked for this address, or for this response."""
        found = (self._uses.find(named) for named in _asking(survey, email, response))
        return [_use(use) for uses in found for use in uses]

    def forget_uses_about(self, survey: str, email: str | None, response: str | None) -> None:
        """That somebody asked, when and why stays; for whom does not."""
        for named in _asking(survey, email, response):
            self._uses.update_many(named, {"$set": {"asked": {}}})

    def uses(self, survey: str, after: str | None, limit: int) -> list[tuple[str, Use]]:
        """In the order in which they happened."""
        found = self._uses.find({"survey": survey, "_id": {"$gt": after or ""}})
        return [(each["_id"], _use(each)) for each in found.sort("_id", 1).limit(limit)]


def _asking(survey: str, email: str | None, response: str | None) -> list[Document]:
    names = {"asked.email": email, "asked.response": response}
    return [{"survey": survey, name: value} for name, value in names.items() if value is not None]


def _use(document: dict[str, Any]) -> Use:
    return Use(**{name: document[name] for name in Use.__dataclass_fields__})
