"""Whether the data of a local run are whole, looked at before anything opens them.

The database itself starts on much of what it should refuse: without the files that say what there
is it makes new ones. So this asks whether every file is there; what is wrong within one, the
database says itself as it starts (`deploy.database`).
"""

import fcntl
import re
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

DATABASE, MESSAGES, SECRET = "database", "messages.sqlite", "secret"
# Says that all of the above have been there, and with which tables. Until then something missing is
# a first start that was interrupted.
MARKER = "complete"
_MARKED = "Here are answers that were acknowledged: whatever is missing is damage.\n"
_TABLES = "secantus_*.wt"
_CHECKPOINT = re.compile(r"checkpoint_lsn=\((\d+),")
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
    if not _marked_tables(data):
        names = sorted(path.name for path in (data / DATABASE).glob(_TABLES))
        (data / MARKER).write_text("\n".join([_MARKED, *names, ""]))


def check(data: Path) -> None:
    """Raises Damaged, Busy."""
    for what in _mistakes(data):
        raise Damaged(data, what)


def check_database(data: Path) -> None:
    """Before it is opened. Raises Damaged, Busy."""
    for what in _mistakes_of_database(data):
        raise Damaged(data, what)


def _marked_tables(data: Path) -> list[str]:
    """Empty where nothing is marked, or by a version that kept no list."""
    marker = data / MARKER
    return marker.read_text().split("\n")[2:-1] if marker.exists() else []


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
        yield from _mistakes_of_database(data)


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


def _mistakes_of_database(data: Path) -> Iterator[str]:
    database = data / DATABASE
    _wait_until_closed(database)
    names = {path.name for path in database.iterdir()}
    start = {"WiredTiger.turtle", "WiredTiger.backup"} & names
    if "WiredTiger" not in names or not start:
        yield f"{DATABASE} has lost the files that say what there is"
        return
    yield from (
        f"{DATABASE}/{name} is missing" for name in _marked_tables(data) if name not in names
    )
    yield from _missing_logs(database, names)


def _wait_until_closed(database: Path) -> None:
    """Raises Busy. The engine keeps the first byte of a file locked as long as it runs."""
    lock = database / "WiredTiger.lock"
    deadline = time.monotonic() + _ENDING_SECONDS
    while lock.exists():
        try:
            with lock.open("r+b") as file:
                fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB, 1)
        except BlockingIOError:
            if time.monotonic() > deadline:
                raise Busy(
                    f"Another process has {database} open. End it, then try again."
                ) from None
            time.sleep(0.2)
        else:
            return


def _missing_logs(database: Path, names: set[str]) -> Iterator[str]:
    """The log from the last checkpoint on has to be there, though the database does not ask."""
    if "WiredTiger.turtle" not in names:
        return  # a backup that was never opened has a list of its own
    found = _CHECKPOINT.search((database / "WiredTiger.turtle").read_text(errors="replace"))
    logs = {int(name.rpartition(".")[2]) for name in names if name.startswith("WiredTigerLog.")}
    first = int(found[1]) if found else 1
    gone = set(range(first, max(logs, default=first) + 1)) - logs
    if gone:
        yield f"{DATABASE}/WiredTigerLog.{min(gone):010} is missing, with what was stored last"
