"""The local run as its user meets it: started, looked at, hurt, stopped and started again."""

import json
import os
import signal
import socket
import stat
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
import requests

from tests.integration.deadline import until
from tests.servers import Unavailable, free_port

ROOT = Path(__file__).parents[2]
START_SECONDS, STOP_SECONDS = 240, 90
DEFINITION = {
    "title": "Needs",
    "groups": ["student"],
    "items": [
        {"id": "advising", "type": "need", "text": "Advising", "scale": {"min": 1, "max": 5}},
    ],
}
ANSWER = {
    "id": "r1",
    "group": "student",
    "answers": {"advising": {"importance": 5, "satisfaction": 2}},
}


@dataclass
class Run:
    """A local run in a folder of its own, on a port of its own."""

    folder: Path
    port: int
    process: subprocess.Popen | None = None

    def environment(self) -> dict[str, str]:
        settings = {"GROUNDSWELL_VAR": str(self.folder), "GROUNDSWELL_PORT": str(self.port)}
        return {**os.environ, **settings, "GROUNDSWELL_HTTP_WORKERS": "1"}

    def start(self) -> None:
        self.folder.mkdir(exist_ok=True)
        with self.said_at.open("wb") as said:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "deploy.local"],
                cwd=ROOT,
                env=self.environment(),
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=said,
            )

    def start_another(self) -> subprocess.CompletedProcess:
        return self.command("deploy.local")

    def command(self, *module_and_arguments: str) -> subprocess.CompletedProcess:
        """What is run beside it, in its environment, until it ends."""
        return subprocess.run(
            [sys.executable, "-m", *module_and_arguments],
            cwd=ROOT,
            env=self.environment(),
            capture_output=True,
            text=True,
            timeout=START_SECONDS,
            check=False,
        )

    @property
    def said_at(self) -> Path:
        return self.folder.with_suffix(".said")

    def said(self) -> str:
        return self.said_at.read_text()

    def wait_until_ready(self) -> None:
        until(lambda: "is ready at" in self.said(), f"ready:\n{self.said()}", START_SECONDS)

    @property
    def access(self) -> dict:
        return json.loads((self.folder / "local.json").read_text())

    def call(self, method: str, path: str, **options) -> requests.Response:
        headers = {"Authorization": f"Bearer {self.access['tokens']['planner']}"}
        headers |= options.pop("headers", {})
        url = self.access["url"] + path
        return requests.request(method, url, headers=headers, timeout=10, **options)

    def publish_survey(self) -> str:
        survey = self.call("POST", "/intake/v1/surveys", json=DEFINITION).json()["id"]
        assert self.call("POST", f"/intake/v1/surveys/{survey}/publish").ok
        return survey


def started(pid: int) -> str:
    """When a process began, in ticks; empty for one that has ended."""
    try:
        state, *fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return ""
    return "" if state in "ZX" else fields[18]


def descendants(pid: int) -> dict[int, str]:
    """Every process that `pid` started, and those that they did: when each began, by pid."""
    found: dict[int, str] = {}
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:
        return found
    for child in map(int, children):
        found |= {child: started(child)} | descendants(child)
    return found


def living(processes: dict[int, str]) -> list[str]:
    return [
        Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " ")
        for pid, began in processes.items()
        if began and started(pid) == began
    ]


def end(run: Run) -> None:
    if run.process is None:
        return
    children = descendants(run.process.pid)
    run.process.kill()
    run.process.wait()
    for pid, began in children.items():
        if began and started(pid) == began:
            os.kill(pid, signal.SIGKILL)


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """Two, side by side."""
    if not Path(sys.executable).with_name("secantusd-py").exists():
        pytest.skip(str(Unavailable("SecantusDB is not installed")))
    folder = tmp_path_factory.mktemp("local")
    pair = [Run(folder / name, free_port()) for name in ("first", "second")]
    try:
        for run in pair:
            run.start()
        for run in pair:
            run.wait_until_ready()
        yield pair
    finally:
        for run in pair:
            end(run)


@pytest.fixture
def first(runs) -> Run:
    return runs[0]


@pytest.fixture
def second(runs) -> Run:
    return runs[1]


def test_local_json_has_the_address_and_tokens_for_its_owner_only(first):
    assert stat.S_IMODE((first.folder / "local.json").stat().st_mode) == 0o600
    assert first.access["url"] == f"http://127.0.0.1:{first.port}"
    assert first.access["tokens"].keys() == {"planner", "administrator"}
    assert first.call("GET", "/intake/v1/surveys").status_code == 200
    for secret in ("data/secret", "run/private.pem", "run/supervisord.conf"):
        assert stat.S_IMODE((first.folder / secret).stat().st_mode) == 0o600
    assert first.access["tokens"]["planner"] not in first.said()


