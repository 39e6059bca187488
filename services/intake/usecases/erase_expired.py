"""Answers are erased once their survey keeps them no longer."""

import threading
from dataclasses import dataclass
from datetime import timedelta
from itertools import islice

import structlog

from services.intake.domain.survey import ARCHIVED, CLOSED, Survey
from services.intake.store import Store
from services.intake.usecases.erase_response import forget_response
from shared import times
from shared.loops import repeat

log = structlog.get_logger()

REASON = "retention"
_AT_ONCE = 200
_IDLE_SECONDS = 60.0


@dataclass(frozen=True)
class EraseExpired:
    """Looks once a minute, and goes on without pause where there is something to erase: half of a
    survey's answers are worth nothing to anybody."""

    store: Store

    def __call__(self, stop: threading.Event) -> None:
        repeat(
            lambda: erase_expired(self.store), stop, name="retention", idle=_IDLE_SECONDS,
            after_failure=_IDLE_SECONDS,
        )  # fmt: skip


def erase_expired(store: Store) -> int:
    """A batch of each survey whose time is over, here and wherever it was heard of; answers how
    many.

    The set of answers is sealed anew when nothing is left, not before: nobody should be told of,
    or draft from, what is left in between.
    """
    erased = 0
    for status in (CLOSED, ARCHIVED):
        for survey in store.surveys.with_status(status):
            if _is_over(survey):
                erased += _erase_some(store, survey)
    return erased


def _erase_some(store: Store, survey: Survey) -> int:
    names = [name for name, *_ in islice(store.responses.standing(survey.id), _AT_ONCE)]
    for name in names:
        forget_response(store, survey, name, REASON)
    if names:
        store.exports.spoil(survey.id)
    elif survey.seal and survey.seal["count"]:
        store.surveys.reopen_seal([survey.id])
    return len(names)


def _is_over(survey: Survey) -> bool:
    days = survey.definition.get("retention_days")
    if days is None or survey.closed_at is None:
        return False
    return times.now() >= survey.closed_at + timedelta(days=days)
