"""A planner writes a survey down; nobody can answer it yet."""

from typing import Any

from services.intake.domain.definition import check_size, compile_definition
from services.intake.domain.survey import Survey
from services.intake.store import Store
from shared import times


def create_survey(
    store: Store, *, unit: str, name: str, who: str, definition: dict[str, Any], digest: str
) -> Survey:
    """Raises InvalidDefinition, AlreadyCreated."""
    check_size(definition)
    compile_definition(definition)
    survey = Survey(
        id=name,
        unit=unit,
        definition=definition,
        created_by=who,
        created_at=times.now(),
        body_digest=digest,
    )
    return store.surveys.add(survey)


def edit_survey(store: Store, *, unit: str, name: str, definition: dict[str, Any]) -> Survey:
    """Replace a draft's definition. Raises InvalidDefinition, SurveyNotDraft, NoSuchSurvey."""
    check_size(definition)
    compile_definition(definition)
    return store.surveys.edit(unit, name, lambda survey: survey.edit(definition))
