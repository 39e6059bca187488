"""Somebody stops half-way and asks for a link to go on with."""

from datetime import datetime, timedelta

from services.intake.domain.invitation import InvitationUnknown, is_secret, new_secret
from services.intake.domain.participation import ANONYMOUS
from services.intake.store import Store
from services.intake.store.partials import Fields
from services.intake.store.responses import response_key
from shared import times

KEPT_DAYS = 30
FORGET_SECONDS = 3600.0


def save_partial(
    store: Store, *, survey: str, secret: str, name: str, fields: Fields
) -> tuple[str, datetime]:
    """Keep what was typed of the response `name` under `secret`, or under a new one where that is
    none. Answers the secret and until when it is good. Raises NoSuchSurvey."""
    secret = secret if is_secret(secret) else new_secret()
    until = times.now() + timedelta(days=KEPT_DAYS)
    asked = store.surveys.for_answering(survey)
    invitation = None
    if asked.participation != ANONYMOUS:
        invitation = _invitation(store, secret)
    store.partials.keep(
        asked.unit, survey, secret, fields, until,
        response=response_key(survey, name), invitation=invitation,
    )  # fmt: skip
    return secret, until


def _invitation(store: Store, secret: str) -> str | None:
    try:
        return store.invitations.by_secret(secret).id
    except InvitationUnknown:
        return None


def forget_partials(store: Store) -> None:
    """Those whose time is over."""
    store.partials.forget_old(times.now())
