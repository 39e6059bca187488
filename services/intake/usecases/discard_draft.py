"""What was being written is given up: a draft, or an open survey's correction."""

from services.intake.domain.survey import Survey
from services.intake.store import Store


def discard_draft(store: Store, *, unit: str, name: str) -> None:
    """Keep nothing of a draft, its test answers included. Raises SurveyInUse, NoSuchSurvey."""
    store.surveys.discard(unit, name)
    store.trials.forget(name)
    store.origins.forget(name)
    store.invitations.forget_population(name)


def drop_correction(store: Store, *, unit: str, name: str) -> Survey:
    """Raises NoSuchSurvey. Where there is no correction, nothing changes."""
    return store.surveys.edit(unit, name, Survey.drop_correction)
