"""Drawn means vary together as much as those of resampled respondents do."""

import numpy as np
import pytest

from services.planning.domain.intervals import (
    draw_means,
    generator,
    mwds_interval,
    rank_intervals,
    ranks,
)
from tests.unit.planning.builders import folded, pair, submission, survey
from tests.unit.planning.builders import need as need_item

RNG = np.random.default_rng(6)

TABLES = {  # (importance, satisfaction) counts
    "spread out": np.full((5, 5), 10),
    "a large group": np.outer([1, 1, 2, 4, 8], [300, 500, 400, 200, 100]),
    "nobody sees a gap": np.diag([4, 6, 20, 40, 30]) + 1,
    "ten people": np.diag([2, 1], k=-1) + np.diag([3, 0, 4]),
}


def plain_interval(joint: np.ndarray, draws: int) -> tuple[float, float]:
    importance, satisfaction = np.indices(joint.shape)
    shares = joint.ravel() / joint.sum()
    means = RNG.multinomial(joint.sum(), shares, size=draws) / joint.sum()
    scores = (means @ (importance + 1).ravel()) * (means @ (importance - satisfaction).ravel())
    low, high = np.percentile(scores, [2.5, 97.5])
    return low, high


@pytest.mark.parametrize("joint", TABLES.values(), ids=TABLES)
def test_tilted_draws_come_to_the_ends_of_plain_ones(joint) -> None:
    """The plain ends have a Monte-Carlo error of 1.5 % of the score's standard error; ours, as the
    mean of thirty, one of .5 %."""
    ends = np.array([mwds_interval(joint, 1, generator(str(seed))) for seed in range(30)])
    plain = plain_interval(joint, 30_000)
    assert ends.mean(axis=0) == pytest.approx(plain, abs=0.08 * np.ptp(plain) / 4)


@pytest.mark.parametrize("name", ["spread out", "a large group", "nobody sees a gap"])
def test_another_seed_moves_an_end_by_three_hundredths_of_the_standard_error(name: str) -> None:
    joint = TABLES[name]
    ends = np.array([mwds_interval(joint, 1, generator(str(seed))) for seed in range(100)])
    low, high = ends.mean(axis=0)
    assert ends.std(axis=0).max() < 0.04 * (high - low) / 4


def test_people_who_all_say_the_same_have_an_interval_of_no_width() -> None:
    assert mwds_interval(np.diag([0, 12], k=-1), 1, generator("evidence")) == (3, 3)


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
