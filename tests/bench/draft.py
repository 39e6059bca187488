"""Drafting proposals from 1,000 and from 100,000 answers, which must cost the same; and what an
answer costs to be counted, beside the parsing of its JSON."""

import json
import random
import time
from collections.abc import Callable, Iterator

import pymongo

from services.planning.app import open_store
from services.planning.domain.survey import Item
from services.planning.domain.tables import Answers, Change, Tables
from services.planning.store import Store
from services.planning.usecases.draft_proposals import draft_proposals
from shared.bus import BATCH
from shared.contributions import Contribution
from tests import servers

ITEMS = [f"need{n}" for n in range(20)]
GROUPS = ["student", "faculty", "staff", "employer"]
SIZES = (1_000, 100_000)
ROUNDS = 5


def run() -> None:
    _count()
    with servers.secantusd() as database:
        store = open_store(pymongo.MongoClient(database.url, tz_aware=True).bench_planning)
        for size in SIZES:
            began = time.perf_counter()
            _fold(store, size)
            print(f"folded {size} answers at {size / (time.perf_counter() - began):.0f}/s")
        best = dict.fromkeys(SIZES, float("inf"))
        for _ in range(ROUNDS):
            for size in SIZES:
                began = time.process_time()
                drafted = draft_proposals(store, "centre", f"survey-{size}")
                best[size] = min(best[size], time.process_time() - began)
        small, large = (best[size] for size in SIZES)
        print(f"drafting {len(drafted)} proposals: {1000 * small:.0f} ms of CPU from 1,000 answers,"
              f" {1000 * large:.0f} ms from 100,000: ratio {large / small:.2f}")  # fmt: skip


def _count() -> None:
    bodies = [each.body for each in _contributions("survey", SIZES[0])]
    texts = [json.dumps(body) for body in bodies]
    changes = [Change(None, Answers(body["group"], body["answers"])) for body in bodies]
    tables = Tables()
    tables.cover(Item(name, "need", {"en": name}, 1, 5) for name in ITEMS)
    counted = _least(lambda: tables.apply(changes))
    parsed = _least(lambda: [json.loads(text) for text in texts])
    print(f"counting an answer of {len(ITEMS)} needs: {1e6 * counted / len(bodies):.0f} us of CPU,"
          f" {counted / parsed:.1f} times the parsing of its JSON")  # fmt: skip


def _least(work: Callable[[], object]) -> float:
    """Seconds of CPU."""
    spent = []
    for _ in range(ROUNDS):
        began = time.process_time()
        work()
        spent.append(time.process_time() - began)
    return min(spent)


def _fold(store: Store, size: int) -> None:
    survey = f"survey-{size}"
    scale = {"min": 1, "max": 5}
    items = [{"id": n, "type": "need", "text": {"en": n}, "scale": scale} for n in ITEMS]
    definition = {
        "title": {"en": "Bench (synthetic)"},
        "languages": ["en"],
        "groups": GROUPS,
        "minimum_group_size": 10,
        "sections": [],
        "items": items,
    }
    store.surveys.publish("centre", survey, 1, definition)
    contributions = list(_contributions(survey, size))
    for start in range(0, size, BATCH):
        store.tables.apply(contributions[start : start + BATCH])


def _contributions(survey: str, size: int) -> Iterator[Contribution]:
    chance = random.Random(size)  # generated answers
    for number in range(size):
        answers = {
            name: {"importance": chance.randint(2, 5), "satisfaction": chance.randint(1, 5)}
            for name in ITEMS
        }
        body = {"survey_version": 1, "group": chance.choice(GROUPS), "answers": answers}
        at = "2026-03-01T09:00:00.000Z"
        yield Contribution(survey, "centre", f"{survey}.{number}", 1, at, body)


if __name__ == "__main__":
    run()
