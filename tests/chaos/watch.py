"""What is seen from outside while the system runs: progress, and how long recovery takes."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

import pymongo
from pymongo.errors import PyMongoError

from tests.chaos.crowd import Ledger
from tests.chaos.system import System

LOOK_SECONDS = 0.1


@dataclass(frozen=True)
class Look:
    """At one moment: answers acknowledged so far, and responses that stand by the word of the
    ledger, of planning and of metrics; -1 where the database did not say."""

    at: float
    acknowledged: int
    standing: int
    planning: int
    metrics: int


@dataclass(frozen=True)
class Recovery:
    """Seconds from a kill until an answer was acknowledged again, and until each consumer had
    caught up with all that was acknowledged by then; None for never."""

    kind: str
    acknowledged: float | None
    planning: float | None
    metrics: float | None


@dataclass
class Watch:
    system: System
    survey: str
    ledger: Ledger
    tell: Callable[[str], None] = lambda _: None
    looks: list[Look] = field(default_factory=list)
    kills: list[tuple[float, str]] = field(default_factory=list)

    @contextmanager
    def watching(self) -> Iterator["Watch"]:
        enough = threading.Event()
        thread = threading.Thread(target=self._watch, args=(enough,), daemon=True)
        thread.start()
        try:
            yield self
        finally:
            enough.set()
            thread.join()

    def wait_until_flowing(self, seconds: float = 20.0) -> None:
        """Return when answers have reached both consumers, if that happens in time."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if self.looks and min(self.looks[-1].planning, self.looks[-1].metrics) > 0:
                return
            time.sleep(LOOK_SECONDS)

    def killed(self, kind: str) -> None:
        self.kills.append((time.monotonic(), kind))

    def recoveries(self) -> list[Recovery]:
        return [self._recovery(at, kind) for at, kind in self.kills]

    def _recovery(self, at: float, kind: str) -> Recovery:
        before = [look for look in self.looks if look.at <= at]
        after = [look for look in self.looks if look.at > at]
        acknowledged = before[-1].acknowledged if before else 0
        standing = before[-1].standing if before else 0

        def seconds(times: Iterator[float]) -> float | None:
            first = next(times, None)
            return None if first is None else first - at

        return Recovery(
            kind,
            seconds(look.at for look in after if look.acknowledged > acknowledged),
            seconds(look.at for look in after if look.planning >= standing),
            seconds(look.at for look in after if look.metrics >= standing),
        )

    def _watch(self, enough: threading.Event) -> None:
        with self.system.databases() as client:
            while not enough.wait(LOOK_SECONDS):
                self.system.look_after()
                acknowledged, standing = self.ledger.acknowledged, self.ledger.standing
                counts = {"planning": -1, "metrics": -1}
                with suppress(PyMongoError):
                    counts = counted(client, self.survey)
                self.looks.append(Look(time.monotonic(), acknowledged, standing, **counts))
                self.tell(self._line())

    def _line(self) -> str:
        now = self.looks[-1]
        kind = self.kills[-1][1] if self.kills else "nothing"
        return (
            f"{now.at - self.looks[0].at:4.0f} s  {now.acknowledged} acknowledged, {now.standing} "
            f"stand; planning {now.planning}, metrics {now.metrics}; {len(self.kills)} kills, "
            f"last {kind}"
        )


def counted(client: pymongo.MongoClient, survey: str) -> dict[str, int]:
    """How many responses each consumer says that it holds."""
    return {service: int(head["count"]) for service, head in heads(client, survey).items()}


def heads(client: pymongo.MongoClient, survey: str) -> dict[str, dict]:
    """Each consumer's `count` and `set_hash`."""
    names = {"planning": survey, "metrics": f"survey/{survey}"}
    fields = {"count": 1, "set_hash": 1}
    nothing = {"count": 0, "set_hash": ""}
    return {
        service: client[f"groundswell_{service}"]["heads"].find_one({"_id": name}, fields)
        or nothing
        for service, name in names.items()
    }
