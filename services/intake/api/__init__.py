"""Intake over HTTP: surveys for planners, responses for everybody."""

from services.intake.address_table import UnreadableTable
from services.intake.api import (
    definitions,
    exports,
    imports,
    invitations,
    mailings,
    responses,
    surveys,
    trials,
    visits,
    webhooks,
)
from services.intake.domain.answers import InvalidAnswers
from services.intake.domain.definition import InvalidDefinition
from services.intake.domain.invitation import (
    InvitationNeeded,
    InvitationSpent,
    InvitationUnknown,
    NotByInvitation,
)
from services.intake.domain.survey import GroupFull, SurveyInUse, SurveyNotDraft, SurveyNotOpen
from services.intake.domain.webhook import InvalidWebhook
from services.intake.formats.imported import UnreadableFile
from services.intake.store.brought import NothingBrought, TooManyKinds
from services.intake.store.draws import DrawOver
from services.intake.store.invitations import ListBusy
from services.intake.store.responses import NoSuchResponse, ResponseConflict, ResponseErased
from services.intake.store.surveys import AlreadyCreated, NoSuchSurvey
from services.intake.store.webhooks import NoSuchWebhook, TooManyWebhooks
from services.intake.tables import reading
from services.intake.tables.mapping import InvalidMapping
from services.intake.usecases.draw_prizes import InvalidAddress, NoDraw
from services.intake.usecases.invite import InvalidTable
from services.intake.usecases.open_vault import NoVault
from services.intake.usecases.remind import InvalidLetter, NoMailServer
from services.intake.usecases.replay_delivery import WebhookOff
from services.intake.usecases.start_import import NotToImport
from shared.jobs import NoSuchJob
from shared.problems import Problem, Rules, invalid, not_found

BLUEPRINTS = [
    surveys.surveys,
    responses.responses,
    trials.trials,
    invitations.invitations,
    imports.imports,
    definitions.definitions,
    exports.exports,
    mailings.mailings,
    visits.visits,
    webhooks.webhooks,
]

RULES: Rules = {
    SurveyNotDraft: lambda error: Problem(409, "survey-not-draft", str(error)),
    SurveyInUse: lambda error: Problem(409, "survey-in-use", str(error)),
    GroupFull: lambda error: Problem(409, "group-full", str(error)),
    SurveyNotOpen: lambda error: Problem(409, "survey-not-open", str(error)),
    ResponseConflict: lambda error: Problem(409, "response-conflict", str(error)),
    ResponseErased: lambda error: Problem(410, "response-erased", str(error)),
    AlreadyCreated: lambda error: Problem(422, "idempotency-key-reused", str(error)),
    InvitationNeeded: lambda error: Problem(403, "invitation-needed", str(error)),
    InvitationUnknown: lambda error: Problem(403, "invitation-unknown", str(error)),
    InvitationSpent: lambda error: Problem(409, "invitation-spent", str(error)),
    NotByInvitation: lambda error: Problem(409, "not-by-invitation", str(error)),
    ListBusy: lambda error: Problem(503, "list-busy", str(error), headers={"Retry-After": "5"}),
    NoMailServer: lambda error: Problem(409, "no-mail-server", str(error)),
    InvalidLetter: lambda error: invalid(error.errors, str(error)),
    NoDraw: lambda error: Problem(409, "no-draw", str(error)),
    DrawOver: lambda error: Problem(409, "draw-over", str(error)),
    InvalidAddress: lambda error: invalid([{"field": "address", "message": str(error)}]),
    NoVault: lambda error: Problem(409, "no-vault", str(error)),
    UnreadableTable: lambda error: invalid([{"field": "body", "message": str(error)}]),
    reading.UnreadableTable: lambda error: invalid([{"field": "file", "message": str(error)}]),
    TooManyKinds: lambda error: invalid([{"field": "file", "message": str(error)}]),
    UnreadableFile: lambda error: invalid([{"field": "file", "message": str(error)}]),
    InvalidMapping: lambda error: invalid(error.errors, "Mend the mapping."),
    NotToImport: lambda error: Problem(409, "not-to-import", str(error)),
    NoSuchJob: lambda error: not_found(str(error)),
    NothingBrought: lambda _: not_found("file"),
    InvalidTable: lambda error: invalid(error.errors, str(error)),
    NoSuchWebhook: lambda _: not_found("webhook"),
    TooManyWebhooks: lambda error: Problem(409, "too-many-webhooks", str(error)),
    WebhookOff: lambda error: Problem(409, "webhook-off", str(error)),
    InvalidWebhook: lambda error: invalid(error.errors, str(error)),
    NoSuchSurvey: lambda _: not_found("survey"),
    NoSuchResponse: lambda _: not_found("response"),
    InvalidAnswers: lambda error: invalid(error.errors, str(error)),
    InvalidDefinition: lambda error: invalid(error.errors, str(error)),
}
