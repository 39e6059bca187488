"""Answers that come as a table, taken in by the worker."""

from typing import Any

from flask import request, url_for
from marshmallow import RAISE, Schema, fields

from services.intake.store.imports import Import
from services.intake.tables.reading import MOST_BYTES
from services.intake.tables.workbook import plain
from services.intake.usecases.start_import import start_import
from shared import web
from shared.auth import reader, requires

imports = web.Blueprint("imports", __name__, url_prefix="/v1", description="Answers as tables")

WORKBOOK = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_FORM = "multipart/form-data"
SLACK = 1_000_000  # what a form has beside its file
_FILE = {"type": "string", "format": "binary"}
_BODY = {
    "required": True,
    "content": {
        "text/csv": {"schema": _FILE},
        WORKBOOK: {"schema": _FILE},
        _FORM: {
            "schema": {
                "type": "object",
                "required": ["file"],
                "properties": {
                    "file": _FILE,
                    "mapping": {
                        "type": "string",
                        "description": "What the columns mean, as JSON; without it they are known "
                        "by the items' ids or texts, as the survey tools export them.",
                    },
                },
            }
        },
    },
}


class ImportQuerySchema(Schema):
    class Meta:
        unknown = RAISE

    filename = fields.String(load_default="")
    lenient = fields.Boolean(
        load_default=False,
        metadata={
            "description": "Leave out single answers that do not fit, and take rows in which a "
            "required one is missing, instead of refusing the row."
        },
    )


class RefusedSchema(Schema):
    row = fields.Integer(metadata={"description": "As a spreadsheet counts, the header being 1."})
    field = fields.String()
    message = fields.String()


class LeftOutSchema(Schema):
    field = fields.String()
    message = fields.String()
    rows = fields.Integer()


class ImportSchema(Schema):
    id = fields.String()
    survey = fields.String()
    state = fields.String(metadata={"description": "waiting, running, done, cancelled, failed"})
    rows = fields.Integer(metadata={"description": "That were looked at so far."})
    of = fields.Integer(metadata={"description": "How many there are."})
    taken = fields.Integer(metadata={"description": "That are stored."})
    new = fields.Integer(metadata={"description": "Of these, those that were not there before."})
    refusals = fields.Integer()
    refused = fields.List(
        fields.Nested(RefusedSchema), metadata={"description": "The first hundred."}
    )
    left_out = fields.List(fields.Nested(LeftOutSchema))
    problem = fields.String(metadata={"description": "Why it failed."})


class StartedSchema(ImportSchema):
    unread = fields.List(
        fields.String(), metadata={"description": "Columns that nothing is read from."}
    )
    unanswered = fields.List(
        fields.String(), metadata={"description": "Items that no column answers."}
    )


@imports.post("/surveys/<survey>/responses/import")
@web.accepts("text/csv", WORKBOOK, _FORM)
@web.takes_uploads(MOST_BYTES + SLACK)
@imports.doc(requestBody=_BODY)
@imports.arguments(ImportQuerySchema, location="query")
@imports.response(202, StartedSchema)
@requires("planner")
def start(query: dict[str, Any], survey: str) -> Any:
    """Bring answers, one a row, as LimeSurvey, Qualtrics or Google Forms export them, or with a
    mapping. Nothing is stored of a file that cannot be read; a row that comes again is taken
    once. Look at the answered import until its state is done."""
    with web.upload() as upload, plain(upload.stream) as file:
        started = start_import(
            web.store(),
            unit=reader().unit,
            survey=survey,
            name=web.creation_id(),
            file=file,
            filename=upload.filename,
            lenient=query["lenient"],
            mapping=request.form.get("mapping") if request.mimetype == _FORM else None,
        )
    where = url_for("imports.read", name=started.job.id)
    shown = {**_import(started.job), "unread": started.unread, "unanswered": started.unanswered}
    return shown, 202, {"Location": where}


@imports.get("/imports/<name>")
@imports.response(200, ImportSchema)
@requires("planner")
def read(name: str) -> Any:
    """How far it is, and what was refused."""
    return _import(web.store().imports.get(reader().unit, name))


@imports.delete("/imports/<name>")
@imports.response(200, ImportSchema)
@requires("planner")
def cancel(name: str) -> Any:
    """Stop it. Answers that were taken stay; the same file again goes on."""
    return _import(web.store().imports.cancel(reader().unit, name))


def _import(job: Import) -> dict[str, Any]:
    return {name: getattr(job, name) for name in ImportSchema().fields}
