"""A backup made while people answer, and what comes back out of it."""

import os
import shutil
import signal
import subprocess
import sys
import tarfile
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pymongo
import pytest
from dotenv import dotenv_values

from deploy import backup
from deploy.local import Local, lock_folder
from tests.integration.deadline import until
from tests.integration.served import ROOT, Crowd, answer
from tests.integration.test_damage import process_of
from tests.integration.test_local import Run, end
from tests.servers import Unavailable, free_port


@dataclass
class BackedUp:
    """A backup; ids that were acknowledged before it began, and the receipt of one of them."""

    archive: Path
    survey: str
    acknowledged: list[str]
    receipt: str


def back_up(run: Run, to: Path) -> subprocess.Popen:
    return subprocess.Popen(
        [sys.executable, "-m", "deploy.backup", "backup", str(to)],
        cwd=ROOT, env=run.environment(), text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip


@pytest.fixture(scope="module")
def backed_up(tmp_path_factory):
    if not Path(sys.executable).with_name("secantusd-py").exists():
        pytest.skip(str(Unavailable("SecantusDB is not installed")))
    folder = tmp_path_factory.mktemp("backup")
    run, archive = Run(folder / "var", free_port()), folder / "backup.tar"
    try:
        run.start()
        run.wait_until_ready()
        survey = run.publish_survey()
        path = f"/intake/v1/surveys/{survey}/responses"
        receipt = run.call("POST", path, json=answer("own")).json()["receipt"]
        be_killed_while_backing_up(run, archive)
        with Crowd(run.access["url"] + path, keeps=True) as crowd:
            until(lambda: len(crowd.acknowledged) > 100, "some are acknowledged")
            acknowledged = [*crowd.acknowledged, "own"]
            made = back_up(run, archive)
            said, complained = made.communicate(timeout=240)
            until(lambda: len(crowd.acknowledged) > len(acknowledged) + 20, "others come after")
        assert (made.returncode, complained) == (0, "")
        assert f"{archive.stat().st_size:,} bytes" in said
        assert crowd.broken == []
        assert set(crowd.others) <= {503}
    finally:
        end(run)
    return BackedUp(archive, survey, acknowledged, receipt)


def be_killed_while_backing_up(run: Run, archive: Path) -> None:
    database = process_of(run, "secantusd-py")
    os.kill(database, signal.SIGSTOP)
    try:
        with back_up(run, archive) as held_up:
            until(lambda: list(archive.parent.glob(".*/messages.sqlite")), "it is at work")
            held_up.kill()
    finally:
        os.kill(database, signal.SIGCONT)
    assert not archive.exists()


def test_all_that_was_acknowledged_before_is_back_and_is_counted_once(backed_up, tmp_path):
    run = Run(tmp_path / "var", free_port())
    backup.restore(Local(run.folder, run.port), backed_up.archive)
    try:
        run.start()
        run.wait_until_ready()
        assert set(backed_up.acknowledged) <= stored(run)
        own = run.call("GET", "/intake/v1/responses/own", headers={"Receipt": backed_up.receipt})
        assert own.json()["answers"] == answer("own")["answers"]
        # Wherever a message was in that moment, its consumer gets it, and takes it for once.
        path = f"/planning/v1/surveys/{backed_up.survey}/needs"

        def counted() -> int:
            found = run.call("GET", path)
            return found.json()["needs"][0]["n"] if found.ok else 0

        until(lambda: counted() >= len(stored(run)), "all are counted")
        assert counted() == len(stored(run))
    finally:
        end(run)


def stored(run: Run) -> set[str]:
    settings = dotenv_values(run.folder / "run" / "environment")
    with pymongo.MongoClient(settings["GROUNDSWELL_DATABASE_URL"]) as client:
        rows = client["groundswell_intake"]["responses"].find({}, {"_id": 1})
        return {row["_id"].partition(".")[2] for row in rows}


@pytest.fixture
def local(tmp_path) -> Local:
    return Local(tmp_path / "var", 0)


def test_data_are_backed_up_and_restored_without_a_run_as_well(backed_up, local, tmp_path):
    backup.restore(local, backed_up.archive)
    backup.back_up(local, tmp_path / "second.tar")
    backup.restore(Local(tmp_path / "other", 0), tmp_path / "second.tar")
    assert (tmp_path / "other/data/secret").read_bytes() == (local.var / "data/secret").read_bytes()


def test_a_restore_replaces_nothing(backed_up, local):
    (local.var / "data").mkdir(parents=True)
    (local.var / "data" / "mine").touch()
    with pytest.raises(backup.Refused, match="is not empty"):
        backup.restore(local, backed_up.archive)
    assert [path.name for path in (local.var / "data").iterdir()] == ["mine"]


def test_a_restore_under_a_running_system_is_refused(backed_up, local):
    with lock_folder(local), pytest.raises(backup.Refused, match="is running"):
        backup.restore(local, backed_up.archive)
    assert not (local.var / "data").exists()


def cut(archive: Path) -> None:
    os.truncate(archive, archive.stat().st_size // 2)


def overwrite(archive: Path) -> None:
    with archive.open("r+b") as file:
        file.seek(archive.stat().st_size // 2)
        file.write(b"\x5a" * 64)


def rebuild(archive: Path, members: list[str]) -> None:
    parts = archive.with_suffix(".parts")
    with tarfile.open(archive) as tar:
        tar.extractall(parts, filter="data")
    with tarfile.open(archive, "w") as tar:
        for name in members:
            tar.add(parts / name, name)


DAMAGES = {
    "cut": cut,
    "empty": lambda archive: os.truncate(archive, 0),
    "overwritten": overwrite,
    "something else": lambda archive: archive.write_text("answers\n" * 1000),
    "without the secret": lambda archive: rebuild(
        archive, ["groundswell.json", "database.tar.gz", "messages.sqlite"]
    ),
    "without a table of contents": lambda archive: rebuild(
        archive, ["database.tar.gz", "messages.sqlite", "secret"]
    ),
}


@pytest.mark.parametrize("how", DAMAGES)
def test_a_damaged_archive_is_refused_and_leaves_nothing(backed_up, local, tmp_path, how):
    archive = Path(shutil.copy(backed_up.archive, tmp_path))
    DAMAGES[how](archive)
    with pytest.raises(backup.Refused, match="is damaged"):
        backup.restore(local, archive)
    assert [path.name for path in local.var.iterdir()] == ["run"]


def test_a_backup_overwrites_nothing_and_says_where_there_is_nothing(backed_up, local, tmp_path):
    with pytest.raises(backup.Refused, match="exists already"):
        backup.back_up(local, backed_up.archive)
    with pytest.raises(backup.Refused, match="There are no data"):
        backup.back_up(local, tmp_path / "other.tar")
    assert [path.name for path in tmp_path.iterdir()] == []


def test_nothing_moves_in_the_broker_while_it_is_copied(backed_up, local):
    """Or a message could leave the place that is copied last for the one that was first."""
    backup.restore(local, backed_up.archive)
    messages = local.var / "data" / "messages.sqlite"
    with backup._standing_still(messages), closing(backup.sqlite3.connect(messages, 0)) as other:
        other.isolation_level = None
        assert other.execute("SELECT count(*) FROM queue").fetchone()
        with pytest.raises(backup.sqlite3.OperationalError, match="locked"):
            other.execute("BEGIN IMMEDIATE")
