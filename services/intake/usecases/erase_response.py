"""A person asks to be forgotten: nothing of the response is kept, in this service or another."""

from services.intake.domain.survey import Survey
from services.intake.events import ResponseErased
from services.intake.store import Store
from services.intake.store.responses import response_key
from shared import times
from shared.contributions import ERASED


def erase_response(store: Store, *, unit: str, survey: str, name: str, reason: str) -> None:
    """Erase for good, open or closed. The survey of a closed one is sealed again without it.

    Raises NoSuchSurvey, NoSuchResponse. Again, it changes nothing.
    """
    owner = store.surveys.get(unit, survey)
    store.responses.remains(survey, name)
    # Before, so that it is counted anew should this process die here; and after, should this take
    # longer than whoever seals waits.
    store.surveys.reopen_seal([survey])
    forget_response(store, owner, name, reason)
    store.exports.spoil(survey)
    store.surveys.reopen_seal([survey])


def forget_response(store: Store, survey: Survey, name: str, reason: str) -> None:
    """Erase one and say so; whoever calls sees to the seal and to exports. Raises
    NoSuchResponse."""
    at = times.now()
    said = ResponseErased(
        unit=survey.unit,
        subject=response_key(survey.id, name),
        survey=survey.id,
        survey_version=survey.version,
        revision=ERASED,
        at=times.rfc3339(at),
        reason=reason,
        outcome=store.surveys.for_answering(survey.id).outcome(None),
    )
    store.responses.erase(survey.id, name, reason, said, at)
    key = response_key(survey.id, name)
    store.vault.forget(key)
    store.vault.forget_uses_about(survey.id, None, name)
    store.partials.forget_about(key, None)
