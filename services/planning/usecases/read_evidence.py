"""Read what planning holds of a survey right now."""

from dataclasses import dataclass

from services.planning.domain.survey import Seal, Survey
from services.planning.domain.tables import Tables
from services.planning.store import Store
from services.planning.store.surveys import KnownSurvey, NoSuchSurvey
from shared import set_hash


@dataclass(frozen=True)
class EvidenceNow:
    """The sums of a survey, and the count and hash of the set of responses in them. `drafted_for`
    is the number of the last seal that proposals were drafted for."""

    survey: Survey
    seal: Seal | None
    tables: Tables
    count: int
    hash: str
    drafted_for: int | None

    @property
    def complete(self) -> bool:
        """Whether these are the very responses that intake closed with."""
        return self.seal is not None and (self.seal.count, self.seal.set_hash) == (
            self.count,
            self.hash,
        )


def read_evidence(store: Store, unit: str, survey: str) -> EvidenceNow:
    """Raises NoSuchSurvey."""
    known = store.surveys.get(survey, unit)
    if known is None or known.survey is None:
        raise NoSuchSurvey
    return evidence_of(store, known, known.survey)


def evidence_of(store: Store, known: KnownSurvey, survey: Survey) -> EvidenceNow:
    head = store.tables.head(known.id)
    tables = Tables.unpack(head.state) if head and head.state else Tables()
    tables.cover(survey.items)
    return EvidenceNow(
        survey=survey,
        seal=known.seal,
        tables=tables,
        count=head.count if head else 0,
        hash=head.set_hash if head else set_hash.EMPTY,
        drafted_for=known.drafted.get("seal"),
    )
