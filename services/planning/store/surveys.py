"""What planning was told of surveys."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import reduce
from typing import Any

from pymongo.database import Database

from services.planning.domain.refusal import Refusal
from services.planning.domain.survey import Seal, Survey
from shared.documents import AlreadyThere, Document, Documents, NotThere
from shared.event import Event

SCHEMA = 1


class NoSuchSurvey(Refusal):
    """Missing, not published yet, or another unit's, which look the same from outside."""


@dataclass(frozen=True)
class KnownSurvey:
    """What planning was told of a survey. A closing may arrive before what it closes: `survey` is
    None until the first version came. `drafted` is {evidence_hash, seal} of the last drafting.
    """

    id: str
    unit: str
    survey: Survey | None = None
    versions: frozenset[int] = frozenset()
    seal: Seal | None = None
    drafted: Mapping[str, Any] = field(default_factory=dict)


class Surveys:
    def __init__(self, database: Database[Document]) -> None:
        self.documents = Documents(database["surveys"])

    def ensure_indexes(self) -> None:
        self.documents.ensure_indexes(("unit", "_id"), ("due",))

    def get(self, name: str, unit: str | None = None) -> KnownSurvey | None:
        """None if there is none of that id, or if it is another unit's."""
        document = self.documents.get(name)
        if document is None or unit not in {None, document["unit"]}:
            return None
        return _known_survey(document)

    def page(self, unit: str, *, after: str | None, limit: int) -> list[KnownSurvey]:
        found = self.documents.collection.find({"unit": unit, "_id": {"$gt": after or ""}})
        return [_known_survey(each) for each in found.sort("_id", 1).limit(limit)]

    def publish(self, unit: str, name: str, version: int, definition: Mapping[str, Any]) -> None:
        """Keep a version. Raises ScaleChanged."""

        def change(document: Document) -> Sequence[Event]:
            document["versions"][str(version)] = definition
            _known_survey(document)
            return ()

        self._upsert(unit, name, change)

    def close(self, unit: str, name: str, seal: Seal) -> None:
        """Keep the seal if none with a number as high came before."""

        def change(document: Document) -> Sequence[Event]:
            if document["seal"] is None or document["seal"]["number"] < seal.number:
                document["seal"] = asdict(seal)
                document["due"] = True
            return ()

        self._upsert(unit, name, change)

    def due(self) -> list[str]:
        """Surveys whose last closing was not drafted for yet."""
        found = self.documents.collection.find({"due": True}, {"_id": 1})
        return [document["_id"] for document in found]

    def drafted(
        self,
        name: str,
        evidence_hash: str,
        seal: int | None,
        announce: Callable[[], Sequence[Event]],
    ) -> None:
        """Note that this evidence was drafted from, and announce it unless that was done."""

        def change(document: Document) -> Sequence[Event]:
            last = document["drafted"]
            done = {
                "evidence_hash": evidence_hash,
                "seal": last.get("seal") if seal is None else seal,
            }
            if document["seal"] is not None and document["seal"]["number"] == done["seal"]:
                document.pop("due", None)
            if last == done:
                return ()
            document["drafted"] = done
            return announce()

        self.documents.update(name, change)

    def _upsert(self, unit: str, name: str, change: Callable[[Document], Sequence[Event]]) -> None:
        try:
            self.documents.update(name, change)
        except NotThere:
            document: Document = {"_id": name, "unit": unit, "schema": SCHEMA}
            document |= {"versions": {}, "seal": None, "drafted": {}}
            change(document)
            try:
                self.documents.insert(document)
            except AlreadyThere:
                self.documents.update(name, change)


def _known_survey(document: Document) -> KnownSurvey:
    versions = [
        Survey.from_definition(
            unit=document["unit"], survey=document["_id"], version=int(number), definition=kept
        )
        for number, kept in document["versions"].items()
    ]
    return KnownSurvey(
        id=document["_id"],
        unit=document["unit"],
        survey=reduce(Survey.united_with, versions) if versions else None,
        versions=frozenset(survey.version for survey in versions),
        seal=Seal(**document["seal"]) if document["seal"] else None,
        drafted=document["drafted"],
    )
