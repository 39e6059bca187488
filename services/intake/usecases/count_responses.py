"""Say now and then how many responses stand, so that a listener who lost some learns of it."""

from services.intake.domain.survey import OPEN, Survey
from services.intake.events import ResponsesCounted
from services.intake.store import Store
from services.intake.store.surveys import RECOUNT_AFTER
from shared import times

COUNT_SECONDS = RECOUNT_AFTER.total_seconds()


def count_responses(store: Store) -> None:
    """Of each open survey; of one that was sealed twice more, since a difference counts when the
    same was said twice, and then never again."""
    for survey in store.surveys.with_status(OPEN):
        store.surveys.say(_counted(survey, *store.responses.tally(survey.id)))
    for survey in store.surveys.to_recount():
        _recount(store, survey)


def _recount(store: Store, survey: Survey) -> None:
    """One that was sealed with another count than stands now is sealed again: a process may have
    died between storing a late answer and saying so."""
    count, set_hash = store.responses.tally(survey.id)
    if survey.seal == {"count": count, "set_hash": set_hash}:
        store.surveys.recounted(survey, _counted(survey, count, set_hash))
    else:
        store.surveys.reopen_seal([survey.id])


def _counted(survey: Survey, count: int, set_hash: str) -> ResponsesCounted:
    return ResponsesCounted(
        unit=survey.unit,
        subject=survey.id,
        count=count,
        set_hash=set_hash,
        at=times.rfc3339(times.now()),
    )
