"""Responses as documents.

A response's content is kept as the JSON that was checked, one compact value: nothing looks inside
it but an export, and every write of the document costs by its size.
"""

import hmac
import time
from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any, Self

import orjson
from pymongo.database import Database

from services.intake.domain.invitation import Carried
from services.intake.store.surveys import OpenSurvey, Surveys
from shared import set_hash, times
from shared.chunks import LOOKUPS, chunks
from shared.contributions import ERASED
from shared.documents import (
    AlreadyThere,
    Document,
    Documents,
    Encoded,
    NotThere,
    encoded_document,
)
from shared.event import Event
from shared.group_commit import PATIENCE_SECONDS, GroupCommit

_SCHEMA = 1
_SENT = {"submitted": 1, "erased": 1}
Standing = tuple[str, int, datetime, dict[str, Any]]
"""Name, version, time and content of a response that stands."""


def response_key(survey: str, name: str) -> str:
    """The id under which everybody knows a response: the sender chose `name` for one survey."""
    return f"{survey}.{name}"


class NoSuchResponse(Exception):
    """No response of this id is there to see, or the receipt is another's."""


class ResponseConflict(Exception):
    """Another response has this id."""


class ResponseErased(Exception):
    """The response of this id was erased; it can never be sent again."""


@dataclass
class Response:
    """One stored response; `content` is None once it was withdrawn, `erased` {at, reason} once
    nothing is left of it but that it was there. `carried` is what it has from an invitation."""

    id: str
    unit: str
    survey: str
    survey_version: int
    revision: int
    at: datetime
    content: dict[str, Any] | None
    erased: dict[str, str] | None
    carried: Carried | None


@dataclass(frozen=True)
class NewResponse:
    """One that is to be stored with others."""

    name: str
    content: dict[str, Any]
    document: Encoded

    @classmethod
    def of(
        cls, survey: OpenSurvey, name: str, content: dict[str, Any], said: Event, at: datetime
    ) -> Self:
        document = _document(survey, response_key(survey.id, name), content, at)
        return cls(name, content, encoded_document(document, [said]))


class Responses:
    def __init__(self, database: Database[Document], surveys: Surveys, secret: str) -> None:
        self.documents = Documents(database["responses"])
        self._surveys = surveys
        self._secret = secret.encode()
        self._commit = GroupCommit(self.documents, surveys.closed, surveys.reopen_seal)

    def ensure_indexes(self) -> None:
        self.documents.ensure_indexes(("survey",))

    def add(
        self,
        survey: OpenSurvey,
        name: str,
        content: dict[str, Any],
        said: Event,
        at: datetime,
        carried: Carried | None = None,
    ) -> bool:
        """Store a response with its event; answers whether it is new, False for a retry.

        Raises ResponseConflict for another content under the same id, SurveyNotOpen.
        """
        key = response_key(survey.id, name)
        document = _document(survey, key, content, at)
        if carried is not None:
            document["carried"] = vars(carried)
        try:
            self._commit.insert(key, survey.id, encoded_document(document, [said]))
        except AlreadyThere:
            return not self.was_submitted(survey.id, name, content)
        return True

    def add_all(
        self, survey: OpenSurvey, responses: Sequence[NewResponse]
    ) -> dict[int, Exception | None]:
        """Store many in one command. By its position, each that was there before: None where it is
        the same, else ResponseConflict or ResponseErased.

        Raises SurveyNotOpen, and stores none then.
        """
        looked = time.monotonic()
        for error in self._surveys.closed([survey.id]).values():
            raise error
        try:
            existed = self.documents.insert_encoded([response.document for response in responses])
        finally:
            if time.monotonic() - looked > PATIENCE_SECONDS:
                self._surveys.reopen_seal([survey.id])
        there = {response_key(survey.id, responses[place].name): place for place in existed}
        return {
            there[stored["_id"]]: _other_than(stored, responses[there[stored["_id"]]].content)
            for some in chunks(list(there), LOOKUPS)
            for stored in self.documents.collection.find({"_id": {"$in": list(some)}}, _SENT)
        }

    def imported_name(self, survey: str, identity: str) -> str:
        """The name of a response that came as a row of a table: always the same for the same row,
        and nobody can tell the row by it."""
        text = f"import:{survey}.{identity}"
        return hmac.digest(self._secret, text.encode(), "sha256").hex()[:32]

    def get(self, survey: str, name: str) -> Response:
        """Raises NoSuchResponse; a withdrawn one is no response any more."""
        document = self.documents.get(response_key(survey, name))
        if document is None or document["content"] is None:
            raise NoSuchResponse(name)
        return _response(document)

    def remains(self, survey: str, name: str) -> Response:
        """Whatever there is of a response, withdrawn or erased. Raises NoSuchResponse for one that
        never was."""
        document = self.documents.get(response_key(survey, name))
        if document is None:
            raise NoSuchResponse(name)
        return _response(document)

    def of_invitee(self, survey: str, invitation: str) -> str | None:
        """The id of the response that is kept with this invitation. It looks through the survey:
        few ask, and an index would cost every answer a fifth of its write."""
        asked = {"survey": survey, "carried.invitee": invitation}
        found = self.documents.collection.find_one(asked, {"_id": 1})
        return None if found is None else str(found["_id"])

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
            document.update(
                revision=response.revision,
                survey_version=response.survey_version,
                content=packed,
            )
            if packed is None:
                document.pop("carried", None)
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
            document.pop("carried", None)
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

    def standing(self, survey: str) -> Iterator[Standing]:
        """Each response that stands, in the order in which they came."""
        fields = {"survey_version": 1, "at": 1, "content": 1}
        start = len(survey) + 1
        for document in self.documents.collection.find({"survey": survey}, fields, batch_size=2000):
            if document["content"] is not None:
                content = orjson.loads(document["content"])
                yield document["_id"][start:], document["survey_version"], document["at"], content

    def count(self, survey: str) -> int:
        """How many there are, those that were withdrawn or erased too."""
        return self.documents.collection.count_documents({"survey": survey})

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
        other = _other_than(stored, content)
        if other is not None:
            raise other
        return True


def _other_than(stored: Document, content: dict[str, Any]) -> Exception | None:
    """Why what is stored is not this response, or None where it is."""
    if stored.get("erased"):
        return ResponseErased(
            "The response with this id was erased and is not taken again. To answer anew, "
            "use another id."
        )
    if stored["submitted"] != sha256(_packed(content)).digest():
        return ResponseConflict(
            "A response with this id and other answers is stored. To change it, PUT it with "
            "its receipt; to send another response, use another id."
        )
    return None


def _document(survey: OpenSurvey, key: str, content: dict[str, Any], at: datetime) -> Document:
    packed = _packed(content)
    return {
        "_id": key,
        "unit": survey.unit,
        "schema": _SCHEMA,
        "revision": 1,
        "survey": survey.id,
        "survey_version": survey.version,
        "at": at,
        "content": packed,
        "submitted": sha256(packed).digest(),
    }


def _packed(content: dict[str, Any]) -> bytes:
    return orjson.dumps(content, option=orjson.OPT_SORT_KEYS)


def _response(document: Document) -> Response:
    content, carried = document["content"], document.get("carried")
    return Response(
        id=document["_id"],
        unit=document["unit"],
        survey=document["survey"],
        survey_version=document["survey_version"],
        revision=document["revision"],
        at=document["at"],
        content=None if content is None else orjson.loads(content),
        erased=document.get("erased"),
        carried=carried and Carried(**carried),
    )
