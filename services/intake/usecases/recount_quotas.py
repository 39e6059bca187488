"""Find seats that were taken by somebody who died before the answer was stored."""

import time
from collections import Counter
from dataclasses import dataclass, field

from services.intake.domain.survey import OPEN, Survey
from services.intake.store import Store

# Longer than any request lives: whose seat was taken so long ago is stored or never will be.
QUIET_SECONDS = 120.0
RECOUNT_SECONDS = 30.0


@dataclass
class RecountQuotas:
    """Looks at the groups that are full in open surveys, each once it was quiet for
    QUIET_SECONDS by this process' own clock."""

    store: Store
    quiet_seconds: float = QUIET_SECONDS
    _seen: dict[tuple[str, str], tuple[int, float]] = field(default_factory=dict)

    def __call__(self) -> None:
        for survey in self.store.surveys.with_status(OPEN):
            quotas = survey.definition.get("quotas")
            if quotas:
                self._look_at(survey, quotas)

    def _look_at(self, survey: Survey, quotas: dict[str, int]) -> None:
        for group, (taken, state) in self.store.quotas.taken(survey.id).items():
            if taken < quotas.get(group, 0):
                continue
            before, since = self._seen.get((survey.id, group), (None, 0.0))
            if before != state:
                self._seen[survey.id, group] = (state, time.monotonic())
            elif time.monotonic() - since >= self.quiet_seconds:
                self._recount(survey, group, taken, state)
                self._seen[survey.id, group] = (state, float("inf"))

    def _recount(self, survey: Survey, group: str, taken: int, state: int) -> None:
        standing = (each.content for each in self.store.responses.all_of(survey.id))
        seated = Counter(content["group"] for content in standing if content)[group]
        if seated != taken:
            self.store.quotas.recounted(survey.id, group, seated, state)