def test_a_command_finds_the_run_by_its_folder(first):
    assert stat.S_IMODE((first.folder / "run" / "environment").stat().st_mode) == 0o600
    listed = first.command("shared.messages", "parked")
    assert (listed.returncode, listed.stdout, listed.stderr) == (0, "No message is parked.\n", "")


def test_two_runs_side_by_side_know_nothing_of_each_other(first, second):
    survey = first.publish_survey()
    assert first.call("GET", f"/intake/v1/surveys/{survey}").status_code == 200
    assert second.call("GET", f"/intake/v1/surveys/{survey}").status_code == 404
    foreign = {"Authorization": f"Bearer {first.access['tokens']['planner']}"}
    assert second.call("GET", "/intake/v1/surveys", headers=foreign).status_code == 401


def test_a_second_start_in_the_same_folder_is_refused_and_harms_nothing(first):
    before = (first.folder / "local.json").read_bytes()
    refused = first.start_another()
    assert refused.returncode != 0
    assert "is running already in" in refused.stderr
    assert "Traceback" not in refused.stderr
    assert (first.folder / "local.json").read_bytes() == before
    assert first.call("GET", "/intake/v1/surveys").status_code == 200


def test_mail_settings_that_cannot_work_are_refused_with_what_to_do(tmp_path, monkeypatch):
    monkeypatch.setenv("GROUNDSWELL_SMTP_URL", "mail.example.edu")
    refused = Run(tmp_path / "run", free_port()).start_another()
    assert refused.returncode == 1
    assert refused.stderr.startswith("Set GROUNDSWELL_SMTP_URL as smtp+starttls://")


def test_a_port_in_use_is_refused_with_what_to_do(tmp_path):
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        refused = Run(tmp_path / "var", listener.getsockname()[1]).start_another()
    assert refused.returncode != 0
    assert "is in use by another program" in refused.stderr
    assert "GROUNDSWELL_PORT" in refused.stderr
    assert not (tmp_path / "var" / "local.json").exists()


def test_a_killed_process_is_restarted_and_reported(first):
    before = descendants(first.process.pid)
    (worker,) = [
        pid for pid in before if "services.intake.app" in Path(f"/proc/{pid}/cmdline").read_text()
    ]
    os.kill(worker, signal.SIGKILL)
    until(lambda: f"intake-worker ended (was process {worker})" in first.said(), "it is reported")

    def again() -> list[int]:
        return [
            pid
            for pid in descendants(first.process.pid).keys() - before.keys()
            if "services.intake.app" in Path(f"/proc/{pid}/cmdline").read_text()
        ]

    until(again, "another worker runs")


def test_ctrl_c_ends_everything_and_the_data_are_there_at_the_next_start(first):
    survey = first.publish_survey()
    path = f"/intake/v1/surveys/{survey}/responses"
    sent = first.call("POST", path, json=ANSWER).json()
    children = descendants(first.process.pid)
    assert len(children) >= 8
    first.process.send_signal(signal.SIGINT)
    first.process.wait(timeout=STOP_SECONDS)
    until(lambda: not living(children), f"no child is left: {living(children)}", 1)
    assert first.said().splitlines()[-1] == "Groundswell is stopping ..."
    with pytest.raises(requests.ConnectionError):
        first.call("GET", "/intake/v1/surveys")
    listed = first.command("shared.messages", "parked")
    assert listed.returncode != 0
    assert f"No Groundswell runs in {first.folder}" in listed.stderr

    first.start()
    first.wait_until_ready()
    assert first.call("GET", f"/intake/v1/surveys/{survey}").json()["status"] == "open"
    receipt = {"Receipt": sent["receipt"]}
    own = first.call("GET", "/intake/v1/responses/r1", headers=receipt).json()
    assert own["answers"] == ANSWER["answers"]
    assert first.call("POST", path, json=ANSWER).json() == sent


def test_a_killed_supervisor_leaves_no_orphans(second):
    children = descendants(second.process.pid)
    second.process.kill()
    second.process.wait()
    until(lambda: not living(children), f"no orphan is left: {living(children)}", STOP_SECONDS)
    with pytest.raises(requests.ConnectionError):
        second.call("GET", "/intake/v1/surveys")
    listed = second.command("shared.messages", "parked")
    assert listed.returncode != 0
    assert "was killed, and does not run. Start it again with make run" in listed.stderr
