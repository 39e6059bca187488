"""A whole worker process: killed in the middle of a stream, told to end, without its database."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

import orjson
import pymongo
import pytest

from shared import messages
from shared.bus import Publisher
from shared.documents import worker_seen
from shared.event import Outgoing
from shared.parking import ATTEMPTS, Parking
from tests.integration.deadline import until
from tests.integration.tally import NumberDrawn, Tally, numbers_of
from tests.servers import free_port

ROOT = Path(__file__).parents[2]


@pytest.fixture
def tally(mongo_client, queue) -> Iterator[Tally]:
    """The worker's documents, as its HTTP side would write them; settings name its database."""
    name = f"groundswell_{queue}"
    tally = Tally(mongo_client[name])
    tally.drawn.ensure_indexes()
    yield tally
    mongo_client.drop_database(name)


@pytest.fixture
def environment(tmp_path, broker_url, topology, mongo_url) -> dict[str, str]:
    (tmp_path / "topology.json").write_bytes(orjson.dumps(asdict(topology)))
    (tmp_path / "public.pem").touch()
    return {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "GROUNDSWELL_DATABASE_URL": mongo_url,
        "GROUNDSWELL_BROKER_URL": broker_url,
        "GROUNDSWELL_TOPOLOGY": str(tmp_path / "topology.json"),
        "GROUNDSWELL_SECRET": "a secret that is long enough",
        "GROUNDSWELL_PUBLIC_KEY": str(tmp_path / "public.pem"),
    }


@contextmanager
def worker(queue: str, environment: dict[str, str]) -> Iterator[subprocess.Popen]:
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.integration.tally", queue],
        env=environment,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def test_each_number_counts_once_through_three_kills(tally, queue, environment):
    for kill in range(3):
        before = len(numbers_of(tally.fold))
        for start in range(kill * 600, kill * 600 + 600, 60):
            tally.draw(range(start, start + 60))
        with worker(queue, environment) as process:
            until(lambda n=before: len(numbers_of(tally.fold)) > n, "the worker folds")
            process.send_signal(signal.SIGKILL)
    killed_at = len(numbers_of(tally.fold))
    with worker(queue, environment):
        until(lambda: len(numbers_of(tally.fold)) >= 1800, "the rest is folded")
        until(lambda: not tally.drawn.waits.count_documents({}), "all is sent")
    assert numbers_of(tally.fold) == [*range(1800)]
    assert killed_at < 1800, "no kill hit the stream"
    head = tally.fold.head("all")
    assert head.count == head.folded == 1800


@pytest.mark.parametrize("broker_url", ["sqlite"], indirect=True)
def test_two_workers_of_one_queue_count_each_number_once_and_end_when_told_to(
    tally, queue, environment
):
    with worker(queue, environment) as one, worker(queue, environment) as other:
        for start in range(0, 900, 30):
            tally.draw(range(start, start + 30))
        until(lambda: len(numbers_of(tally.fold)) >= 900, "all is folded")
        for process in (one, other):
            until(lambda p=process: "worker.ready" in p.stderr.readline(), "it is ready")
            process.terminate()
        for process in (one, other):
            _, said = process.communicate(timeout=60)
            assert process.returncode == 0
            assert '"event":"worker.stopped"' in said.splitlines()[-1]
    assert numbers_of(tally.fold) == [*range(900)]


@pytest.mark.parametrize("broker_url", ["sqlite"], indirect=True)
def test_half_a_worker_ends_as_a_whole(tally, queue, environment):
    """Were its relay to go on alone, whoever restarts dead processes would see a living one."""
    with worker(queue, environment) as process:
        tally.draw([-1])
        assert process.wait(timeout=60) != 0


@pytest.mark.parametrize("broker_url", ["sqlite"], indirect=True)
def test_a_worker_waits_for_a_database_that_is_away_and_loses_nothing(
    own_secantusd, queue, environment
):
    """The messages it could not fold meanwhile are not acknowledged."""
    environment["GROUNDSWELL_DATABASE_URL"] = own_secantusd.url
    with pymongo.MongoClient(own_secantusd.url, tz_aware=True) as client:
        tally = Tally(client[f"groundswell_{queue}"])
        with worker(queue, environment) as process:
            tally.draw(range(100))
            until(lambda: numbers_of(tally.fold), "it works")
            own_secantusd.kill()
            own_secantusd.start()
            tally.draw(range(100, 200))
            until(lambda: len(numbers_of(tally.fold)) >= 200, "it goes on")
            assert process.poll() is None
        assert numbers_of(tally.fold) == [*range(200)]
        assert list(Parking(client[f"groundswell_{queue}"])._messages.find()) == []


