"""The bodies that accounts takes and gives."""

from marshmallow import RAISE, Schema, fields, validate

from services.accounts.domain.account import ROLES

_NAME = validate.Regexp(
    r"^[A-Za-z0-9._@+-]{1,100}$", error="Use letters, digits and . _ @ + -, at most 100."
)


class CredentialsSchema(Schema):
    class Meta:
        unknown = RAISE

    name = fields.String(required=True, validate=_NAME)
    password = fields.String(required=True, validate=validate.Length(1, 1000))


class AddAccountSchema(CredentialsSchema):
    password = fields.String(
        required=True,
        validate=validate.Length(12, 1000, error="At least 12 characters; four words will do."),
    )
    role = fields.String(required=True, validate=validate.OneOf(ROLES))


class AccountSchema(Schema):
    name = fields.String()
    unit = fields.String()
    role = fields.String()
    disabled = fields.Boolean()


class AccountPageSchema(Schema):
    accounts = fields.List(fields.Nested(AccountSchema))
    next = fields.String(allow_none=True)


class TokenSchema(Schema):
    access_token = fields.String()
    token_type = fields.String()
    expires_in = fields.Integer(metadata={"description": "Seconds."})
