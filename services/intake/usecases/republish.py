"""Say again how things stand, for a listener that is new or was restored: whoever heard it before
takes it for nothing new."""

from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import Any

from services.intake.domain.survey import Survey
from services.intake.events import (
    ResponseErased,
    ResponseRevised,
    ResponseSubmitted,
    ResponseWithdrawn,
    SurveyClosed,
    SurveyPublished,
)
from services.intake.store import Store
from services.intake.store.responses import Response
from shared import times
from shared.bus import BATCH
from shared.event import Event, Outgoing, encode

Publish = Callable[[Sequence[Outgoing]], None]
Told = Callable[[str, int], None]


def republish(store: Store, publish: Publish, told: Told, only: Sequence[str] = ()) -> None:
    """Publish the state of every survey that was published, or `only` some, and their responses.

    `told(survey, events)` hears how far it has come, after each batch. It may be stopped at any
    point and begun again. Raises NoSuchSurvey before anything is said.
    """
    for survey in store.surveys.published(only):
        events = _of(store, survey)
        said = 0
        while batch := [encode(event) for event in islice(events, BATCH)]:
            publish(batch)
            said += len(batch)
            told(survey.id, said)


def _of(store: Store, survey: Survey) -> Iterator[Event]:
    for version in range(1, survey.version + 1):
        yield SurveyPublished.of(survey, version)
    for response in store.responses.all_of(survey.id):
        yield _standing(store, response)
    if survey.seal is not None:
        yield SurveyClosed.of(survey)


def _standing(store: Store, response: Response) -> Event:
    survey = store.surveys.for_answering(response.survey, response.survey_version)
    of: dict[str, Any] = {
        "unit": response.unit,
        "subject": response.id,
        "survey": response.survey,
        "survey_version": response.survey_version,
        "revision": response.revision,
        "outcome": survey.outcome(response.content),
    }
    if response.erased:
        return ResponseErased(**(of | response.erased))
    said = of | {"at": times.rfc3339(response.at), "before": None}
    if response.content is None:
        return ResponseWithdrawn(**said, group="", after=None)
    kind = ResponseSubmitted if response.revision == 1 else ResponseRevised
    return kind(**said, group=response.content["group"], after=response.content)
