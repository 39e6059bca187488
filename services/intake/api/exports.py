"""Answers as tables, to take away."""

from typing import Any

from flask import Response as HttpResponse
from flask import url_for
from marshmallow import RAISE, Schema, fields, validate

from services.intake.downloads import fetched, streamed
from services.intake.exports import WRITTEN
from shared import times, web
from shared.auth import reader, requires
from shared.documents import Document
from shared.jobs import DONE

exports = web.Blueprint("exports", __name__, url_prefix="/v1", description="Answers as tables")


class ExportAskedSchema(Schema):
    class Meta:
        unknown = RAISE

    format = fields.String(required=True, validate=validate.OneOf(sorted(WRITTEN)))


class ExportSchema(Schema):
    id = fields.String()
    survey = fields.String()
    format = fields.String()
    state = fields.String(metadata={"description": "waiting, running, done, cancelled, failed"})
    rows = fields.Integer(metadata={"description": "That are written so far."})
    of = fields.Integer(metadata={"description": "How many there are."})
    problem = fields.String(metadata={"description": "Why it failed."})
    file = fields.String(
        allow_none=True, metadata={"description": "Where to fetch it, for a day after it is done."}
    )
    began_at = fields.String()


@exports.get("/surveys/<survey>/answers.<any(csv, jsonl):kind>")
@exports.response(200, description="All answers that stand, while they are read.")
@requires("planner")
def stream(survey: str, kind: str) -> HttpResponse:
    """Every version's answers in one table, columns by item id, as CSV or as JSON Lines."""
    return streamed(survey, kind)


@exports.post("/surveys/<survey>/exports")
@exports.arguments(ExportAskedSchema)
@exports.response(202, ExportSchema)
@requires("planner")
def ask(body: dict[str, Any], survey: str) -> Any:
    """Have a file made: `xlsx`, `parquet`, or SPSS's `sav` with labels. Look at the answered
    export until its state is done."""
    unit, store = reader().unit, web.store()
    store.surveys.get(unit, survey)
    job = store.exports.ask(unit, web.creation_id(), survey, body["format"])
    return _export(job), 202, {"Location": url_for("exports.read", name=job["_id"])}


@exports.get("/exports/<name>")
@exports.response(200, ExportSchema)
@requires("planner")
def read(name: str) -> Any:
    """How far it is."""
    return _export(web.store().exports.jobs.get(reader().unit, name))


@exports.delete("/exports/<name>")
@exports.response(200, ExportSchema)
@requires("planner")
def cancel(name: str) -> Any:
    """Stop it."""
    return _export(web.store().exports.jobs.cancel(reader().unit, name))


@exports.get("/exports/<name>/file")
@exports.response(200, description="The file.")
@requires("planner")
def fetch(name: str) -> HttpResponse:
    """The file, once it is done."""
    return fetched(name)


def _export(job: Document) -> dict[str, Any]:
    shown = {key: job[key] for key in ("survey", "state", "rows", "of", "problem")}
    is_there = job["state"] == DONE
    return {
        **shown,
        "id": job["_id"],
        "format": job["kind"],
        "file": url_for("exports.fetch", name=job["_id"]) if is_there else None,
        "began_at": times.rfc3339(job["began_at"]),
    }
