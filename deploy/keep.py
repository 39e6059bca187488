"""Runs the embedded database and watches over it.

It is stopped while its disk has room to stop well, killed when it answers with nothing but errors
(it goes on living after a write that failed half way), and given up when it does not start or its
data turn out to be damaged.

python -m deploy.keep VAR PORT
"""

import shutil
import signal
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path

from pymongo import MongoClient
from pymongo.errors import ConnectionFailure, OperationFailure, PyMongoError

from deploy import damage, database
from deploy.supervise import give_up

# The database writes its log 10 MB at a time and, to stop well, what it has in memory.
_LEAST_BYTES, _ENOUGH_BYTES = 48_000_000, 64_000_000
_LOOK_SECONDS = 0.5
_STOP_SECONDS = 25
_ATTEMPTS = 3


class Keeper:
    """One database, from its start to its end."""

    def __init__(self, var: Path, port: int) -> None:
        self._var = var
        self._data = var / "data"
        self._configuration = var / "run" / "secantusd.toml"
        self._port = port
        self._told_to_stop = threading.Event()
        self._answered = False
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: self._told_to_stop.set())

    def run(self) -> int:
        """The exit code. A database that had answered before it ended is for the supervisor to
        start again; one that ends before it answers is tried a few times."""
        for _ in range(_ATTEMPTS):
            self._wait_for_room()
            if self._told_to_stop.is_set():
                return 0
            try:
                if self._is_laid_out():
                    self._keep_one()
            except damage.Damaged as damaged:
                give_up(self._var, str(damaged))
                return 1
            if self._told_to_stop.is_set():
                return 0
            if self._answered:
                return 1
            self._told_to_stop.wait(1)
        give_up(self._var, f"The database does not start. {self._var}/log/database.log tells why.")
        return 1

    def _is_laid_out(self) -> bool:
        try:
            database.lay_out(self._data / damage.DATABASE, self._configuration)
            damage.check_database(self._data)
        except (database.NotMade, damage.Busy, OSError, PyMongoError) as error:
            _say(str(error))
            return False
        return True

    def _keep_one(self) -> None:
        """Raises Damaged; there is no point in trying again."""
        folder = self._data / damage.DATABASE
        command = database.command(folder, self._configuration, self._port)
        url = f"mongodb://127.0.0.1:{self._port}/?directConnection=true"
        with database.Server(command) as server:
            self._watch(server, url)
        if server.complaint:
            raise damage.Damaged(self._data, f"{damage.DATABASE}: {server.complaint}")

    def _watch(self, server: database.Server, url: str) -> None:
        process = server.process
        with MongoClient[dict[str, object]](
            url, serverSelectionTimeoutMS=500, socketTimeoutMS=2000
        ) as client:
            while process.poll() is None:
                if self._told_to_stop.wait(_LOOK_SECONDS):
                    _stop(process)
                elif self._room() < _LEAST_BYTES:
                    _say("The disk is almost full: the database stops before it has to.")
                    _stop(process)
                elif server.complaint or self._answers_errors(client):
                    process.kill()

    def _answers_errors(self, client: MongoClient[dict[str, object]]) -> bool:
        """It is away, starting or busy (a backup holds everything up): that will pass."""
        try:
            client["groundswell_accounts"]["heartbeats"].find_one()
        except ConnectionFailure:
            return False
        except OperationFailure:
            return True
        if not self._answered:
            self._answered = True
            damage.mark(self._data)
        return False

    def _wait_for_room(self) -> None:
        if self._room() >= _ENOUGH_BYTES:
            return
        _say(
            f"The disk of {self._data} is full. No answers are taken until "
            f"{_ENOUGH_BYTES // 1_000_000} MB are free; nothing that was acknowledged is lost."
        )
        while self._room() < _ENOUGH_BYTES and not self._told_to_stop.wait(_LOOK_SECONDS):
            pass
        if not self._told_to_stop.is_set():
            _say("There is room on the disk again; the database starts.")

    def _room(self) -> int:
        return shutil.disk_usage(self._data).free


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    with suppress(subprocess.TimeoutExpired):
        process.wait(_STOP_SECONDS)
        return
    process.kill()
    process.wait()


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)  # noqa: T201


if __name__ == "__main__":
    sys.exit(Keeper(Path(sys.argv[1]), int(sys.argv[2])).run())
