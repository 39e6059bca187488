"""Which process is killed when."""

import random
import time
from collections.abc import Sequence
from dataclasses import dataclass

from tests.chaos.system import WORKERS, System
from tests.chaos.watch import Watch
from tests.servers import Server

KINDS = {
    "one HTTP process of intake": None,  # gunicorn's to bring back
    "intake's HTTP": ["intake"],
    "intake's worker": ["intake worker"],
    "planning's worker": ["planning worker"],
    "metrics' worker": ["metrics worker"],
    "the broker": ["broker"],
    "the database": ["database"],
    "everything": None,
}
BROKEN = {
    "ack-early": ["planning's worker"],
    "no-outbox": ["intake's HTTP"],
}


@dataclass(frozen=True)
class Strike:
    after: float  # seconds from the beginning
    kind: str


def schedule(
    rng: random.Random, seconds: float, kills: int, kinds: Sequence[str] = tuple(KINDS)
) -> list[Strike]:
    """So many kills, spread over the time; each kind at least once when there are enough."""
    kinds = rng.sample(list(kinds), len(kinds))
    chosen = [*kinds, *rng.choices(kinds, k=max(0, kills - len(kinds)))][:kills]
    slot = seconds / kills if kills else 0.0
    return [
        Strike((place + rng.uniform(0.2, 0.8)) * slot, kind) for place, kind in enumerate(chosen)
    ]


def rage(system: System, watch: Watch, strikes: Sequence[Strike], seconds: float) -> None:
    """Carry out a schedule that fills so many seconds."""
    began = time.monotonic()
    for strike in strikes:
        time.sleep(max(0.0, began + strike.after - time.monotonic()))
        strike_at(system, watch, strike.kind)
    time.sleep(max(0.0, began + seconds - time.monotonic()))


def strike_at(system: System, watch: Watch, kind: str) -> None:
    if kind == "one HTTP process of intake":
        system.kill_intake_child()
    else:
        names = list(system.parts) if kind == "everything" else KINDS[kind]
        if names == ["broker"] and not isinstance(system.broker, Server):
            # The embedded broker is whoever has its file open; one of them is writing to it.
            names = list(WORKERS)
            system.wait_until_whole(names)
            system.wait_for_transaction()
        system.kill(names)
    watch.killed(kind)
