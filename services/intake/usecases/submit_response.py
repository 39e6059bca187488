"""Somebody answers. What is acknowledged here is stored, and reaches everybody who listens."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from services.intake.domain.answers import check_response
from services.intake.domain.survey import SurveyNotOpen
from services.intake.events import ResponseSubmitted
from services.intake.store import Store
from services.intake.store.responses import response_key
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
) -> Submitted:
    """Check against the published definition and store, once, however often it is sent.

    Raises NoSuchSurvey, SurveyNotOpen, InvalidAnswers, ResponseConflict.
    """
    open_survey = store.surveys.for_answering(survey)
    content = check_response(open_survey.definition, group, profile, answers)
    at = times.now()
    said = ResponseSubmitted(
        unit=open_survey.unit,
        subject=response_key(survey, name),
        survey=survey,
        survey_version=open_survey.version,
        revision=1,
        group=group,
        at=times.rfc3339(at),
        before=None,
        after=content,
    )
    try:
        new = store.responses.add(open_survey, name, content, said, at)
    except SurveyNotOpen:
        # Who sends again because the answer got lost is told what happened, closed or not.
        if not store.responses.was_submitted(survey, name, content):
            raise
        new = False
    return Submitted(name, store.responses.receipt(survey, name), new)
