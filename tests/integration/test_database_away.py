"""What who answers sees while the database is away or its disk is full, and what is stored then."""

import os
import resource
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
import requests
from pymongo.errors import AutoReconnect

from shared import bus
from shared.documents import Documents, encoded_document
from shared.group_commit import GroupCommit
from shared.sqlite_broker import Broker, Letter
from tests.integration import test_local
from tests.integration.deadline import until
from tests.integration.served import ROOT, Crowd, answer, stored
from tests.servers import Unavailable, free_port

AS_A_PAGE = {"Accept": "text/html"}
TYPED = {
    "id": "0" * 32,
    "group": "student",
    "a.advising.importance": "4",
    "a.advising.satisfaction": "2",
    "a.why": 'Evening <hours> & "weekends"',
}


def test_answers_get_503_while_the_database_is_away_and_are_taken_when_it_is_back(
    served, own_secantusd
):
    processes = served.processes()
    with Crowd(served.responses, keeps=True) as crowd:
        until(lambda: len(crowd.acknowledged) > 20, "some are acknowledged")
        own_secantusd.kill()
        refused = served.post("late")
        own_secantusd.start()
        until(lambda: served.post("late").status_code in {200, 201}, "what was refused is taken")
        before = len(crowd.acknowledged)
        until(lambda: len(crowd.acknowledged) > before + 20, "others are acknowledged again")
    assert (refused.status_code, refused.headers["Retry-After"]) == (503, "2")
    assert refused.headers["Content-Type"] == "application/problem+json"
    assert refused.json()["type"] == "urn:groundswell:problem:unavailable"
    assert set(crowd.others) <= {503}
    assert crowd.broken == []
    assert {*crowd.acknowledged, "late"} <= stored(own_secantusd.url)
    assert served.processes() == processes


def test_a_database_that_hangs_gets_503_soon_and_what_it_was_given_counts_once(
    served, own_secantusd
):
    """It takes connections and answers none. The client waits a third of what the driver would."""
    processes, soon = served.processes(), 4
    with Crowd(served.responses, keeps=True) as crowd:
        until(lambda: len(crowd.acknowledged) > 20, "some are acknowledged")
        os.killpg(own_secantusd.pid, signal.SIGSTOP)
        try:
            url, body = served.responses, answer("late")
            refused = [
                requests.post(url, json=body, timeout=soon),
                requests.get(f"{served.url}/ready", timeout=soon),
                requests.post(url, json=body, timeout=soon),
                requests.get(f"{served.url}/s/{served.survey}", headers=AS_A_PAGE, timeout=soon),
            ]
        finally:
            os.killpg(own_secantusd.pid, signal.SIGCONT)
        until(lambda: served.post("late").ok, "what was refused is taken")
        before = len(crowd.acknowledged)
        until(lambda: len(crowd.acknowledged) > before + 20, "others are acknowledged again")
    assert {(each.status_code, each.headers["Retry-After"]) for each in refused} == {(503, "2")}
    assert set(crowd.others) <= {503}
    assert crowd.broken == []
    assert {*crowd.acknowledged, "late"} <= stored(own_secantusd.url)
    assert served.processes() == processes


def test_a_form_that_meets_no_database_keeps_what_was_typed_and_can_be_sent_again(
    served, own_secantusd
):
    form = f"{served.url}/s/{served.survey}/answers"
    own_secantusd.kill()
    page = requests.post(form, data=TYPED, headers=AS_A_PAGE, timeout=30)
    assert (page.status_code, page.headers["Retry-After"]) == (503, "2")
    assert 'name="a.why" value="Evening &lt;hours&gt; &amp; &#34;weekends&#34;"' in page.text
    assert f'action="/s/{served.survey}/answers"' in page.text
    own_secantusd.start()

    def send() -> bool:
        sent = requests.post(form, data=TYPED, timeout=30, allow_redirects=False)
        return sent.status_code == 303

    until(send, "it is taken")
    assert stored(own_secantusd.url) == {TYPED["id"]}


