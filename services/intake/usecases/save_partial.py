"""Somebody stops half-way and asks for a link to go on with."""

from datetime import datetime, timedelta

from services.intake.domain.invitation import is_secret, new_secret
from services.intake.store import Store
from services.intake.store.partials import Fields
from shared import times

KEPT_DAYS = 30
FORGET_SECONDS = 3600.0


def save_partial(store: Store, *, survey: str, secret: str, fields: Fields) -> tuple[str, datetime]:
    """Keep what was typed under `secret`, or under a new one where that is none. Answers the
    secret and until when it is good. Raises NoSuchSurvey."""
    secret = secret if is_secret(secret) else new_secret()
    until = times.now() + timedelta(days=KEPT_DAYS)
    unit = store.surveys.for_answering(survey).unit
    store.partials.keep(unit, survey, secret, fields, until)
    return secret, until


def forget_partials(store: Store) -> None:
    """Those whose time is over."""
    store.partials.forget_old(times.now())
