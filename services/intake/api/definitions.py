"""Surveys that come as other tools' files."""

from dataclasses import asdict
from hashlib import sha256
from typing import Any

from marshmallow import RAISE, Schema, fields

from services.intake.api.imports import SLACK, WORKBOOK
from services.intake.api.surveys import shown
from services.intake.formats import MOST_BYTES
from services.intake.schemas import SurveySchema
from services.intake.usecases.bring_definition import add_draft, read_survey
from shared import web
from shared.auth import reader, requires

definitions = web.Blueprint(
    "definitions", __name__, url_prefix="/v1/surveys", description="Other tools' surveys"
)

_FORM = "multipart/form-data"
_KINDS = (
    _FORM, WORKBOOK, "application/octet-stream", "application/json", "application/xml", "text/xml",
    "text/plain", "text/tab-separated-values",
)  # fmt: skip
_FILE = {"type": "string", "format": "binary"}
_BODY = {
    "required": True,
    "content": {
        _FORM: {"schema": {"type": "object", "required": ["file"], "properties": {"file": _FILE}}},
        "application/octet-stream": {"schema": _FILE},
    },
}


class FileNameSchema(Schema):
    class Meta:
        unknown = RAISE

    filename = fields.String(
        load_default="",
        metadata={"description": "Of a body that is the file itself: its ending says what it is."},
    )


class EntrySchema(Schema):
    place = fields.String(metadata={"description": "As the other tool names it."})
    what = fields.String()
    action = fields.String(metadata={"description": "What became of it."})


class ImportedSchema(Schema):
    survey = fields.Nested(SurveySchema)
    report = fields.List(fields.Nested(EntrySchema))


@definitions.post("/import")
@web.accepts(*_KINDS)
@web.takes_uploads(MOST_BYTES + SLACK)
@definitions.doc(requestBody=_BODY)
@definitions.arguments(FileNameSchema, location="query")
@definitions.response(201, ImportedSchema)
@requires("planner")
def import_survey(_: dict[str, Any]) -> Any:
    """Make a draft of an XLSForm (.xlsx), a LimeSurvey (.lss, or its table as .txt), a Qualtrics
    (.qsf) or a SurveyJS file (.json), or of a definition as this API has it. The report says item
    by item what is not as it was."""
    with web.upload() as upload:
        imported = read_survey(upload.stream, upload.filename)
        upload.stream.seek(0)
        survey = add_draft(
            web.store(), unit=reader().unit, name=web.creation_id(), who=reader().name,
            imported=imported, digest=sha256(upload.stream.read()).hexdigest(),
        )  # fmt: skip
    return {"survey": shown(survey), "report": [asdict(entry) for entry in imported.report]}
