"""The institution's goals that proposals are aligned with."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from services.planning.domain.refusal import Refusal


class UnknownGoal(Refusal):
    """A proposal is said to serve a goal that the institution has not set."""


@dataclass(frozen=True, slots=True)
class InstitutionalGoal:
    """What the institution wants in a period, and how much against its other goals."""

    unit: str
    id: str
    title: str
    weight: float
    period: str


Goals = Mapping[str, InstitutionalGoal]


def alignment(served: Iterable[str], goals: Goals) -> float | None:
    """Weight of the goals served / weight of all goals of the same periods, in 0..1.

    None where no goal is served: nobody has said yet. Raises UnknownGoal.
    """
    chosen = set(served)
    unknown = sorted(chosen - goals.keys())
    if unknown:
        raise UnknownGoal(f"There is no institutional goal {unknown[0]!r}: add it first.")
    periods = {goals[goal].period for goal in chosen}
    total = sum(goal.weight for goal in goals.values() if goal.period in periods)
    return sum(goals[goal].weight for goal in chosen) / total if total else None
