"""Somebody answers. What is acknowledged here is stored, and reaches everybody who listens."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from services.intake.domain.invitation import Carried, InvitationNeeded, check_invited
from services.intake.domain.survey import SurveyNotOpen
from services.intake.events import ResponseSubmitted
from services.intake.store import Store
from services.intake.store.responses import ResponseConflict, ResponseErased, response_key
from services.intake.store.surveys import OpenSurvey
from services.intake.usecases.take_seat import leave_seat, take_seat
from shared import times


@dataclass(frozen=True)
class Submitted:
    """`new` is False when the same response was stored before."""

    id: str
    receipt: str
    new: bool


def submit_response(
    store: Store,
    *,
    survey: str,
    name: str,
    group: Any,
    profile: Mapping[str, Any],
    answers: Mapping[str, Any],
    carried: Carried | None = None,
    version: int | None = None,
) -> Submitted:
    """Check against the published definition and store, once, however often it is sent. `carried`
    is what it has from an invitation; `version` of the definition was answered, the last one
    unless said.

    Raises NoSuchSurvey, SurveyNotOpen, GroupFull, InvitationNeeded, InvalidAnswers,
    ResponseConflict.
    """
    open_survey = store.surveys.for_answering(survey, version)
    if open_survey.by_invitation and carried is None:
        raise InvitationNeeded(
            "This survey is answered by invitation: open the link that was sent to you."
        )
    content = check_invited(open_survey.definition, carried, group, profile, answers)
    at = open_survey.kept_time(times.now())
    said = event_of(open_survey, name, content, times.rfc3339(at))
    try:
        new = _seated(
            store,
            open_survey,
            group,
            lambda: store.responses.add(open_survey, name, content, said, at, carried),
        )
    except SurveyNotOpen:
        # Who sends again because the answer got lost is told what happened, closed or not.
        if not store.responses.was_submitted(survey, name, content):
            raise
        new = False
    return Submitted(name, store.responses.receipt(survey, name), new)


def event_of(survey: OpenSurvey, name: str, content: dict[str, Any], at: str) -> ResponseSubmitted:
    """What listeners are told of a response that is new."""
    return ResponseSubmitted(
        unit=survey.unit,
        subject=response_key(survey.id, name),
        survey=survey.id,
        survey_version=survey.version,
        revision=1,
        group=content["group"],
        at=at,
        before=None,
        after=content,
        outcome=survey.outcome(content),
    )


def _seated(store: Store, survey: OpenSurvey, group: str, add: Callable[[], bool]) -> bool:
    """`add()` in a seat of its group. Raises GroupFull, and what `add` raises: what a lost
    connection carried may be stored, so its seat stays taken until it is recounted."""
    take_seat(store, survey, group)
    try:
        new = add()
    except (SurveyNotOpen, ResponseConflict, ResponseErased):
        leave_seat(store, survey, group)
        raise
    if not new:
        leave_seat(store, survey, group)
    return new
