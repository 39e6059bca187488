"""Edit a proposal that nobody has decided on."""

from collections.abc import Callable, Mapping
from typing import Any

from services.planning.domain.measures import check_measures
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

    Raises NoSuchProposal, AlreadyDecided, UnknownGoal, UnfitMeasures.
    """
    goals = store.goals.all(unit)

    def edit(proposal: Proposal) -> Proposal:
        check(proposal)
        now = times.now()
        edited = proposal.edit(change, goals=goals, who=who, when=now)
        known = store.surveys.get(proposal.evidence.survey, unit)
        survey = known.survey if known else None
        check_measures(proposal.measures, edited.measures, survey=survey, today=now.date())
        return edited

    return store.proposals.update(name, unit, edit)
