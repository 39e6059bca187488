"""From what people answered to goals that a planner can decide on."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from services.planning.domain import statement
from services.planning.domain.need import Need
from services.planning.domain.needs import place_needs, with_interval
from services.planning.domain.proposal import Entry, Evidence, Proposal, proposal_id
from services.planning.domain.score import WEIGHTS, Score
from services.planning.domain.stratum import Stratum
from services.planning.domain.survey import Survey
from services.planning.domain.tables import Tables

TOP = 3


@dataclass(frozen=True, slots=True)
class Pool:
    """Groups that are ranked as one, `too_few` of them because they could not be ranked alone."""

    groups: tuple[str, ...]
    respondents: int
    too_few: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        return " and ".join(self.groups)


def draft_proposals(
    survey: Survey,
    tables: Tables,
    *,
    evidence_hash: str,
    cut_off: datetime,
    when: datetime,
    weights: Mapping[str, float] = WEIGHTS,
) -> list[Proposal]:
    """First versions of what this evidence proposes, highest priority first.

    For everybody together, and for each group of at least the survey's minimum size: the needs
    that rank in the first TOP and are positive. None that rests on fewer answers than the minimum.
    """
    everyone = Pool(survey.groups, tables.stratum().respondents)
    pools = pooled(survey, tables)
    strata = {None: tables.stratum()} | {pool.name: tables.stratum(*pool.groups) for pool in pools}
    apart = [pool for pool in pools if len(pool.groups) == 1]
    proposing = [(None, everyone), *((pool.name, pool) for pool in apart)]
    ranked = _ranked(survey, strata, [group for group, _ in proposing], seed=evidence_hash)
    drafts = []
    for group, pool in proposing:
        for need in filter(_proposes, ranked[group]):
            rows = _rows(need, ranked)
            evidence = Evidence(
                survey=survey.id,
                survey_version=survey.version,
                evidence_hash=evidence_hash,
                cut_off=cut_off,
                respondents=pool.respondents,
                items=tuple(asdict(row) for row in rows),
                dissenting_groups=tuple(_dissent(need, ranked)),
                pools=told_together(pools, survey.minimum_group_size),
                synthetic=survey.synthetic,
            )
            drafts.append(_draft(survey, need, evidence, pool, weights=weights, when=when))
    return sorted(drafts, key=lambda draft: (-draft.score.total, draft.id))


def pooled(survey: Survey, tables: Tables) -> list[Pool]:
    """Groups of at least the minimum size apart; the smaller ones as one.

    If even those together are too few, they join the smallest group of the others, so that
    nobody's dissent is dropped for belonging to a small group. Empty if everybody is too few, and
    if there is but one group: that one is everybody.
    """
    sizes = {group: max(tables.stratum(group).respondents, 0) for group in sorted(tables.groups)}
    minimum = survey.minimum_group_size
    large = sorted((size, group) for group, size in sizes.items() if size >= minimum)
    small = [group for group, size in sizes.items() if 0 < size < minimum]
    too_few = tuple(small)
    pools = [Pool((group,), size) for size, group in large]
    together = sum(sizes[group] for group in small)
    if small and together < minimum and large:
        small.append(large[0][1])
        together += large[0][0]
    if small and together >= minimum:
        pools.append(Pool(tuple(small), together, too_few))
    return [pool for pool in pools if pool.respondents < sum(sizes.values())]


def told_together(pools: Sequence[Pool], minimum: int) -> tuple[dict[str, Any], ...]:
    """Those of several groups, as Evidence.pools has them."""
    return tuple(
        {
            "group": pool.name,
            "groups": list(pool.groups),
            "too_few": list(pool.too_few),
            "minimum": minimum,
        }
        for pool in pools
        if len(pool.groups) > 1
    )


def _ranked(
    survey: Survey,
    strata: Mapping[str | None, Stratum],
    proposing: Sequence[str | None],
    *,
    seed: str,
) -> dict[str | None, list[Need]]:
    """Each stratum's needs by rank, with intervals only where one of those `proposing` proposes the
    item."""
    placed = {
        group: place_needs(survey, stratum, seed=seed, group=group)
        for group, stratum in strata.items()
    }
    proposed = {need.item for group in proposing for need in filter(_proposes, placed[group])}
    return {
        group: [
            with_interval(need, strata[group], seed=seed) if need.item in proposed else need
            for need in needs
        ]
        for group, needs in placed.items()
    }


def _proposes(need: Need) -> bool:
    strong = need.rank is not None and need.rank <= TOP and (need.strength or 0) > 0
    return strong and not need.small_n


def _rows(need: Need, ranked: Mapping[str | None, Sequence[Need]]) -> list[Need]:
    """The proposal's own row, everybody's, and each pool's."""
    others = [_of(need.item, needs) for group, needs in ranked.items() if group != need.group]
    return [need, *others]


def _of(item: str, needs: Sequence[Need]) -> Need:
    return next(need for need in needs if need.item == item)


def _dissent(need: Need, ranked: Mapping[str | None, Sequence[Need]]) -> list[dict[str, Any]]:
    """Groups whose own interval excludes the proposal's strength, or that rank the need out of
    the upper half of the items.
    """
    dissent = []
    for group, needs in ranked.items():
        own = _of(need.item, needs)
        if group in {None, need.group} or own.strength_ci95 is None or need.strength is None:
            continue
        low, high = own.strength_ci95
        reasons = []
        if need.strength < low:
            reasons.append("sees a greater need")
        if need.strength > high:
            reasons.append("sees a smaller need")
        if own.rank is not None and own.rank > (len(needs) + 1) // 2:
            reasons.append(f"ranks it {own.rank} of {len(needs)}")
        if reasons:
            dissent.append({"group": group, "n": own.n, "reasons": reasons})
    return dissent


def _dissenting(evidence: Evidence) -> list[str]:
    together = {pool["group"] for pool in evidence.pools}
    names = (str(each["group"]) for each in evidence.dissenting_groups)
    return [f"{name} (together)" if name in together else name for name in names]


def _draft(
    survey: Survey,
    need: Need,
    evidence: Evidence,
    pool: Pool,
    *,
    weights: Mapping[str, float],
    when: datetime,
) -> Proposal:
    item = next(item for item in survey.items if item.id == need.item)
    measure = statement.measure(item, need, survey=survey.id, cut_off=evidence.cut_off)
    return Proposal(
        unit=survey.unit,
        id=proposal_id(survey.id, need.group, item.id, 1),
        version=1,
        supersedes=None,
        superseded_by=None,
        status="draft",
        item=item.id,
        group=need.group,
        title=statement.title(item, need.group),
        objective=statement.objective(item, need, measure),
        rationale=statement.rationale(need, _dissenting(evidence)),
        population={"groups": list(pool.groups), "respondents": pool.respondents},
        evidence=evidence,
        score=Score.of(item, need, weights=weights),
        buy_in=None,
        measures=(measure,),
        institutional_goals=(),
        initiatives=(),
        owner=None,
        history=(Entry(at=when, who="planning", action="draft", reason=None, diff={}),),
    )
