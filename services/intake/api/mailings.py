"""Letters to those who are invited, and the prize draw."""

from dataclasses import asdict
from typing import Any

from marshmallow import RAISE, Schema, fields, validate

from services.intake.store.draws import Draw
from services.intake.store.mailings import Mailing
from services.intake.usecases import remind
from services.intake.usecases.draw_prizes import draw_prizes
from shared import times, web
from shared.auth import reader, requires
from shared.mail import MailServer

mailings = web.Blueprint(
    "mailings", __name__, url_prefix="/v1/surveys/<survey>", description="Mail and prizes"
)


class _Strict(Schema):
    class Meta:
        unknown = RAISE


class LetterSchema(_Strict):
    subject = fields.String(required=True, validate=validate.Length(1, 200))
    text = fields.String(
        required=True,
        validate=validate.Length(1, 20_000),
        metadata={"description": "With {link}, and {name} and {closes} where you like."},
    )
    language = fields.String(
        load_default="",
        validate=validate.Length(max=40),
        metadata={"description": "One of the survey's; its first where none is said."},
    )


class MailingSchema(Schema):
    id = fields.String()
    subject = fields.String()
    language = fields.String()
    status = fields.String()
    trouble = fields.String(
        metadata={"description": "Why the mail server cannot be used; tried again each minute."}
    )
    created_by = fields.String()
    created_at = fields.String()
    progress = fields.Dict(fields.String(), fields.Integer())


class MailingPageSchema(Schema):
    mailings = fields.List(fields.Nested(MailingSchema))
    next = fields.String(allow_none=True)


class DrawingSchema(_Strict):
    winners = fields.Integer(required=True, strict=True, validate=validate.Range(1, 1000))
    seed = fields.String(required=True, validate=validate.Length(1, 200))


class DrawSchema(Schema):
    seed = fields.String()
    entries = fields.Integer()
    winners = fields.List(fields.String())
    drawn_by = fields.String()
    drawn_at = fields.String()


@mailings.post("/mailings")
@mailings.arguments(LetterSchema)
@mailings.response(201, MailingSchema)
@requires("planner")
def send_mail(letter: dict[str, Any], survey: str) -> Any:
    """Mail everybody who has not answered, each with a fresh link, at most once a mailing."""
    who = reader()
    mailing = remind.mail_unanswered(
        web.store(), MailServer.configured(),
        unit=who.unit, survey=survey, name=web.creation_id(), who=who.name, **letter,
    )  # fmt: skip
    return _mailing(mailing)


@mailings.get("/mailings")
@mailings.response(200, MailingPageSchema)
@requires("planner", "administrator")
def list_mailings(survey: str) -> Any:
    """The newest first. `progress` counts deliveries: queued, sent, skipped (opted out or answered
    meanwhile), failed (refused), uncertain (handed over when the connection or the process broke;
    not sent again)."""
    web.store().surveys.get(reader().unit, survey)
    found = web.store().mailings.of(survey)
    return {"mailings": [_mailing(each) for each in found], "next": None}


@mailings.post("/mailings/<name>/cancel")
@mailings.response(200, MailingSchema)
@requires("planner")
def cancel(survey: str, name: str) -> Any:
    """Send no more of it."""
    web.store().surveys.get(reader().unit, survey)
    return _mailing(remind.cancel_mailing(web.store(), unit=reader().unit, name=name))


@mailings.post("/draw")
@mailings.arguments(DrawingSchema)
@mailings.response(200, DrawSchema)
@requires("planner")
def draw(body: dict[str, Any], survey: str) -> Any:
    """Draw winners of a closed survey. All other addresses are forgotten."""
    who = reader()
    drawn = draw_prizes(web.store(), unit=who.unit, survey=survey, who=who.name, **body)
    return _draw(drawn)


def _mailing(mailing: Mailing) -> dict[str, Any]:
    progress = web.store().mailings.progress(mailing.id)
    return {
        **asdict(mailing),
        "created_at": times.rfc3339(mailing.created_at),
        "progress": progress,
    }


def _draw(drawn: Draw) -> dict[str, Any]:
    return {**asdict(drawn), "drawn_at": times.rfc3339(drawn.drawn_at)}
