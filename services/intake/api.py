"""Intake over HTTP: surveys for planners, responses for everybody."""

from typing import Any
from uuid import uuid4

from flask import Response as HttpResponse
from flask import request
from marshmallow import ValidationError

from services.intake.domain.answers import InvalidAnswers
from services.intake.domain.definition import InvalidDefinition
from services.intake.domain.survey import Survey, SurveyNotDraft, SurveyNotOpen
from services.intake.schemas import (
    RESPONSE_ID,
    DefinitionSchema,
    ErasureSchema,
    ReceiptSchema,
    ResponseSchema,
    SubmittedSchema,
    SurveyPageSchema,
    SurveyQuerySchema,
    SurveySchema,
)
from services.intake.store import (
    AlreadyCreated,
    NoSuchResponse,
    NoSuchSurvey,
    Response,
    ResponseConflict,
    ResponseErased,
)
from services.intake.usecases import change_response
from services.intake.usecases.close_survey import close_survey
from services.intake.usecases.create_survey import create_survey, edit_survey
from services.intake.usecases.erase_response import erase_response
from services.intake.usecases.publish_survey import publish_survey
from services.intake.usecases.submit_response import submit_response
from shared import times, web
from shared.auth import reader, requires
from shared.paging import after, page
from shared.problems import Problem, Rules, invalid, not_found

RULES: Rules = {
    SurveyNotDraft: lambda error: Problem(409, "survey-not-draft", str(error)),
    SurveyNotOpen: lambda error: Problem(409, "survey-not-open", str(error)),
    ResponseConflict: lambda error: Problem(409, "response-conflict", str(error)),
    ResponseErased: lambda error: Problem(410, "response-erased", str(error)),
    AlreadyCreated: lambda error: Problem(422, "idempotency-key-reused", str(error)),
    NoSuchSurvey: lambda _: not_found("survey"),
    NoSuchResponse: lambda _: not_found("response"),
    InvalidAnswers: lambda error: invalid(error.errors, str(error)),
    InvalidDefinition: lambda error: invalid(error.errors, str(error)),
}

surveys = web.Blueprint("surveys", __name__, url_prefix="/v1/surveys", description="Definitions")
responses = web.Blueprint("responses", __name__, url_prefix="/v1", description="Answers")


@surveys.post("")
@surveys.arguments(DefinitionSchema)
@surveys.response(201, SurveySchema)
@requires("planner")
def create(definition: dict[str, Any]) -> Any:
    """Write a survey down as a draft."""
    who = reader()
    return _survey(
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
    return page("surveys", found, query["limit"], lambda s: s.id, _survey)


@surveys.get("/<name>")
@surveys.response(200, SurveySchema)
@requires("planner", "administrator")
def read(name: str) -> Any:
    """One survey with its definition."""
    return _survey(web.store().surveys.get(reader().unit, name))


@surveys.put("/<name>")
@surveys.arguments(DefinitionSchema)
@surveys.response(200, SurveySchema)
@requires("planner")
def edit(definition: dict[str, Any], name: str) -> Any:
    """Replace a draft's definition. What was published never changes."""
    unit = reader().unit
    web.check_if_match(_survey(web.store().surveys.get(unit, name)))
    return _survey(edit_survey(web.store(), unit=unit, name=name, definition=definition))


@surveys.post("/<name>/publish")
@surveys.response(200, SurveySchema)
@requires("planner")
def publish(name: str) -> Any:
    """Open a draft for answers."""
    return _survey(publish_survey(web.store(), unit=reader().unit, name=name))


@surveys.post("/<name>/close")
@surveys.response(200, SurveySchema)
@requires("planner")
def close(name: str) -> Any:
    """Take no more answers: `closing` until every answer is counted, then `closed`."""
    return _survey(close_survey(web.store(), unit=reader().unit, name=name))


@responses.post("/surveys/<survey>/responses")
@responses.arguments(ResponseSchema)
@responses.response(201, SubmittedSchema)
@responses.alt_response(200, schema=SubmittedSchema, description="The same was stored before.")
def submit(body: dict[str, Any], survey: str) -> Any:
    """Answer a survey. Choose the id and send the same again whenever an answer got lost."""
    submitted = submit_response(
        web.store(),
        survey=survey,
        name=_response_id(body),
        group=body["group"],
        profile=body["profile"],
        answers=body["answers"],
    )
    status = 201 if submitted.new else 200
    return {"id": submitted.id, "receipt": submitted.receipt}, status


@responses.get("/responses/<name>")
@responses.arguments(ReceiptSchema, location="headers")
@responses.response(200, ResponseSchema)
def read_own(headers: dict[str, Any], name: str) -> Any:
    """See one's own response. The receipt goes in the `Receipt` header."""
    found = change_response.read_response(web.store(), name=name, receipt=headers["receipt"])
    return _response(found, name)


@responses.put("/responses/<name>")
@responses.arguments(ReceiptSchema, location="headers")
@responses.arguments(ResponseSchema)
@responses.response(200, ResponseSchema)
def revise_own(headers: dict[str, Any], body: dict[str, Any], name: str) -> Any:
    """Replace one's own answers, as long as the survey is open."""
    revised = change_response.revise_response(
        web.store(),
        name=name,
        receipt=headers["receipt"],
        group=body["group"],
        profile=body["profile"],
        answers=body["answers"],
    )
    return _response(revised, name)


@responses.delete("/responses/<name>")
@responses.arguments(ReceiptSchema, location="headers")
@responses.response(204)
def withdraw_own(headers: dict[str, Any], name: str) -> HttpResponse:
    """Take one's own answers back, as long as the survey is open."""
    change_response.withdraw_response(web.store(), name=name, receipt=headers["receipt"])
    return HttpResponse(status=204)


@responses.post("/surveys/<survey>/responses/<name>/erasure")
@responses.arguments(ErasureSchema)
@responses.response(204)
@requires("administrator")
def erase(body: dict[str, Any], survey: str, name: str) -> HttpResponse:
    """Forget a response for good, here and in every figure made from now on. Figures that were
    recorded before stay as they were."""
    erase_response(web.store(), unit=reader().unit, survey=survey, name=name, reason=body["reason"])
    return HttpResponse(status=204)


def _response_id(body: dict[str, Any]) -> str:
    """The sender's id, in the body or as Idempotency-Key: without one, an answer that got lost
    could not be sent again without being counted twice."""
    name = body.get("id") or request.headers.get("Idempotency-Key")
    if name is None:
        message = f"Choose an id and send it again after any error; for example {uuid4()}."
        raise invalid([{"field": "id", "message": message}])
    try:
        RESPONSE_ID(name)
    except ValidationError as error:
        raise Problem(422, "invalid", f"Idempotency-Key: {error.messages[0]}") from error
    return str(name)


def _survey(survey: Survey) -> dict[str, Any]:
    return {
        "id": survey.id,
        "unit": survey.unit,
        "status": survey.status,
        "version": survey.version,
        "revision": survey.revision,
        "definition": survey.definition,
        "created_at": times.rfc3339(survey.created_at),
        "opened_at": None if survey.opened_at is None else times.rfc3339(survey.opened_at),
        "closed_at": None if survey.closed_at is None else times.rfc3339(survey.closed_at),
        "seal": survey.seal,
    }


def _response(response: Response, name: str) -> dict[str, Any]:
    return {"id": name, **(response.content or {})}
