"""Adopt an accepted proposal as a goal."""

from collections.abc import Callable, Iterator
from dataclasses import asdict

from services.planning.domain.proposal import Proposal
from services.planning.events import GoalAdopted
from services.planning.store import Store
from shared import times


def adopt_goal(
    store: Store, unit: str, name: str, *, who: str, check: Callable[[Proposal], None]
) -> Proposal:
    """`check` sees the proposal as it is in the moment of the write, and may raise.

    Raises NoSuchProposal, NotAccepted.
    """

    def adopt(proposal: Proposal) -> Proposal:
        check(proposal)
        return proposal.adopt(who=who, when=times.now())

    return store.proposals.update(name, unit, adopt, _announce)


def _announce(proposal: Proposal) -> Iterator[GoalAdopted]:
    entry = proposal.history[-1]
    yield GoalAdopted(
        unit=proposal.unit,
        subject=proposal.id,
        survey=proposal.evidence.survey,
        version=proposal.version,
        item=proposal.item,
        group=proposal.group,
        title=proposal.title,
        objective=proposal.objective,
        owner=proposal.owner or "",
        priority=proposal.score.total,
        synthetic=proposal.evidence.synthetic,
        institutional_goals=list(proposal.institutional_goals),
        measures=[asdict(measure) for measure in proposal.measures],
        adopted_by=entry.who,
        adopted_at=times.rfc3339(entry.at),
    )
