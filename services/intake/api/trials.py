"""Test answers: checked as real ones are, kept apart, told to nobody."""

from typing import Any

from services.intake.schemas import ForgottenSchema, ResponseSchema, TrialsSchema
from services.intake.usecases.try_survey import try_survey
from shared import web
from shared.auth import reader, requires

trials = web.Blueprint(
    "trials", __name__, url_prefix="/v1/surveys/<survey>/trials", description="Test answers"
)


@trials.post("")
@trials.arguments(ResponseSchema)
@trials.response(201, ResponseSchema)
@requires("planner")
def submit(body: dict[str, Any], survey: str) -> Any:
    """Try what is being written, or else what is asked now."""
    name = body.get("id") or web.creation_id()
    content = try_survey(
        web.store(),
        unit=reader().unit,
        survey=survey,
        name=name,
        group=body["group"],
        profile=body["profile"],
        answers=body["answers"],
    )
    return {"id": name, **content}


@trials.get("")
@trials.response(200, TrialsSchema)
@requires("planner")
def read(survey: str) -> Any:
    """All test answers of a survey."""
    store = web.store()
    store.surveys.get(reader().unit, survey)
    return {"trials": list(store.trials.all_of(survey))}


@trials.delete("")
@trials.response(200, ForgottenSchema)
@requires("planner")
def forget(survey: str) -> Any:
    """Away with them; real answers stay."""
    store = web.store()
    store.surveys.get(reader().unit, survey)
    return {"forgotten": store.trials.forget(survey)}
