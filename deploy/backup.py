"""Copies of a local run's data: `make backup TO=file`, `make restore FROM=file`.

The order of the copies does not matter, because nothing moves between them. A message is in the
outbox of its document, in the broker or in what its consumer stored, and it is copied to the next
place before it leaves the last. Two copies taken one after the other would miss one that moved on
in between, whichever came first: out of an outbox into the broker, or out of the broker into its
consumer. So the broker's file is locked for writing while both are copied. Nothing is published
or acknowledged meanwhile, and what a copy has is at worst delivered again, which every consumer
takes for once.

The database copies itself as of one moment, by its storage engine's backup cursor. It answers
nobody while it does: whoever sends an answer then waits.
"""

import argparse
import hashlib
import json
import os
import shutil
import sqlite3
import sys
import tarfile
import zlib
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from dotenv import dotenv_values
from pymongo import MongoClient
from pymongo.errors import PyMongoError

from deploy import damage
from deploy.local import Local, configured, lock_folder
from shared import times

_FORMAT = 1
_CONTENTS = "groundswell.json"
_DATABASE = "database.tar.gz"
_MEMBERS = (_DATABASE, damage.MESSAGES, damage.SECRET)
_PATIENCE_SECONDS = 30


class Refused(Exception):
    """Nothing was done; the text says why and what to do."""


def back_up(local: Local, to: Path) -> int:
    """Write everything that a restore needs into one file; answers its size in bytes.

    The file has its name once it is whole and on disk. Raises Refused, OSError, PyMongoError,
    sqlite3.Error.
    """
    if to.exists():
        raise Refused(f"{to} exists already; choose another name.")
    data = local.var / "data"
    if not (data / damage.MARKER).exists():
        raise Refused(f"There are no data in {data} to back up.")
    draft = to.with_name(f".{to.name}.draft")
    shutil.rmtree(draft, ignore_errors=True)  # of a backup that was killed
    draft.mkdir(mode=0o700)
    try:
        shutil.copy(data / damage.SECRET, draft)
        with _standing_still(data / damage.MESSAGES):
            _copy_messages(data / damage.MESSAGES, draft / damage.MESSAGES)
            _copy_database(local, draft / _DATABASE)
        _pack(draft, draft / to.name)
        (draft / to.name).rename(to)
        _sync(to.parent)
    finally:
        shutil.rmtree(draft)
    return to.stat().st_size


def restore(local: Local, archive: Path) -> None:
    """Put a backup into an empty folder. Raises Refused, damage.Damaged, OSError."""
    if not archive.is_file():
        raise Refused(f"There is no file {archive}.")
    lock = lock_folder(local)
    if lock is None:
        raise Refused(f"Groundswell is running in {local.var}; stop it first.")
    with lock:
        data, draft = local.var / "data", local.var / "restoring"
        if data.exists() and any(data.iterdir()):
            raise Refused(
                f"{data} is not empty, and a restore replaces nothing. Move it to a safe place, "
                "or restore elsewhere with GROUNDSWELL_VAR=other/folder."
            )
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(mode=0o700)
        try:
            _unpack(archive, draft)
            damage.check(draft)
            damage.mark(draft)
            os.sync()
            if data.exists():
                data.rmdir()
            draft.rename(data)
            _sync(local.var)
        finally:
            shutil.rmtree(draft, ignore_errors=True)


@contextmanager
def _standing_still(messages: Path) -> Iterator[None]:
    """Nobody publishes, takes or acknowledges a message meanwhile."""
    with closing(sqlite3.connect(messages, _PATIENCE_SECONDS, isolation_level=None)) as db:
        db.execute("BEGIN IMMEDIATE")
        yield


def _copy_messages(messages: Path, to: Path) -> None:
    with closing(sqlite3.connect(messages)) as source, closing(sqlite3.connect(to)) as copy:
        source.backup(copy)


def _copy_database(local: Local, to: Path) -> None:
    lock = lock_folder(local)
    if lock is None:
        _have_it_copied(local, to)
        return
    with lock, tarfile.open(to, "x:gz", compresslevel=1) as tar:
        damage.check(local.var / "data")  # which also waits for a killed database to end
        for path in sorted((local.var / "data" / damage.DATABASE).iterdir()):
            tar.add(path, path.name)


def _have_it_copied(local: Local, to: Path) -> None:
    """By the database itself, as nobody else may read the files that it has open."""
    url = dotenv_values(local.var / "run" / "environment")["GROUNDSWELL_DATABASE_URL"]
    with MongoClient[dict[str, Any]](url, serverSelectionTimeoutMS=10_000) as client:
        client.admin.command({"secantusAdmin.backupArchive": 1, "outputPath": str(to)})


def _pack(draft: Path, to: Path) -> None:
    digests = {name: _digest(draft / name) for name in _MEMBERS}
    contents = {"format": _FORMAT, "made_at": times.rfc3339(times.now()), "sha256": digests}
    (draft / _CONTENTS).write_text(json.dumps(contents, indent=1))
    with os.fdopen(os.open(to, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        with tarfile.open(fileobj=file, mode="w") as tar:
            for name in (_CONTENTS, *_MEMBERS):
                tar.add(draft / name, name)
        file.flush()
        os.fsync(file.fileno())


def _unpack(archive: Path, to: Path) -> None:
    """Raises Refused for anything that is not, byte for byte, what was backed up."""
    try:
        with tarfile.open(archive, "r:") as tar:
            tar.extractall(to, filter="data")
        contents = json.loads((to / _CONTENTS).read_text())
        if contents["format"] != _FORMAT:
            raise Refused(f"{archive} is of format {contents['format']}, not {_FORMAT}.")
        for name in _MEMBERS:
            if _digest(to / name) != contents["sha256"][name]:
                raise Refused(f"{archive} is damaged: {name} is not what was backed up.")
        with tarfile.open(to / _DATABASE, "r:gz") as tar:
            tar.extractall(to / damage.DATABASE, filter="data")
    except (tarfile.TarError, zlib.error, EOFError, ValueError, LookupError, TypeError) as error:
        raise Refused(f"{archive} is damaged or no backup of Groundswell ({error}).") from error
    except FileNotFoundError as error:
        raise Refused(f"{archive} is damaged: it lacks {Path(error.filename).name}.") from error
    for name in (_CONTENTS, _DATABASE):
        (to / name).unlink()


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="make")
    parser.add_argument("do", choices=("backup", "restore"))
    parser.add_argument("file", type=Path, help="TO=file or FROM=file")
    asked = parser.parse_args(arguments)
    local, file = configured(), asked.file.absolute()
    try:
        if asked.do == "backup":
            size = back_up(local, file)
            done = f"{file} has everything that was acknowledged before, {size:,} bytes."
        else:
            restore(local, file)
            done = f"Restored into {local.var}. Start it: GROUNDSWELL_VAR={local.var} make run"
    except (Refused, damage.Damaged, damage.Busy) as error:
        sys.exit(str(error))
    except (OSError, PyMongoError, sqlite3.Error) as error:
        sys.exit(f"The {asked.do} failed, and left nothing behind: {error}")
    print(done)  # noqa: T201


if __name__ == "__main__":
    main()
