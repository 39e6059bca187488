"""Definitions, from draft to closed."""

from typing import Any

from flask import Response

from services.intake.domain.survey import Survey
from services.intake.schemas import (
    DefinitionSchema,
    SurveyPageSchema,
    SurveyQuerySchema,
    SurveySchema,
)
from services.intake.usecases.archive_survey import archive_survey, restore_survey
from services.intake.usecases.close_survey import close_survey
from services.intake.usecases.create_survey import create_survey, edit_survey
from services.intake.usecases.discard_draft import discard_draft, drop_correction
from services.intake.usecases.duplicate_survey import duplicate_survey
from services.intake.usecases.publish_survey import publish_survey
from shared import times, web
from shared.auth import reader, requires
from shared.paging import after, page

surveys = web.Blueprint("surveys", __name__, url_prefix="/v1/surveys", description="Definitions")


@surveys.post("")
@surveys.arguments(DefinitionSchema)
@surveys.response(201, SurveySchema)
@requires("planner")
def create(definition: dict[str, Any]) -> Any:
    """Write a survey down as a draft."""
    who = reader()
    return shown(
        create_survey(
            web.store(),
            unit=who.unit,
            name=web.creation_id(),
            who=who.name,
            definition=definition,
            digest=web.body_digest(),
        )
    )


@surveys.get("")
@surveys.arguments(SurveyQuerySchema, location="query")
@surveys.response(200, SurveyPageSchema)
@requires("planner", "administrator")
def list_surveys(query: dict[str, Any]) -> Any:
    """The unit's surveys."""
    found = web.store().surveys.page(reader().unit, after(query["cursor"]), query["limit"] + 1)
    return page("surveys", found, query["limit"], lambda s: s.id, shown)


@surveys.get("/<name>")
@surveys.response(200, SurveySchema)
@requires("planner", "administrator")
def read(name: str) -> Any:
    """One survey with its definition."""
    return shown(web.store().surveys.get(reader().unit, name))


@surveys.put("/<name>")
@surveys.arguments(DefinitionSchema)
@surveys.response(200, SurveySchema)
@requires("planner")
def edit(definition: dict[str, Any], name: str) -> Any:
    """Replace a draft's definition, or write an open survey's correction: its items keep the
    meaning of their ids, and it is asked once it is published. What was published never changes."""
    unit = _unit_that_knows(name)
    return shown(edit_survey(web.store(), unit=unit, name=name, definition=definition))


@surveys.delete("/<name>")
@surveys.response(204)
@requires("planner")
def discard(name: str) -> Response:
    """Give up a draft; nothing of it is kept. What was published stays."""
    unit = _unit_that_knows(name)
    discard_draft(web.store(), unit=unit, name=name)
    return Response(status=204)


@surveys.delete("/<name>/correction")
@surveys.response(200, SurveySchema)
@requires("planner")
def discard_correction(name: str) -> Any:
    """Give up what is written to follow; the survey goes on as it was published."""
    unit = _unit_that_knows(name)
    return shown(drop_correction(web.store(), unit=unit, name=name))


@surveys.post("/<name>/publish")
@surveys.response(200, SurveySchema)
@requires("planner")
def publish(name: str) -> Any:
    """Open a draft for answers, or ask an open survey's correction from now on."""
    return shown(publish_survey(web.store(), unit=reader().unit, name=name))


@surveys.post("/<name>/close")
@surveys.response(200, SurveySchema)
@requires("planner")
def close(name: str) -> Any:
    """Take no more answers: `closing` until every answer is counted, then `closed`."""
    return shown(close_survey(web.store(), unit=reader().unit, name=name))


@surveys.post("/<name>/archive")
@surveys.response(200, SurveySchema)
@requires("planner")
def archive(name: str) -> Any:
    """Put a closed survey out of the way; nothing of it is lost."""
    return shown(archive_survey(web.store(), unit=reader().unit, name=name))


@surveys.post("/<name>/restore")
@surveys.response(200, SurveySchema)
@requires("planner")
def restore(name: str) -> Any:
    """Fetch an archived survey back among the closed ones."""
    return shown(restore_survey(web.store(), unit=reader().unit, name=name))


@surveys.post("/<name>/duplicate")
@surveys.response(201, SurveySchema)
@requires("planner")
def duplicate(name: str) -> Any:
    """A new draft with the same questions under the same item ids."""
    who = reader()
    return shown(
        duplicate_survey(
            web.store(),
            unit=who.unit,
            name=name,
            copy=web.creation_id(),
            who=who.name,
            digest=web.body_digest(),
        )
    )


def _unit_that_knows(name: str) -> str:
    """The sender's. Raises Problem 412 where If-Match names another state than the survey's."""
    unit = reader().unit
    web.check_if_match(shown(web.store().surveys.get(unit, name)))
    return unit


def shown(survey: Survey) -> dict[str, Any]:
    return {
        "id": survey.id,
        "unit": survey.unit,
        "status": survey.status,
        "version": survey.version,
        "revision": survey.revision,
        "definition": survey.definition,
        "correction": survey.correction,
        "created_at": times.rfc3339(survey.created_at),
        "opened_at": None if survey.opened_at is None else times.rfc3339(survey.opened_at),
        "closed_at": None if survey.closed_at is None else times.rfc3339(survey.closed_at),
        "seal": survey.seal,
    }
