"""Intake behind a real gunicorn of its own, and people who answer all the time."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

import pymongo
import requests

from tests.bench import system
from tests.bench.system import ROOT
from tests.integration.deadline import until
from tests.servers import free_port

DEFINITION = {
    "title": "Needs",
    "groups": ["student"],
    "items": [
        {"id": "advising", "type": "need", "text": "Advising", "scale": {"min": 1, "max": 5}},
        {"id": "why", "type": "text", "text": "Why?"},
    ],
}


def answer(name: str) -> dict:
    answers = {"advising": {"importance": 5, "satisfaction": 2}}
    return {"id": name, "group": "student", "answers": answers}


@dataclass
class Intake:
    """A gunicorn with two processes."""

    url: str
    process: subprocess.Popen
    log: Path
    survey: str = ""

    def publish_survey(self) -> None:
        headers = {"Authorization": f"Bearer {system.token('planner')}"}
        made = requests.post(f"{self.url}/v1/surveys", json=DEFINITION, headers=headers, timeout=30)
        self.survey = made.json()["id"]
        path = f"{self.url}/v1/surveys/{self.survey}/publish"
        assert requests.post(path, headers=headers, timeout=30).ok

    @property
    def responses(self) -> str:
        return f"{self.url}/v1/surveys/{self.survey}/responses"

    def post(self, name: str) -> requests.Response:
        return requests.post(self.responses, json=answer(name), timeout=60)

    def processes(self) -> set[int]:
        return set(system.children(self.process.pid))


def stored(url: str) -> set[str]:
    """The names that respondents chose for what is stored."""
    with pymongo.MongoClient(url) as client:
        rows = client["groundswell_intake"]["responses"].find({}, {"_id": 1})
        return {row["_id"].partition(".")[2] for row in rows}


@contextmanager
def intake(database_url: str, folder: Path) -> Iterator[Intake]:
    """Ready, with an open survey."""
    port, log = free_port(), folder / "gunicorn.log"
    environment = system.environment(folder, database_url, f"sqlite:///{folder}/messages.sqlite")
    environment |= {"GROUNDSWELL_BIND": f"127.0.0.1:{port}", "GROUNDSWELL_HTTP_WORKERS": "2"}
    program = Path(sys.executable).with_name("gunicorn")
    command = [str(program), "-c", "deploy/gunicorn.conf.py", "services.intake.app:create_app()"]
    with log.open("wb") as said:
        process = subprocess.Popen(
            command, cwd=ROOT, env=environment, stdin=subprocess.DEVNULL, stdout=said, stderr=said,
            start_new_session=True,
        )  # fmt: skip
    served = Intake(f"http://127.0.0.1:{port}", process, log)
    try:
        until(lambda: _answers(served), "gunicorn answers")
        served.publish_survey()
        yield served
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _answers(served: Intake) -> bool:
    assert served.process.poll() is None, served.log.read_text()
    try:
        return requests.get(f"{served.url}/health", timeout=5).ok
    except requests.RequestException:
        return False


@dataclass
class Crowd:
    """People who answer one after the other, on a connection of their own that they keep or on
    a new one each time. What they saw: acknowledged ids, other answers, broken connections."""

    url: str
    keeps: bool
    people: int = 4
    acknowledged: list[str] = field(default_factory=list)
    others: list[int] = field(default_factory=list)
    broken: list[tuple[str, Exception]] = field(default_factory=list)
    _stop: threading.Event = field(default_factory=threading.Event)
    _threads: list[threading.Thread] = field(default_factory=list)

    def __enter__(self) -> Self:
        for person in range(self.people):
            thread = threading.Thread(target=self._answer_on, args=(person,))
            thread.start()
            self._threads.append(thread)
        return self

    def __exit__(self, *_) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _answer_on(self, person: int) -> None:
        with requests.Session() as session:
            for n in range(100_000):
                if self._stop.is_set():
                    return
                self._answer(session, f"{'kept' if self.keeps else 'new'}-{person}-{n}")

    def _answer(self, session: requests.Session, name: str) -> None:
        headers = {} if self.keeps else {"Connection": "close"}
        try:
            sent = session.post(self.url, json=answer(name), headers=headers, timeout=60)
        except requests.ConnectionError as error:
            self.broken.append((name, error))
            self._stop.wait(0.05)
            return
        if sent.status_code in {200, 201}:
            self.acknowledged.append(name)
        else:
            self.others.append(sent.status_code)