def test_who_waits_behind_a_write_without_a_database_does_not_wait_it_out_again(mock_database):
    """Each batch in turn would find the database away, and take as long to find it."""
    looks, answered = [], []

    def away(gates):
        looks.append(gates)
        until(lambda: len(commit._waiting) == 4, "four wait behind the first")
        raise AutoReconnect("the database is away")

    commit = GroupCommit(Documents(mock_database["rows"]), away, looks.append)

    def put(name: str) -> None:
        with pytest.raises(AutoReconnect):
            commit.insert(name, "gate", encoded_document({"_id": name}))
        answered.append(name)

    threads = [threading.Thread(target=put, args=(f"r{n}",)) for n in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(answered) == ["r0", "r1", "r2", "r3", "r4"]
    assert looks == [["gate"]]


def test_a_database_that_can_write_nothing_more_stores_nothing_of_what_gets_503(
    served, own_secantusd
):
    """It goes on living, and answers with nothing but errors until it is started again."""
    assert served.post("before").ok
    before = resource.prlimit(own_secantusd.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(own_secantusd.pid, resource.RLIMIT_FSIZE, (4096, before[1]))
    refused = served.post("late")
    assert (refused.status_code, refused.headers["Retry-After"]) == (503, "2")
    own_secantusd.restart()
    assert stored(own_secantusd.url) == {"before"}
    until(lambda: served.post("late").status_code == 201, "it is taken, as new")


@contextmanager
def no_file_beyond(size: int):
    """As on a full disk, for this process."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def publish_for_ever(broker: Broker, batch: list[Letter]) -> None:
    while True:
        broker.publish(batch)


def test_a_broker_whose_disk_is_full_stores_all_of_a_batch_or_nothing_and_recovers(tmp_path):
    path = tmp_path / "messages.sqlite"
    topology = bus.Topology("groundswell", {"planning": ["a.b.v1"]})
    with bus.connect(f"sqlite:///{path}") as connection:
        bus.declare(connection.channel(), topology)
    batch = [Letter("groundswell", "a.b.v1", "{}", b"x" * 4000)] * 10
    with closing(Broker(path)) as broker:
        broker.publish(batch)
        with no_file_beyond(200_000), pytest.raises(bus.AWAY):
            publish_for_ever(broker, batch)
        before = broker.size("planning")
        assert before % len(batch) == 0
        broker.publish(batch)
        assert broker.size("planning") == before + len(batch)
    with closing(sqlite3.connect(path)) as db:
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)


class OnSmallDisk(test_local.Run):
    """A local run whose folder is a file system of 160 MB that it alone sees."""

    def start(self) -> None:
        self.folder.mkdir()
        mount = 'mount -t tmpfs -o size=160m none "$1" && exec "$2" -m deploy.local'
        with self.said_at.open("wb") as said:
            self.process = subprocess.Popen(
                ["unshare", "-rm", "sh", "-c", mount, "sh", str(self.folder), sys.executable],
                cwd=ROOT, env=self.environment(), stdin=subprocess.DEVNULL,
                stdout=said, stderr=said,
            )  # fmt: skip

    @property
    def inside(self) -> Path:
        """The folder as the run sees it."""
        return Path(f"/proc/{self.process.pid}/root{self.folder}")

    @property
    def access(self) -> dict:
        return test_local.json.loads((self.inside / "local.json").read_text())

    def fill(self) -> None:
        with (self.inside / "filler").open("wb", buffering=0) as filler:
            try:
                while filler.write(b"\0" * 65536):
                    pass
            except OSError:
                return


@pytest.fixture
def small(tmp_path):
    if not Path(sys.executable).with_name("secantusd-py").exists():
        pytest.skip(str(Unavailable("SecantusDB is not installed")))
    allowed = ["unshare", "-rm", "mount", "-t", "tmpfs", "none", "/mnt"]
    if not shutil.which("unshare") or subprocess.run(allowed, check=False).returncode:
        pytest.skip("this machine lets nobody mount in a namespace of their own")
    run = OnSmallDisk(tmp_path / "var", free_port())
    try:
        run.start()
        run.wait_until_ready()
        yield run
    finally:
        test_local.end(run)


def test_a_full_disk_refuses_answers_loses_none_and_is_over_when_there_is_room(small):
    survey = small.publish_survey()
    path = f"/intake/v1/surveys/{survey}/responses"
    with Crowd(f"{small.access['url']}{path}", keeps=True) as crowd:
        until(lambda: len(crowd.acknowledged) > 20, "some are acknowledged")
        small.fill()
        until(lambda: "The disk of" in small.said(), f"it is said:\n{small.said()}")
        refused = small.call("POST", path, json=answer("late"))
        (small.inside / "filler").unlink()
        until(
            lambda: small.call("POST", path, json=answer("late")).ok,
            f"answers are taken again:\n{small.said()}",
            test_local.START_SECONDS,
        )
    assert (refused.status_code, refused.headers["Retry-After"]) == (503, "2")
    assert set(crowd.others) <= {503}
    assert crowd.broken == []
    assert small.process.poll() is None
    for name in crowd.acknowledged:
        again = small.call("POST", path, json=answer(name))
        assert (name, again.status_code) == (name, 200)
    small.process.send_signal(signal.SIGINT)
    assert small.process.wait(test_local.STOP_SECONDS) == 0
