"""A goal proposal: what it says, what it rests on, and what may be done with it."""

import hashlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any

from services.planning.domain.goal import Goals, alignment
from services.planning.domain.refusal import Refusal
from services.planning.domain.score import Score

OUTCOMES = {
    "accept": "accepted",
    "reject": "rejected",
    "defer": "deferred",
    "request_changes": "changes_requested",
}
UNDECIDED = frozenset({"draft", "in_review", "changes_requested", "deferred"})
EDITABLE = frozenset({"title", "objective", "owner", "institutional_goals", "measures"})


class AlreadyDecided(Refusal):
    """The proposal stands as it was decided."""


class NotReadyToAccept(Refusal):
    """Something that every accepted goal has is missing; `missing` names it."""

    def __init__(self, missing: tuple[str, ...]) -> None:
        super().__init__(f"Before this can be accepted it needs {' and '.join(missing)}.")
        self.missing = missing


class NotAccepted(Refusal):
    """Only an accepted proposal can be adopted as a goal."""


@dataclass(frozen=True, slots=True)
class Measure:
    """How it will be seen that the goal is reached. `due` is an ISO date."""

    metric: str
    segment: Mapping[str, str]
    baseline: float | None
    target: float | None
    due: str


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the history. `diff` is {field: [before, after]}."""

    at: datetime
    who: str
    action: str
    reason: str | None
    diff: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Evidence:
    """What the proposal rests on, kept as it was.

    `items` are `Need`s as mappings: first the proposal's own row, then everybody's, then those
    of the groups apart. `dissenting_groups` are those that see it otherwise, with the reason.
    `pools` are groups that count as one: {group: their name together, groups, too_few: those of
    them with fewer answers than minimum, minimum}. Where it is `synthetic` its answers are
    generated.
    """

    survey: str
    survey_version: int
    evidence_hash: str
    cut_off: datetime
    respondents: int
    items: tuple[Mapping[str, Any], ...]
    dissenting_groups: tuple[Mapping[str, Any], ...]
    pools: tuple[Mapping[str, Any], ...] = ()
    synthetic: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """One version of a proposal to meet one need of one group (None: of all together)."""

    unit: str
    id: str
    version: int
    supersedes: str | None
    superseded_by: str | None
    status: str
    item: str
    group: str | None
    title: str
    objective: str
    rationale: str
    population: Mapping[str, Any]
    evidence: Evidence
    score: Score
    buy_in: Mapping[str, Any] | None
    measures: tuple[Measure, ...]
    institutional_goals: tuple[str, ...]
    initiatives: tuple[str, ...]
    owner: str | None
    history: tuple[Entry, ...]

    @property
    def revision(self) -> int:
        """Counts what happened to this version: each change leaves one line of history."""
        return len(self.history)

    def decide(self, decision: str, *, reason: str, who: str, when: datetime) -> "Proposal":
        """The same again from the same person for the same reason changes nothing.

        Raises AlreadyDecided, or NotReadyToAccept naming what is missing.
        """
        if self._last_was(decision, reason, who) and self.status == OUTCOMES[decision]:
            return self
        self._undecided()
        missing = self._missing(when)
        if decision == "accept" and missing:
            raise NotReadyToAccept(missing)
        return self._changed({"status": OUTCOMES[decision]}, decision, reason, who, when)

    def edit(
        self, change: Mapping[str, Any], *, goals: Goals, who: str, when: datetime
    ) -> "Proposal":
        """Set some of EDITABLE; whoever edits takes up the review.

        Serving other institutional goals scores the proposal anew. An edit that changes nothing
        leaves no trace. Raises AlreadyDecided, UnknownGoal.
        """
        self._undecided()
        change = {**change, **self._rescored(change, goals)}
        if not self._diff(change):
            return self
        if self.status in {"draft", "changes_requested"}:
            change["status"] = "in_review"
        return self._changed(change, "edit", None, who, when)

    def adopt(self, *, who: str, when: datetime) -> "Proposal":
        """The same again from the same person changes nothing. Raises NotAccepted."""
        if self._last_was("adopt", None, who):
            return self
        if self.status != "accepted":
            raise NotAccepted(
                f"This proposal is {self.status}: accept it before it is adopted as a goal."
            )
        return self._changed({"status": "active"}, "adopt", None, who, when)

    def rests_on_the_same_as(self, other: "Proposal") -> bool:
        """Same evidence, method and parameters: drafting again would give the same digits."""
        return (
            self.evidence.evidence_hash == other.evidence.evidence_hash
            and self.score.method_version == other.score.method_version
            and self.score.weights == other.score.weights
        )

    def succeeding(self, earlier: "Proposal", *, goals: Goals) -> "Proposal":
        """The next version of an earlier proposal, from this fresh draft.

        What people wrote into the earlier one is carried over and stands in the first line of the
        history; the figures are those of the new evidence.
        """
        version = earlier.version + 1
        written = {field for entry in earlier.history for field in entry.diff} & EDITABLE
        carried = {field: getattr(earlier, field) for field in sorted(written)}
        if "measures" in carried:
            carried["measures"] = tuple(map(self._with_new_baseline, earlier.measures))
        carried |= self._rescored(carried, goals)
        drafted = replace(self.history[0], diff=self._diff(carried))
        return replace(
            self,
            id=proposal_id(self.evidence.survey, self.group, self.item, version),
            version=version,
            supersedes=earlier.id,
            history=(drafted,),
            **carried,
        )

    def superseded(self, later: "Proposal", *, when: datetime) -> "Proposal":
        """Closed if nobody had decided on it; what was decided stays as it is."""
        if self.superseded_by or self.status not in UNDECIDED:
            return self
        change = {"status": "closed", "superseded_by": later.id}
        return self._changed(change, "supersede", "New answers came in.", "planning", when)

    def _with_new_baseline(self, measure: Measure) -> Measure:
        for fresh in self.measures:
            if (fresh.metric, fresh.segment) == (measure.metric, measure.segment):
                return replace(measure, baseline=fresh.baseline)
        return measure

    def _last_was(self, action: str, reason: str | None, who: str) -> bool:
        last = self.history[-1]
        return (last.action, last.reason, last.who) == (action, reason, who)

    def _undecided(self) -> None:
        if self.superseded_by:
            raise AlreadyDecided(f"New answers came in: decide on version {self.superseded_by}.")
        if self.status not in UNDECIDED:
            raise AlreadyDecided(f"This proposal is {self.status}, and that is on record.")

    def _missing(self, when: datetime) -> tuple[str, ...]:
        today = when.date().isoformat()
        measured = any(m.baseline is not None and m.target is not None for m in self.measures)
        wanted = {
            "an institutional goal it serves": bool(self.institutional_goals),
            "a measure with baseline and target": measured,
            f"measures that are due {today} or later": all(m.due >= today for m in self.measures),
            "an owner": bool(self.owner),
        }
        return tuple(name for name, there in wanted.items() if not there)

    def _changed(
        self, change: Mapping[str, Any], action: str, reason: str | None, who: str, when: datetime
    ) -> "Proposal":
        entry = Entry(at=when, who=who, action=action, reason=reason, diff=self._diff(change))
        return replace(self, **change, history=(*self.history, entry))

    def _rescored(self, change: Mapping[str, Any], goals: Goals) -> dict[str, Score]:
        if "institutional_goals" not in change:
            return {}
        return {"score": self.score.aligned(alignment(change["institutional_goals"], goals))}

    def _diff(self, change: Mapping[str, Any]) -> dict[str, list[Any]]:
        return {
            name: [_plain(getattr(self, name)), _plain(value)]
            for name, value in change.items()
            if getattr(self, name) != value
        }


def proposal_id(survey: str, group: str | None, item: str, version: int) -> str:
    """The same for the same thing, so that drafting twice cannot make two."""
    identity = "\x1f".join((survey, "" if group is None else f"={group}", item, str(version)))
    return hashlib.sha256(identity.encode()).hexdigest()[:32]


def _plain(value: Any) -> Any:
    if isinstance(value, Score):
        return value.total
    if isinstance(value, tuple):
        return [asdict(each) if isinstance(each, Measure) else each for each in value]
    return value
