"""Whether the data of a local run are whole, looked at before anything opens them.

The database itself starts on much of what it should refuse: without the files that say what there
is it makes new ones, and a table whose file is gone is empty to it.
"""

import os
import re
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

DATABASE, MESSAGES, SECRET = "database", "messages.sqlite", "secret"
# Says that all of the above have been there. Until then something missing is a first start that
# was interrupted.
MARKER = "complete"
_MARKED = "Here are answers that were acknowledged: whatever is missing is damage.\n"
_ROOT = Path(__file__).parents[1]
_CHECKPOINT = re.compile(r"checkpoint_lsn=\((\d+),")
_OPTIONS = "log=(enabled=true,file_max=10MB,prealloc=false)"  # as the server opens it
# What a killed run leaves behind takes a moment to end.
_ENDING_SECONDS = 30


class Damaged(Exception):
    """The data cannot be used as they are; the text says what is wrong and what to do."""

    def __init__(self, data: Path, what: str) -> None:
        super().__init__(
            f"The data in {data} are damaged: {what}.\n"
            "Nothing was deleted and nothing is started. Move the folder to a safe place, then "
            "put back\na backup with make restore FROM=file, or start with empty data."
        )


class Busy(Exception):
    """Another process has the data open."""


def mark(data: Path) -> None:
    """From now on what is missing is damage."""
    if not (data / MARKER).exists():
        (data / MARKER).write_text(_MARKED)


def check(data: Path) -> None:
    """Raises Damaged, Busy. Every page of the database is read."""
    for what in _mistakes(data):
        raise Damaged(data, what)


def _mistakes(data: Path) -> Iterator[str]:
    database, messages = data / DATABASE, data / MESSAGES
    marked, stored = (data / MARKER).exists(), database.is_dir() and any(database.iterdir())
    # The secret is the first thing that is made.
    if not (data / SECRET).is_file() and (marked or stored or messages.exists()):
        yield f"{SECRET} is missing, without which the receipts that people hold are void"
    if (data / SECRET).is_file() and not (data / SECRET).read_text().strip():
        yield f"{SECRET} is empty, without which the receipts that people hold are void"
    if messages.exists():
        yield from _mistakes_of_messages(messages)
    elif marked:
        yield f"{MESSAGES} is missing, with the messages that were on their way"
    if marked and not stored:
        yield f"{DATABASE} is missing or empty"
    if stored:
        yield from _mistakes_of_database(database)


def _mistakes_of_messages(path: Path) -> Iterator[str]:
    try:
        with closing(sqlite3.connect(f"{path.as_uri()}?mode=rw", uri=True)) as db:
            (found,) = db.execute("PRAGMA integrity_check(1)").fetchone()
            db.execute("SELECT count(*) FROM message, queue, exchange, binding LIMIT 1")
    except sqlite3.OperationalError as error:
        if "no such table" not in str(error):
            raise  # a full disk or a missing permission is no damage
        found = str(error)
    except sqlite3.DatabaseError as error:
        found = str(error)
    if found != "ok":
        yield f"{MESSAGES}: {found}"


def _mistakes_of_database(database: Path) -> Iterator[str]:
    names = {path.name for path in database.iterdir()}
    start = {"WiredTiger.turtle", "WiredTiger.backup"} & names
    if "WiredTiger" not in names or not start:
        yield f"{DATABASE} has lost the files that say what there is"
        return
    yield from _missing_logs(database, names)
    # In a process of its own: what opens broken files may break.
    command = [sys.executable, "-m", __name__, str(database)]
    looked = subprocess.run(
        command, cwd=_ROOT, capture_output=True, text=True, errors="replace", check=False
    )
    if looked.returncode == os.EX_TEMPFAIL:
        raise Busy(f"Another process has {database} open. End it, then try again.")
    if looked.returncode:
        last = (looked.stderr.strip().splitlines() or ["it cannot be opened"])[-1]
        yield f"{DATABASE}: {last}"


def _missing_logs(database: Path, names: set[str]) -> Iterator[str]:
    """The log from the last checkpoint on has to be there, though the database does not ask."""
    if "WiredTiger.turtle" not in names:
        return  # a backup that was never opened; its list of files is looked through below
    found = _CHECKPOINT.search((database / "WiredTiger.turtle").read_text(errors="replace"))
    logs = {int(name.rpartition(".")[2]) for name in names if name.startswith("WiredTigerLog.")}
    first = int(found[1]) if found else 1
    gone = set(range(first, max(logs, default=first) + 1)) - logs
    if gone:
        yield f"{DATABASE}/WiredTigerLog.{min(gone):010} is missing, with what was stored last"


def _look_through(database: Path) -> None:
    """Exits with a word about the first file that is missing or broken."""
    # It comes with the embedded database alone.
    import wiredtiger  # type: ignore[import-untyped]  # noqa: PLC0415

    deadline = time.monotonic() + _ENDING_SECONDS
    while True:
        try:
            connection = wiredtiger.wiredtiger_open(str(database), _OPTIONS)
            break
        except wiredtiger.WiredTigerError as error:
            if "resource busy" not in str(error):
                sys.exit(f"it cannot be opened ({error})")
            if time.monotonic() > deadline:
                sys.exit(os.EX_TEMPFAIL)
            time.sleep(0.2)
    session = connection.open_session()
    session.checkpoint()  # what was just recovered could not be verified otherwise
    cursor = session.open_cursor("metadata:")
    uris = [uri for uri, _ in cursor if uri.startswith("file:secantus")]  # its own are in use
    cursor.close()
    files = [uri.partition(":")[2] for uri in uris]
    for name in files:
        if not (database / name).exists():
            sys.exit(f"{name} is missing")
        try:
            session.verify(f"file:{name}")
        except wiredtiger.WiredTigerError as error:
            sys.exit(f"{name} is broken ({error})")
    connection.close()


if __name__ == "__main__":
    _look_through(Path(sys.argv[1]))
