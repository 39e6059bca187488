from dataclasses import asdict

import numpy as np

from services.planning.domain.draft import draft_proposals, pooled
from services.planning.domain.needs import rank_needs
from services.planning.domain.proposal import Proposal
from services.planning.domain.survey import Survey
from services.planning.domain.tables import Change
from services.planning.plain import together
from tests.unit.planning.builders import NOON, folded, need, pair, rating, submission, survey

ITEMS = ["advising", "events", "visas", "site", "parking"]
ASKED = survey(*(need(item) for item in ITEMS), groups=("student", "staff", "employer"))


def answers(worst: str, fine: str = "parking") -> dict:
    """One need far behind, one well supplied, the others in between."""
    given = {item: pair(4, 3) for item in ITEMS}
    return given | {worst: pair(5, 1), fine: pair(2, 5)}


def crowd(n: int, group: str, worst: str) -> list[Change]:
    """N respondents who mostly agree."""
    noise = np.random.default_rng(1).integers(2, 4, size=(n, len(ITEMS)))
    changes = []
    for row in noise:
        given = answers(worst)
        for item, satisfaction in zip(ITEMS, row, strict=True):
            if given[item] == pair(4, 3):
                given[item] = pair(4, int(satisfaction))
        changes.append(submission(group, given))
    return changes


def drafted(changes: list[Change], asked: Survey = ASKED, evidence: str = "hash") -> list[Proposal]:
    return draft_proposals(
        asked, folded(asked, changes), evidence_hash=evidence, cut_off=NOON, when=NOON
    )


def test_the_three_first_needs_are_proposed_for_all_and_for_each_group() -> None:
    drafts = drafted(crowd(40, "student", "advising") + crowd(20, "staff", "visas"))
    assert {draft.group for draft in drafts} == {None, "student", "staff"}
    for group, first in ((None, "advising"), ("student", "advising"), ("staff", "visas")):
        mine = [draft for draft in drafts if draft.group == group]
        assert len(mine) >= 3
        assert mine[0].item == first
        assert all(draft.evidence.items[0]["rank"] <= 3 for draft in mine)


def test_what_is_well_supplied_is_not_proposed() -> None:
    asked = survey(need("parking"))
    changes = [submission("student", {"parking": pair(2, 5)}) for _ in range(30)]
    assert drafted(changes, asked) == []


def test_nothing_is_proposed_on_fewer_answers_than_the_minimum() -> None:
    assert drafted(crowd(9, "student", "advising")) == []
    few = crowd(30, "student", "advising") + crowd(9, "staff", "visas")
    assert {draft.group for draft in drafted(few)} == {None, "student"}


def test_a_need_that_few_could_judge_is_not_proposed() -> None:
    unaware = {item: {"importance": 5, "use": "unaware"} for item in ITEMS}
    changes = [submission("student", unaware) for _ in range(30)]
    assert drafted(changes + crowd(9, "student", "advising")) == []


def test_the_figures_of_a_proposal_are_those_that_the_needs_are_shown_with() -> None:
    changes = crowd(40, "student", "advising") + crowd(20, "staff", "visas")
    tables = folded(ASKED, changes)
    shown = {
        (need.group, need.item): asdict(need)
        for groups in ((), ("student",), ("staff",))
        for need in rank_needs(
            ASKED, tables.stratum(*groups), seed="hash", group=" ".join(groups) or None
        )
    }
    for draft in drafted(changes):
        for row in draft.evidence.items:
            assert row == shown[row["group"], row["item"]]
            assert row["mwds_ci95"] is not None


def test_a_single_group_is_proposed_for_once() -> None:
    assert {draft.group for draft in drafted(crowd(30, "student", "advising"))} == {None}


def test_groups_that_see_it_otherwise_are_named_with_the_reason() -> None:
    drafts = drafted(crowd(40, "student", "advising") + crowd(20, "staff", "visas"))
    advising = next(d for d in drafts if d.item == "advising" and d.group is None)
    (staff,) = (d for d in advising.evidence.dissenting_groups if d["group"] == "staff")
    assert "sees a smaller need" in staff["reasons"]
    assert "Seen otherwise by" in advising.rationale
    assert [row["group"] for row in advising.evidence.items] == [None, "staff", "student"]


def test_small_groups_dissent_together() -> None:
    changes = (
        crowd(40, "student", "advising")
        + crowd(6, "staff", "visas")
        + crowd(5, "employer", "visas")
    )
    names = [pool.name for pool in pooled(ASKED, folded(ASKED, changes))]
    assert names == ["student", "employer and staff"]


def test_a_group_too_small_even_with_the_other_small_ones_joins_the_smallest_large_one() -> None:
    changes = crowd(40, "student", "advising")
    changes += crowd(12, "staff", "visas") + crowd(3, "employer", "visas")
    pools = pooled(ASKED, folded(ASKED, changes))
    assert [(pool.name, pool.respondents) for pool in pools] == [
        ("staff", 12),
        ("student", 40),
        ("employer and staff", 15),
    ]


def test_groups_that_count_as_one_are_told_with_the_reason() -> None:
    both_few = crowd(40, "student", "advising")
    both_few += crowd(6, "staff", "visas") + crowd(5, "employer", "visas")
    first = drafted(both_few)[0]
    (pool,) = first.evidence.pools
    assert (pool["group"], pool["groups"]) == ("employer and staff", ["employer", "staff"])
    assert "Seen otherwise by employer and staff (together)" in first.rationale
    assert together(pool) == ("Two groups shown as one, because each has fewer than 10 answers.")
    one_few = crowd(40, "student", "advising")
    one_few += crowd(12, "staff", "visas") + crowd(3, "employer", "visas")
    (pool,) = drafted(one_few)[0].evidence.pools
    assert together(pool) == (
        "Two groups shown as one, because employer has fewer than 10 answers."
    )
    assert drafted(crowd(40, "student", "advising"))[0].evidence.pools == ()


def test_a_proposal_says_in_plain_words_what_it_rests_on() -> None:
    first = drafted(crowd(40, "student", "advising"))[0]
    assert first.rationale == "Important to 100 %, satisfied 0 %, n = 40, ranked 1st."
    assert first.title == "Meet the need: Advising"
    assert first.objective == (
        "Raise mean satisfaction with 'Advising' among all respondents from 1.00 to 2.20 "
        "(scale 1 to 5) by 2027-05-01."
    )
    (measure,) = first.measures
    assert measure.metric == "intake.need_satisfaction"
    assert measure.segment == {"survey": "s1", "item": "advising"}


def test_drafting_again_gives_identical_digits() -> None:
    changes = crowd(40, "student", "advising") + crowd(20, "staff", "visas")
    assert drafted(changes) == drafted(list(reversed(changes)))


def test_a_satisfaction_only_survey_proposes_what_moves_satisfaction() -> None:
    asked = survey(rating("desk"), rating("site"), rating("all", role="overall_satisfaction"))
    rng = np.random.default_rng(2)
    desk, site = rng.integers(1, 6, size=(2, 200))
    changes = [
        submission(
            "student", {"desk": int(d), "site": int(s), "all": int(np.clip(d + (s > 4), 1, 5))}
        )
        for d, s in zip(desk, site, strict=True)
    ]
    first = drafted(changes, asked)[0]
    assert (first.item, first.score.method) == ("desk", "derived_importance")
    assert "Moves overall satisfaction" in first.rationale
    assert first.measures[0].target > first.measures[0].baseline
