"""A planner changes one part of a survey: of the draft, or of an open survey's correction."""

from services.intake.domain.builder import Edit
from services.intake.domain.definition import check_size, compile_definition
from services.intake.domain.survey import Survey
from services.intake.store import Store


def build_survey(store: Store, *, unit: str, name: str, edit: Edit) -> Survey:
    """Apply `edit` to what is being written, as it is now: what somebody else changed elsewhere
    in it stays changed.

    Raises InvalidDefinition, SurveyNotDraft, NoSuchSurvey, and what `edit` raises.
    """

    def change(survey: Survey) -> None:
        definition = edit(survey.being_written)
        check_size(definition)
        compile_definition(definition)
        survey.edit(definition)

    return store.surveys.edit(unit, name, change)
