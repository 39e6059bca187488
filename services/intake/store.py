"""Surveys and responses as documents.

A response's content is kept as the JSON that was checked, one compact value: nothing looks inside
it but an export, and every write of the document costs by its size.
"""

import hmac
import time
from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from functools import lru_cache
from hashlib import sha256
from typing import Any

import orjson
from pymongo.database import Database

from services.intake.domain.definition import Definition, compile_definition
from services.intake.domain.survey import Survey, SurveyNotOpen
from shared import set_hash, times
from shared.contributions import ERASED
from shared.documents import AlreadyThere, Document, Documents, NotThere, encoded_document
from shared.event import Event
from shared.group_commit import GroupCommit

_SURVEY_SCHEMA = 1
_RESPONSE_SCHEMA = 1
# How long a process relies on having seen a survey open: one look serves many commits.
LOOK_AGAIN_SECONDS = 0.1
_REMEMBERED_SECONDS = 1.0


def response_key(survey: str, name: str) -> str:
    """The id under which everybody knows a response: the sender chose `name` for one survey."""
    return f"{survey}.{name}"


class NoSuchSurvey(Exception):
    """No survey of this id is there to see."""


class NoSuchResponse(Exception):
    """No response of this id is there to see, or the receipt is another's."""


class ResponseConflict(Exception):
    """Another response has this id."""


class ResponseErased(Exception):
    """The response of this id was erased; it can never be sent again."""


class AlreadyCreated(Exception):
    """The idempotency key made something else before."""


@dataclass(frozen=True)
class OpenSurvey:
    """What submitting needs to know of a survey."""

    id: str
    unit: str
    version: int
    definition: Definition


@dataclass
class Response:
    """One stored response; `content` is None once it was withdrawn, `erased` {at, reason} once
    nothing is left of it but that it was there."""

    id: str
    unit: str
    survey: str
    survey_version: int
    revision: int
    at: datetime
    content: dict[str, Any] | None
    erased: dict[str, str] | None


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


