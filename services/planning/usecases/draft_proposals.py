"""Draft goal proposals from a survey's sums: when it has closed, and when a planner asks."""

from collections.abc import Sequence
from datetime import datetime

import structlog
from pymongo.errors import PyMongoError

from services.planning.domain.draft import draft_proposals as drafts_of
from services.planning.domain.goal import Goals
from services.planning.domain.proposal import Proposal
from services.planning.events import ProposalsDrafted
from services.planning.store import Store
from services.planning.usecases.read_evidence import EvidenceNow, evidence_of, read_evidence
from shared import times

log = structlog.get_logger()

_MOST_TOLD = 150  # proposals in one event of at most 64 KiB


def draft_proposals(store: Store, unit: str, survey: str) -> list[Proposal]:
    """From the answers that are there now. Raises NoSuchSurvey."""
    return _draft(store, read_evidence(store, unit, survey), seal=None)


def draft_closed_surveys(store: Store) -> None:
    """Once for each closing, as soon as planning holds the responses that intake closed with.

    A crash at any line is made good by the next call: versions that are stored are found again,
    and the closing stays due until it was announced.
    """
    for name in store.surveys.due():
        try:
            draft_closed_survey(store, name)
        except PyMongoError:
            raise
        except Exception:
            log.exception("drafting.failed", survey=name)  # and the other surveys go on


def draft_closed_survey(store: Store, survey: str) -> None:
    known = store.surveys.get(survey)
    if known is None or known.survey is None or known.seal is None:
        return
    evidence = evidence_of(store, known, known.survey)
    if evidence.complete:
        _draft(store, evidence, seal=known.seal.number)


def _draft(store: Store, evidence: EvidenceNow, *, seal: int | None) -> list[Proposal]:
    now = times.now()
    goals = store.goals.all(evidence.survey.unit)
    drafts = drafts_of(
        evidence.survey,
        evidence.tables,
        evidence_hash=evidence.hash,
        cut_off=evidence.seal.closed_at if evidence.seal and evidence.complete else now,
        when=now,
    )
    standing = [_stand(store, draft, goals, now) for draft in drafts]
    store.surveys.drafted(
        evidence.survey.id,
        evidence.hash,
        seal,
        lambda: _announcements(evidence, seal, standing),
    )
    return standing


def _announcements(
    evidence: EvidenceNow, seal: int | None, standing: Sequence[Proposal]
) -> list[ProposalsDrafted]:
    """One event, or several where one would grow too large."""
    told = [
        {
            "id": each.id,
            "version": each.version,
            "item": each.item,
            "group": each.group,
            "priority": each.score.total,
        }
        for each in standing
    ]
    return [
        ProposalsDrafted(
            unit=evidence.survey.unit,
            subject=evidence.survey.id,
            survey_version=evidence.survey.version,
            evidence_hash=evidence.hash,
            seal=seal,
            synthetic=evidence.survey.synthetic,
            proposals=told[first : first + _MOST_TOLD],
        )
        for first in range(0, max(len(told), 1), _MOST_TOLD)
    ]


def _stand(store: Store, draft: Proposal, goals: Goals, now: datetime) -> Proposal:
    """The version that rests on the draft's evidence: the one there is, or a new one."""
    survey = draft.evidence.survey
    latest = store.proposals.latest(draft.unit, survey, draft.group, draft.item)
    if latest is None:
        standing = draft
    elif draft.rests_on_the_same_as(latest):
        standing = latest
    else:
        standing = draft.succeeding(latest, goals=goals)
    if standing is not latest:
        store.proposals.add(standing)
    if standing.supersedes is not None:
        store.proposals.update(
            standing.supersedes,
            standing.unit,
            lambda earlier: earlier.superseded(standing, when=now),
        )
    return standing
