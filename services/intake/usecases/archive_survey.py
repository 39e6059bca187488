"""A closed survey is put away, or fetched back."""

from services.intake.domain.survey import Survey
from services.intake.store import Store


def archive_survey(store: Store, *, unit: str, name: str) -> Survey:
    """Raises SurveyInUse, NoSuchSurvey. Archiving what is archived changes nothing."""
    return store.surveys.edit(unit, name, Survey.archive)


def restore_survey(store: Store, *, unit: str, name: str) -> Survey:
    """Raises SurveyInUse, NoSuchSurvey."""
    return store.surveys.edit(unit, name, Survey.restore)
