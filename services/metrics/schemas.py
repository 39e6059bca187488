"""The bodies that metrics takes and gives, and the fields that it reads from events."""

from typing import Any

from marshmallow import EXCLUDE, RAISE, Schema, fields, post_load, validate

from shared.paging import PageSchema
from shared.web import AsGiven

_INSTANT = validate.Regexp(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$")


def _number() -> fields.Integer:
    return fields.Integer(required=True, strict=True, validate=validate.Range(min=1))


def _synthetic() -> fields.Boolean:
    return fields.Boolean(truthy={True}, falsy={False}, load_default=False)


class _EventSchema(Schema):
    class Meta:
        unknown = EXCLUDE


class _ItemSchema(_EventSchema):
    id = fields.String(required=True)
    type = fields.String(required=True)


class _DefinitionSchema(_EventSchema):
    title = fields.Dict(
        fields.String(), fields.String(), required=True, validate=validate.Length(min=1)
    )
    synthetic = _synthetic()
    items = fields.List(fields.Nested(_ItemSchema), required=True)


class SurveyPublishedSchema(_EventSchema):
    version = _number()
    definition = fields.Nested(_DefinitionSchema, required=True)
    opened_at = fields.AwareDateTime(required=True, format="iso")


class _ResponseSchema(_EventSchema):
    group = fields.String(required=True)
    answers = fields.Dict(required=True)

    @post_load
    def _only_scores(self, side: dict[str, Any], **_: Any) -> dict[str, Any]:
        """Nothing that anybody wrote stays here."""
        kept = {k: v for k, v in side["answers"].items() if type(v) is int or isinstance(v, dict)}
        return {"group": side["group"], "answers": kept}


class _OutcomeSaidSchema(_EventSchema):
    metric = fields.String(required=True)
    period = fields.String(required=True)
    category = fields.String(required=True, allow_none=True)
    synthetic = _synthetic()


class ResponseEventSchema(_EventSchema):
    survey = fields.String(required=True)
    survey_version = _number()
    revision = _number()
    at = fields.String(required=True, validate=_INSTANT)
    after = fields.Nested(_ResponseSchema, required=True, allow_none=True)
    outcome = fields.Nested(_OutcomeSaidSchema, load_default=None, allow_none=True)


class _ContentSchema(_EventSchema):
    period = fields.Dict(required=True)
    segment = fields.Dict(required=True)
    category = fields.String(required=True)
    synthetic = _synthetic()


class _OutcomeSchema(_EventSchema):
    metric = fields.String(required=True)
    revision = _number()
    at = fields.String(required=True, validate=_INSTANT)
    before = fields.Nested(_ContentSchema, required=True, allow_none=True)
    after = fields.Nested(_ContentSchema, required=True, allow_none=True)


class OutcomesRecordedSchema(_EventSchema):
    outcomes = fields.List(fields.Nested(_OutcomeSchema), required=True)


class SnapshotQuerySchema(PageSchema):
    class Meta:
        unknown = RAISE

    metric = fields.String(load_default=None)
    segment = fields.List(
        fields.String(),
        load_default=list,
        metadata={"description": "group:student,item:advising; empty for the total alone"},
    )
    period = fields.String(load_default=None, metadata={"description": "2015"})
    valid_at = fields.String(load_default=None)
    recorded_at = fields.String(load_default=None, metadata={"description": "as known then"})
    history = fields.Boolean(load_default=False)


class OutcomeQuerySchema(PageSchema):
    class Meta:
        unknown = RAISE

    metric = fields.String(load_default="nace.first_destination")
    period = fields.String(load_default=None)


class PeriodSchema(Schema):
    grain = fields.String()
    start = fields.String()
    end = fields.String()


class SnapshotSchema(AsGiven):
    id = fields.String()
    metric = fields.String()
    definition_version = fields.Integer()
    segment = fields.Dict()
    period = fields.Nested(PeriodSchema)
    value = fields.Raw(allow_none=True)
    numerator = fields.Integer()
    denominator = fields.Integer(allow_none=True)
    n = fields.Integer()
    small = fields.Boolean()
    suppressed = fields.Boolean()
    synthetic = fields.Boolean(
        metadata={"description": "It counts answers or outcomes that were generated."}
    )
    valid_at = fields.String()
    recorded_at = fields.String()
    source = fields.Dict()
    hash = fields.String()
    erased = fields.Integer(
        metadata={
            "description": "Of how many that it counted nothing is kept any more: they were "
            "withdrawn, erased or corrected away, and it cannot be computed again in full. Not "
            "covered by the hash, which is that of the figure as it was stored."
        }
    )


class SnapshotPageSchema(AsGiven):
    snapshots = fields.List(fields.Nested(SnapshotSchema))
    next = fields.String(allow_none=True)


class CutSchema(Schema):
    id = fields.String()
    seq = fields.Integer()
    recorded_at = fields.String()
    snapshots = fields.Integer()


class OutcomeSchema(Schema):
    id = fields.String()
    metric = fields.String()
    source = fields.String()
    key = fields.String()
    period = fields.Nested(PeriodSchema)
    segment = fields.Dict()
    category = fields.String()
    synthetic = fields.Boolean()
    revision = fields.Integer()
    recorded_at = fields.String()


class OutcomePageSchema(Schema):
    outcomes = fields.List(fields.Nested(OutcomeSchema))
    next = fields.String(allow_none=True)


class RecordedSchema(Schema):
    recorded = fields.Integer()
    corrected = fields.Integer()
    unchanged = fields.Integer()


class MetricSchema(Schema):
    name = fields.String()
    version = fields.Integer()
    title = fields.String()
    unit = fields.String()
    kind = fields.String()
    counts = fields.String()
    grain = fields.String()
    numerator = fields.List(fields.String())
    denominator = fields.List(fields.String())
    lattice = fields.List(fields.List(fields.String()))
    publish_from = fields.Raw(allow_none=True)


class MetricPageSchema(Schema):
    metrics = fields.List(fields.Nested(MetricSchema))
    next = fields.String(allow_none=True)


OUTCOMES_BODY: dict[str, Any] = {
    "required": True,
    "content": {
        "application/json": {
            "schema": {
                "type": "object",
                "required": ["outcomes"],
                "properties": {"outcomes": {"type": "array", "items": {"type": "object"}}},
            },
            "example": {
                "outcomes": [
                    {
                        "source": "first-destination survey",
                        "key": "graduate-0001",
                        "metric": "nace.first_destination",
                        "period": "2015",
                        "segment": {"college": "Arts and Sciences"},
                        "category": "employed_full_time",
                    }
                ]
            },
        },
        "text/csv": {
            "schema": {"type": "string"},
            "example": "source,key,metric,period,category,college\n"
            "fds,g-1,nace.first_destination,2015,military,Arts and Sciences\n",
        },
    },
}
