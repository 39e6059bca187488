"""Ranked needs of a stratum, from its sums."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from services.planning.domain.derived import rank_drivers
from services.planning.domain.intervals import draw_means, generator, mwds_interval
from services.planning.domain.need import MWDS, Need, StatedImportance, crossed, placed
from services.planning.domain.stratum import Stratum
from services.planning.domain.survey import Item, Survey


def rank_needs(
    survey: Survey, stratum: Stratum, *, seed: str, group: str | None = None
) -> list[Need]:
    """Needs of the stratum by rank, greatest first; what nobody answered comes last, unranked.

    A survey that asks for importance is ranked by MWDS, one that asks for satisfaction only by
    derived importance. `seed` is the hash of the evidence: with the same one, the same digits.
    """
    needs = place_needs(survey, stratum, seed=seed, group=group)
    return [with_interval(need, stratum, seed=seed) for need in needs]


def place_needs(
    survey: Survey, stratum: Stratum, *, seed: str, group: str | None = None
) -> list[Need]:
    """As `rank_needs`, without the intervals of MWDS, which cost more than all the rest."""
    if not survey.needs:
        return rank_drivers(survey, stratum, seed=seed, group=group)
    needs = _with_stated_importance(
        [_scored(survey, item, stratum, group) for item in survey.needs], survey, stratum
    )
    answered = [need for need in needs if need.n]
    unanswered = [need for need in needs if not need.n]
    if not answered:
        return unanswered
    answered = crossed(answered, [need.importance_mean for need in answered])
    rng = generator(seed, group or "", "ranks")
    means = draw_means(*stratum.moments([need.item for need in answered]), rng)
    importance, satisfaction = means[:, 0::2], means[:, 1::2]
    return placed(answered, importance * (importance - satisfaction)) + unanswered


def with_interval(need: Need, stratum: Stratum, *, seed: str) -> Need:
    """The need of this stratum with the interval of its MWDS, where it is ranked by that."""
    if need.method != MWDS:
        return need
    rng = generator(seed, need.group or "", need.item)
    ends = mwds_interval(stratum.joint(need.item), stratum.slot(need.item).low, rng)
    return replace(need, mwds_ci95=ends)


def _scored(survey: Survey, item: Item, stratum: Stratum, group: str | None) -> Need:
    joint = stratum.joint(item.id)
    n = int(joint.sum())
    unaware, unused = (int(count) for count in stratum.non_use(item.id).sum(axis=0))
    need = Need(
        item=item.id,
        group=group,
        method=MWDS,
        n=n,
        effective_n=float(n),
        small_n=n < survey.minimum_group_size,
        unaware=unaware,
        unused=unused,
    )
    if not n:
        return need
    scale = np.arange(item.low, item.high + 1)
    importance = int(joint.sum(axis=1) @ scale) / n
    satisfaction = int(joint.sum(axis=0) @ scale) / n
    below, above = int(np.tril(joint, -1).sum()), int(np.triu(joint, 1).sum())
    return replace(
        need,
        importance_mean=importance,
        satisfaction_mean=satisfaction,
        gap=importance - satisfaction,
        mwds=importance * (importance - satisfaction),
        rds=100 * (above - below) / n,
        important_share=int(joint[-2:].sum()) / n,
        satisfied_share=int(joint[:, -2:].sum()) / n,
        unmet_share=below / n,
    )


def _with_stated_importance(needs: Sequence[Need], survey: Survey, stratum: Stratum) -> list[Need]:
    """Importance counts without a pair: those whom a service never reached say what they need."""
    stated: dict[str, tuple[int, float]] = {}
    for item in survey.needs:
        counts = stratum.joint(item.id).sum(axis=1) + stratum.non_use(item.id).sum(axis=1)
        n = int(counts.sum())
        if n:
            stated[item.id] = n, float(counts @ np.arange(item.low, item.high + 1)) / n
    means = [mean for _, mean in stated.values()]
    return [
        replace(
            need,
            stated_importance=StatedImportance(
                n=stated[need.item][0],
                mean=stated[need.item][1],
                rank=1 + sum(mean > stated[need.item][1] for mean in means),
            ),
        )
        if need.item in stated
        else need
        for need in needs
    ]
