"""Drawn means vary together as much as those of resampled respondents do."""

import numpy as np

from services.planning.domain.intervals import draw_means, generator, rank_intervals, ranks
from tests.unit.planning.builders import folded, pair, submission, survey
from tests.unit.planning.builders import need as need_item

RNG = np.random.default_rng(6)


def test_means_of_items_that_few_answered_together_vary_little_together() -> None:
    """Half of the answers are missing, each on its own: the plain bootstrap is the measure."""
    base = RNG.integers(1, 6, size=400)
    values = np.stack([base, np.clip(base + RNG.integers(0, 2, size=400), 1, 5)], axis=1)
    there = RNG.random((400, 2)) < 0.5
    changes = [
        submission(
            "student",
            {name: pair(int(v), 3) for name, v, t in zip("ab", row, seen, strict=True) if t},
        )
        for row, seen in zip(values, there, strict=True)
    ]
    asked = survey(need_item("a"), need_item("b"))
    moments = folded(asked, changes).stratum().moments(["a", "b"])
    ours = np.cov(draw_means(*moments, generator("evidence"))[:, [0, 2]].T)
    picks = RNG.integers(400, size=(4000, 400))
    sums = (values * there)[picks].sum(axis=1) / there[picks].sum(axis=1)
    plain = np.cov(sums.T)
    assert np.allclose(ours, plain, rtol=0.15)
    assert ours[0, 1] / ours[0, 0] < 0.75  # without the missing ones it would be about 1


def test_covariances_that_do_not_fit_together_are_clipped() -> None:
    n = np.full((3, 3), 10)
    impossible = np.array([[1.0, 0.9, -0.9], [0.9, 1.0, 0.9], [-0.9, 0.9, 1.0]])
    assert np.isfinite(draw_means(n, np.zeros(3), impossible, generator("evidence"))).all()


def test_equal_scores_share_a_rank() -> None:
    assert ranks(np.array([[3.0, 1.0, 3.0]])).tolist() == [[1, 3, 1]]


def test_a_rank_interval_holds_the_middle_of_the_draws() -> None:
    draws = np.array([[2.0, 1.0]] * 99 + [[1.0, 2.0]])
    assert rank_intervals(draws) == [(1, 1), (2, 2)]


def test_random_numbers_depend_on_their_purpose_alone() -> None:
    first, same, other = (generator(*p).random() for p in (("a", "b"), ("a", "b"), ("ab", "")))
    assert first == same
    assert first != other
