"""A survey closes in two steps: new answers are refused at once, and when every answer that was
let in before is stored, the set is sealed and announced."""

import time
from dataclasses import dataclass, field

from services.intake.domain.survey import Survey
from services.intake.events import SurveyClosed
from services.intake.store import Store
from services.intake.store.surveys import LOOK_AGAIN_SECONDS
from shared import times
from shared.event import Event
from shared.group_commit import PATIENCE_SECONDS


def close_survey(store: Store, *, unit: str, name: str) -> Survey:
    """Raises SurveyNotOpen for a draft, NoSuchSurvey."""
    closed = store.surveys.edit(unit, name, lambda survey: survey.close(times.now()))
    # After this no process relies on having seen the survey open: who is told that it is closed
    # sees the next answer refused.
    time.sleep(LOOK_AGAIN_SECONDS)
    return closed


@dataclass
class SealSurveys:
    """Seals surveys that close. A write that was let in just before is stored within
    PATIENCE_SECONDS or makes its survey close again, so twice that after this process first saw
    a survey closing, no answer is on its way. Only this process' own clock counts."""

    store: Store
    _first_seen: dict[str, float] = field(default_factory=dict)

    def __call__(self) -> None:
        closing = {survey.id: survey for survey in self.store.surveys.with_status("closing")}
        self._first_seen = {name: self._first_seen.get(name, time.monotonic()) for name in closing}
        for name, seen in self._first_seen.items():
            if time.monotonic() - seen >= 2 * PATIENCE_SECONDS:
                seal_survey(self.store, closing[name])


def close_overdue_surveys(store: Store) -> None:
    """Close those that are open past their time."""
    for survey in store.surveys.overdue(times.now()):
        close_survey(store, unit=survey.unit, name=survey.id)


def seal_survey(store: Store, closing: Survey) -> None:
    """Count what stands and announce it, once for each different count. What was counted of a
    survey that had to close again meanwhile is out of date, and is counted at the next look."""
    count, total = store.responses.tally(closing.id)

    def change(survey: Survey) -> list[Event]:
        if survey.revision != closing.revision or not survey.sealed(count, total):
            return []
        return [SurveyClosed.of(survey)]

    store.surveys.update(closing.unit, closing.id, change)
