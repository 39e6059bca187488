"""Who is invited, with which links, and what is known of those who answer."""

from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from flask import Response, request
from marshmallow import RAISE, Schema, ValidationError, fields, validate, validates_schema

from services.intake import address_table
from services.intake.domain.invitation import link_to
from services.intake.domain.survey import Survey
from services.intake.store.invitations import Invitation
from services.intake.usecases import invite as inviting
from services.intake.usecases.open_vault import open_vault
from services.intake.usecases.response_rates import keep_population, response_rates
from shared import times, web
from shared.auth import reader, requires
from shared.paging import PageSchema, after, page
from shared.problems import invalid

invitations = web.Blueprint(
    "invitations", __name__, url_prefix="/v1/surveys/<survey>", description="Invitations"
)


class _Strict(Schema):
    class Meta:
        unknown = RAISE


class InvitationQuerySchema(PageSchema):
    class Meta:
        unknown = RAISE


class RowSchema(_Strict):
    email = fields.String(required=True)
    name = fields.String(load_default="")
    group = fields.String(load_default="")
    profile = fields.Dict(fields.String(), fields.String(), load_default=dict)


class InvitationSchema(Schema):
    id = fields.String()
    email = fields.String()
    name = fields.String()
    group = fields.String()
    profile = fields.Dict()
    answered = fields.Boolean()
    opted_out = fields.Boolean()


class InvitationPageSchema(Schema):
    invitations = fields.List(fields.Nested(InvitationSchema))
    next = fields.String(allow_none=True)


class InvitedSchema(Schema):
    invited = fields.Integer()
    changed = fields.Integer()
    unchanged = fields.Integer()


class LinkSchema(Schema):
    email = fields.String()
    name = fields.String()
    group = fields.String()
    link = fields.String()


class WithheldSchema(Schema):
    group = fields.String()
    people = fields.Integer()


class LinksSchema(Schema):
    links = fields.List(fields.Nested(LinkSchema))
    withheld = fields.List(fields.Nested(WithheldSchema))


class VaultQuestionSchema(_Strict):
    reason = fields.String(required=True, validate=validate.Length(5, 500))
    response = fields.String(validate=validate.Length(1, 128))
    email = fields.String(validate=validate.Length(3, 254))

    @validates_schema
    def _one_question(self, data: dict[str, Any], **_: Any) -> None:
        if ("response" in data) == ("email" in data):
            raise ValidationError("Ask by a response's id or by an e-mail address.", "response")


class VaultAnswerSchema(Schema):
    response = fields.String()
    email = fields.String()
    name = fields.String()
    group = fields.String()


class VaultUseSchema(Schema):
    who = fields.String()
    at = fields.String()
    reason = fields.String()
    asked = fields.Dict()


class VaultUsePageSchema(Schema):
    uses = fields.List(fields.Nested(VaultUseSchema))
    next = fields.String(allow_none=True)


class RateSchema(Schema):
    group = fields.String(allow_none=True)
    field = fields.String(allow_none=True)
    value = fields.String(allow_none=True)
    of = fields.Integer(allow_none=True)
    answered = fields.Integer(allow_none=True)
    rate = fields.Float(allow_none=True)
    suppressed = fields.Boolean()


class RatesSchema(Schema):
    base = fields.String(metadata={"description": "invited or population"})
    response_rates = fields.List(fields.Nested(RateSchema))
    counted_at = fields.String()


_ADDRESSES: dict[str, Any] = {
    "required": True,
    "content": {
        "text/csv": {
            "schema": {"type": "string"},
            "example": "email,name,group,college\nana@example.edu,Ana,student,Arts\n",
        },
        "application/json": {
            "schema": {"type": "object"},
            "example": {
                "invitations": [
                    {"email": "ana@example.edu", "group": "student", "profile": {"college": "Arts"}}
                ]
            },
        },
    },
}


@invitations.post("/invitations")
@web.accepts("text/csv", "application/json")
@invitations.doc(requestBody=_ADDRESSES)
@invitations.response(201, InvitedSchema)
@invitations.alt_response(200, schema=InvitedSchema, description="All were known as sent.")
@requires("planner")
def invite(survey: str) -> Any:
    """Invite addresses: all of the table, or nothing where a line is wrong. The same again changes
    nothing; columns beside email, name and group are profile fields."""
    rows = _rows("invitations", RowSchema, address_table.read_addresses)
    done = inviting.invite(web.store(), unit=reader().unit, survey=survey, rows=rows)
    return asdict(done), 201 if done.invited or done.changed else 200


