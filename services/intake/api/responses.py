"""Answers, and what their senders may do with them."""

from typing import Any
from uuid import uuid4

from flask import Response as HttpResponse
from flask import request
from marshmallow import ValidationError

from services.intake.schemas import (
    RESPONSE_ID,
    ErasureSchema,
    ReceiptSchema,
    ResponseSchema,
    SubmittedSchema,
)
from services.intake.store.responses import Response
from services.intake.usecases import change_response
from services.intake.usecases.answer_invitation import answer_invitation
from services.intake.usecases.erase_response import erase_response
from services.intake.usecases.submit_response import submit_response
from shared import web
from shared.auth import reader, requires
from shared.problems import Problem, invalid

responses = web.Blueprint("responses", __name__, url_prefix="/v1", description="Answers")


@responses.post("/surveys/<survey>/responses")
@responses.arguments(ResponseSchema)
@responses.response(201, SubmittedSchema)
@responses.alt_response(200, schema=SubmittedSchema, description="The same was stored before.")
def submit(body: dict[str, Any], survey: str) -> Any:
    """Answer a survey. Choose the id and send the same again whenever an answer got lost. With an
    invitation the id is its link's, and sending again is sending the same."""
    said: dict[str, Any] = {
        "survey": survey,
        "group": body["group"],
        "profile": body["profile"],
        "answers": body["answers"],
        "version": body.get("survey_version"),
    }
    secret = body.get("invitation") or request.headers.get("Invitation")
    if secret:
        submitted = answer_invitation(web.store(), secret=secret, **said)
    else:
        submitted = submit_response(web.store(), name=_response_id(body), **said)
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
        version=body.get("survey_version"),
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


def _response(response: Response, name: str) -> dict[str, Any]:
    return {"id": name, **(response.content or {})}
