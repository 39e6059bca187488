"""Ask again: a new draft with the questions of a survey there is."""

from services.intake.domain.survey import Survey
from services.intake.store import Store
from services.intake.usecases.create_survey import create_survey

_OF_ITS_TIME = ("opens_at", "closes_at", "outcome_period")


def duplicate_survey(
    store: Store, *, unit: str, name: str, copy: str, who: str, digest: str
) -> Survey:
    """The draft `copy` of survey `name`, with the same item ids, so that answers can be compared.

    What belonged to its time is left out. Raises NoSuchSurvey, AlreadyCreated.
    """
    found = store.surveys.get(unit, name)
    asked = found.being_written
    definition = {key: value for key, value in asked.items() if key not in _OF_ITS_TIME}
    return create_survey(store, unit=unit, name=copy, who=who, definition=definition, digest=digest)
