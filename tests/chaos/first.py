"""First starts that are killed while the embedded database makes its files."""

import os
import random
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pymongo
from pymongo.errors import PyMongoError

from tests.bench.system import ROOT, children
from tests.servers import free_port

_LONGEST_SECONDS = 3.0  # by then it has begun to answer
_PATIENCE_SECONDS = 60.0


def kill_first_starts(folder: Path, rng: random.Random, count: int) -> list[str]:
    """Begin so many times with an empty folder, kill keeper and database at once some time after,
    and start again; answers a sentence for each that did not come, or did not keep what it took."""
    findings = []
    for number in range(count):
        var = folder / f"first-{number}"
        for each in ("run", "data"):
            (var / each).mkdir(parents=True)
        (var / "run" / "secantusd.toml").touch()
        after = rng.uniform(0, _LONGEST_SECONDS)
        with _keeper(var, free_port()) as keeper:
            time.sleep(after)
            _kill(keeper)
        port = free_port()
        with _keeper(var, port) as keeper:
            if not _keeps(port):
                findings.append(f"killed {after:.3f} s after its first start, it does not start")
            _kill(keeper)
    return findings


def _keeper(var: Path, port: int) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "deploy.keep", str(var), str(port)]
    with (var / "log").open("ab") as log:
        return subprocess.Popen(command, cwd=ROOT, stdout=log, stderr=log)


def _kill(keeper: subprocess.Popen[bytes]) -> None:
    """The database first: it ends in peace when its keeper is gone."""
    for pid in [*children(keeper.pid), keeper.pid]:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def _keeps(port: int) -> bool:
    deadline = time.monotonic() + _PATIENCE_SECONDS
    url = f"mongodb://127.0.0.1:{port}/?retryWrites=false"
    with pymongo.MongoClient(url, serverSelectionTimeoutMS=500) as client:
        while time.monotonic() < deadline:
            with suppress(PyMongoError):
                for number in range(20):
                    client["kept"][f"collection{number}"].insert_one({})
                return True
    return False
