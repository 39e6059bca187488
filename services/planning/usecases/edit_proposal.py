"""Edit a proposal that nobody has decided on."""

from collections.abc import Callable, Mapping
from typing import Any

from services.planning.domain.proposal import Proposal
from services.planning.store import Store
from shared import times


def edit_proposal(
    store: Store,
    unit: str,
    name: str,
    change: Mapping[str, Any],
    *,
    who: str,
    check: Callable[[Proposal], None],
) -> Proposal:
    """`check` sees the proposal as it is in the moment of the write, and may raise.

    Raises NoSuchProposal, AlreadyDecided, UnknownGoal.
    """
    goals = store.goals.all(unit)

    def edit(proposal: Proposal) -> Proposal:
        check(proposal)
        return proposal.edit(change, goals=goals, who=who, when=times.now())

    return store.proposals.update(name, unit, edit)
