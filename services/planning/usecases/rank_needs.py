"""Rank the needs of a survey, for everybody or for one group."""

from functools import lru_cache

from services.planning.domain import needs
from services.planning.domain.need import Need
from services.planning.domain.refusal import Refusal
from services.planning.domain.survey import Survey
from services.planning.domain.tables import Tables
from services.planning.store import Store
from services.planning.usecases.read_evidence import read_evidence


class UnknownGroup(Refusal):
    """The survey does not ask this group."""


def rank_needs(store: Store, unit: str, survey: str, group: str | None) -> list[Need]:
    """Greatest need first. Raises NoSuchSurvey, UnknownGroup."""
    evidence = read_evidence(store, unit, survey)
    if group is not None and group not in evidence.survey.groups:
        raise UnknownGroup(f"Ask for one of: {', '.join(evidence.survey.groups)}.")
    return _ranked(evidence.survey, evidence.tables.pack(), evidence.hash, group)


@lru_cache(maxsize=128)
def _ranked(survey: Survey, packed: bytes, evidence_hash: str, group: str | None) -> list[Need]:
    """Drawing intervals takes a tenth of a second; the same evidence gives the same ones."""
    tables = Tables.unpack(packed)
    stratum = tables.stratum() if group is None else tables.stratum(group)
    return needs.rank_needs(survey, stratum, seed=evidence_hash, group=group)
