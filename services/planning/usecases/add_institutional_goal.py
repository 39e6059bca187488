"""Add a goal of the institution."""

from services.planning.domain.goal import InstitutionalGoal
from services.planning.domain.refusal import Refusal
from services.planning.store import Store


class GoalExists(Refusal):
    """A goal was added before with this Idempotency-Key, and it was another one."""


def add_institutional_goal(store: Store, goal: InstitutionalGoal) -> InstitutionalGoal:
    """The same again changes nothing. Raises GoalExists."""
    stored = store.goals.add(goal)
    if stored != goal:
        raise GoalExists(f"This Idempotency-Key added {stored.title!r}: use another one.")
    return stored
