"""Answers are erased once their survey keeps them no longer."""

from datetime import timedelta
from itertools import islice

from services.intake.domain.survey import ARCHIVED, CLOSED, Survey
from services.intake.store import Store
from services.intake.usecases.erase_response import erase_response
from shared import times

EXPIRE_SECONDS = 60.0
REASON = "the survey's time for keeping answers is over"
_AT_ONCE = 500


def erase_expired(store: Store) -> None:
    """A batch of each survey whose time is over; the rest at the next looks. It is erased here and
    wherever it was heard of, and the set of answers is sealed anew."""
    for status in (CLOSED, ARCHIVED):
        for survey in store.surveys.with_status(status):
            if _is_over(survey):
                for name, *_ in list(islice(store.responses.standing(survey.id), _AT_ONCE)):
                    erase_response(
                        store, unit=survey.unit, survey=survey.id, name=name, reason=REASON
                    )


def _is_over(survey: Survey) -> bool:
    days = survey.definition.get("retention_days")
    if days is None or survey.closed_at is None:
        return False
    return times.now() >= survey.closed_at + timedelta(days=days)
