"""A million answers as CSV, against a bare cursor into csv.writer; and the memory that it takes."""

import csv
import multiprocessing
import os
import resource
import time
from typing import Any

import orjson
import pymongo

from services.intake.exports import STREAMED
from services.intake.store import open_store
from services.intake.usecases.create_survey import create_survey
from services.intake.usecases.export_answers import table_of
from services.intake.usecases.publish_survey import publish_survey
from shared import times
from tests import servers

RESPONSES = int(os.environ.get("BENCH_RESPONSES", "100000"))
NEEDS = [f"need{n}" for n in range(10)]
ROUNDS = 3
_SURVEY, _SECRET, _DATABASE = "bench", "a secret that is long enough", "bench_intake"
_ANSWERS = {name: {"importance": 5, "satisfaction": 2} for name in NEEDS}


def run() -> None:
    with servers.secantusd() as database:
        _fill(database.url)
        best = dict.fromkeys((bare, ours), float("inf"))
        most = 0
        for _ in range(ROUNDS):
            for way in best:
                seconds, peak = _apart(way, database.url)
                best[way] = min(best[way], seconds)
                most = max(most, peak if way is ours else 0)
        print(
            f"{RESPONSES:,} responses of {len(NEEDS)} needs, {RESPONSES * len(NEEDS):,} answers: "
            f"bare {RESPONSES / best[bare]:,.0f}/s, ours {RESPONSES / best[ours]:,.0f}/s: "
            f"{best[bare] / best[ours]:.2f} of it (to reach: .7), at most {most / 1e3:.0f} MB "
            "(to reach: under 200)"
        )


def bare(url: str) -> None:
    """The same columns of the same documents, as plainly as can be."""
    client: pymongo.MongoClient[dict[str, Any]] = pymongo.MongoClient(url, tz_aware=True)
    with open(os.devnull, "w", newline="") as file:  # noqa: PTH123
        writer = csv.writer(file)
        fields = {"survey_version": 1, "at": 1, "content": 1}
        for document in client[_DATABASE].responses.find({"survey": _SURVEY}, fields):
            content = orjson.loads(document["content"])
            row = [document["_id"], content["group"], document["survey_version"], document["at"]]
            for name in NEEDS:
                answer = content["answers"].get(name, {})
                row += [answer.get("importance"), answer.get("satisfaction"), answer.get("use")]
            writer.writerow(row)


def ours(url: str) -> None:
    client: pymongo.MongoClient[dict[str, Any]] = pymongo.MongoClient(url, tz_aware=True)
    store = open_store(client[_DATABASE], _SECRET)
    columns, rows = table_of(store, store.surveys.get("centre", _SURVEY))
    with open(os.devnull, "wb") as file:  # noqa: PTH123
        file.writelines(STREAMED["csv"].lines(columns, rows))


def _apart(way: Any, url: str) -> tuple[float, int]:
    """Seconds, and kilobytes at most, of a process of its own."""
    context = multiprocessing.get_context("spawn")
    results: Any = context.Queue()
    process = context.Process(target=_measured, args=(way, url, results))
    process.start()
    measured: tuple[float, int] = results.get()
    process.join()
    return measured


def _measured(way: Any, url: str, results: Any) -> None:
    began = time.perf_counter()
    way(url)
    took = time.perf_counter() - began
    results.put((took, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss))


def _fill(url: str) -> None:
    client: pymongo.MongoClient[dict[str, Any]] = pymongo.MongoClient(url, tz_aware=True)
    store = open_store(client[_DATABASE], _SECRET)
    scale = {"scale": {"min": 1, "max": 5}}
    definition = {
        "title": {"en": "Bench (synthetic)"},
        "languages": ["en"],
        "groups": ["student"],
        "minimum_group_size": 10,
        "sections": [],
        "items": [{"id": n, "type": "need", "text": {"en": n}, **scale} for n in NEEDS],
    }
    create_survey(store, unit="centre", name=_SURVEY, who="bench", definition=definition, digest="")
    publish_survey(store, unit="centre", name=_SURVEY)
    content = orjson.dumps({"group": "student", "profile": {}, "answers": _ANSWERS})
    common = {
        "unit": "centre", "schema": 1, "revision": 1, "survey": _SURVEY, "survey_version": 1,
        "at": times.now(), "content": content, "submitted": b"x" * 32, "v": 1,
    }  # fmt: skip
    for start in range(0, RESPONSES, 1_000):
        rows = [{"_id": f"{_SURVEY}.{n:032x}", **common} for n in range(start, start + 1_000)]
        client[_DATABASE].responses.insert_many(rows)
