"""Count what was answered so far in surveys that are open, so that no page has to."""

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from services.intake.domain.summary import summary_of
from services.intake.domain.survey import CLOSING, OPEN, Survey
from services.intake.store import Store

_LEAST_SECONDS = 5.0
# A count takes its time again and again; this keeps it to a twentieth of the worker's.
_REST = 20


@dataclass
class SummariseAnswers:
    """A survey that takes long to count is counted seldom."""

    store: Store
    _due: dict[str, float] = field(default_factory=dict)

    def __call__(self) -> None:
        for status in (OPEN, CLOSING):
            for survey in self.store.surveys.with_status(status):
                if self._due.get(survey.id, 0.0) <= time.monotonic():
                    began = time.monotonic()
                    summarise(self.store, survey)
                    rest = max(_REST * (time.monotonic() - began), _LEAST_SECONDS)
                    self._due[survey.id] = time.monotonic() + rest


def summarise(store: Store, survey: Survey) -> None:
    """Count all that stands now."""
    responses = 0

    def contents() -> Iterator[dict[str, Any]]:
        nonlocal responses
        for response in store.responses.all_of(survey.id):
            if response.content is not None:
                responses += 1
                yield response.content

    counts = summary_of(contents())
    store.summaries.keep(survey.unit, survey.id, responses, counts)
