"""The whole system as processes that are killed with SIGKILL and started again."""

import os
import random
import signal
import sqlite3
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import pymongo
import requests

from shared.bus import connect
from tests.bench.system import ROOT, children, environment
from tests.servers import Server, free_port

HTTP = ("intake", "planning", "metrics")
WORKERS = ("intake worker", "planning worker", "metrics worker")
INTAKE_WITHOUT_OUTBOX = "tests.chaos.broken:intake_without_outbox()"
# RabbitMQ 3.10: a quorum queue that is killed while it elects its first leader stays without one.
SETTLE_SECONDS = 10.0
_LONGEST_PAUSE = 1.5


class System:
    """A database, a broker, and three services, each an HTTP process and a worker.

    `broker` is a RabbitMQ node or the path of the embedded broker's file. The folder beside
    `folder` keeps compiled modules, for other runs too. What is killed comes
    back after a short random pause; so does what ended by itself, which is noted in `ended`.
    """

    def __init__(
        self,
        folder: Path,
        database: Server,
        broker: Server | Path,
        rng: random.Random,
        breaks: str | None = None,
    ) -> None:
        self.database, self.broker = database, broker
        self.ended: list[str] = []
        self._rng = rng
        self._env = {
            **environment(folder, database.url, self.broker_url),
            "GROUNDSWELL_CUT_SECONDS": "1",
            "PYTHONPATH": str(ROOT),
            # What is killed shall be back soon, also where Python keeps no compiled modules.
            "PYTHONPYCACHEPREFIX": str(folder.parent / "pycache"),
        }
        self._env.pop("PYTHONDONTWRITEBYTECODE", None)
        self.parts: dict[str, Server] = {"database": database}
        if isinstance(broker, Server):
            self.parts["broker"] = broker
        for name in HTTP:
            application = f"services.{name}.app:create_app()"
            if (breaks, name) == ("no-outbox", "intake"):
                application = INTAKE_WITHOUT_OUTBOX
            self.parts[name] = self._http(application, folder / f"{name}.log")
        for name in WORKERS:
            service = name.partition(" ")[0]
            command = [sys.executable, "-m", f"services.{service}.app"]
            if (breaks, name) == ("ack-early", "planning worker"):
                command = [sys.executable, "-m", "tests.chaos.broken"]
            log = folder / f"{service}-worker.log"
            self.parts[name] = Server("", command, self._env, log, lambda _: "")
        self._pool = ThreadPoolExecutor(len(self.parts))
        self._returning: dict[str, Future[None]] = {}
        self._lock = threading.RLock()
        self._closing = threading.Event()
        self._settled_at = 0.0

    @property
    def broker_url(self) -> str:
        return self.broker.url if isinstance(self.broker, Server) else f"sqlite:///{self.broker}"

    def url(self, service: str) -> str:
        return self.parts[service].url

    @contextmanager
    def running(self) -> Iterator["System"]:
        """With intake at the door and the others on their way; a database and a broker that run
        already are taken as they are."""
        try:
            for name in ("intake", *WORKERS, "planning", "metrics"):
                self._returning[name] = self._pool.submit(self._bring_back, name, 0)
            self.wait_until_whole(["intake"])
            self._settled_at = time.monotonic() + SETTLE_SECONDS
            yield self
        finally:
            self._closing.set()
            self._pool.shutdown()
            for name in (*HTTP, *WORKERS):
                self.parts[name].kill()

    def kill(self, names: Sequence[str]) -> None:
        """SIGKILL to all of these at once, when all are up; they come back by themselves."""
        if "broker" in names:
            time.sleep(max(0.0, self._settled_at - time.monotonic()))
        self.wait_until_whole(names)
        with self._lock:
            self._kill(names)
            for name in names:
                pause = self._rng.uniform(0, _LONGEST_PAUSE)
                self._returning[name] = self._pool.submit(self._bring_back, name, pause)

    def kill_intake_child(self) -> None:
        """One of gunicorn's processes; gunicorn starts another."""
        self.wait_until_whole(["intake"])
        with suppress(ProcessLookupError):
            os.kill(self._rng.choice(children(self.parts["intake"].pid)), signal.SIGKILL)

    @contextmanager
    def broker_away(self) -> Iterator[None]:
        """A node that is down; a file that somebody else has locked for writing."""
        if isinstance(self.broker, Server):
            time.sleep(max(0.0, self._settled_at - time.monotonic()))
            self.wait_until_whole(["broker"])
            self.broker.kill()
            yield
            self.broker.start()
            return
        with closing(sqlite3.connect(self.broker, timeout=30, isolation_level=None)) as db:
            db.execute("BEGIN IMMEDIATE")
            yield

    def wait_for_transaction(self, seconds: float = 2.0) -> None:
        """Return while somebody writes to the embedded broker's file, if that happens in time."""
        deadline = time.monotonic() + seconds
        with closing(sqlite3.connect(self.broker, timeout=0, isolation_level=None)) as db:
            while time.monotonic() < deadline:
                try:
                    db.execute("BEGIN IMMEDIATE")
                except sqlite3.OperationalError:
                    return
                db.execute("ROLLBACK")
                time.sleep(0.002)

    def look_after(self) -> None:
        """Start again what ended without having been killed, and note it."""
        with self._lock:
            for name in (*HTTP, *WORKERS):
                process = self.parts[name]._process
                if self._is_up(name) and process is not None and process.poll() is not None:
                    self.ended.append(f"{name} with {process.returncode}")
                    self.parts[name].kill()
                    self._returning[name] = self._pool.submit(self._bring_back, name, 0.2)

    def wait_until_whole(self, names: Sequence[str] | None = None) -> None:
        """Return when all of these are up. Raises RuntimeError for one that did not start."""
        for name in names or self.parts:
            if name in self._returning:
                self._returning[name].result()

    def waiting_messages(self) -> int:
        """Messages in all queues; of RabbitMQ's, those that are not in a consumer's hands."""
        if isinstance(self.broker, Server):
            with connect(self.broker_url) as connection:
                channel = connection.channel()
                names = [name for each in HTTP for name in (each, f"{each}.dead")]
                return sum(channel.queue_declare(n, passive=True).message_count for n in names)
        if not self.broker.exists():
            return 0
        with closing(sqlite3.connect(f"file:{self.broker}?mode=ro", uri=True)) as db:
            found: int = db.execute("SELECT count(*) FROM message").fetchone()[0]
            return found

    def published(self) -> int:
        """Messages ever put into the embedded broker's queues; 0 for another broker."""
        if isinstance(self.broker, Server):
            return 0
        with closing(sqlite3.connect(f"file:{self.broker}?mode=ro", uri=True)) as db:
            row = db.execute("SELECT seq FROM sqlite_sequence WHERE name = 'message'").fetchone()
            return row[0] if row else 0

    def resident_megabytes(self) -> dict[str, int]:
        """Of intake's processes, its children included."""
        return {name: _resident(self.parts[name].pid) for name in ("intake", "intake worker")}

    def logs(self) -> Iterator[Path]:
        return (self.parts[name].log for name in (*HTTP, *WORKERS))

    @contextmanager
    def databases(self) -> Iterator[pymongo.MongoClient]:
        with pymongo.MongoClient(
            self.database.url, tz_aware=True, serverSelectionTimeoutMS=2000
        ) as client:
            yield client

    def _http(self, application: str, log: Path) -> Server:
        port = free_port()
        program = str(Path(sys.executable).with_name("gunicorn"))
        # As the local run does: what is killed is back sooner.
        command = [program, "--preload", "-c", str(ROOT / "deploy" / "gunicorn.conf.py")]
        command.append(application)
        env = {**self._env, "GROUNDSWELL_BIND": f"127.0.0.1:{port}"}
        if log.stem != "intake":
            env["GROUNDSWELL_HTTP_WORKERS"] = "1"
        return Server(f"http://127.0.0.1:{port}", command, env, log, _answers)

    def _kill(self, names: Sequence[str]) -> None:
        for name in names:  # all at once, and only then waited for
            with suppress(ProcessLookupError, RuntimeError):
                os.killpg(self.parts[name].pid, signal.SIGKILL)
        for name in names:
            self.parts[name].kill()

    def _is_up(self, name: str) -> bool:
        return name not in self._returning or self._returning[name].done()

    def _bring_back(self, name: str, pause: float) -> None:
        if not self._closing.wait(pause):
            self.parts[name].start()


def _answers(url: str) -> str:
    requests.get(f"{url}/health", timeout=1)
    return ""


def _resident(pid: int) -> int:
    """In MB, a process and its children."""
    pages = [Path(f"/proc/{each}/statm").read_text().split()[1] for each in (pid, *children(pid))]
    return sum(map(int, pages)) * os.sysconf("SC_PAGE_SIZE") // 1_000_000
