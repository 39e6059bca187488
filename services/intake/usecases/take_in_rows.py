"""Rows of a table become responses, by the rules of any answer: many at once, each one once."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from marshmallow import ValidationError

from services.intake.domain.answers import InvalidAnswers, check_response
from services.intake.domain.definition import Definition
from services.intake.domain.leniency import fitting
from services.intake.domain.survey import GroupFull
from services.intake.schemas import RESPONSE_ID
from services.intake.store import Store
from services.intake.store.responses import NewResponse
from services.intake.store.surveys import OpenSurvey
from services.intake.tables.answer_table import ReadRow
from services.intake.tables.rows import Answered
from services.intake.usecases.submit_response import event_of
from services.intake.usecases.take_seat import leave_seat, take_seat
from shared import times

_ALL = "(all)"
_UNPAIRED = "Importance or satisfaction is missing, so there is no gap to count."

Where = tuple[str, str]
"""(field, what is to be said of it)."""


class NotTaken(Exception):
    """The first thing for which a row is no response; `field` says where it stands."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


@dataclass
class Batch:
    """`rows` rows: the responses of some, why others are none, and what was left out."""

    rows: int
    numbers: list[int] = field(default_factory=list)
    responses: list[NewResponse] = field(default_factory=list)
    refused: list[tuple[int, Where]] = field(default_factory=list)
    left_out: Counter[Where] = field(default_factory=Counter)


@dataclass(frozen=True)
class Stored:
    """`taken` are stored now, `new` ones of these by this."""

    taken: int
    new: int


def content_of(
    definition: Definition, answered: Answered, *, lenient: bool
) -> tuple[dict[str, Any], list[Where]]:
    """What is stored of a row, and what is left out of it. With `lenient`, for a relaxed
    definition, single answers that do not fit are left out; else the row is not taken for them.

    Raises NotTaken.
    """
    given, profile, answers = answered.group, answered.profile, answered.answers
    for why in answered.misfits or ([] if lenient else answered.unfit):
        raise NotTaken(*why)
    _check_says_something(profile, answers)
    try:
        if lenient:
            content, errors = fitting(definition, given, profile, answers)
        else:
            content, errors = check_response(definition, given, profile, answers), []
    except InvalidAnswers as error:
        raise NotTaken(error.errors[0]["field"], error.errors[0]["message"]) from None
    _check_says_something(content["profile"], content["answers"])
    unfit = [(each["field"], each["message"]) for each in errors]
    return content, [*answered.unfit, *unfit, *_left_out_of(answered)]


def _check_says_something(profile: Mapping[str, Any], answers: Mapping[str, Any]) -> None:
    if not profile and not answers:
        raise NotTaken(_ALL, "Nothing is answered here.")


def prepare_rows(
    store: Store, survey: OpenSurvey, rows: Sequence[ReadRow], *, lenient: bool
) -> Batch:
    """Everything that can be done about these rows before the database is asked; the survey's
    definition is relaxed if it is `lenient`."""
    batch = Batch(len(rows))
    at = survey.kept_time(times.now())
    said_at = times.rfc3339(at)
    for row in rows:
        try:
            content, left_out = content_of(survey.definition, row.answered, lenient=lenient)
        except NotTaken as why:
            batch.refused.append((row.number, (why.field, str(why))))
            continue
        own = _own_name(row.response) if row.response else None
        name = own or store.responses.imported_name(survey.id, row.identity)
        said = event_of(survey, name, content, said_at)
        batch.responses.append(NewResponse.of(survey, name, content, said, at))
        batch.numbers.append(row.number)
        batch.left_out.update(left_out)
    return batch


def _own_name(response: str) -> str | None:
    """The id that an answer had here, so that it is the same one wherever it comes back."""
    try:
        RESPONSE_ID(response)
    except ValidationError:
        return None
    return response


def _left_out_of(answered: Answered) -> list[Where]:
    blanked = [
        (column, f"{value!r} is out of the scale and was taken as no answer.")
        for column, value in answered.blanked
    ]
    return blanked + [(item, _UNPAIRED) for item in answered.halves]


def store_rows(store: Store, survey: OpenSurvey, batch: Batch) -> Stored:
    """Store what was not there before; what cannot be is added to those refused. Raises
    SurveyNotOpen."""
    if survey.quotas:
        _seat(store, survey, batch)
    responses = batch.responses
    there = store.responses.add_all(survey, responses) if responses else {}
    for place, other in there.items():
        leave_seat(store, survey, responses[place].content["group"])
        if other is not None:
            said = "This answer is here already, with other contents."
            batch.refused.append((batch.numbers[place], ("id", said)))
    conflicts = sum(other is not None for other in there.values())
    return Stored(len(responses) - conflicts, len(responses) - len(there))


def _seat(store: Store, survey: OpenSurvey, batch: Batch) -> None:
    """Refuse those for whose group there is no room."""
    seated: list[int] = []
    for place, response in enumerate(batch.responses):
        try:
            take_seat(store, survey, response.content["group"])
        except GroupFull:
            said = "As many of this group have answered as the survey takes."
            batch.refused.append((batch.numbers[place], ("group", said)))
        else:
            seated.append(place)
    batch.responses = [batch.responses[place] for place in seated]
    batch.numbers = [batch.numbers[place] for place in seated]
