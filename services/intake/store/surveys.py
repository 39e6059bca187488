"""Surveys as documents, and how a respondent's process knows them."""

import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import lru_cache

import orjson
from pymongo.database import Database

from services.intake.domain.definition import Definition, compile_definition
from services.intake.domain.survey import Survey, SurveyNotOpen
from shared.documents import AlreadyThere, Document, Documents
from shared.event import Event

_SCHEMA = 1
# How long a process relies on having seen a survey open: one look serves many commits.
LOOK_AGAIN_SECONDS = 0.1
_REMEMBERED_SECONDS = 1.0


class NoSuchSurvey(Exception):
    """No survey of this id is there to see."""


class AlreadyCreated(Exception):
    """The idempotency key made something else before."""


@dataclass(frozen=True)
class OpenSurvey:
    """What submitting needs to know of a survey."""

    id: str
    unit: str
    version: int
    definition: Definition


class Surveys:
    def __init__(self, database: Database[Document]) -> None:
        self.documents = Documents(database["surveys"])
        self._remembered: dict[str, tuple[float, OpenSurvey]] = {}
        self._open_until: dict[str, float] = {}

    def ensure_indexes(self) -> None:
        self.documents.ensure_indexes(("unit", "_id"), ("status",))

    def add(self, survey: Survey) -> Survey:
        """Store a new survey; the same request again finds it. Raises AlreadyCreated."""
        try:
            self.documents.insert(_survey_document(survey))
        except AlreadyThere:
            found = self.get(survey.unit, survey.id)
            if found.body_digest != survey.body_digest:
                raise AlreadyCreated(
                    "This Idempotency-Key was used with another body; use a new one."
                ) from None
            return found
        return survey

    def get(self, unit: str, name: str) -> Survey:
        document = self.documents.get(name)
        if document is None or document["unit"] != unit:
            raise NoSuchSurvey(name)
        return _survey(document)

    def page(self, unit: str, after: str | None, limit: int) -> list[Survey]:
        found = self.documents.collection.find({"unit": unit, "_id": {"$gt": after or ""}})
        return [_survey(document) for document in found.sort("_id", 1).limit(limit)]

    def published(self, only: Sequence[str] = ()) -> list[Survey]:
        """All that were published, or these. Raises NoSuchSurvey."""
        if not only:
            return [s for status in ("open", "closing", "closed") for s in self.with_status(status)]
        found = {name: self.documents.get(name) for name in only}
        for name, document in found.items():
            if document is None or document["status"] == "draft":
                raise NoSuchSurvey(name)
        return [_survey(document) for document in found.values() if document]

    def with_status(self, status: str) -> list[Survey]:
        return [_survey(d) for d in self.documents.collection.find({"status": status})]

    def update(self, unit: str, name: str, change: Callable[[Survey], Sequence[Event]]) -> Survey:
        """`change(survey)` edits the survey and returns its events, or raises."""

        def on_document(document: Document) -> Sequence[Event]:
            if document["unit"] != unit:
                raise NoSuchSurvey(name)
            survey = _survey(document)
            events = change(survey)
            document.update(_survey_document(survey))
            return events

        self.get(unit, name)
        return _survey(self.documents.update(name, on_document))

    def say(self, event: Event) -> None:
        """Have an event of a survey published that changes nothing of it."""
        self.documents.update(event.subject, lambda _: [event])

    def for_answering(self, name: str) -> OpenSurvey:
        """The survey as a respondent meets it. Raises NoSuchSurvey for a draft too."""
        known = self._remembered.get(name)
        if known is not None and known[0] > time.monotonic():
            return known[1]
        document = self.documents.get(name)
        if document is None or document["status"] == "draft":
            raise NoSuchSurvey(name)
        definition = _compiled(orjson.dumps(document["definition"]))
        found = OpenSurvey(name, document["unit"], document["version"], definition)
        self._remembered[name] = (time.monotonic() + _REMEMBERED_SECONDS, found)
        return found

    def closed(self, names: Sequence[str]) -> dict[str, Exception]:
        """Those of `names` that take no answers now, with the error to raise.

        What was found open stays so for LOOK_AGAIN_SECONDS; whoever closes a survey waits as long.
        """
        now = time.monotonic()
        doubtful = [name for name in names if self._open_until.get(name, 0.0) <= now]
        if doubtful:
            found = self.documents.collection.find({"_id": {"$in": doubtful}}, {"status": 1})
            is_open = {document["_id"] for document in found if document["status"] == "open"}
            for name in doubtful:
                self._open_until[name] = now + LOOK_AGAIN_SECONDS if name in is_open else 0.0
        return {
            name: SurveyNotOpen("This survey is closed. Thank you for wanting to answer.")
            for name in names
            if self._open_until[name] <= now
        }

    def reopen_seal(self, names: Sequence[str]) -> None:
        """Have the seal of these made again: an answer was stored later than it should have."""
        self.documents.collection.update_many(
            {"_id": {"$in": list(names)}, "status": {"$in": ["closing", "closed"]}},
            {"$set": {"status": "closing"}, "$inc": {"v": 1, "revision": 1}},
        )


@lru_cache(maxsize=256)
def _compiled(definition: bytes) -> Definition:
    return compile_definition(orjson.loads(definition))


def _survey_document(survey: Survey) -> Document:
    fields = asdict(survey)
    return {"_id": fields.pop("id"), "schema": _SCHEMA, **fields}


def _survey(document: Document) -> Survey:
    names = Survey.__dataclass_fields__.keys() - {"id"}
    return Survey(id=document["_id"], **{name: document[name] for name in names})
