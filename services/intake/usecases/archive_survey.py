"""A closed survey is put away, or fetched back."""

from services.intake.domain.survey import Survey
from services.intake.store import Store
from shared.event import Event


def archive_survey(store: Store, *, unit: str, name: str) -> Survey:
    """Raises SurveyInUse, NoSuchSurvey. Archiving what is archived changes nothing."""

    def change(survey: Survey) -> list[Event]:
        survey.archive()
        return []

    return store.surveys.update(unit, name, change)


def restore_survey(store: Store, *, unit: str, name: str) -> Survey:
    """Raises SurveyInUse, NoSuchSurvey."""

    def change(survey: Survey) -> list[Event]:
        survey.restore()
        return []

    return store.surveys.update(unit, name, change)
