"""The broker is away while answers keep coming: what that costs, and how it ends."""

import time
from dataclasses import dataclass

from tests.chaos.audit import waiting
from tests.chaos.system import HTTP, System
from tests.chaos.watch import Watch, counted

_BEFORE_SECONDS = 10.0
_CATCH_UP_SECONDS = 120.0
_LOOK_SECONDS = 0.005


@dataclass(frozen=True)
class Absence:
    """`before` and `during` are answers acknowledged a second. `megabytes` are resident in
    intake's HTTP processes and its worker: before, at the end of the absence, and at most until
    all was caught up with, `caught_up` seconds after (None for never). `most_at_once` is the
    largest batch that came back; None where it cannot be seen."""

    seconds: float
    before: float
    during: float
    backlog: int
    caught_up: float | None
    most_at_once: int | None
    megabytes: dict[str, tuple[int, int, int]]

    @property
    def ratio(self) -> float:
        """How much of the speed was left without a broker."""
        return self.during / self.before


def stay_away(system: System, watch: Watch, seconds: float) -> Absence:
    before = _rate(watch, min(seconds, _BEFORE_SECONDS))
    at_first = system.resident_megabytes()
    with system.databases() as client:
        with system.broker_away():
            during = _rate(watch, seconds)
            backlog = waiting(client)
            at_last = system.resident_megabytes()
        returned, standing = time.monotonic(), watch.ledger.standing
        caught_up, steps, most, next_look = None, [0], dict(at_last), 0.0
        published = system.published()
        while caught_up is None and time.monotonic() < returned + _CATCH_UP_SECONDS:
            now, came = time.monotonic(), system.published()
            steps.append(came - published)
            published = came
            if now > next_look:
                next_look = now + 0.5
                most = {n: max(most[n], mb) for n, mb in system.resident_megabytes().items()}
                if min(counted(client, watch.survey).values()) >= standing:
                    caught_up = now - returned
            time.sleep(_LOOK_SECONDS)
    return Absence(
        seconds=seconds,
        before=before,
        during=during,
        backlog=backlog,
        caught_up=caught_up,
        most_at_once=max(steps) // len(HTTP) or None,  # each service has a queue for it
        megabytes={name: (at_first[name], at_last[name], most[name]) for name in most},
    )


def _rate(watch: Watch, seconds: float) -> float:
    began, acknowledged = time.monotonic(), watch.ledger.acknowledged
    time.sleep(seconds)
    return (watch.ledger.acknowledged - acknowledged) / (time.monotonic() - began)
