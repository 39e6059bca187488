"""Starts and stops the real components of a test run: free ports of 127.0.0.1, temporary folders.

Each context manager raises Unavailable, with the reason, where its program is not installed.
"""

import atexit
import contextlib
import functools
import os
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import kombu
import pymongo
from pymongo.errors import PyMongoError

from deploy.database import command as database_command
from deploy.database import free_port, lay_out

RABBITMQ = Path("/usr/lib/rabbitmq/bin/rabbitmq-server")
START_SECONDS = 200


class Unavailable(Exception):
    """A component is not installed here; the text says what to install."""


@dataclass
class Server:
    """A program of its own process group, which can be killed and started again."""

    url: str
    command: list[str]
    environment: dict[str, str]
    log: Path
    answers: Callable[[str], str]  # url -> version; raises OSError or PyMongoError until it is up
    version: str = ""
    _process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                self.command,
                env=self.environment,
                cwd=self.log.parent,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        deadline = time.monotonic() + START_SECONDS
        while True:
            try:
                self.version = self.answers(self.url)
            except (OSError, PyMongoError) as error:
                if self._process.poll() is not None or time.monotonic() > deadline:
                    self.kill()
                    tail = self.log.read_text()[-2000:]
                    raise RuntimeError(f"{self.command[0]} did not start:\n{tail}") from error
                time.sleep(0.05)
            else:
                return

    @property
    def pid(self) -> int:
        if self._process is None:
            raise RuntimeError("not started")
        return self._process.pid

    def kill(self) -> None:
        """SIGKILL to all of it, as a power cut would."""
        if self._process:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
            self._process = None

    def restart(self) -> None:
        self.kill()
        self.start()


@contextlib.contextmanager
def secantusd() -> Iterator[Server]:
    """The embedded database, each commit on disk, over MongoDB's wire protocol."""
    program = Path(sys.executable).with_name("secantusd-py")
    if not program.exists():
        raise Unavailable("SecantusDB is not installed: pip install 'groundswell[embedded]'")
    with tempfile.TemporaryDirectory(prefix="secantusd-") as folder:
        home = Path(folder)
        port = free_port()
        # A file of our own keeps it from finding one in the home or working directory, or in /etc.
        config = home / "secantusd.toml"
        config.touch()
        shutil.copytree(_laid_out(), home / "data")
        command = database_command(home / "data", config, port)
        url = f"mongodb://127.0.0.1:{port}/?retryWrites=false"
        environment = {**os.environ, "HOME": folder}
        server = Server(url, command, environment, home / "log", _secantus_answers)
        try:
            server.start()
            yield server
        finally:
            server.kill()


@functools.cache
def _laid_out() -> Path:
    """An empty database, made once a process, to be copied."""
    folder = Path(tempfile.mkdtemp(prefix="secantusd-empty-"))
    atexit.register(shutil.rmtree, folder)
    (folder / "secantusd.toml").touch()
    lay_out(folder / "data", folder / "secantusd.toml")
    return folder / "data"


def _secantus_answers(url: str) -> str:
    with pymongo.MongoClient(url, serverSelectionTimeoutMS=500) as client:
        client.admin.command("ping")
    return f"SecantusDB {version('SecantusDB')}"


@contextlib.contextmanager
def rabbitmq() -> Iterator[Server]:
    """A private RabbitMQ node without plugins, beside a private epmd."""
    epmd = shutil.which("epmd")
    if not RABBITMQ.exists() or not epmd:
        raise Unavailable("RabbitMQ is not installed: apt-get install rabbitmq-server")
    with tempfile.TemporaryDirectory(prefix="rabbitmq-") as folder:
        home = Path(folder)
        port, epmd_port = free_port(), free_port()
        environment = _rabbitmq_environment(home, port, epmd_port)
        url = f"amqp://guest:guest@127.0.0.1:{port}//"
        names = subprocess.Popen(
            [epmd, "-address", "127.0.0.1", "-port", str(epmd_port)], stdin=subprocess.DEVNULL
        )
        server = Server(url, [str(RABBITMQ)], environment, home / "log", _rabbitmq_answers)
        try:
            server.start()
            yield server
        finally:
            server.kill()
            names.kill()
            names.wait()


def _rabbitmq_environment(home: Path, port: int, epmd_port: int) -> dict[str, str]:
    config = home / "rabbitmq.conf"
    config.write_text(f"listeners.tcp.local = 127.0.0.1:{port}\ndisk_free_limit.absolute = 50MB\n")
    plugins = home / "enabled_plugins"
    plugins.write_text("[].\n")
    return {
        "PATH": os.environ["PATH"],
        "LANG": "C.UTF-8",
        "HOME": str(home),  # the Erlang cookie is made here
        "ERL_EPMD_ADDRESS": "127.0.0.1",
        "ERL_EPMD_PORT": str(epmd_port),
        "RABBITMQ_NODENAME": f"groundswell-{secrets.token_hex(6)}@localhost",
        "RABBITMQ_DIST_PORT": str(free_port()),
        "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "-kernel inet_dist_use_interface {127,0,0,1}",
        "RABBITMQ_CONF_ENV_FILE": str(home / "rabbitmq-env.conf"),
        "RABBITMQ_CONFIG_FILE": str(config),
        "RABBITMQ_ADVANCED_CONFIG_FILE": str(home / "advanced.config"),
        "RABBITMQ_ENABLED_PLUGINS_FILE": str(plugins),
        "RABBITMQ_GENERATED_CONFIG_DIR": str(home / "config"),
        "RABBITMQ_MNESIA_BASE": str(home / "mnesia"),
        "RABBITMQ_LOG_BASE": str(home / "logs"),
        "RABBITMQ_PID_FILE": str(home / "pid"),
    }


def _rabbitmq_answers(url: str) -> str:
    with kombu.Connection(url, connect_timeout=5) as connection:
        connection.connect()
        return f"RabbitMQ {connection.connection.server_properties['version']}"


def chromium_path() -> str:
    """The one without a window where it is there: a page costs it a third."""
    path = shutil.which("chromium-headless-shell") or shutil.which("chromium")
    if not path:
        raise Unavailable("Chromium is not installed: apt-get install chromium-headless-shell")
    return path
