"""Intervals from sums alone: the same cost for a thousand respondents as for a million.

All are percentile intervals at 95 %, from draws that are seeded by what they are drawn for, so
that the same evidence gives the same digits again.
"""

import hashlib

import numpy as np

from services.planning.domain.layout import Floats, Ints

Interval = tuple[float, float]

TAIL = 0.025
MWDS_DRAWS = 600  # for each end, whose Monte-Carlo error is then 3 % of the score's standard error
TILT = 2.2  # standard errors: so far out draws tell most of an end
RANK_DRAWS = 2_000


def generator(*purpose: str) -> np.random.Generator:
    """Random numbers that depend on the purpose alone, in every process and on every machine."""
    digest = hashlib.sha256("\x1f".join(purpose).encode()).digest()
    return np.random.Generator(np.random.PCG64(int.from_bytes(digest)))


def percentile_interval(draws: Floats) -> Interval:
    low, high = np.percentile(draws, [2.5, 97.5])
    return float(low), float(high)


def mwds_interval(joint: Ints, low: int, rng: np.random.Generator) -> Interval | None:
    """Of mean(I) * mean(I - S), from (importance, satisfaction) counts on a scale from `low`.

    Resampling respondents is drawing a multinomial from their joint table. Of plain draws only
    those in a tail tell anything of its end, so each end has draws that are tilted towards it and
    weighted back: importance sampling (Johns 1988). None under two pairs.
    """
    importance, satisfaction = np.nonzero(joint)
    counts = joint[importance, satisfaction]
    n = int(counts.sum())
    if n < 2:
        return None
    shares = counts / n
    values = np.stack([importance + low, importance - satisfaction], axis=1).astype(np.float64)
    means = shares @ values
    pull = (values - means) @ means[::-1]  # how much an answer in the cell moves the score
    error = np.sqrt(n * (shares @ pull**2))
    tilt = TILT * pull / error if error > 0 else pull
    lower = _lower_end(shares, values, n, -tilt, rng)
    upper = -_lower_end(shares, values * (1, -1), n, tilt, rng)
    return lower, upper


def _lower_end(
    shares: Floats, values: Floats, n: int, tilt: Floats, rng: np.random.Generator
) -> float:
    """The product of the means of `values`, (cells, 2), under which TAIL of the draws of n from
    `shares` lie. `tilt` is the logarithm by which a cell is drawn more often, but for scale."""
    tilted = shares * np.exp(tilt)
    tilted /= tilted.sum()
    drawn = rng.multinomial(n, tilted, size=MWDS_DRAWS)
    weights = np.exp(drawn @ np.log(shares / tilted))
    scores = (drawn @ values / n).prod(axis=1)
    order = np.argsort(scores)
    reached = int(np.searchsorted(np.cumsum(weights[order]), TAIL * MWDS_DRAWS))
    return float(scores[order[min(reached, MWDS_DRAWS - 1)]])


def draw_means(n: Ints, means: Floats, covariances: Floats, rng: np.random.Generator) -> Floats:
    """(RANK_DRAWS, variables) of jointly normal means; arguments as from `Stratum.moments`.

    Cov(mean a, mean b) = cov(a, b) * n_ab / (n_a * n_b). Covariances that rest on different
    respondents need not fit together: what is not positive semidefinite is clipped.
    """
    own = np.maximum(np.diagonal(n), 1)
    spread, axes = np.linalg.eigh(covariances * n / np.outer(own, own))
    factor = axes * np.sqrt(np.maximum(spread, 0))
    normal: Floats = rng.standard_normal((RANK_DRAWS, len(means)))
    drawn: Floats = means + normal @ factor.T
    return drawn


def ranks(scores: Floats) -> Ints:
    """1 + how many of the same draw score higher; shape as `scores`, (draws, items)."""
    items = np.ascontiguousarray(scores.T)
    return 1 + np.stack([(items > item).sum(axis=0) for item in items], axis=1)


def rank_intervals(scores: Floats) -> list[tuple[int, int]]:
    """Per item of (draws, items) scores: the ranks that 95 % of the draws fall between."""
    ends = np.percentile(ranks(scores), [2.5, 97.5], axis=0, method="inverted_cdf").astype(int)
    return [(int(low), int(high)) for low, high in ends.T]
