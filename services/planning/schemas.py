"""Bodies that planning takes, and the fields it reads from intake's events."""

from collections.abc import Mapping
from typing import Any

from marshmallow import (
    EXCLUDE,
    Schema,
    ValidationError,
    fields,
    post_load,
    pre_load,
    validate,
    validates_schema,
)

from services.planning.domain.proposal import OUTCOMES, Measure
from services.planning.domain.survey import NEED, RATING
from shared.paging import PageSchema

_STATUSES = (
    "draft",
    "in_review",
    "changes_requested",
    "accepted",
    "rejected",
    "deferred",
    "active",
    "closed",
)


class _EventSchema(Schema):
    """Events grow: what planning does not read is passed over."""

    class Meta:
        unknown = EXCLUDE


class ScaleSchema(_EventSchema):
    min = fields.Integer(required=True, strict=True)
    max = fields.Integer(required=True, strict=True)

    @validates_schema
    def _ascends(self, scale: Mapping[str, int], **_: Any) -> None:
        if not scale["min"] < scale["max"]:
            raise ValidationError("A scale needs two points or more.")


class ItemSchema(_EventSchema):
    id = fields.String(required=True)
    type = fields.String(required=True)
    text = fields.Dict(fields.String(), fields.String(), required=True)
    scale = fields.Nested(ScaleSchema, required=True)
    role = fields.String(allow_none=True)


class DefinitionSchema(_EventSchema):
    title = fields.Dict(fields.String(), fields.String(), required=True)
    groups = fields.List(fields.String(), required=True)
    minimum_group_size = fields.Integer(required=True, strict=True, validate=validate.Range(1))
    items = fields.Nested(ItemSchema, many=True, required=True)
    synthetic = fields.Boolean(truthy={True}, falsy={False}, load_default=False)

    @pre_load
    def _only_ranked_items(self, definition: Mapping[str, Any], **_: Any) -> Mapping[str, Any]:
        if not isinstance(definition, Mapping) or not isinstance(definition.get("items"), list):
            return definition  # refused by what follows
        ranked = [each for each in definition["items"] if each["type"] in {NEED, RATING}]
        return {**definition, "items": ranked}


class SurveyPublishedSchema(_EventSchema):
    version = fields.Integer(required=True, strict=True, validate=validate.Range(1))
    definition = fields.Nested(DefinitionSchema, required=True)


class SurveyClosedSchema(_EventSchema):
    seal = fields.Integer(required=True, strict=True)
    count = fields.Integer(required=True, strict=True, validate=validate.Range(0))
    set_hash = fields.String(required=True, validate=validate.Length(equal=64))
    closed_at = fields.AwareDateTime("iso", required=True)


class AnswersSchema(_EventSchema):
    """Only answers that can be summed are kept: nothing that anybody wrote stays here."""

    group = fields.String(required=True)
    answers = fields.Dict(required=True)

    @post_load
    def _only_sums(self, side: dict[str, Any], **_: Any) -> dict[str, Any]:
        kept = {k: v for k, v in side["answers"].items() if type(v) is int or isinstance(v, dict)}
        return {"group": side["group"], "answers": kept}


class ResponseSchema(_EventSchema):
    survey = fields.String(required=True)
    survey_version = fields.Integer(required=True, strict=True, validate=validate.Range(1))
    revision = fields.Integer(required=True, strict=True, validate=validate.Range(1))
    at = fields.String(required=True)
    after = fields.Nested(AnswersSchema, required=True, allow_none=True)


class NeedsQuerySchema(Schema):
    group = fields.String(load_default=None)


class ProposalsQuerySchema(PageSchema):
    survey = fields.String(load_default=None)
    group = fields.String(load_default=None)
    status = fields.String(load_default=None, validate=validate.OneOf(_STATUSES))


def _text(most: int, **options: Any) -> fields.String:
    checks = [validate.Length(1, most), validate.Regexp(r"\s*\S", error="Say something.")]
    return fields.String(validate=checks, **options)


class MeasureSchema(Schema):
    metric = _text(200, required=True)
    segment = fields.Dict(
        _text(200), _text(200), load_default=dict, validate=validate.Length(max=5)
    )
    baseline = fields.Float(required=True, allow_none=True)
    target = fields.Float(required=True, allow_none=True)
    due = fields.Date(required=True)

    @post_load
    def _measure(self, measure: dict[str, Any], **_: Any) -> Measure:
        return Measure(**{**measure, "due": measure["due"].isoformat()})


class EditSchema(Schema):
    title = _text(300)
    objective = _text(2000)
    owner = _text(200, allow_none=True)
    institutional_goals = fields.List(_text(64), validate=validate.Length(max=50))
    measures = fields.Nested(MeasureSchema, many=True, validate=validate.Length(max=20))

    @post_load
    def _sequences_as_tuples(self, change: dict[str, Any], **_: Any) -> dict[str, Any]:
        return {k: tuple(v) if isinstance(v, list) else v for k, v in change.items()}


class DecisionSchema(Schema):
    decision = fields.String(required=True, validate=validate.OneOf(list(OUTCOMES)))
    reason = _text(2000, required=True)


class InstitutionalGoalSchema(Schema):
    title = _text(300, required=True)
    weight = fields.Float(required=True, validate=validate.Range(0, 1_000_000, min_inclusive=False))
    period = _text(50, required=True)
