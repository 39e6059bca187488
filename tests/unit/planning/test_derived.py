"""Derived importance against least squares, and its intervals against the bootstrap."""

import numpy as np
import pytest

from services.planning.domain.needs import rank_needs
from tests.unit.planning.builders import folded, rating, submission, survey

DRIVERS = ["desk", "events", "site", "hours"]
ASKED = survey(*(rating(item) for item in DRIVERS), rating("all", role="overall_satisfaction"))


def ratings(n: int, seed: int = 3) -> np.ndarray:
    """(n, 5): the drivers, then overall satisfaction, on a scale of 1..5."""
    rng = np.random.default_rng(seed)
    mood = rng.normal(size=(n, 1))
    drivers = 3.2 + 0.5 * mood + rng.normal(size=(n, 4)) * [1, 0.8, 1.1, 0.9]
    overall = 3 + (drivers - 3.2) @ [0.5, 0.3, 0.1, 0.0] + 0.6 * rng.normal(size=n)
    return np.clip(np.rint(np.column_stack([drivers, overall])), 1, 5).astype(int)


def ranked(rows: np.ndarray) -> list:
    names = [*DRIVERS, "all"]
    changes = [
        submission("student", {k: int(v) for k, v in zip(names, row, strict=True)}) for row in rows
    ]
    return rank_needs(ASKED, folded(ASKED, changes).stratum(), seed="evidence")


def standardised_betas(rows: np.ndarray) -> np.ndarray:
    standard = (rows - rows.mean(axis=0)) / rows.std(axis=0)
    return np.linalg.lstsq(standard[:, :4], standard[:, 4], rcond=None)[0]


def test_importance_is_the_standardised_coefficient_and_the_correlation_beside_it() -> None:
    rows = ratings(400)
    betas = dict(zip(DRIVERS, standardised_betas(rows), strict=True))
    correlations = dict(zip(DRIVERS, np.corrcoef(rows.T)[4], strict=False))
    for need in ranked(rows):
        derived = need.derived_importance
        assert derived.beta == pytest.approx(betas[need.item])
        assert derived.correlation == pytest.approx(correlations[need.item])
        unmet = (5 - need.satisfaction_mean) / 4
        assert derived.priority == pytest.approx(max(derived.beta, 0) * unmet)
        assert (need.method, need.mwds) == ("derived_importance", None)


def test_intervals_agree_with_the_bootstrap_over_respondents() -> None:
    rows = ratings(400)
    rng = np.random.default_rng(8)
    draws = [rows[rng.integers(len(rows), size=len(rows))] for _ in range(1500)]
    betas = np.array([standardised_betas(draw) for draw in draws])
    unmet = np.array([(5 - draw[:, :4].mean(axis=0)) / 4 for draw in draws])
    beta_ends = np.percentile(betas, [2.5, 97.5], axis=0).T
    priority_ends = np.percentile(np.maximum(betas, 0) * unmet, [2.5, 97.5], axis=0).T
    for need in ranked(rows):
        place = DRIVERS.index(need.item)
        for ours, plain in (
            (need.derived_importance.beta_ci95, beta_ends[place]),
            (need.derived_importance.priority_ci95, priority_ends[place]),
        ):
            assert ours == pytest.approx(tuple(plain), abs=0.2 * np.ptp(plain))


def test_what_moves_satisfaction_most_and_satisfies_least_comes_first() -> None:
    needs = ranked(ratings(400))
    strengths = [need.strength for need in needs]
    assert strengths == sorted(strengths, reverse=True)
    assert needs[0].rank == 1
    assert all(low <= need.rank <= high for need in needs for low, high in [need.rank_interval])


@pytest.mark.parametrize("n", [0, 1, 2, 3, 5, 7])
def test_few_answers_give_no_coefficient(n: int) -> None:
    for need in ranked(ratings(n) if n else np.empty((0, 5), int)):
        assert need.derived_importance is None or need.derived_importance.beta is None
        assert need.rank is None


def test_an_item_that_everybody_rates_alike_has_no_importance_and_spares_the_others() -> None:
    rows = ratings(100)
    rows[:, 1] = 4
    by_item = {need.item: need for need in ranked(rows)}
    assert by_item["events"].derived_importance is None
    assert by_item["events"].satisfaction_mean == 4
    assert by_item["desk"].rank == 1


def test_two_items_that_are_one_give_correlations_alone() -> None:
    rows = ratings(100)
    rows[:, 1] = rows[:, 0]
    for need in ranked(rows):
        assert need.derived_importance.beta is None
        assert need.derived_importance.correlation is not None


def test_constant_overall_satisfaction_explains_nothing() -> None:
    rows = ratings(100)
    rows[:, 4] = 3
    assert all(need.derived_importance is None for need in ranked(rows))


def test_ratings_without_an_overall_one_are_not_ranked() -> None:
    asked = survey(rating("desk"))
    assert rank_needs(asked, folded(asked, []).stratum(), seed="e") == []
