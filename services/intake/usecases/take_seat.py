"""Where a survey takes only so many of a group, each response has a seat."""

from services.intake.domain.survey import GroupFull
from services.intake.store import Store
from services.intake.store.surveys import OpenSurvey


def take_seat(store: Store, survey: OpenSurvey, group: str) -> None:
    """Raises GroupFull. A group that is not counted has always room."""
    most = survey.quotas.get(group)
    if most is not None and not store.quotas.take(survey.unit, survey.id, group, most):
        raise GroupFull(
            "As many of your group have answered as this survey takes. Thank you for wanting to."
        )


def leave_seat(store: Store, survey: OpenSurvey, group: str) -> None:
    """For a response that was not stored, or does not stand any more."""
    if group in survey.quotas:
        store.quotas.give_back(survey.id, group)
