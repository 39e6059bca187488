"""Who holds the receipt sees, revises or withdraws the response, until the survey closes."""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from services.intake.domain.answers import check_response
from services.intake.events import ResponseRevised, ResponseWithdrawn
from services.intake.store import Store
from services.intake.store.responses import Response
from shared import times
from shared.event import Event
from shared.group_commit import PATIENCE_SECONDS


def read_response(store: Store, *, name: str, receipt: str) -> Response:
    """Raises NoSuchResponse, also for a receipt that is not this response's."""
    return store.responses.get(store.responses.survey_of(name, receipt), name)


def revise_response(
    store: Store,
    *,
    name: str,
    receipt: str,
    group: Any,
    profile: Mapping[str, Any],
    answers: Mapping[str, Any],
) -> Response:
    """Raises NoSuchResponse, SurveyNotOpen, InvalidAnswers. The same answers change nothing."""
    survey = store.responses.survey_of(name, receipt)
    definition = store.surveys.for_answering(survey).definition
    content = check_response(definition, group, profile, answers)

    def change(response: Response) -> Event | None:
        before = response.content
        if before == content:
            return None
        response.revision, response.content = response.revision + 1, content
        return ResponseRevised(**_said(response, before), after=content)

    with _while_open(store, survey):
        store.responses.update(survey, name, change)
    return store.responses.get(survey, name)


def withdraw_response(store: Store, *, name: str, receipt: str) -> None:
    """Take the answers back; only that there was a response is kept. Raises NoSuchResponse,
    SurveyNotOpen."""
    survey = store.responses.survey_of(name, receipt)

    def change(response: Response) -> Event | None:
        before = response.content
        response.revision, response.content = response.revision + 1, None
        return ResponseWithdrawn(**_said(response, before), after=None)

    with _while_open(store, survey):
        store.responses.update(survey, name, change)


@contextmanager
def _while_open(store: Store, survey: str) -> Iterator[None]:
    """For a write that whoever seals the survey must count: one that took longer than they wait
    has the seal made again. Raises SurveyNotOpen."""
    looked = time.monotonic()
    for error in store.surveys.closed([survey]).values():
        raise error
    try:
        yield
    finally:
        if time.monotonic() - looked > PATIENCE_SECONDS:
            store.surveys.reopen_seal([survey])


def _said(response: Response, before: dict[str, Any] | None) -> dict[str, Any]:
    group = (response.content or before or {})["group"]
    return {
        "unit": response.unit,
        "subject": response.id,
        "survey": response.survey,
        "survey_version": response.survey_version,
        "revision": response.revision,
        "group": group,
        "at": times.rfc3339(times.now()),
        "before": before,
    }
