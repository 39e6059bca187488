"""The bodies that intake takes and gives."""

from typing import Any

from marshmallow import (
    EXCLUDE,
    RAISE,
    Schema,
    ValidationError,
    fields,
    post_load,
    pre_load,
    validate,
    validates_schema,
)

from services.intake.domain.items import TYPES
from services.intake.domain.webhook import TOLD
from shared import times
from shared.paging import PageSchema
from shared.web import AsGiven

_ID = validate.Regexp(
    r"^[A-Za-z0-9_][A-Za-z0-9_-]{0,63}$",
    error="Use letters, digits, - and _, at most 64, and begin with no -.",
)
_LANGUAGE = validate.Regexp(
    r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$",
    error="{input} is no code of a language: give one such as en or pt-BR.",
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


def _needed(what_to_do: str, longest: int = 5000) -> TextField:
    return TextField(longest, required=True, error_messages={"required": what_to_do})


def _point(what_to_do: str) -> fields.Integer:
    return fields.Integer(
        required=True,
        strict=True,
        validate=validate.Range(-100, 100),
        error_messages={"required": what_to_do},
    )


def _flag(description: str) -> fields.Boolean:
    return fields.Boolean(truthy={True}, falsy={False}, metadata={"description": description})


class _Strict(Schema):
    class Meta:
        unknown = RAISE


class ScaleSchema(_Strict):
    min = _point("Give the lowest point.")
    max = _point("Give the highest point.")
    low = TextField(longest=100, metadata={"description": "What the lowest point means."})
    high = TextField(longest=100, metadata={"description": "What the highest point means."})


class ChoiceSchema(_Strict):
    value = fields.String(required=True, validate=_ID)
    text = _needed("Write the choice.", longest=500)
    exclusive = _flag("Goes with no other choice, as 'none of these' does.")


class RowSchema(_Strict):
    value = fields.String(required=True, validate=_ID)
    text = _needed("Write the row.", longest=500)


class SectionSchema(_Strict):
    id = fields.String(required=True, validate=_ID)
    title = _needed("Write the section's title.", longest=500)
    text = TextField()
    lens = fields.String(validate=validate.OneOf(["culture", "needs", "structure"]))
    visible_if = fields.Raw(allow_none=True)


class ItemSchema(_Strict):
    id = fields.String(required=True, validate=_ID)
    section = fields.String()
    type = fields.String(required=True, validate=validate.OneOf(tuple(TYPES)))
    role = fields.String(
        validate=validate.OneOf(["profile", "overall_satisfaction", "first_destination"])
    )
    text = _needed("Write the question.")
    hint = TextField(longest=1000)
    support = TextField(metadata={"description": "Whom to turn to, shown beside the question."})
    scale = fields.Nested(ScaleSchema)
    choices = fields.List(fields.Nested(ChoiceSchema), validate=validate.Length(max=500))
    rows = fields.List(fields.Nested(RowSchema), validate=validate.Length(max=100))
    other = _flag("Adds a choice of one's own, with its text.")
    random = _flag("Choices, or a matrix's rows, come in another order for everybody.")
    no_basis = _flag('Offers "no basis to answer".')
    min_choices = fields.Integer(strict=True, validate=validate.Range(1, 200))
    max_choices = fields.Integer(strict=True, validate=validate.Range(1, 200))
    min = fields.Raw(metadata={"description": "The least number, or the first day."})
    max = fields.Raw(metadata={"description": "The greatest number, or the last day."})
    decimals = fields.Integer(strict=True, validate=validate.Range(0, 6))
    max_length = fields.Integer(strict=True, validate=validate.Range(1, 10_000))
    multiline = _flag("More than one line; so it is unless this is false.")
    required = _flag("Must be answered where it is shown.")
    visible_if = fields.Raw(allow_none=True)
    required_if = fields.Raw(allow_none=True)
    valid_if = fields.Raw(allow_none=True)
    valid_message = TextField(longest=500)


class DefinitionSchema(_Strict):
    title = _needed("Write the survey's title.", longest=200)
    languages = fields.List(
        fields.String(validate=_LANGUAGE),
        load_default=lambda: ["en"],
        validate=validate.Length(1, 20),
    )
    groups = fields.List(
        fields.String(validate=_ID), required=True, validate=validate.Length(1, 200)
    )
    group_titles = fields.Dict(fields.String(), TextField(longest=100))
    minimum_group_size = fields.Integer(
        strict=True, load_default=10, validate=validate.Range(1, 1000)
    )
    participation = fields.String(
        load_default="anonymous",
        validate=validate.OneOf(["anonymous", "confidential", "identified"]),
    )
    access = fields.String(load_default="open", validate=validate.OneOf(["open", "invited"]))
    opens_at = fields.AwareDateTime("iso", allow_none=True)
    closes_at = fields.AwareDateTime("iso", allow_none=True)
    introduction = TextField(metadata={"description": "What it is for, and who sees what."})
    contact = TextField(longest=500)
    consent = TextField(longest=1000, metadata={"description": "What must be agreed to first."})
    draw = TextField(longest=1000, metadata={"description": "What can be won, and how."})
    quotas = fields.Dict(
        fields.String(),
        fields.Integer(strict=True, validate=validate.Range(1, 1_000_000)),
        metadata={"description": "By group, how many responses are taken."},
    )
    retention_days = fields.Integer(
        strict=True,
        allow_none=True,
        validate=validate.Range(1, 36_500),
        metadata={"description": "Answers are erased so many days after closing."},
    )
    outcome_period = fields.String(
        validate=validate.Length(1, 20),
        metadata={"description": "The class year that first destinations are reported for."},
    )
    sections = fields.List(fields.Nested(SectionSchema), load_default=list)
    items = fields.List(fields.Nested(ItemSchema), required=True, validate=validate.Length(max=300))
    synthetic = _flag("The answers are generated, and every page says so.")

    @pre_load
    def _name_plain_texts(self, raw: Any, **_: Any) -> Any:
        """A plain string is the survey's first language, whatever that is."""
        languages = raw.get("languages") if isinstance(raw, dict) else None
        first = languages[0] if isinstance(languages, list) and languages else "en"
        return _in_language(raw, first if isinstance(first, str) else "en")

    @validates_schema
    def _opens_before_it_closes(self, raw: dict[str, Any], **_: Any) -> None:
        opens, closes = raw.get("opens_at"), raw.get("closes_at")
        if opens is not None and closes is not None and opens >= closes:
            raise ValidationError("It must close after it opens.", "closes_at")

    @post_load
    def _write_times(self, raw: dict[str, Any], **_: Any) -> dict[str, Any]:
        """A definition is kept as the JSON that it came as."""
        for name in ("opens_at", "closes_at"):
            if raw.get(name) is not None:
                raw[name] = times.rfc3339(raw[name])
        return raw


_TEXTS = {
    "contact", "consent", "draw", "high", "hint", "introduction", "low", "support", "text",
    "title", "valid_message",
}  # fmt: skip
_RULES = {"visible_if", "required_if", "valid_if"}


def _in_language(raw: Any, language: str) -> Any:
    """`raw` with every plain text as {language: text}."""
    if isinstance(raw, list):
        return [_in_language(part, language) for part in raw]
    if not isinstance(raw, dict):
        return raw
    if isinstance(raw.get("group_titles"), dict):
        titles = raw["group_titles"].items()
        raw = {**raw, "group_titles": {k: _named(v, language) for k, v in titles}}
    return {
        name: _named(value, language)
        if name in _TEXTS
        else (value if name in _RULES else _in_language(value, language))
        for name, value in raw.items()
    }


def _named(value: Any, language: str) -> Any:
    return {language: value} if isinstance(value, str) else value


class SurveySchema(Schema):
    id = fields.String()
    unit = fields.String()
    status = fields.String()
    version = fields.Integer()
    revision = fields.Integer()
    definition = fields.Dict()
    correction = fields.Dict(
        allow_none=True,
        metadata={"description": "What is being written to follow the published definition."},
    )
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
    invitation = fields.String(
        load_only=True,
        metadata={"description": "What stands after the # of one's link; or as `Invitation`."},
    )
    survey_version = fields.Integer(
        strict=True,
        validate=validate.Range(1, 10_000),
        metadata={"description": "Which version was answered; the last one unless said."},
    )


class SubmittedSchema(AsGiven):
    id = fields.String()
    receipt = fields.String()


class TrialsSchema(Schema):
    trials = fields.List(fields.Dict())


class ForgottenSchema(Schema):
    forgotten = fields.Integer()


class ReceiptSchema(Schema):
    class Meta:
        unknown = EXCLUDE

    receipt = fields.String(required=True, metadata={"description": "Shown when it was submitted."})


class ErasureSchema(_Strict):
    reason = fields.String(required=True, validate=validate.Length(1, 500))


class NewWebhookSchema(_Strict):
    url = fields.String(
        required=True,
        validate=validate.Length(1, 2000, error="Give an address of at most 2000 characters."),
    )
    events = fields.List(
        fields.String(validate=validate.OneOf(sorted(TOLD.values()))),
        required=True,
        validate=validate.Length(1, 20, error="Choose at least one event."),
    )