@pytest.mark.parametrize("broker_url", ["sqlite"], indirect=True)
def test_a_worker_waits_for_a_database_that_is_not_there_yet(queue, environment):
    environment["GROUNDSWELL_DATABASE_URL"] = f"mongodb://127.0.0.1:{free_port()}"
    with worker(queue, environment) as process:
        line = process.stderr.readline()
        assert orjson.loads(line)["event"] == "worker.waiting"
        process.terminate()
        assert process.wait(timeout=60) == 0


ENVELOPE = {
    "id": "e", "type": NumberDrawn.type, "source": "/tally", "subject": "odd", "unit": "careers",
    "time": "2026-11-23T09:30:00.000Z", "data": {"number": 77},
}  # fmt: skip
HOPELESS = {
    b"{not json": "Malformed: not JSON",
    b"[1]": "Malformed: not an event envelope",
    orjson.dumps(
        ENVELOPE | {"type": "tally.other.v1"}
    ): "UnknownType: nothing here handles tally.o",
    orjson.dumps(ENVELOPE | {"type": "tally.number_drawn.v9"}): "UnknownType: nothing here handles",
}
SCHEMALESS = orjson.dumps(ENVELOPE | {"data": {}})


def replay(*names: str) -> int:
    return messages.main(["replay", *names])


def test_poison_is_parked_with_its_reason_the_queue_goes_on_and_what_was_mended_takes_effect(
    tally, queue, topology, environment, broker_url, mongo_client, monkeypatch
):
    database = mongo_client[f"groundswell_{queue}"]
    parking, publisher = Parking(database), Publisher(broker_url, topology)
    monkeypatch.setenv("GROUNDSWELL_DATABASE_URL", environment["GROUNDSWELL_DATABASE_URL"])
    with worker(queue, {**environment, "TALLY_REFUSES": "7"}):
        tally.draw(range(5))
        publisher.publish([Outgoing("e", NumberDrawn.type, bad) for bad in (*HOPELESS, SCHEMALESS)])
        tally.draw(range(5, 10))
        well = [0, 1, 2, 3, 4, 5, 6, 8, 9]
        until(lambda: numbers_of(tally.fold) == well, "what is well takes effect")
        until(lambda: parking.count("parked") == len(HOPELESS), "what is hopeless is parked")
        tries = {"state": "waiting", "attempts": {"$gte": 2}}
        until(lambda: parking._messages.count_documents(tries) == 2, "the others are tried again")
        last = {"$set": {"attempts": ATTEMPTS - 1, "due": "2026-11-23T09:30:00.000Z"}}
        parking._messages.update_many({"state": "waiting"}, last)
        until(lambda: parking.count() == len(HOPELESS) + 2, "they are parked in the end")
    publisher.close()
    parked = {each.body: each for each in parking.parked()}
    assert all(parked.pop(bad).reason.startswith(why) for bad, why in HOPELESS.items())
    schemaless = parked.pop(SCHEMALESS)
    (refused,) = parked.values()
    assert (schemaless.reason, schemaless.attempts) == ("KeyError: 'number'", ATTEMPTS)
    assert (refused.reason, refused.attempts) == (
        "ValueError: a mistake of this release: it cannot take 7",
        ATTEMPTS,
    )
    assert "in hear" in refused.trace
    before = worker_seen(database)
    with worker(queue, environment):
        until(lambda: worker_seen(database) != before, "the mended worker is there")
        assert replay(refused.id) == 0
        assert numbers_of(tally.fold) == [*range(10)]
        assert replay(schemaless.id) == 1
        assert parking.get(schemaless.id).attempts == ATTEMPTS + 1
    assert parking.count() == len(HOPELESS) + 1
