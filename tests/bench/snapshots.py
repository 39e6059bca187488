"""Snapshot queries a second, against the floor of an application that reads a JSON body."""

import itertools
import time
from contextlib import ExitStack
from statistics import median
from typing import Any

import orjson
import requests

from tests.bench import system
from tests.bench.driver import Drive, drive, get, percentile, post

QUERIES = {
    "one figure": "metric=nace.knowledge_rate&segment=college:College-3&period=2023",
    "as of a past time": "metric=nace.knowledge_rate&segment=college:College-3&period=2023"
    "&recorded_at={past}",
    "a page of 50": "metric=nace.career_outcomes_rate&limit=50",
}
YEARS, COLLEGES, GRADUATES = (2021, 2022, 2023), 20, 30
SECONDS, ROUNDS, CLIENTS = 3.0, 3, 8


def run() -> None:
    with ExitStack() as stack:
        _, _, env = stack.enter_context(system.prepared())
        floor, _ = stack.enter_context(system.gunicorn("tests.bench.floor:app", env))
        metrics, _ = stack.enter_context(system.gunicorn("services.metrics.app:create_app()", env))
        stack.enter_context(system.worker("metrics", env))
        token = system.token("administrator")
        past = _recorded(f"http://127.0.0.1:{metrics}/v1", token)
        parse = post("/floor", orjson.dumps({"id": "x"}))
        print(f"{'query':>18} {'floor/s':>8} {'ours/s':>8} {'of floor':>9}"
              f" {'p50 ms':>7} {'p99 ms':>7}")  # fmt: skip
        for name, query in QUERIES.items():
            request = get(f"/v1/snapshots?{query.format(past=past)}", token)
            rounds = [(_drive(floor, parse), _drive(metrics, request)) for _ in range(ROUNDS)]
            latencies = [latency for _, ours in rounds for latency in ours.latencies]
            print(
                f"{name:>18} {median(a.rate for a, _ in rounds):>8.0f}"
                f" {median(b.rate for _, b in rounds):>8.0f}"
                f" {median(b.rate / a.rate for a, b in rounds):>9.2f}"
                f" {1000 * percentile(latencies, 0.5):>7.1f}"
                f" {1000 * percentile(latencies, 0.99):>7.1f}"
            )


def _drive(port: int, request: bytes) -> Drive:
    result = drive(port, itertools.repeat(request), clients=CLIENTS, seconds=SECONDS)
    if not set(result.statuses) <= {200, 201}:
        raise RuntimeError(f"{request[:80]!r}: {result.statuses}")
    return result


def _recorded(url: str, token: str) -> str:
    """Outcomes of some class years, folded and cut; answers a time between two cuts."""
    headers = {"Authorization": f"Bearer {token}"}
    for year in YEARS:
        body = {"outcomes": list(_outcomes(year))}
        requests.post(f"{url}/outcomes", json=body, headers=headers, timeout=60).raise_for_status()
        _until_cut(url, headers, year)
    latest = _snapshots(url, headers, YEARS[-1])
    first: str = latest[0]["recorded_at"]
    return first


def _outcomes(year: int) -> list[dict[str, Any]]:
    return [
        {
            "source": "bench (synthetic)",
            "key": f"{year}-{college}-{number}",
            "metric": "nace.first_destination",
            "period": str(year),
            "segment": {"college": f"College-{college}"},
            "category": "employed_full_time" if number % 3 else "seeking_employment",
        }
        for college in range(COLLEGES)
        for number in range(GRADUATES)
    ]


def _until_cut(url: str, headers: dict[str, str], year: int) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        total = [s for s in _snapshots(url, headers, year) if s["segment"] == {}]
        if total and total[0]["n"] == COLLEGES * GRADUATES:
            return
        time.sleep(0.5)
    raise RuntimeError("the outcomes were not folded in a minute")


def _snapshots(url: str, headers: dict[str, str], year: int) -> list[dict[str, Any]]:
    query = f"metric=nace.knowledge_rate&period={year}"
    answer = requests.get(f"{url}/snapshots?{query}", headers=headers, timeout=60)
    found: list[dict[str, Any]] = answer.json()["snapshots"]
    return found


if __name__ == "__main__":
    run()
