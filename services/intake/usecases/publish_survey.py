"""A draft opens, or its correction follows it: the definition is fixed and everybody who listens
learns it."""

from services.intake.domain.survey import Survey
from services.intake.events import SurveyPublished
from services.intake.store import Store
from shared import times
from shared.event import Event


def publish_survey(store: Store, *, unit: str, name: str) -> Survey:
    """Raises SurveyNotDraft, NoSuchSurvey."""

    def change(survey: Survey) -> list[Event]:
        survey.publish(times.now())
        return [SurveyPublished.of(survey, survey.version)]

    return store.surveys.update(unit, name, change)
