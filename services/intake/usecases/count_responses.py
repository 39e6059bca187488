"""Say now and then how many responses stand, so that a listener who lost some learns of it."""

from services.intake.events import ResponsesCounted
from services.intake.store import Store
from shared import times

COUNT_SECONDS = 600.0


def count_responses(store: Store) -> None:
    """Of each survey that is open, or closed. One that was sealed with another count than stands
    now is sealed again: a process may have died between storing a late answer and saying so."""
    for survey in store.surveys.published():
        count, set_hash = store.responses.tally(survey.id)
        if survey.status == "closed" and survey.seal != {"count": count, "set_hash": set_hash}:
            store.surveys.reopen_seal([survey.id])
        said = ResponsesCounted(
            unit=survey.unit,
            subject=survey.id,
            count=count,
            set_hash=set_hash,
            at=times.rfc3339(times.now()),
        )
        store.surveys.say(said)
