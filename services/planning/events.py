"""What planning promises to say."""

from dataclasses import dataclass
from typing import Any, ClassVar

from shared.event import Event


@dataclass(frozen=True)
class ProposalsDrafted(Event):
    """Subject: the survey. `seal` is the closing it was drafted for, None at a planner's request;
    `synthetic` says that the answers are generated.

    A proposal here is {id, version, item, group, priority}.
    """

    type: ClassVar[str] = "planning.proposals_drafted.v1"

    survey_version: int
    evidence_hash: str
    seal: int | None
    synthetic: bool
    proposals: list[dict[str, Any]]


@dataclass(frozen=True)
class ProposalDecided(Event):
    """Subject: the proposal. `decision` is accept, reject, defer or request_changes."""

    type: ClassVar[str] = "planning.proposal_decided.v1"

    survey: str
    version: int
    decision: str
    reason: str
    status: str
    decided_by: str
    decided_at: str


@dataclass(frozen=True)
class GoalAdopted(Event):
    """Subject: the proposal that became a goal, with what it will be measured by.

    A measure is {metric, segment, baseline, target, due}; `due` is an ISO date. Where it is
    `synthetic` it rests on generated answers.
    """

    type: ClassVar[str] = "planning.goal_adopted.v1"

    survey: str
    version: int
    item: str
    group: str | None
    title: str
    objective: str
    owner: str
    priority: float
    synthetic: bool
    institutional_goals: list[str]
    measures: list[dict[str, Any]]
    adopted_by: str
    adopted_at: str
