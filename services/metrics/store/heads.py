"""Heads: the counters of a survey's answers, `survey/<id>`, and of the outcomes of one year,
`outcomes/<unit>/<metric>/<year>`, folded from contributions.
"""

from collections.abc import Iterator

from pymongo.database import Database

from services.metrics.domain import answers, cut
from services.metrics.domain.counters import Counters
from services.metrics.domain.definitions import Metric, metrics_counting, outcome_kinds
from services.metrics.domain.outcome import outcomes_of
from services.metrics.domain.period import Period
from services.metrics.store.surveys import Surveys
from shared import times
from shared.documents import Document
from shared.fold import Change, Fold, Head, bodies_of

_SURVEY, _OUTCOMES = "survey", "outcomes"


def survey_head(survey: str) -> str:
    return f"{_SURVEY}/{survey}"


def outcomes_head(unit: str, metric: str, year: int) -> str:
    return f"{_OUTCOMES}/{unit}/{metric}/{year}"


class Heads:
    def __init__(self, database: Database[Document], surveys: Surveys) -> None:
        self._surveys = surveys
        # Answers to a survey, or a version, that has not arrived wait in it.
        self.fold = Fold(database, self._step)

    def wake(self, survey: str) -> None:
        """Fold what waited for this survey."""
        self.fold.wake(survey_head(survey))

    def units(self) -> list[str]:
        return self.fold.units()

    def of(self, unit: str) -> Iterator[Head]:
        return iter(self.fold.heads(unit))

    def to_cut(self, head: Head) -> tuple[cut.Head, list[Metric]]:
        """A folded head as a cut sees it, with the metrics that its counters give."""
        kind, _, rest = head.id.partition("/")
        counters = Counters.unpack(head.state or b"")
        if kind == _SURVEY:
            survey = self._surveys.get(rest)
            if survey is None:
                raise LookupError(f"{head.id} was folded, but its survey is missing")
            records, period, within = answers.RECORDS, survey.period, {"survey": rest}
            synthetic = survey.synthetic
        else:
            _, records, year = rest.rsplit("/", 2)
            period, within = Period.of_year(int(year), outcome_kinds()[records].grain), {}
            synthetic = False
        found = cut.Head(
            name=head.id,
            version=head.v,
            events=head.folded,
            set_hash=head.set_hash,
            period=period,
            within=within,
            counters=counters,
            latest=times.parse(counters.latest),
            synthetic=synthetic,
        )
        return found, metrics_counting(records)

    def _step(self, head: str, state: bytes | None, changes: list[Change]) -> bytes | None:
        kind, _, rest = head.partition("/")
        if kind == _SURVEY:
            survey = self._surveys.get(rest)
            versions = {body["version"] for body in bodies_of(changes)}
            if survey is None or not survey.versions.issuperset(versions):
                return None
            dimensions, count = answers.DIMENSIONS, answers.answers_to(survey.items)
        else:
            outcomes = outcome_kinds()[rest.rsplit("/", 2)[1]]
            dimensions, count = outcomes.dimensions, outcomes_of(outcomes)
        counters = Counters(dimensions) if state is None else Counters.unpack(state)
        counters.apply(map(vars, changes), count)
        return counters.pack()
