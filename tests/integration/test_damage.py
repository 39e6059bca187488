"""Damaged data are found before anything starts on them, and nothing is made in their place."""

import os
import shutil
import signal
import socket
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pymongo
import pytest

from deploy import damage, database, keep, supervise
from shared.sqlite_broker import Broker, Letter
from shared.sqlite_topology import declare_queue
from tests import servers
from tests.conftest import DATABASE, component
from tests.integration.test_local import STOP_SECONDS, Run, descendants, end
from tests.servers import free_port

DOCUMENTS = "secantus_documents_sh*.wt"


@pytest.fixture(scope="module")
def untouched(pytestconfig, tmp_path_factory):
    """Data with something in each of its parts, as a power cut leaves them."""
    data = tmp_path_factory.mktemp("untouched") / "data"
    data.mkdir()
    with component(pytestconfig, DATABASE, servers.secantusd) as server:
        with pymongo.MongoClient(server.url) as client:
            rows = client["groundswell_intake"]["responses"]
            rows.create_index("survey")
            rows.insert_many([{"_id": n, "survey": "s", "why": "x" * 500} for n in range(1000)])
            client.admin.command("fsync")
            rows.insert_many([{"_id": -n, "survey": "s"} for n in range(1, 100)])
        server.kill()
        shutil.copytree(server.log.parent / "data", data / "database")
    (data / "secret").write_text("a secret that is long enough")
    with closing(Broker(data / "messages.sqlite")) as broker:
        broker.define(declare_queue, "planning", {})
        broker.publish([Letter("", "planning", "{}", b"x" * 3000)] * 20)
    damage.mark(data)
    return data


@pytest.fixture
def data(untouched, tmp_path) -> Path:
    return Path(shutil.copytree(untouched, tmp_path / "var" / "data"))


def one(data: Path, pattern: str) -> Path:
    """The largest of the files that are meant."""
    return max((data / "database").glob(pattern), key=lambda path: path.stat().st_size)


def halve(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2)


def overwrite(path: Path, where: int, size: int = 4096) -> None:
    with path.open("r+b") as file:
        file.seek(where)
        file.write(b"\x5a" * size)


def remove_all(data: Path, pattern: str) -> None:
    for path in (data / "database").glob(pattern):
        path.unlink()


LOST = {
    "no documents": lambda data: one(data, DOCUMENTS).unlink(),
    "no documents at all": lambda data: remove_all(data, "secantus_*"),
    "no list of collections": lambda data: one(data, "secantus_collections.wt").unlink(),
    "no indexes": lambda data: one(data, "secantus_index_entries.wt").unlink(),
    "no list of files": lambda data: one(data, "WiredTiger.turtle").unlink(),
    "no log": lambda data: remove_all(data, "WiredTigerLog.*"),
    "nothing that the engine starts with": lambda data: remove_all(data, "WiredTiger*"),
    "an empty database": lambda data: remove_all(data, "*"),
    "no database": lambda data: shutil.rmtree(data / "database"),
    "no messages": lambda data: (data / "messages.sqlite").unlink(),
    "empty messages": lambda data: os.truncate(data / "messages.sqlite", 0),
    "half the messages": lambda data: halve(data / "messages.sqlite"),
    "other bytes before the messages": lambda data: overwrite(data / "messages.sqlite", 0),
    "other bytes amid the messages": lambda data: overwrite(data / "messages.sqlite", 40960),
    "no secret": lambda data: (data / "secret").unlink(),
    "an empty secret": lambda data: os.truncate(data / "secret", 0),
    "a secret and a mark alone lost": lambda data: [
        (data / name).unlink() for name in ("secret", "complete")
    ],
}
# Of documents so much that some of it is in use, wherever the engine put them last.
BROKEN = {
    "half the documents": lambda data: halve(one(data, DOCUMENTS)),
    "other bytes among the first documents": lambda data: overwrite(
        one(data, DOCUMENTS), 4096, 131072
    ),
    "other bytes amid the documents": lambda data: overwrite(one(data, DOCUMENTS), 262144, 262144),
    "an empty list of collections": lambda data: os.truncate(one(data, "secantus_coll*"), 0),
    "a broken list of files": lambda data: overwrite(one(data, "WiredTiger.wt"), 0),
}


@pytest.mark.parametrize("name", LOST)
def test_what_is_lost_is_found_before_anything_starts(data, name):
    LOST[name](data)
    with pytest.raises(damage.Damaged):
        damage.check(data)


