import pytest

from services.planning.domain.goal import InstitutionalGoal, UnknownGoal, alignment
from services.planning.domain.need import DerivedImportance, Need
from services.planning.domain.score import Score
from services.planning.plain import moved_by_goals, unknown_parts
from tests.unit.planning.builders import need, rating

WIFI = Need(
    item="wifi",
    group=None,
    method="mwds",
    n=240,
    effective_n=240,
    small_n=False,
    mwds=4.628,
    mwds_ci95=(4.05, 5.18),
    unmet_share=0.721,
)


def test_the_worked_example_of_the_method() -> None:
    """Need 4.628 / (4 * 3), reach .721, half of the goals' weight, no buy-in round yet: 48.6."""
    score = Score.of(need("wifi", high=4), WIFI, alignment=0.5)
    assert round(score.total, 1) == 48.6


def test_components_add_up_to_the_total_and_used_weights_to_one() -> None:
    for given in ({}, {"alignment": 0.3}, {"alignment": 0.3, "buy_in": 0.9}):
        score = Score.of(need("wifi", high=4), WIFI, **given)
        assert sum(part.points for part in score.components) == score.total
        assert sum(part.weight for part in score.components) == pytest.approx(1)


def test_a_component_that_is_not_known_is_left_out_and_the_others_are_rescaled() -> None:
    parts = {part.name: part for part in Score.of(need("wifi", high=4), WIFI).components}
    assert (parts["alignment"].value, parts["alignment"].points) == (None, 0)
    assert parts["need"].weight == pytest.approx(0.5 / 0.7)


def test_goals_of_little_weight_lower_the_total_and_the_page_says_so() -> None:
    """Alignment becomes known with a value below what the other parts come to."""
    unlinked = Score.of(need("wifi", high=4), WIFI)
    assert round(unlinked.total, 1) == 48.1
    assert "up if they carry more than 48 %" in spaced(moved_by_goals(unlinked))
    assert "Alignment and buy-in are not known yet" in unknown_parts(unlinked)
    linked = unlinked.aligned(0.25)
    assert round(linked.total, 1) == 43.0
    assert "moves the total down, from 48.1 to 43.0" in moved_by_goals(linked)
    assert "moves the total up, from 48.1" in moved_by_goals(unlinked.aligned(0.9))
    assert spaced(unknown_parts(linked)).startswith("Buy-in is not known yet: its weight of 10 %")
    assert unknown_parts(Score.of(need("wifi", high=4), WIFI, alignment=0.5, buy_in=0.5)) == ""


def spaced(text: str) -> str:
    return text.replace("\N{NO-BREAK SPACE}", " ")


def test_sensitivity_is_the_total_at_the_ends_of_the_interval() -> None:
    score = Score.of(need("wifi", high=4), WIFI, alignment=0.5)
    assert score.sensitivity[0] == pytest.approx(100 * (0.5 * 4.05 / 12 + 0.1442 + 0.1) / 0.9)
    assert score.sensitivity[0] < score.total < score.sensitivity[1]


def test_aligning_later_gives_what_aligning_at_once_gives() -> None:
    item = need("wifi", high=4)
    assert Score.of(item, WIFI).aligned(0.5) == Score.of(item, WIFI, alignment=0.5)


def test_under_derived_importance_the_need_is_its_priority() -> None:
    derived = DerivedImportance(0.6, 0.5, (0.3, 0.7), 0.25, (0.1, 0.4))
    desk = Need(
        item="desk",
        group=None,
        method="derived_importance",
        n=50,
        effective_n=50,
        small_n=False,
        unmet_share=0.4,
        derived_importance=derived,
    )
    assert Score.of(rating("desk"), desk).components[0].value == 0.25


def goal(goal_id: str, weight: float, period: str = "2026") -> InstitutionalGoal:
    return InstitutionalGoal("careers", goal_id, goal_id.title(), weight, period)


GOALS = {g.id: g for g in (goal("access", 3), goal("income", 1), goal("old", 9, period="2020"))}


def test_alignment_is_the_share_of_the_weight_of_the_periods_goals() -> None:
    assert alignment(["access"], GOALS) == 0.75
    assert alignment(["access", "access", "income"], GOALS) == 1


def test_alignment_is_unknown_until_a_goal_is_chosen() -> None:
    assert alignment([], GOALS) is None


def test_a_goal_that_was_never_set_cannot_be_served() -> None:
    with pytest.raises(UnknownGoal, match="fame"):
        alignment(["fame"], GOALS)
