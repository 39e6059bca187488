"""Surveys as documents, and how a respondent's process knows them."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

import orjson
from pymongo.database import Database

from services.intake.domain.definition import Definition, compile_definition
from services.intake.domain.outcome import Destination, destination_of
from services.intake.domain.participation import ANONYMOUS, the_day_of
from services.intake.domain.survey import (
    OPEN,
    PUBLISHED,
    Survey,
    SurveyInUse,
    SurveyNotOpen,
    refusal,
)
from shared import times
from shared.documents import AlreadyThere, Document, Documents, NotThere
from shared.event import Event

_SCHEMA = 2
# How long a process relies on having seen a survey open: one look serves many commits.
LOOK_AGAIN_SECONDS = 0.1
_REMEMBERED_SECONDS = 1.0
# How often what stands of a survey that was sealed is looked at again, and after how long.
_RECOUNTS, RECOUNT_AFTER = 2, timedelta(minutes=10)
_OPENS_AT, _CLOSES_AT = "definition.opens_at", "definition.closes_at"


class NoSuchSurvey(Exception):
    """No survey of this id is there to see."""


class AlreadyCreated(Exception):
    """The idempotency key made something else before."""

    def __init__(self) -> None:
        super().__init__("This Idempotency-Key was used with another body; use a new one.")


@dataclass(frozen=True)
class OpenSurvey:
    """What submitting needs to know of a survey."""

    id: str
    unit: str
    version: int
    definition: Definition
    quotas: Mapping[str, int]
    participation: str
    by_invitation: bool
    destination: Destination | None

    def outcome(self, content: Mapping[str, Any] | None) -> dict[str, Any] | None:
        """What a response says of where somebody went, in a survey that asks."""
        return None if self.destination is None else self.destination.outcome(content)

    def kept_time(self, moment: datetime) -> datetime:
        """As exact as an answer's time may be kept."""
        return the_day_of(moment) if self.day_only else moment

    @property
    def day_only(self) -> bool:
        """Whether of an answer's time only the day may be known."""
        return self.by_invitation and self.participation == ANONYMOUS


