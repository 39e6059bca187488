"""Importing 100,000 answers from a CSV, against a bare insert_many of the same documents."""

import csv
import io
import random
import tempfile
import time
from collections.abc import Iterator
from typing import Any, BinaryIO

import pymongo

from services.intake.schemas import DefinitionSchema
from services.intake.store import Store, open_store
from services.intake.store.brought import Brought
from services.intake.store.imports import Import
from services.intake.tables.answer_table import AnswerTable
from services.intake.usecases.create_survey import create_survey
from services.intake.usecases.import_answers import import_answers
from services.intake.usecases.publish_survey import publish_survey
from shared import times
from shared.documents import Documents
from tests import servers

ANSWERS = 100_000
ROUNDS = 3  # of ANSWERS / ROUNDS, the import and the floor in turns
ITEMS = [f"need{n}" for n in range(20)]
GROUPS = ["student", "faculty", "staff", "employer"]
SCALE = {"min": 1, "max": 5}


def run(answers: int = ANSWERS) -> None:
    spent = dict.fromkeys(("import", "insert_many", "insert_many, no index"), 0.0)
    with servers.secantusd() as database:
        client: pymongo.MongoClient[Any] = pymongo.MongoClient(database.url, tz_aware=True)
        store = open_store(client.bench_intake, "a secret of the bench alone")
        indexed, bare = client.bench_floor.responses, client.bench_floor.bare
        Documents(indexed).ensure_indexes(("survey",))  # as the import's own collection has them
        for turn in range(ROUNDS):
            survey, job = _prepared(store, turn, answers // ROUNDS)
            began = time.perf_counter()
            for _ in import_answers(store, job):
                pass
            spent["import"] += time.perf_counter() - began
            assert job.new == answers // ROUNDS, job
            same = list(store.responses.documents.collection.find({"survey": survey}))
            for name, floor in (("insert_many", indexed), ("insert_many, no index", bare)):
                began = time.perf_counter()
                floor.insert_many(same, ordered=False)
                spent[name] += time.perf_counter() - began
    for name, seconds in spent.items():
        ratio = seconds / spent["import"]
        print(f"{name}: {answers / seconds:.0f} answers/s; import is {ratio:.2f} of it")


def _prepared(store: Store, turn: int, answers: int) -> tuple[str, Import]:
    items = [{"id": name, "type": "need", "text": name, "scale": SCALE} for name in ITEMS]
    definition = DefinitionSchema().load(
        {"title": "Bench (synthetic)", "groups": GROUPS, "items": items, "synthetic": True}
    )
    survey = f"survey{turn}"
    create_survey(store, unit="centre", name=survey, who="bench", definition=definition, digest="")
    publish_survey(store, unit="centre", name=survey)
    with tempfile.TemporaryFile() as file:
        _write(file, turn, answers)
        assert AnswerTable.matching(file, definition).count() == answers
        store.brought.add(Brought(survey, "centre", "bench.csv", times.now()), file)
    store.imports.add(
        Import(id=survey, unit="centre", survey=survey, file=survey, mapping=None, digest="")
    )
    job = store.imports.take()
    assert job is not None
    return survey, job


def _write(file: BinaryIO, seed: int, answers: int) -> None:
    text = io.TextIOWrapper(file, newline="")
    parts = ("importance", "satisfaction")
    csv.writer(text).writerow(["group", *(f"{n}.{part}" for n in ITEMS for part in parts)])
    csv.writer(text).writerows(_rows(seed, answers))
    text.flush()
    text.detach()


def _rows(seed: int, answers: int) -> Iterator[list[Any]]:
    chance = random.Random(seed)  # generated answers
    for _ in range(answers):
        yield [chance.choice(GROUPS), *(chance.randint(1, 5) for _ in range(2 * len(ITEMS)))]


if __name__ == "__main__":
    run()
