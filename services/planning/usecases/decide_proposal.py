"""Decide on a proposal."""

from collections.abc import Callable, Iterator

from services.planning.domain.proposal import Proposal
from services.planning.events import ProposalDecided
from services.planning.store import Store
from shared import times


def decide_proposal(
    store: Store,
    unit: str,
    name: str,
    *,
    decision: str,
    reason: str,
    who: str,
    check: Callable[[Proposal], None],
) -> Proposal:
    """`check` sees the proposal as it is in the moment of the write, and may raise.

    Raises NoSuchProposal, AlreadyDecided, NotReadyToAccept.
    """

    def decide(proposal: Proposal) -> Proposal:
        check(proposal)
        return proposal.decide(decision, reason=reason, who=who, when=times.now())

    return store.proposals.update(name, unit, decide, _announce)


def _announce(proposal: Proposal) -> Iterator[ProposalDecided]:
    entry = proposal.history[-1]
    yield ProposalDecided(
        unit=proposal.unit,
        subject=proposal.id,
        survey=proposal.evidence.survey,
        version=proposal.version,
        decision=entry.action,
        reason=entry.reason or "",
        status=proposal.status,
        decided_by=entry.who,
        decided_at=times.rfc3339(entry.at),
    )
