"""The bodies that intake takes and gives."""

from typing import Any

from marshmallow import EXCLUDE, RAISE, Schema, ValidationError, fields, pre_load, validate

from services.intake.domain.definition import TYPES
from shared.paging import PageSchema

_ID = validate.Regexp(
    r"^[A-Za-z0-9_][A-Za-z0-9_-]{0,63}$",
    error="Use letters, digits, - and _, at most 64, and begin with no -.",
)
RESPONSE_ID = validate.Regexp(
    r"^[A-Za-z0-9._~:@-]{1,128}$", error="Use letters, digits and . _ ~ : @ -, at most 128."
)


class TextField(fields.Field[dict[str, str]]):
    """A text in one or several languages: a plain string stands for the first of the survey's."""

    def __init__(self, longest: int = 5000, **options: Any) -> None:
        super().__init__(**options)
        self.longest = longest

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> dict[str, str]:
        texts = {"": value} if isinstance(value, str) else value
        if not isinstance(texts, dict) or not texts:
            raise ValidationError('Give a text, or one a language: {"en": ...}.')
        for language, text in texts.items():
            if not isinstance(language, str) or not isinstance(text, str) or not text.strip():
                raise ValidationError("Each language needs a text that is not empty.")
            if len(text) > self.longest:
                raise ValidationError(f"At most {self.longest} characters.")
        return texts


class _Strict(Schema):
    class Meta:
        unknown = RAISE


class ScaleSchema(_Strict):
    min = fields.Integer(required=True, strict=True, validate=validate.Range(-100, 100))
    max = fields.Integer(required=True, strict=True, validate=validate.Range(-100, 100))


class ChoiceSchema(_Strict):
    value = fields.String(required=True, validate=_ID)
    text = TextField(longest=500, required=True)


class SectionSchema(_Strict):
    id = fields.String(required=True, validate=_ID)
    title = TextField(longest=500, required=True)
    lens = fields.String(validate=validate.OneOf(["culture", "needs", "structure"]))


class ItemSchema(_Strict):
    id = fields.String(required=True, validate=_ID)
    section = fields.String()
    type = fields.String(required=True, validate=validate.OneOf(TYPES))
    role = fields.String(validate=validate.OneOf(["profile", "overall_satisfaction"]))
    text = TextField(required=True)
    scale = fields.Nested(ScaleSchema)
    choices = fields.List(fields.Nested(ChoiceSchema), validate=validate.Length(max=200))
    max_length = fields.Integer(strict=True, validate=validate.Range(1, 10_000))
    required = fields.Boolean(truthy={True}, falsy={False})
    visible_if = fields.Raw(allow_none=True)


class DefinitionSchema(_Strict):
    title = TextField(longest=200, required=True)
    languages = fields.List(
        fields.String(validate=validate.Regexp(r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$")),
        load_default=lambda: ["en"],
        validate=validate.Length(1, 20),
    )
    groups = fields.List(
        fields.String(validate=_ID), required=True, validate=validate.Length(1, 200)
    )
    minimum_group_size = fields.Integer(
        strict=True, load_default=10, validate=validate.Range(1, 1000)
    )
    participation = fields.String(
        load_default="anonymous",
        validate=validate.OneOf(["anonymous"], error="Only anonymous surveys are offered so far."),
    )
    access = fields.String(
        load_default="open",
        validate=validate.OneOf(["open"], error="Only open links are offered so far."),
    )
    introduction = TextField()
    sections = fields.List(fields.Nested(SectionSchema), load_default=list)
    items = fields.List(fields.Nested(ItemSchema), required=True, validate=validate.Length(max=300))
    synthetic = fields.Boolean(
        truthy={True},
        falsy={False},
        metadata={"description": "The answers are generated, and every page says so."},
    )

    @pre_load
    def _name_plain_texts(self, raw: Any, **_: Any) -> Any:
        """A plain string is the survey's first language, whatever that is."""
        languages = raw.get("languages") if isinstance(raw, dict) else None
        first = languages[0] if isinstance(languages, list) and languages else "en"
        return _in_language(raw, first if isinstance(first, str) else "en")


def _in_language(raw: Any, language: str) -> Any:
    """`raw` with every plain text as {language: text}."""
    if isinstance(raw, list):
        return [_in_language(part, language) for part in raw]
    if not isinstance(raw, dict):
        return raw
    texts = {"text", "title", "introduction"}
    return {
        name: {language: value}
        if name in texts and isinstance(value, str)
        else (value if name == "visible_if" else _in_language(value, language))
        for name, value in raw.items()
    }


class SurveySchema(Schema):
    id = fields.String()
    unit = fields.String()
    status = fields.String()
    version = fields.Integer()
    revision = fields.Integer()
    definition = fields.Dict()
    created_at = fields.String()
    opened_at = fields.String(allow_none=True)
    closed_at = fields.String(allow_none=True)
    seal = fields.Dict(allow_none=True)


class SurveyPageSchema(Schema):
    surveys = fields.List(fields.Nested(SurveySchema))
    next = fields.String(allow_none=True)


class SurveyQuerySchema(PageSchema):
    class Meta:
        unknown = RAISE


class ResponseSchema(_Strict):
    """One response. Its answers are checked against the survey's definition."""

    id = fields.String(validate=RESPONSE_ID)
    group = fields.String(required=True)
    profile = fields.Dict(load_default=dict)
    answers = fields.Dict(required=True)


class SubmittedSchema(Schema):
    id = fields.String()
    receipt = fields.String()


class ReceiptSchema(Schema):
    class Meta:
        unknown = EXCLUDE

    receipt = fields.String(required=True, metadata={"description": "Shown when it was submitted."})


class ErasureSchema(_Strict):
    reason = fields.String(required=True, validate=validate.Length(1, 500))
