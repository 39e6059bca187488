"""Who holds the receipt sees, revises or withdraws the response, until the survey closes."""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from services.intake.domain.invitation import check_invited
from services.intake.domain.survey import SurveyNotOpen
from services.intake.events import ResponseRevised, ResponseWithdrawn
from services.intake.store import Store
from services.intake.store.responses import NoSuchResponse, Response, ResponseConflict, response_key
from services.intake.store.surveys import OpenSurvey
from services.intake.usecases.take_seat import leave_seat, take_seat
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
    version: int | None = None,
) -> Response:
    """Raises NoSuchResponse, SurveyNotOpen, GroupFull, InvalidAnswers, ResponseConflict. The same
    answers change nothing."""
    survey = store.responses.survey_of(name, receipt)
    asked = store.surveys.for_answering(survey, version)
    known = store.responses.get(survey, name)
    content = check_invited(asked.definition, known.carried, group, profile, answers)

    def change(response: Response) -> Event | None:
        before = response.content
        if before == content:
            return None
        response.revision, response.content = response.revision + 1, content
        response.survey_version = asked.version
        return ResponseRevised(**_said(store, response, before), after=content)

    with _while_open(store, survey), _seat_of(store, asked, known, group):
        store.responses.update(survey, name, _expecting(known, change))
    return store.responses.get(survey, name)


def stands(
    store: Store,
    *,
    name: str,
    receipt: str,
    group: Any,
    profile: Mapping[str, Any],
    answers: Mapping[str, Any],
    version: int | None = None,
) -> bool:
    """Whether these are the response's answers, as they are now. Raises NoSuchResponse,
    InvalidAnswers."""
    known = read_response(store, name=name, receipt=receipt)
    asked = store.surveys.for_answering(known.survey, version)
    sent = check_invited(asked.definition, known.carried, group, profile, answers)
    return sent == known.content


def withdraw_response(store: Store, *, name: str, receipt: str) -> None:
    """Take the answers back; only that there was a response is kept. Raises NoSuchResponse,
    SurveyNotOpen."""
    survey = store.responses.survey_of(name, receipt)
    known = store.responses.get(survey, name)

    def change(response: Response) -> Event | None:
        before = response.content
        response.revision, response.content = response.revision + 1, None
        return ResponseWithdrawn(**_said(store, response, before), after=None)

    asked = store.surveys.for_answering(survey)
    with _while_open(store, survey), _seat_of(store, asked, known, None):
        store.responses.update(survey, name, _expecting(known, change))
    store.vault.forget(response_key(survey, name))


def _expecting(
    known: Response, change: Callable[[Response], Event | None]
) -> Callable[[Response], Event | None]:
    """`change`, unless the response went to another group meanwhile: its seat is another then."""

    def checked(response: Response) -> Event | None:
        if _group(response) != _group(known):
            raise ResponseConflict("Somebody changed this response meanwhile; send it again.")
        return change(response)

    return checked


@contextmanager
def _seat_of(
    store: Store, survey: OpenSurvey, known: Response, group: str | None
) -> Iterator[None]:
    """Change seats from the response's group to `group`, or to none. Raises GroupFull."""
    if group == _group(known):
        yield
        return
    if group is not None:
        take_seat(store, survey, group)
    try:
        yield
    except (SurveyNotOpen, NoSuchResponse, ResponseConflict):
        if group is not None:
            leave_seat(store, survey, group)
        raise
    leave_seat(store, survey, _group(known))


def _group(response: Response) -> str:
    return str((response.content or {}).get("group"))


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


def _said(store: Store, response: Response, before: dict[str, Any] | None) -> dict[str, Any]:
    survey = store.surveys.for_answering(response.survey, response.survey_version)
    at = survey.kept_time(times.now())
    group = (response.content or before or {})["group"]
    return {
        "unit": response.unit,
        "subject": response.id,
        "survey": response.survey,
        "survey_version": response.survey_version,
        "revision": response.revision,
        "group": group,
        "at": times.rfc3339(at),
        "before": before,
        "outcome": survey.outcome(response.content),
    }
