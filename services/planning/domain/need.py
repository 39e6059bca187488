"""One ranked need, as the API shows it and as a proposal keeps it on record."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from services.planning.domain.intervals import Interval, rank_intervals
from services.planning.domain.layout import Floats

MWDS = "mwds"
DERIVED = "derived_importance"

QUADRANTS = {  # by (important, satisfied)
    (True, False): "concentrate_here",
    (True, True): "keep_up",
    (False, False): "low_priority",
    (False, True): "possible_overkill",
}


@dataclass(frozen=True, slots=True)
class StatedImportance:
    """How important a need is to all who said so, whether or not they know or use the service."""

    n: int
    mean: float
    rank: int


@dataclass(frozen=True, slots=True)
class DerivedImportance:
    """How an item moves overall satisfaction, from a survey that asks for satisfaction only.

    `beta` is the standardised regression coefficient, `priority` max(beta, 0) * (high - mean) /
    (high - low), in 0..1. None where the data cannot tell.
    """

    correlation: float | None
    beta: float | None
    beta_ci95: Interval | None
    priority: float | None
    priority_ci95: Interval | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """A need in one stratum. Means, shares and scores rest on the n paired answers and are
    unrounded; None says that the survey does not ask for it or that nobody answered.

    mwds: mean(I) * mean(I - S), Borich (1980). rds: 100 * (share(S > I) - share(S < I)), Narine &
    Harder (2021). quadrant: Martilla & James (1977). important_share and satisfied_share: the two
    upper points of the scale. unmet_share: S < I; under derived importance, a satisfaction not
    above the middle of its scale. effective_n is n, as nobody is weighted yet.
    """

    item: str
    group: str | None
    method: str
    n: int
    effective_n: float
    small_n: bool
    importance_mean: float | None = None
    satisfaction_mean: float | None = None
    gap: float | None = None
    mwds: float | None = None
    mwds_ci95: Interval | None = None
    rds: float | None = None
    quadrant: str | None = None
    rank: int | None = None
    rank_interval: tuple[int, int] | None = None
    tied_with: tuple[str, ...] = ()
    important_share: float | None = None
    satisfied_share: float | None = None
    unmet_share: float | None = None
    unaware: int = 0
    unused: int = 0
    stated_importance: StatedImportance | None = None
    derived_importance: DerivedImportance | None = None

    @property
    def strength(self) -> float | None:
        """What the need is ranked by."""
        return self.derived_importance.priority if self.derived_importance else self.mwds

    @property
    def strength_ci95(self) -> Interval | None:
        return self.derived_importance.priority_ci95 if self.derived_importance else self.mwds_ci95


def crossed(needs: Sequence[Need], importance: Sequence[float | None]) -> list[Need]:
    """The needs in their quadrants, with the crosshair at the grand mean: that of the items' means.

    `importance` is stated or derived; there must be at least one need, and all have answers.
    """
    important = np.array(importance, np.float64)
    satisfied = np.array([need.satisfaction_mean for need in needs], np.float64)
    return [
        replace(need, quadrant=QUADRANTS[bool(high_importance), bool(high_satisfaction)])
        for need, high_importance, high_satisfaction in zip(
            needs, important >= important.mean(), satisfied >= satisfied.mean(), strict=True
        )
    ]


def placed(needs: Sequence[Need], draws: Floats) -> list[Need]:
    """The needs in their order of rank, with rank intervals from (draws, needs) of strengths.

    A need is tied with those whose rank interval overlaps its own. Equal strengths share a rank.
    """
    strengths = np.array([need.strength for need in needs], np.float64)
    intervals = rank_intervals(draws)
    ranked = [
        replace(
            need,
            rank=1 + int((strengths > strength).sum()),
            rank_interval=interval,
            tied_with=tuple(
                other.item
                for other, (low, high) in zip(needs, intervals, strict=True)
                if other is not need and low <= interval[1] and interval[0] <= high
            ),
        )
        for need, strength, interval in zip(needs, strengths, intervals, strict=True)
    ]
    return sorted(ranked, key=lambda need: (need.rank, need.item))