class Responses:
    def __init__(self, database: Database[Document], surveys: Surveys, secret: str) -> None:
        self.documents = Documents(database["responses"])
        self._surveys = surveys
        self._secret = secret.encode()
        self._commit = GroupCommit(self.documents.collection, surveys.closed, surveys.reopen_seal)

    def ensure_indexes(self) -> None:
        self.documents.ensure_indexes(("survey",))

    def add(
        self, survey: OpenSurvey, name: str, content: dict[str, Any], said: Event, at: datetime
    ) -> bool:
        """Store a response with its event; answers whether it is new, False for a retry.

        Raises ResponseConflict for another content under the same id, SurveyNotOpen.
        """
        key = response_key(survey.id, name)
        packed = _packed(content)
        document = {
            "_id": key,
            "unit": survey.unit,
            "schema": _RESPONSE_SCHEMA,
            "revision": 1,
            "survey": survey.id,
            "survey_version": survey.version,
            "at": at,
            "content": packed,
            "submitted": sha256(packed).digest(),
        }
        try:
            self._commit.insert(key, survey.id, encoded_document(document, [said]))
        except AlreadyThere:
            return not self.was_submitted(survey.id, name, content)
        return True

    def get(self, survey: str, name: str) -> Response:
        """Raises NoSuchResponse; a withdrawn one is no response any more."""
        document = self.documents.get(response_key(survey, name))
        if document is None or document["content"] is None:
            raise NoSuchResponse(name)
        return _response(document)

    def update(self, survey: str, name: str, change: Callable[[Response], Event | None]) -> None:
        """`change(response)` edits the response and returns its event, or None for no change.

        Raises NoSuchResponse, also for one that was withdrawn or erased while this was tried.
        """

        def on_document(document: Document) -> Sequence[Event]:
            response = _response(document)
            if response.content is None:
                raise NoSuchResponse(name)
            event = change(response)
            if event is None:
                return []
            packed = None if response.content is None else _packed(response.content)
            document.update(revision=response.revision, content=packed)
            return [event]

        self.get(survey, name)
        self.documents.update(response_key(survey, name), on_document)

    def erase(self, survey: str, name: str, reason: str, said: Event, at: datetime) -> None:
        """Keep nothing of a response but its id, which is refused ever after. Again, it changes
        nothing. Raises NoSuchResponse."""

        def on_document(document: Document) -> Sequence[Event]:
            if document.get("erased"):
                return []
            # What waited to be told of it is not told any more.
            document.pop("outbox", None)
            document.pop("pending", None)
            erased = {"at": times.rfc3339(at), "reason": reason}
            document.update(revision=ERASED, content=None, submitted=b"", erased=erased)
            return [said]

        try:
            self.documents.update(response_key(survey, name), on_document)
        except NotThere:
            raise NoSuchResponse(name) from None

    def all_of(self, survey: str) -> Iterator[Response]:
        """Every response of a survey, those that were withdrawn or erased too."""
        return map(_response, self.documents.collection.find({"survey": survey}))

    def tally(self, survey: str) -> tuple[int, str]:
        """How many responses stand, and the hash of their set."""
        count, total = 0, set_hash.EMPTY
        fields = {"revision": 1, "content": 1}
        for document in self.documents.collection.find({"survey": survey}, fields):
            if document["content"] is not None:
                count += 1
                member = f"{document['_id']}:{document['revision']}"
                total = set_hash.combine(total, came=[member], went=[])
        return count, total

    def receipt(self, survey: str, name: str) -> str:
        """What its holder shows to see, change or withdraw the response. It can be made again
        from the ids, so a retry gets the same one, and from nothing else."""
        digest = hmac.digest(self._secret, f"receipt:{survey}.{name}".encode(), "sha256")
        return f"{survey}.{urlsafe_b64encode(digest[:18]).decode()}"

    def survey_of(self, name: str, receipt: str) -> str:
        """Which survey the response of this receipt belongs to. Raises NoSuchResponse."""
        survey, _, _ = receipt.partition(".")
        if not hmac.compare_digest(self.receipt(survey, name).encode(), receipt.encode()):
            raise NoSuchResponse(name)
        return survey

    def was_submitted(self, survey: str, name: str, content: dict[str, Any]) -> bool:
        """Whether this very response was stored before, whatever became of it since.

        Raises ResponseConflict when another one has its id.
        """
        stored = self.documents.get(response_key(survey, name))
        if stored is None:
            return False
        if stored.get("erased"):
            raise ResponseErased(
                "The response with this id was erased and is not taken again. To answer anew, "
                "use another id."
            )
        if stored["submitted"] != sha256(_packed(content)).digest():
            raise ResponseConflict(
                "A response with this id and other answers is stored. To change it, PUT it with "
                "its receipt; to send another response, use another id."
            )
        return True


@dataclass(frozen=True)
class Store:
    surveys: Surveys
    responses: Responses


def open_store(database: Database[Document], secret: str) -> Store:
    surveys = Surveys(database)
    responses = Responses(database, surveys, secret)
    surveys.ensure_indexes()
    responses.ensure_indexes()
    return Store(surveys, responses)


@lru_cache(maxsize=256)
def _compiled(definition: bytes) -> Definition:
    return compile_definition(orjson.loads(definition))


def _packed(content: dict[str, Any]) -> bytes:
    return orjson.dumps(content, option=orjson.OPT_SORT_KEYS)


def _response(document: Document) -> Response:
    content = document["content"]
    return Response(
        id=document["_id"],
        unit=document["unit"],
        survey=document["survey"],
        survey_version=document["survey_version"],
        revision=document["revision"],
        at=document["at"],
        content=None if content is None else orjson.loads(content),
        erased=document.get("erased"),
    )


def _survey_document(survey: Survey) -> Document:
    fields = asdict(survey)
    return {"_id": fields.pop("id"), "schema": _SURVEY_SCHEMA, **fields}


def _survey(document: Document) -> Survey:
    names = Survey.__dataclass_fields__.keys() - {"id"}
    return Survey(id=document["_id"], **{name: document[name] for name in names})
