"""Surveys and answers for the tests of planning."""

from datetime import UTC, datetime
from typing import Any

import numpy as np

from services.planning.domain.survey import Item, Survey
from services.planning.domain.tables import Answers, Change, Tables

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)


def need(item: str, *, high: int = 5) -> Item:
    return Item(item, "need", {"en": item.title()}, 1, high)


def rating(item: str, *, high: int = 5, role: str | None = None) -> Item:
    return Item(item, "rating", {"en": item.title()}, 1, high, role)


def survey(*items: Item, groups: tuple[str, ...] = ("student", "staff"), minimum: int = 10):
    return Survey("careers", "s1", 1, {"en": "Needs"}, groups, minimum, items)


def pair(importance: int, satisfaction: int) -> dict[str, int]:
    return {"importance": importance, "satisfaction": satisfaction}


def submission(group: str, answers: dict[str, Any]) -> Change:
    return Change(before=None, after=Answers(group, answers))


def folded(of: Survey, changes: list[Change]) -> Tables:
    tables = Tables()
    tables.cover(of.items)
    tables.apply(changes)
    return tables


def correlated_pairs(items: list[str], n: int, seed: int) -> list[dict[str, dict[str, int]]]:
    """Answers whose items hang together, as people's do, and differ in what they are missing."""
    rng = np.random.default_rng(seed)
    mood = rng.normal(size=(n, 1))
    importance = 3.9 + 0.5 * mood + rng.normal(size=(n, len(items)))
    unmet = np.linspace(1.2, 0.4, len(items))
    satisfaction = importance - unmet + 0.6 * mood + rng.normal(size=(n, len(items)))
    low, high = (np.clip(np.rint(x), 1, 5).astype(int) for x in (importance, satisfaction))
    missing = rng.random((n, len(items))) < 0.2
    return [
        {
            item: pair(int(low[i, j]), int(high[i, j]))
            for j, item in enumerate(items)
            if not missing[i, j]
        }
        for i in range(n)
    ]
