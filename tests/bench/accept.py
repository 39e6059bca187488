"""Accepted responses a second: 20 paired needs each, validated, stored, acknowledged.

Against a floor that parses the JSON and keeps nothing, and against one insert_one a request, all
under the same gunicorn settings, in turns, so that a slow moment hits all alike.
"""

import itertools
import sqlite3
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from statistics import median

import orjson
import requests

from tests.bench import system
from tests.bench.driver import Drive, drive, percentile, post

ITEMS = [f"item{n}" for n in range(20)]
SECONDS, ROUNDS = 4.0, 3


def run() -> None:
    with ExitStack() as stack:
        folder, database, env = stack.enter_context(system.prepared())
        floor, floor_pid = stack.enter_context(system.gunicorn("tests.bench.floor:app", env))
        intake, intake_pid = stack.enter_context(
            system.gunicorn("services.intake.app:create_app()", env)
        )
        relay_pid = stack.enter_context(system.worker("intake", env))
        survey = _open_survey(intake)
        broker = _broker(folder / "messages.sqlite")
        ours = f"/v1/surveys/{survey}/responses"
        pids = {"http": intake_pid, "database": database.pid, "relay": relay_pid}
        print(f"{'clients':>8} {'floor/s':>8} {'plain/s':>8} {'ours/s':>8} {'of floor':>9}"
              f" {'x plain':>8} {'p50 ms':>7} {'p99 ms':>7}  CPU an answer, in floors")  # fmt: skip
        for clients in (1, 8, 32):
            rounds = []
            for _ in range(ROUNDS):
                a, floor_cpu = _measured(floor, "/floor", clients, {"http": floor_pid})
                b, _ = _measured(floor, "/plain", clients, {"http": floor_pid})
                c, cpu = _measured(intake, ours, clients, pids, broker)
                rounds.append((a, b, c, {k: v / floor_cpu["http"] for k, v in cpu.items()}))
            _report(clients, rounds)


def _measured(
    port: int,
    path: str,
    clients: int,
    pids: dict[str, int],
    broker: sqlite3.Connection | None = None,
) -> tuple[Drive, dict[str, float]]:
    """The drive, and CPU seconds an answer by process, until every answer was relayed.

    Looking at the broker's file costs the processes under measurement nothing.
    """
    before = {name: system.cpu_seconds([pid]) for name, pid in pids.items()}
    relayed = _relayed(broker) if broker else 0
    result = drive(port, _responses(path), clients=clients, seconds=SECONDS)
    if set(result.statuses) != {201}:
        raise RuntimeError(f"{path}: {result.statuses}")
    while broker is not None and _relayed(broker) < relayed + result.answers:
        time.sleep(0.2)
    spent = {name: system.cpu_seconds([pid]) - before[name] for name, pid in pids.items()}
    return result, {name: seconds / result.answers for name, seconds in spent.items()}


def _broker(file: Path) -> sqlite3.Connection:
    """The broker's file, made by the relay when it first publishes."""
    while not file.exists():
        time.sleep(0.1)
    return sqlite3.connect(f"file:{file}?mode=ro", uri=True)


def _relayed(broker: sqlite3.Connection) -> int:
    count = (
        "SELECT count(*) FROM message WHERE queue = 'planning' AND routing_key LIKE '%response%'"
    )
    found: int = broker.execute(count).fetchone()[0]
    return found


def _report(clients: int, rounds: list[tuple[Drive, Drive, Drive, dict[str, float]]]) -> None:
    floor, plain, ours = (median(r[i].rate for r in rounds) for i in range(3))
    of_floor = median(r[2].rate / r[0].rate for r in rounds)
    of_plain = median(r[2].rate / r[1].rate for r in rounds)
    latencies = [latency for r in rounds for latency in r[2].latencies]
    cpu = {name: median(r[3][name] for r in rounds) for name in rounds[0][3]}
    parts = ", ".join(f"{name} {floors:.2f}" for name, floors in cpu.items())
    print(f"{clients:>8} {floor:>8.0f} {plain:>8.0f} {ours:>8.0f} {of_floor:>9.2f} {of_plain:>8.2f}"
          f" {1000 * percentile(latencies, 0.5):>7.1f} {1000 * percentile(latencies, 0.99):>7.1f}"
          f"  {sum(cpu.values()):.2f} ({parts})")  # fmt: skip


def _responses(path: str) -> Iterator[bytes]:
    answers = {name: {"importance": 5, "satisfaction": 3} for name in ITEMS}
    run = time.time_ns()
    for number in itertools.count():
        body = {"id": f"{run}-{number}", "group": "student", "answers": answers}
        yield post(path, orjson.dumps(body))


def _open_survey(port: int) -> str:
    scale = {"min": 1, "max": 5}
    items = [{"id": name, "type": "need", "text": name, "scale": scale} for name in ITEMS]
    definition = {"title": "Bench (synthetic)", "groups": ["student"], "items": items}
    headers = {"Authorization": f"Bearer {system.token('planner')}"}
    url = f"http://127.0.0.1:{port}/v1/surveys"
    made = requests.post(url, json=definition, headers=headers, timeout=10)
    name: str = made.json()["id"]
    requests.post(f"{url}/{name}/publish", headers=headers, timeout=10).raise_for_status()
    return name


if __name__ == "__main__":
    run()