@pytest.mark.parametrize("ended", ["killed", "stopped well"])
@pytest.mark.parametrize("name", BROKEN)
def test_what_is_broken_is_found_by_a_start(data, name, ended):
    """By what the engine says of its files, however it was ended before."""
    if ended == "stopped well":
        start_and_stop(data)
    BROKEN[name](data)
    kept = keep_until_it_ends(data.parent, free_port())
    assert kept.returncode == 1
    word = (data.parent / "run" / "given-up").read_text()
    assert "are damaged: database: " in word
    assert "make restore" in word
    assert "Traceback" not in kept.stderr


def start_and_stop(data: Path) -> None:
    port = free_port()
    configuration = data / "none.toml"
    configuration.touch()
    command = database.command(data / "database", configuration, port)
    with subprocess.Popen(command) as server:
        with pymongo.MongoClient(f"mongodb://127.0.0.1:{port}/?directConnection=true") as client:
            client.admin.command("ping")
        server.terminate()
        assert server.wait(STOP_SECONDS) == 0


def keep_until_it_ends(var: Path, port: int) -> subprocess.CompletedProcess[str]:
    (var / "run").mkdir()
    (var / "run" / "secantusd.toml").touch()
    return subprocess.run(
        [sys.executable, "-m", "deploy.keep", str(var), str(port)],
        cwd=Path(keep.__file__).parents[1], check=False, capture_output=True, text=True,
        timeout=240,
    )  # fmt: skip


def test_data_that_a_power_cut_left_are_whole(data):
    damage.check(data)


def test_data_that_are_open_are_told_from_damaged_ones(data, monkeypatch):
    monkeypatch.setattr(damage, "_ENDING_SECONDS", 0.1)
    opened = "import fcntl, sys; file = open(sys.argv[1], 'r+b')\n"
    opened += "fcntl.lockf(file, fcntl.LOCK_EX, 1); print(flush=True); input()"
    command = [sys.executable, "-c", opened, str(data / "database" / "WiredTiger.lock")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        other.stdout.readline()
        with pytest.raises(damage.Busy):
            damage.check(data)
        other.stdin.close()
    damage.check(data)


def test_a_first_start_that_was_interrupted_is_no_damage(tmp_path):
    damage.check(tmp_path)
    (tmp_path / "secret").write_text("a secret that is long enough")
    (tmp_path / "database").mkdir()
    damage.check(tmp_path)


@pytest.mark.parametrize("name", ["no documents", "no secret"])
def test_a_run_refuses_damaged_data_with_a_word_and_leaves_them_alone(data, name):
    LOST[name](data)
    before = {path.name for path in data.rglob("*.wt")}
    refused = Run(data.parent, free_port()).start_another()
    assert refused.returncode not in {0, None}
    assert "are damaged: " in refused.stderr
    assert "make restore" in refused.stderr
    assert "Traceback" not in refused.stderr
    assert {path.name for path in data.rglob("*.wt")} == before
    assert (data / "secret").exists() == (name != "no secret")


def test_a_run_whose_data_break_under_it_ends_and_says_so(tmp_path):
    run = Run(tmp_path / "var", free_port())
    try:
        run.start()
        run.wait_until_ready()
        keeper, database = (process_of(run, name) for name in ("deploy.keep", "secantusd-py"))
        os.kill(keeper, signal.SIGSTOP)  # it would be faster than the damage
        os.kill(database, signal.SIGKILL)
        overwrite(one(run.folder / "data", DOCUMENTS), 0)
        os.kill(keeper, signal.SIGCONT)
        assert run.process.wait(STOP_SECONDS) == 1
        assert "are damaged: database: " in run.said()
        assert "Traceback" not in run.said()
    finally:
        end(run)


def process_of(run: Run, name: str) -> int:
    """The last in the line of those that mention it."""
    return max(
        pid
        for pid in descendants(run.process.pid)
        if name in Path(f"/proc/{pid}/cmdline").read_text()
    )


def test_a_database_that_does_not_start_is_given_up_after_some_attempts(data):
    """For another reason than damage: here its port is taken."""
    var = data.parent
    with socket.create_server(("127.0.0.1", 0)) as taken:
        kept = keep_until_it_ends(var, taken.getsockname()[1])
    assert kept.returncode == 1
    assert supervise.is_given_up(var)
    assert "does not start" in (var / "run" / "given-up").read_text()
