"""The processes under measurement, on free ports and in a folder of their own."""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import requests

from services.accounts.usecases.issue_token import issue_token
from tests import servers
from tests.servers import Server, free_port
from tests.service.callers import PRIVATE_KEY, PUBLIC_KEY

ROOT = Path(__file__).parents[2]
TICKS = os.sysconf("SC_CLK_TCK")


def environment(folder: Path, database_url: str, broker_url: str) -> dict[str, str]:
    (folder / "public.pem").write_bytes(PUBLIC_KEY)
    (folder / "private.pem").write_text(PRIVATE_KEY)
    named = {
        "DATABASE_URL": database_url,
        "BROKER_URL": broker_url,
        "TOPOLOGY": str(ROOT / "deploy" / "topology.json"),
        "SECRET": "a secret of the bench alone",
        "PUBLIC_KEY": str(folder / "public.pem"),
        "PRIVATE_KEY": str(folder / "private.pem"),
        "CUT_SECONDS": "5",
        "LOCAL": "true",
    }
    return {**os.environ, **{f"GROUNDSWELL_{name}": value for name, value in named.items()}}


@contextmanager
def prepared() -> Iterator[tuple[Path, Server, dict[str, str]]]:
    """An empty folder, a database, and the environment of processes that work in them."""
    with tempfile.TemporaryDirectory(prefix="bench-") as made, servers.secantusd() as database:
        folder = Path(made)
        env = environment(folder, database.url, f"sqlite:///{folder}/messages.sqlite")
        yield folder, database, env | {"BENCH_DATABASE": database.url}


def token(role: str) -> str:
    return issue_token(PRIVATE_KEY, name="bench", role=role, unit="centre", lifetime=24 * 3600)


@contextmanager
def gunicorn(application: str, env: dict[str, str]) -> Iterator[tuple[int, int]]:
    """(port, process) of an application under the product's own gunicorn settings."""
    port = free_port()
    program = Path(sys.executable).with_name("gunicorn")
    command = [program, "-c", ROOT / "deploy" / "gunicorn.conf.py", application]
    with process(command, {**env, "GROUNDSWELL_BIND": f"127.0.0.1:{port}"}) as pid:
        _wait_until_it_answers(port)
        yield port, pid


@contextmanager
def process(command: Sequence[str | Path], env: dict[str, str]) -> Iterator[int]:
    with subprocess.Popen(command, env=env, cwd=ROOT) as started:
        try:
            yield started.pid
        finally:
            started.terminate()
            started.wait(20)


@contextmanager
def worker(service: str, env: dict[str, str]) -> Iterator[int]:
    with process([sys.executable, "-m", f"services.{service}.app"], env) as pid:
        yield pid


def cpu_seconds(pids: Sequence[int]) -> float:
    """User and system time of the processes and their children so far."""
    return sum(_ticks(pid) for parent in pids for pid in (parent, *children(parent))) / TICKS


def children(pid: int) -> list[int]:
    """Of a process, those that it started itself."""
    listed = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    return [int(child) for child in listed.split()]


def _ticks(pid: int) -> int:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])


def _wait_until_it_answers(port: int) -> None:
    deadline = time.monotonic() + 30
    while True:
        try:
            requests.get(f"http://127.0.0.1:{port}/health", timeout=1)
        except (requests.ConnectionError, requests.Timeout):
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)
        else:
            return
