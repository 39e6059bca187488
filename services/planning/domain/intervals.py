"""Intervals from sums alone: the same cost for a thousand respondents as for a million.

All are percentile intervals at 95 %, from draws that are seeded by what they are drawn for, so
that the same evidence gives the same digits again.
"""

import hashlib

import numpy as np

from services.planning.domain.layout import Floats, Ints

Interval = tuple[float, float]

MWDS_DRAWS = 10_000  # the Monte-Carlo error of an end is about 3 % of the score's standard error
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

    Resampling respondents is drawing a multinomial from their joint table. None under two pairs.
    """
    importance, satisfaction = np.nonzero(joint)
    counts = joint[importance, satisfaction]
    n = int(counts.sum())
    if n < 2:
        return None
    shares = rng.multinomial(n, counts / n, size=MWDS_DRAWS) / n
    gaps = shares @ (importance - satisfaction)
    return percentile_interval(gaps * (shares @ (importance + low)))


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
    columns = [1 + (scores > scores[:, [item]]).sum(axis=1) for item in range(scores.shape[1])]
    return np.stack(columns, axis=1)


def rank_intervals(scores: Floats) -> list[tuple[int, int]]:
    """Per item of (draws, items) scores: the ranks that 95 % of the draws fall between."""
    ends = np.percentile(ranks(scores), [2.5, 97.5], axis=0, method="inverted_cdf").astype(int)
    return [(int(low), int(high)) for low, high in ends.T]
