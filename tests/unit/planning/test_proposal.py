from dataclasses import replace
from datetime import timedelta

import pytest

from services.planning.domain.draft import draft_proposals
from services.planning.domain.goal import InstitutionalGoal
from services.planning.domain.proposal import (
    AlreadyDecided,
    NotAccepted,
    NotReadyToAccept,
    Proposal,
)
from tests.unit.planning.builders import NOON, folded, need, pair, submission, survey

GOALS = {"access": InstitutionalGoal("careers", "access", "Access", 2.0, "2026")}
LATER = NOON + timedelta(days=1)


def draft(evidence: str = "first", satisfaction: int = 2) -> Proposal:
    asked = survey(need("advising"))
    changes = [submission("student", {"advising": pair(5, satisfaction)}) for _ in range(20)]
    (only,) = draft_proposals(
        asked, folded(asked, changes), evidence_hash=evidence, cut_off=NOON, when=NOON
    )
    return only


def edited(proposal: Proposal, **change) -> Proposal:
    return proposal.edit(change, goals=GOALS, who="pat", when=LATER)


def ready() -> Proposal:
    return edited(draft(), owner="kim", institutional_goals=("access",))


def decided(proposal: Proposal, decision: str, reason: str = "because") -> Proposal:
    return proposal.decide(decision, reason=reason, who="pat", when=LATER)


def test_acceptance_names_everything_that_is_missing() -> None:
    bare = replace(draft(), measures=())
    with pytest.raises(NotReadyToAccept) as refusal:
        decided(bare, "accept")
    assert refusal.value.missing == (
        "an institutional goal it serves",
        "a measure with baseline and target",
        "an owner",
    )


def test_a_measure_without_a_target_does_not_do_for_acceptance() -> None:
    aimless = replace(ready(), measures=(replace(draft().measures[0], target=None),))
    with pytest.raises(NotReadyToAccept, match="a measure with baseline and target"):
        decided(aimless, "accept")


def test_a_measure_that_is_due_in_the_past_does_not_do_for_acceptance() -> None:
    today = LATER.date().isoformat()
    late = replace(draft().measures[0], due=NOON.date().isoformat())
    with pytest.raises(NotReadyToAccept, match=f"measures that are due {today} or later"):
        decided(replace(ready(), measures=(late,)), "accept")
    assert decided(replace(ready(), measures=(replace(late, due=today),)), "accept")


def test_an_accepted_proposal_can_be_adopted() -> None:
    active = decided(ready(), "accept").adopt(who="pat", when=LATER)
    assert active.status == "active"
    assert [entry.action for entry in active.history] == ["draft", "edit", "accept", "adopt"]


@pytest.mark.parametrize("decision", ["reject", "defer", "request_changes"])
def test_only_an_accepted_proposal_can_be_adopted(decision: str) -> None:
    with pytest.raises(NotAccepted):
        decided(draft(), decision).adopt(who="pat", when=LATER)


@pytest.mark.parametrize("decision", ["accept", "reject", "defer", "request_changes"])
@pytest.mark.parametrize("first", ["accept", "reject"])
def test_a_decided_proposal_cannot_be_decided_otherwise(first: str, decision: str) -> None:
    with pytest.raises(AlreadyDecided):
        decided(decided(ready(), first), decision, reason="on second thoughts")


@pytest.mark.parametrize("first", ["defer", "request_changes"])
def test_a_deferred_or_returned_proposal_can_still_be_decided(first: str) -> None:
    assert decided(decided(ready(), first), "accept").status == "accepted"


def test_a_decision_is_on_record_with_who_why_and_what_it_changed() -> None:
    entry = decided(draft(), "reject").history[-1]
    assert (entry.who, entry.reason, entry.at) == ("pat", "because", LATER)
    assert entry.diff == {"status": ["draft", "rejected"]}


def test_deferring_again_for_another_reason_is_on_record_again() -> None:
    assert len(decided(decided(draft(), "defer"), "defer", reason="no staff").history) == 3


@pytest.mark.parametrize("decision", ["accept", "reject", "defer", "request_changes"])
def test_a_decision_that_was_sent_twice_is_on_record_once(decision: str) -> None:
    once = decided(ready(), decision)
    assert decided(once, decision) == once


def test_an_adoption_that_was_sent_twice_is_on_record_once() -> None:
    once = decided(ready(), "accept").adopt(who="pat", when=LATER)
    assert once.adopt(who="pat", when=LATER) == once


def test_editing_takes_up_the_review_and_leaves_a_diff() -> None:
    proposal = edited(draft(), owner="kim")
    assert proposal.status == "in_review"
    assert proposal.history[-1].diff == {
        "owner": [None, "kim"],
        "status": ["draft", "in_review"],
    }


def test_an_edit_that_changes_nothing_leaves_no_trace() -> None:
    assert edited(ready(), owner="kim") == ready()


def test_an_accepted_proposal_cannot_be_edited() -> None:
    with pytest.raises(AlreadyDecided):
        edited(decided(ready(), "accept"), title="Other")


def test_serving_an_institutional_goal_scores_the_proposal_anew() -> None:
    before, after = draft().score, ready().score
    assert {part.name: part.value for part in after.components}["alignment"] == 1
    assert ready().history[-1].diff["score"] == [before.total, after.total]


def test_new_evidence_makes_a_next_version_that_keeps_what_people_wrote() -> None:
    renamed = edited(ready(), title="Advise everybody")
    fresh = draft("second", satisfaction=1)
    following = fresh.succeeding(renamed, goals=GOALS)
    assert (following.version, following.supersedes) == (2, renamed.id)
    assert following.id not in {renamed.id, fresh.id}
    assert (following.title, following.owner) == ("Advise everybody", "kim")
    assert following.measures[0].baseline == 1
    assert following.objective == fresh.objective
    assert following.score == fresh.score.aligned(1.0)
    third = draft("third").succeeding(following, goals=GOALS)
    assert (third.version, third.owner) == (3, "kim")


def test_an_edited_measure_keeps_its_target_and_takes_the_new_baseline() -> None:
    aimed = edited(draft(), measures=(replace(draft().measures[0], target=4.5),))
    (measure,) = draft("second", satisfaction=1).succeeding(aimed, goals=GOALS).measures
    assert (measure.baseline, measure.target) == (1, 4.5)


def test_an_undecided_proposal_is_closed_by_its_successor_and_says_so() -> None:
    earlier = draft()
    following = draft("second").succeeding(earlier, goals=GOALS)
    closed = earlier.superseded(following, when=LATER)
    assert (closed.status, closed.superseded_by) == ("closed", following.id)
    with pytest.raises(AlreadyDecided, match=following.id):
        decided(closed, "reject")
    assert closed.superseded(following, when=LATER) == closed


@pytest.mark.parametrize("decision", ["accept", "reject"])
def test_new_evidence_never_edits_what_was_decided(decision: str) -> None:
    standing = decided(ready(), decision)
    following = draft("second").succeeding(standing, goals=GOALS)
    assert standing.superseded(following, when=LATER) == standing


def test_the_same_evidence_is_recognised() -> None:
    assert draft("first").rests_on_the_same_as(ready())
    assert not draft("second").rests_on_the_same_as(ready())
