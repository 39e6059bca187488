"""People who answer a survey, and what they were told came of it.

Whatever goes wrong, they send the same again until they are told that it is stored.
"""

import random
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import requests

from services.intake.store.responses import response_key

GROUPS = ("student", "faculty")
ITEMS = ("advising", "fairs")
_SCALE = {"min": 1, "max": 5}
DEFINITION = {
    "title": "Chaos (generated)",
    "groups": list(GROUPS),
    "items": [{"id": i, "type": "need", "text": i, "scale": _SCALE} for i in ITEMS],
    "minimum_group_size": 1,
    "synthetic": True,
}
_REVISED, _WITHDRAWN, _REFUSED = 0.15, 0.07, 0.03  # shares of the answers
# Longer than a service waits for its database: what is given up here is not carried out later.
_TIMEOUT_SECONDS = 20

Content = dict[str, Any]


@dataclass
class Known:
    """What its sender was told of one response: `content` is None once it was withdrawn."""

    content: Content | None
    revision: int


@dataclass
class Ledger:
    """What all were told. `unsettled` got no answer, `refused` were to be and were."""

    stands: dict[str, Known] = field(default_factory=dict)
    refused: set[str] = field(default_factory=set)
    unsettled: set[str] = field(default_factory=set)
    surprises: list[str] = field(default_factory=list)
    sent: int = 0
    attempts: int = 0
    acknowledged: int = 0
    standing: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def acknowledge(self, name: str, content: Content | None) -> None:
        with self._lock:
            before = self.stands.get(name, Known(None, 0))
            self.stands[name] = Known(content, before.revision + 1)
            self.acknowledged += 1
            self.standing += (content is not None) - (before.content is not None)

    def tried(self, *, first: bool) -> None:
        with self._lock:
            self.attempts += 1
            self.sent += first

    def contents(self) -> list[Content]:
        """Of the responses that stand."""
        return [known.content for known in self.stands.values() if known.content is not None]


class Crowd:
    """So many people at once, each with a moment's `rest` (seconds) between two answers."""

    def __init__(self, url: str, survey: str, seed: int, size: int = 6, rest: float = 0.05) -> None:
        self.ledger = Ledger()
        self._enough, self._give_up = threading.Event(), threading.Event()
        self._people = [
            _Person(url, survey, f"{seed}-{n}", self.ledger, self._enough, self._give_up, rest)
            for n in range(size)
        ]

    @contextmanager
    def answering(self) -> Iterator[Ledger]:
        """At the end they stop, but leave nothing half said."""
        for person in self._people:
            person.start()
        try:
            yield self.ledger
        except BaseException:
            self._give_up.set()
            raise
        finally:
            self._enough.set()
            deadline = time.monotonic() + 2 * _TIMEOUT_SECONDS
            for person in self._people:
                person.join(max(0.0, deadline - time.monotonic()))
            self._give_up.set()
            for person in self._people:
                person.join()


class _Person(threading.Thread):
    def __init__(
        self,
        url: str,
        survey: str,
        name: str,
        ledger: Ledger,
        enough: threading.Event,
        give_up: threading.Event,
        rest: float,
    ) -> None:
        super().__init__(name=f"person {name}", daemon=True)
        self._url, self._survey, self._ledger = url, survey, ledger
        self._enough, self._give_up, self._rest = enough, give_up, rest
        self._rng = random.Random(name)
        self._session = requests.Session()

    def run(self) -> None:
        number = 0
        with self._session:
            while not self._enough.wait(self._rest):
                number += 1
                name = f"{self.name.partition(' ')[2]}-{number}"
                if self._rng.random() < _REFUSED:
                    self._send_nonsense(name)
                else:
                    self._answer(name)

    def _answer(self, name: str) -> None:
        key = response_key(self._survey, name)
        self._ledger.unsettled.add(key)
        content = _content(self._rng)
        path = f"/v1/surveys/{self._survey}/responses"
        answer = self._insist("POST", path, {"id": name, **content}, (200, 201))
        if answer is None:
            return
        self._ledger.acknowledge(key, content)
        path, receipt = f"/v1/responses/{name}", answer.json()["receipt"]
        if self._rng.random() < _REVISED:
            content = _content(self._rng, but=content)
            if self._insist("PUT", path, content, (200,), receipt) is None:
                return
            self._ledger.acknowledge(key, content)
        if self._rng.random() < _WITHDRAWN:
            # 404 is what a withdrawal meets whose answer was lost before.
            if self._insist("DELETE", path, None, (204, 404), receipt) is None:
                return
            self._ledger.acknowledge(key, None)
        self._ledger.unsettled.discard(key)

    def _send_nonsense(self, name: str) -> None:
        body = {"id": name, "group": GROUPS[0], "answers": {ITEMS[0]: {"importance": 9}}}
        path = f"/v1/surveys/{self._survey}/responses"
        if self._insist("POST", path, body, (422,)) is not None:
            self._ledger.refused.add(response_key(self._survey, name))

    def _insist(
        self,
        method: str,
        path: str,
        body: Content | None,
        wanted: tuple[int, ...],
        receipt: str | None = None,
    ) -> requests.Response | None:
        """The answer, however often it takes; None for a wrong one, or when it is time to go."""
        headers = {"Receipt": receipt} if receipt else {}
        first = True
        while not self._give_up.is_set():
            self._ledger.tried(first=first)
            first = False
            try:
                answer = self._session.request(
                    method, self._url + path, json=body, headers=headers, timeout=_TIMEOUT_SECONDS
                )
            except requests.RequestException:
                self._give_up.wait(self._rng.uniform(0.05, 0.2))
                continue
            if answer.status_code in wanted:
                return answer
            if answer.status_code < 500:
                self._ledger.surprises.append(
                    f"{method} {path}: {answer.status_code} {answer.text[:200]}"
                )
                return None
            self._give_up.wait(self._rng.uniform(0.05, 0.2))
        return None


def _content(rng: random.Random, but: Content | None = None) -> Content:
    """Answers of somebody, other than those of before."""
    while True:
        answers = {ITEMS[0]: _need(rng)}
        if rng.random() < 0.8:
            answers[ITEMS[1]] = _need(rng)
        content = {"group": rng.choice(GROUPS), "answers": answers}
        if content != but:
            return content


def _need(rng: random.Random) -> dict[str, Any]:
    importance = rng.randint(1, 5)
    if rng.random() < 0.1:
        return {"importance": importance, "use": "unaware"}
    return {"importance": importance, "satisfaction": rng.randint(1, 5)}