@invitations.get("/invitations")
@invitations.arguments(InvitationQuerySchema, location="query")
@invitations.response(200, InvitationPageSchema)
@requires("planner")
def list_invitations(query: dict[str, Any], survey: str) -> Any:
    """Who is invited. In an anonymous survey `answered` changes only after as many new answers as
    the least size of a group."""
    asked = inviting.by_invitation(web.store(), reader().unit, survey)
    found = inviting.listed(web.store(), asked, after(query["cursor"]), query["limit"] + 1)
    return page(
        "invitations", found, query["limit"], lambda i: i.id, lambda i: _invitation(asked, i)
    )


@invitations.post("/invitations/links")
@invitations.response(200, LinksSchema)
@requires("planner")
def make_links(survey: str) -> Any:
    """A fresh link for everybody who has not answered, to send by your own means. Links that were
    made before stay good. With `Accept: text/csv`, as a table."""
    asked = inviting.by_invitation(web.store(), reader().unit, survey)
    withheld = inviting.settle(web.store(), asked)
    made = inviting.make_links(web.store(), asked)
    if request.accept_mimetypes.best_match(["application/json", "text/csv"]) == "text/csv":
        return address_table.links_file(made, web.settings().url)
    return {
        "links": [_addressed(each, secret) for each, secret in made],
        "withheld": [{"group": g, "people": n} for g, n in withheld.items()],
    }


@invitations.put("/population")
@web.accepts("text/csv", "application/json")
@invitations.response(204)
@requires("planner")
def put_population(survey: str) -> Response:
    """How many there are of each group, and profile if you like, to compare answers with. A row:
    group, count, and profile fields."""
    rows = _rows("population", PopulationSchema, address_table.read_population)
    keep_population(web.store(), unit=reader().unit, survey=survey, rows=rows)
    return Response(status=204)


class PopulationSchema(_Strict):
    group = fields.String(required=True)
    count = fields.Raw(required=True)
    profile = fields.Dict(fields.String(), fields.String(), load_default=dict)


@invitations.get("/response_rates")
@invitations.response(200, RatesSchema)
@requires("planner", "administrator")
def read_rates(survey: str) -> Any:
    """How many of those who were invited have answered, by group and by profile field; of the
    population where nobody was invited."""
    rates = response_rates(web.store(), unit=reader().unit, survey=survey)
    return {
        "base": rates.base,
        "response_rates": [asdict(each) for each in rates.cells],
        "counted_at": times.rfc3339(rates.counted_at),
    }


@invitations.post("/vault")
@invitations.arguments(VaultQuestionSchema)
@invitations.response(200, VaultAnswerSchema)
@requires("administrator")
def ask_vault(body: dict[str, Any], survey: str) -> Any:
    """Whose a confidential response is. Who asks, when and why is recorded for good."""
    reason = body.pop("reason")
    who = reader()
    response, invitation = open_vault(
        web.store(), unit=who.unit, survey=survey, who=who.name, reason=reason, asked=body
    )
    named = {"email": invitation.email, "name": invitation.name, "group": invitation.group}
    return {"response": response, **named}


@invitations.get("/vault/uses")
@invitations.arguments(InvitationQuerySchema, location="query")
@invitations.response(200, VaultUsePageSchema)
@requires("administrator", "planner")
def list_vault_uses(query: dict[str, Any], survey: str) -> Any:
    """Each time the vault was opened."""
    web.store().surveys.get(reader().unit, survey)
    found = web.store().vault.uses(survey, after(query["cursor"]), query["limit"] + 1)
    return page(
        "uses",
        found,
        query["limit"],
        lambda row: row[0],
        lambda row: {**asdict(row[1]), "at": times.rfc3339(row[1].at)},
    )


def _rows(
    name: str, schema: type[Schema], read: Callable[[str], list[dict[str, Any]]]
) -> list[dict[str, Any]]:
    """Of a table's lines, or of JSON's {name: [...]}, where a line is a position from 1."""
    if request.mimetype == "text/csv":
        return read(address_table.as_text(request.get_data()))
    body = request.get_json()
    given = body.get(name) if isinstance(body, dict) else None
    if not isinstance(given, list) or body.keys() != {name}:
        message = f'Send {{"{name}": [...]}}, and nothing beside it; or a table as text/csv.'
        raise invalid([{"field": name, "message": message}])
    loader = schema()
    errors = [
        {"line": line, "field": f"{name}.{line - 1}.{field}", "message": " ".join(texts)}
        for line, row in enumerate(given, 1)
        for field, texts in loader.validate(row).items()
        if isinstance(texts, list)
    ]
    if errors:
        raise invalid(errors)
    return [{"line": line, **loader.load(row)} for line, row in enumerate(given, 1)]


def _addressed(invitation: Invitation, secret: str) -> dict[str, str]:
    names = {"email": invitation.email, "name": invitation.name, "group": invitation.group}
    return {**names, "link": link_to(web.settings().url, secret)}


def _invitation(asked: Survey, invitation: Invitation) -> dict[str, Any]:
    return {**vars(invitation), "answered": inviting.has_answered(asked, invitation)}
