"""The embedded database as a process of its own: how it is started, how its folder is made and
what it says of damaged data.

Its engine writes a new table in several steps and, killed between two of them, cannot open its data
ever again. It makes its own tables at its first start, and one for documents whenever a collection
comes that is the first of its kind; sixteen kinds, and no other table later. So all of them are
made in a folder aside, which gets its name when it is whole.
"""

import os
import re
import shutil
import socket
import subprocess
import sys
import threading
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Self

from pymongo import MongoClient

_START_MS, _STOP_SECONDS = 30_000, 25
_SCRATCH = "groundswell_tables"
# Its hash ends with the last letter of the name times an odd number, so that letters which differ
# in their last four bits are of different kinds.
_ONE_OF_EACH_KIND = "abcdefghijklmnop"
_DOCUMENTS = "secantus_documents_sh*.wt"
_COMPLAINT = re.compile(
    rb"\[ERROR\].*("
    rb"corrupt|checksum|failed to read|not appear to be|allocation size|No such file)"
)


class NotMade(Exception):
    """The database's folder could not be made; there is none then."""


def command(folder: Path, configuration: Path, port: int) -> list[str]:
    """What to run: every commit on disk, no more memory than it needs. It reads `configuration`,
    which without one of ours would be whatever the machine has."""
    return [
        str(Path(sys.executable).with_name("secantusd-py")),
        *("--config", str(configuration)),
        *("--host", "127.0.0.1", "--port", str(port)),
        *("--storage-path", str(folder)),
        # Alone: as a replica set of one it would log every write once more, for change streams.
        "--standalone",
        *("--sync-on-commit", "--cache-size", "256M", "--log-level", "WARNING"),
    ]


class Server:
    """A running database, whose words go to the log. It walks through every document as it starts,
    and so complains of each that it cannot read."""

    def __init__(self, program: Sequence[str]) -> None:
        self.process = tethered(program, stdout=subprocess.PIPE)
        self.complaint: str | None = None
        """What it said of files that are not as it wrote them."""
        self._listening = threading.Thread(target=self._listen)
        self._listening.start()

    def _listen(self) -> None:
        for line in self.process.stdout or ():
            sys.stdout.buffer.write(line)
            sys.stdout.buffer.flush()
            if _COMPLAINT.search(line):
                self.complaint = line.decode(errors="replace").strip().rpartition("]: ")[2]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """It is gone, and all that it said was heard."""
        self.process.kill()
        self.process.wait()
        self._listening.join()


def lay_out(folder: Path, configuration: Path) -> None:
    """Make the folder with every table there will ever be; one that is there stays as it is.

    Raises NotMade, OSError, PyMongoError.
    """
    if folder.is_dir() and any(folder.iterdir()):
        return
    draft = folder.with_name(f"{folder.name}.new")
    shutil.rmtree(draft, ignore_errors=True)  # of a start that was killed
    port = free_port()
    with tethered(command(draft, configuration, port)) as process:
        try:
            _make_tables(port)
            process.terminate()
            with suppress(subprocess.TimeoutExpired):
                process.wait(_STOP_SECONDS)
        finally:
            process.kill()
    # Another program may have taken the port first, and been talked to in its place.
    if process.returncode or len(list(draft.glob(_DOCUMENTS))) < len(_ONE_OF_EACH_KIND):
        raise NotMade(f"{draft} was not made; the database ended with {process.returncode}.")
    os.sync()
    draft.rename(folder)
    os.sync()


def tethered(program: Sequence[str], stdout: int | None = None) -> subprocess.Popen[bytes]:
    """Started in a session of its own, to end with this process. Its words go to the log, ours to
    whoever started the run."""
    tether = [sys.executable, "-m", "deploy.tether", *program]
    root = Path(__file__).parents[1]
    return subprocess.Popen(
        tether, stdout=stdout, stderr=subprocess.STDOUT, cwd=root, start_new_session=True
    )


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _make_tables(port: int) -> None:
    url = f"mongodb://127.0.0.1:{port}/?directConnection=true&retryWrites=false"
    with MongoClient[dict[str, Any]](url, serverSelectionTimeoutMS=_START_MS) as client:
        for name in _ONE_OF_EACH_KIND:
            client[_SCRATCH].create_collection(name)
        client.drop_database(_SCRATCH)