class Surveys:
    def __init__(self, database: Database[Document]) -> None:
        self.documents = Documents(database["surveys"])
        self._remembered: dict[tuple[str, int | None], tuple[float, OpenSurvey]] = {}
        self._open_until: dict[str, float] = {}

    def ensure_indexes(self) -> None:
        self.documents.ensure_indexes(("unit", "_id"), ("status", _CLOSES_AT))
        self.documents.collection.create_index("recount.due", sparse=True)

    def add(self, survey: Survey) -> Survey:
        """Store a new survey; the same request again finds it. Raises AlreadyCreated."""
        try:
            self.documents.insert(_survey_document(survey))
        except AlreadyThere:
            found = self.get(survey.unit, survey.id)
            if found.body_digest != survey.body_digest:
                raise AlreadyCreated from None
            return found
        return survey

    def get(self, unit: str, name: str) -> Survey:
        document = self.documents.get(name)
        if document is None or document["unit"] != unit:
            raise NoSuchSurvey(name)
        return _survey(document)

    def discard(self, unit: str, name: str) -> None:
        """Keep nothing of a draft. Raises NoSuchSurvey, SurveyInUse for what was published."""
        draft = {"_id": name, "unit": unit, "status": "draft"}
        if not self.documents.collection.delete_one(draft).deleted_count:
            self.get(unit, name)
            raise SurveyInUse("It was published, and that stays. Close it, then archive it.")

    def page(self, unit: str, after: str | None, limit: int) -> list[Survey]:
        found = self.documents.collection.find({"unit": unit, "_id": {"$gt": after or ""}})
        return [_survey(document) for document in found.sort("_id", 1).limit(limit)]

    def published(self, only: Sequence[str] = ()) -> list[Survey]:
        """All that were published, or these. Raises NoSuchSurvey."""
        if not only:
            return [survey for status in PUBLISHED for survey in self.with_status(status)]
        found = {name: self.documents.get(name) for name in only}
        for name, document in found.items():
            if document is None or document["status"] == "draft":
                raise NoSuchSurvey(name)
        return [_survey(document) for document in found.values() if document]

    def with_status(self, status: str) -> list[Survey]:
        return [_survey(d) for d in self.documents.collection.find({"status": status})]

    def overdue(self, now: datetime) -> list[Survey]:
        """Those that are open past the time at which they close; such times sort as texts."""
        past = {"$gt": "", "$lte": times.rfc3339(now)}
        found = self.documents.collection.find({"status": OPEN, _CLOSES_AT: past})
        return [_survey(document) for document in found]

    def update(self, unit: str, name: str, change: Callable[[Survey], Sequence[Event]]) -> Survey:
        """`change(survey)` edits the survey and returns its events, or raises."""

        def on_document(document: Document) -> Sequence[Event]:
            if document["unit"] != unit:
                raise NoSuchSurvey(name)
            survey = _survey(document)
            events = change(survey)
            if survey.seals > document["seals"]:
                document["recount"] = {"left": _RECOUNTS, "due": times.now()}
            document.update(_survey_document(survey))
            return events

        self.get(unit, name)
        try:
            return _survey(self.documents.update(name, on_document))
        except NotThere:  # it was discarded just now
            raise NoSuchSurvey(name) from None

    def edit(self, unit: str, name: str, edit: Callable[[Survey], object]) -> Survey:
        """As `update`, where there is nobody to be told."""

        def quietly(survey: Survey) -> Sequence[Event]:
            edit(survey)
            return []

        return self.update(unit, name, quietly)

    def to_recount(self) -> list[Survey]:
        """Those that were sealed and are to be looked at once more now."""
        due = {"recount.due": {"$lte": times.now()}}
        return [_survey(document) for document in self.documents.collection.find(due)]

    def recounted(self, survey: Survey, said: Event) -> None:
        """Have it said that the seal is still right, unless it was made anew meanwhile."""

        def on_document(document: Document) -> Sequence[Event]:
            left = document.get("recount", {"left": 0})["left"]
            if document["seals"] != survey.seals or not left:
                return []
            if left == 1:
                del document["recount"]
            else:
                document["recount"] = {"left": left - 1, "due": times.now() + RECOUNT_AFTER}
            return [said]

        self.documents.update(survey.id, on_document)

    def say(self, event: Event) -> None:
        """Have an event of a survey published that changes nothing of it."""
        self.documents.update(event.subject, lambda _: [event])

    def for_answering(self, name: str, version: int | None = None) -> OpenSurvey:
        """The survey as a respondent meets it: as it is asked now, or as it was in the version
        that was before their eyes. Raises NoSuchSurvey for a draft too."""
        known = self._remembered.get((name, version))
        if known is not None and known[0] > time.monotonic():
            return known[1]
        document = self.documents.get(name)
        if document is None or document["status"] == "draft":
            raise NoSuchSurvey(name)
        survey = _survey(document)
        number = version or survey.version
        if number > survey.version:
            raise NoSuchSurvey(f"{name} in version {number}")
        raw = survey.published[number - 1]
        found = OpenSurvey(
            id=name,
            unit=survey.unit,
            version=number,
            definition=_compiled(orjson.dumps(raw)),
            quotas=survey.definition.get("quotas") or {},
            participation=raw.get("participation", ANONYMOUS),
            by_invitation=raw.get("access") == "invited",
            destination=destination_of(raw),
        )
        self._remembered[name, version] = (time.monotonic() + _REMEMBERED_SECONDS, found)
        return found

    def closed(self, names: Sequence[str]) -> dict[str, Exception]:
        """Those of `names` that take no answers now, with the error to raise.

        What was found open stays so for LOOK_AGAIN_SECONDS; whoever closes a survey waits as long.
        """
        now = time.monotonic()
        doubtful = [name for name in names if self._open_until.get(name, 0.0) <= now]
        refused: dict[str, SurveyNotOpen | None] = {
            name: SurveyNotOpen(f"There is no survey {name}.") for name in doubtful
        }
        if doubtful:
            found = self.documents.collection.find(
                {"_id": {"$in": doubtful}}, {"status": 1, _OPENS_AT: 1, _CLOSES_AT: 1}
            )
            refused |= {document["_id"]: _refusal(document) for document in found}
        for name in doubtful:
            self._open_until[name] = 0.0 if refused[name] else now + LOOK_AGAIN_SECONDS
        return {name: error for name, error in refused.items() if error is not None}

    def reopen_seal(self, names: Sequence[str]) -> None:
        """Have the seal of these made again: an answer was stored later than it should have."""
        self.documents.collection.update_many(
            {"_id": {"$in": list(names)}, "status": {"$in": list(PUBLISHED[1:])}},
            {"$set": {"status": "closing"}, "$inc": {"v": 1, "revision": 1}},
        )


@lru_cache(maxsize=256)
def _compiled(definition: bytes) -> Definition:
    return compile_definition(orjson.loads(definition))


def _refusal(document: Document) -> SurveyNotOpen | None:
    return refusal(document["status"], document["definition"], times.now())


def _survey_document(survey: Survey) -> Document:
    fields = asdict(survey)
    return {"_id": fields.pop("id"), "schema": _SCHEMA, **fields}


def _survey(document: Document) -> Survey:
    if document["schema"] == 1:  # there was one version at most, and no correction
        published = [document["definition"]] if document["version"] else []
        document = {**document, "published": published, "correction": None}
    names = Survey.__dataclass_fields__.keys() - {"id"}
    return Survey(id=document["_id"], **{name: document[name] for name in names})
