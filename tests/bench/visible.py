"""How long after its acknowledgement a response is seen in needs and in snapshots, while clients
keep half of the highest load."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress

import requests

from tests.bench import accept, system
from tests.bench.driver import drive, percentile

CLIENTS, HIGHEST_SECONDS, PROBES = 8, 4.0, 12


def run() -> None:
    with ExitStack() as stack:
        _, _, env = stack.enter_context(system.prepared())
        ports = {}
        for name, workers in (("intake", "2"), ("planning", "1"), ("metrics", "1")):
            its = env | {"GROUNDSWELL_HTTP_WORKERS": workers}
            served = system.gunicorn(f"services.{name}.app:create_app()", its)
            ports[name], _ = stack.enter_context(served)
        for name in ports:
            stack.enter_context(system.worker(name, env))
        load, probed = (accept._open_survey(ports["intake"]) for _ in range(2))
        path = f"/v1/surveys/{load}/responses"
        highest = drive(
            ports["intake"], accept._responses(path), clients=CLIENTS, seconds=HIGHEST_SECONDS
        ).rate
        bodies = _paced(accept._responses(path), highest / 2)

        def load_it() -> None:
            with suppress(ConnectionError):  # it goes on until the system is stopped
                drive(ports["intake"], bodies, clients=CLIENTS, seconds=PROBES * 60)

        threading.Thread(target=load_it, daemon=True).start()
        probes = [_probe(ports, probed, number) for number in range(1, PROBES + 1)]
    for what, waits in zip(("needs", "snapshots"), zip(*probes, strict=True), strict=True):
        print(
            f"{what:>10}: p50 {percentile(list(waits), 0.5):.2f} s, p99 (of {PROBES}, so the"
            f" longest) {max(waits):.2f} s, at {highest / 2:.0f} responses/s of {highest:.0f}"
        )


def _paced(bodies: Iterator[bytes], rate: float) -> Iterator[bytes]:
    due = time.perf_counter()
    for body in bodies:
        due = max(due + 1 / rate, time.perf_counter() - 0.1)
        time.sleep(max(0.0, due - time.perf_counter()))
        yield body


def _probe(ports: dict[str, int], survey: str, number: int) -> tuple[float, float]:
    """Seconds from an acknowledgement to the response's being in needs, and in a snapshot."""
    answers = {name: {"importance": 5, "satisfaction": 3} for name in accept.ITEMS}
    body = {"id": f"probe-{number}", "group": "student", "answers": answers}
    url = f"http://127.0.0.1:{ports['intake']}/v1/surveys/{survey}/responses"
    requests.post(url, json=body, timeout=30).raise_for_status()
    began = time.perf_counter()
    planner = {"Authorization": f"Bearer {system.token('planner')}"}
    administrator = {"Authorization": f"Bearer {system.token('administrator')}"}
    evidence = f"http://127.0.0.1:{ports['planning']}/v1/surveys/{survey}"
    snapshots = (
        f"http://127.0.0.1:{ports['metrics']}/v1/snapshots"
        f"?metric=intake.responses&segment=survey:{survey}"
    )

    def needed() -> bool:
        found = requests.get(evidence, headers=planner, timeout=30).json()
        return bool(found.get("n", 0) >= number)

    def snapped() -> bool:
        found = requests.get(snapshots, headers=administrator, timeout=30).json()["snapshots"]
        return any(each["numerator"] >= number for each in found)

    return _seconds_until(needed, began), _seconds_until(snapped, began)


def _seconds_until(seen: Callable[[], bool], began: float) -> float:
    while not seen():
        if time.perf_counter() - began > 60:
            raise TimeoutError
        time.sleep(0.02)
    return time.perf_counter() - began


if __name__ == "__main__":
    run()
