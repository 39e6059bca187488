"""Ranking where a survey asks for satisfaction only: importance derived from what moves overall
satisfaction.

Importance of an item is its standardised coefficient in the regression of overall satisfaction
on all items; its priority is max(beta, 0) * (high - mean) / (high - low). Intervals draw the
covariance matrix from a Wishart distribution (Bartlett's decomposition) and the means from a
normal one, independently. That is exact for normal answers and an approximation for ratings; a
test holds it against the bootstrap over respondents.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from services.planning.domain.intervals import (
    RANK_DRAWS,
    draw_means,
    generator,
    percentile_interval,
)
from services.planning.domain.layout import Floats
from services.planning.domain.need import DERIVED, DerivedImportance, Need, crossed, placed
from services.planning.domain.stratum import Stratum
from services.planning.domain.survey import Item, Survey

SINGULAR = 1e-8  # the least eigenvalue of a correlation matrix that can still be solved
ANSWERS_PER_VARIABLE = 2  # with fewer, coefficients are noise


def rank_drivers(
    survey: Survey, stratum: Stratum, *, seed: str, group: str | None = None
) -> list[Need]:
    """Ratings by priority, greatest first; those without one come last, in the survey's order.

    Empty for a survey without an item of the role overall_satisfaction.
    """
    if survey.overall is None:
        return []
    needs = [_described(survey, item, stratum, group) for item in survey.drivers]
    varying = _varying(survey.drivers, survey.overall, stratum)
    if not varying:
        return needs
    rng = generator(seed, group or "", "drivers")
    derived, draws = _derived(varying, survey.overall, stratum, rng)
    needs = [replace(need, derived_importance=derived.get(need.item)) for need in needs]
    known = [need for need in needs if need.strength is not None]
    unknown = [need for need in needs if need.strength is None]
    if not known:
        return unknown
    betas = [need.derived_importance.beta for need in known if need.derived_importance]
    return placed(crossed(known, betas), draws) + unknown


def _described(survey: Survey, item: Item, stratum: Stratum, group: str | None) -> Need:
    counts = stratum.histogram(item.id)
    n = int(counts.sum())
    need = Need(
        item=item.id,
        group=group,
        method=DERIVED,
        n=n,
        effective_n=float(n),
        small_n=n < survey.minimum_group_size,
    )
    if not n:
        return need
    scale = np.arange(item.low, item.high + 1)
    shares = counts / n
    return replace(
        need,
        satisfaction_mean=float(shares @ scale),
        satisfied_share=float(shares[-2:].sum()),
        unmet_share=float(shares[scale <= (item.low + item.high) / 2].sum()),
    )


def _varying(drivers: Sequence[Item], overall: Item, stratum: Stratum) -> list[Item]:
    """Drivers that can be correlated with overall satisfaction at all."""
    n, _, covariances = stratum.moments([overall.id, *(item.id for item in drivers)])
    variances = np.diagonal(covariances)
    if variances[0] <= 0:
        return []
    return [
        item
        for item, variance, together in zip(drivers, variances[1:], n[0, 1:], strict=True)
        if variance > 0 and together > 1
    ]


def _derived(
    drivers: Sequence[Item], overall: Item, stratum: Stratum, rng: np.random.Generator
) -> tuple[dict[str, DerivedImportance], Floats]:
    """Per driver what is known of it; and (draws, drivers) of priorities where they are known."""
    n, means, covariances = stratum.moments([overall.id, *(item.id for item in drivers)])
    correlations = np.clip(_correlations(covariances), -1, 1)
    freedom = int(n.min()) - 1
    solvable = (
        freedom >= ANSWERS_PER_VARIABLE * len(n)
        and float(np.linalg.eigvalsh(correlations)[0]) > SINGULAR
    )
    if not solvable:
        unknown = {
            item.id: DerivedImportance(float(correlation), None, None, None, None)
            for item, correlation in zip(drivers, correlations[0, 1:], strict=True)
        }
        return unknown, np.empty((0, 0))
    low = np.array([item.low for item in drivers])
    high = np.array([item.high for item in drivers])
    betas = _betas(correlations)
    priorities = np.maximum(betas, 0) * (high - means[1:]) / (high - low)
    drawn_means = draw_means(n, means, covariances, rng)[:, 1:]
    drawn_betas = _betas(_correlations(_wishart(correlations, freedom, rng)))
    draws = np.maximum(drawn_betas, 0) * (high - drawn_means) / (high - low)
    derived = {
        item.id: DerivedImportance(
            correlation=float(correlations[0, index + 1]),
            beta=float(betas[index]),
            beta_ci95=percentile_interval(drawn_betas[:, index]),
            priority=float(priorities[index]),
            priority_ci95=percentile_interval(draws[:, index]),
        )
        for index, item in enumerate(drivers)
    }
    return derived, draws


def _correlations(covariances: Floats) -> Floats:
    deviations = np.sqrt(np.diagonal(covariances, axis1=-2, axis2=-1))
    correlations: Floats = covariances / (deviations[..., :, None] * deviations[..., None, :])
    return correlations


def _betas(correlations: Floats) -> Floats:
    """Standardised coefficients of the first variable on all others; leading axes are kept."""
    betas = np.linalg.solve(correlations[..., 1:, 1:], correlations[..., 1:, :1])
    return betas[..., 0].astype(np.float64)


def _wishart(scale: Floats, freedom: int, rng: np.random.Generator) -> Floats:
    """(RANK_DRAWS, k, k) draws, by Bartlett's decomposition."""
    size = len(scale)
    triangle = np.tril(rng.standard_normal((RANK_DRAWS, size, size)), -1)
    diagonal = np.sqrt(rng.chisquare(freedom - np.arange(size), (RANK_DRAWS, size)))
    triangle[:, np.arange(size), np.arange(size)] = diagonal
    factor = np.linalg.cholesky(scale) @ triangle
    return factor @ np.swapaxes(factor, 1, 2)
