"""Events applied a second, from outbox over the broker to the durable effect, against Celery.

The peer is a task a message with one durable upsert, on the same broker and database in the same
run. Also: how long after its acknowledgement a response is seen in needs and in snapshots, while
clients keep half of the highest load.
"""

import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import orjson
import pymongo

from services.intake.events import ResponseSubmitted
from services.intake.store import open_store
from services.intake.store.responses import NewResponse
from services.intake.usecases.create_survey import create_survey
from services.intake.usecases.publish_survey import publish_survey
from shared import times
from shared.documents import worker_seen
from tests import servers
from tests.bench import system
from tests.integration.deadline import until

EVENTS, BATCH = 4_000, 200
PATIENCE = 180.0
ITEMS = [f"need{n}" for n in range(20)]
AT = "2026-03-01T09:00:00.000Z"


def run() -> None:
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-")))
        rabbit = stack.enter_context(servers.rabbitmq())
        rates = {}
        for name, url in (("rabbitmq", rabbit.url), ("sqlite", f"sqlite:///{folder}/m.sqlite")):
            with servers.secantusd() as database:
                rates[f"ours, {name}"] = _ours(folder, database.url, url)
        with servers.secantusd() as database:
            rates["celery, rabbitmq"] = _celery(database.url, rabbit.url)
    peer = rates["celery, rabbitmq"]
    print(f"{'':>18} {'events/s':>9} {'x celery':>9}")
    for name, rate in rates.items():
        print(f"{name:>18} {rate:>9.0f} {rate / peer:>9.1f}")


def _ours(folder: Path, database_url: str, broker_url: str) -> float:
    env = system.environment(folder, database_url, broker_url)
    topology = folder / "topology.json"
    heard = ["intake.survey_published.v1", "intake.response_submitted.v1"]
    topology.write_bytes(orjson.dumps({"exchange": "bench", "queues": {"planning": heard}}))
    env["GROUNDSWELL_TOPOLOGY"] = str(topology)
    client: pymongo.MongoClient[Any] = pymongo.MongoClient(database_url, tz_aware=True)
    survey = _fill_outboxes(client)
    heads = client.groundswell_planning.heads

    def folded() -> int:
        head = heads.find_one({"_id": survey}, {"folded": 1})
        return 0 if head is None else head["folded"]

    with system.worker("planning", env):
        until(lambda: worker_seen(client.groundswell_planning), "planning's worker is there")
        with system.worker("intake", env):
            until(folded, "the first is folded")
            return _rate(folded, EVENTS)


def _fill_outboxes(client: pymongo.MongoClient) -> str:
    store = open_store(client.groundswell_intake, "a secret of the bench alone")
    scale = {"min": 1, "max": 5}
    definition = {
        "title": {"en": "Bench (synthetic)"},
        "languages": ["en"],
        "groups": ["student"],
        "minimum_group_size": 10,
        "sections": [],
        "items": [
            {"id": n, "type": "need", "text": {"en": n}, "scale": scale, "required": False}
            for n in ITEMS
        ],
    }
    made = {"name": "bench", "who": "bench", "definition": definition, "digest": "x"}
    survey = create_survey(store, unit="centre", **made).id
    publish_survey(store, unit="centre", name=survey)
    asked = store.surveys.for_answering(survey)
    new = [
        NewResponse.of(asked, str(number), event.after, event, times.parse(AT))
        for number, event in enumerate(_events(survey))
    ]
    for first in range(0, EVENTS, BATCH):
        store.responses.add_all(asked, new[first : first + BATCH])
    return survey


def _events(survey: str) -> Iterator[ResponseSubmitted]:
    answers = {name: {"importance": 5, "satisfaction": 3} for name in ITEMS}
    after = {"group": "student", "profile": {}, "answers": answers}
    for number in range(EVENTS):
        yield ResponseSubmitted(
            "centre", f"{survey}.{number}", survey, 1, 1, "student", AT, None, after
        )


def _celery(database_url: str, broker_url: str) -> float:
    os.environ |= {"BENCH_DATABASE": database_url, "BENCH_BROKER": broker_url}
    from tests.bench.celery_peer import app, keep  # noqa: PLC0415  # reads the addresses above

    client: pymongo.MongoClient[Any] = pymongo.MongoClient(database_url)
    kept = client.bench_peer.events
    program = str(Path(sys.executable).with_name("celery"))
    command = [program, "-A", "tests.bench.celery_peer", "worker", "-c", "2", "-l", "ERROR"]
    with system.process(command, dict(os.environ)):
        keep.delay("first", "")
        until(kept.estimated_document_count, "the peer stores")
        bodies = [orjson.dumps(vars(event)).decode() for event in _events("bench")]
        began = time.perf_counter()
        with app.producer_pool.acquire(block=True) as producer:
            for number, body in enumerate(bodies):
                keep.apply_async((str(number), body), producer=producer)
        until(lambda: kept.estimated_document_count() > EVENTS, "all are stored", PATIENCE)
        return EVENTS / (time.perf_counter() - began)


def _rate(count: Callable[[], int], every: int) -> float:
    first, began = count(), time.perf_counter()
    until(lambda: count() >= every, "all are folded", PATIENCE)
    return (every - first) / (time.perf_counter() - began)


if __name__ == "__main__":
    run()
