"""Intake over HTTP: surveys for planners, responses for everybody."""

from services.intake.api import responses, surveys, trials
from services.intake.domain.answers import InvalidAnswers
from services.intake.domain.definition import InvalidDefinition
from services.intake.domain.survey import GroupFull, SurveyInUse, SurveyNotDraft, SurveyNotOpen
from services.intake.store.responses import NoSuchResponse, ResponseConflict, ResponseErased
from services.intake.store.surveys import AlreadyCreated, NoSuchSurvey
from shared.problems import Problem, Rules, invalid, not_found

BLUEPRINTS = [surveys.surveys, responses.responses, trials.trials]

RULES: Rules = {
    SurveyNotDraft: lambda error: Problem(409, "survey-not-draft", str(error)),
    SurveyInUse: lambda error: Problem(409, "survey-in-use", str(error)),
    GroupFull: lambda error: Problem(409, "group-full", str(error)),
    SurveyNotOpen: lambda error: Problem(409, "survey-not-open", str(error)),
    ResponseConflict: lambda error: Problem(409, "response-conflict", str(error)),
    ResponseErased: lambda error: Problem(410, "response-erased", str(error)),
    AlreadyCreated: lambda error: Problem(422, "idempotency-key-reused", str(error)),
    NoSuchSurvey: lambda _: not_found("survey"),
    NoSuchResponse: lambda _: not_found("response"),
    InvalidAnswers: lambda error: invalid(error.errors, str(error)),
    InvalidDefinition: lambda error: invalid(error.errors, str(error)),
}
