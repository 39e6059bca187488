"""One run from beginning to end, and its report."""

import random
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from tests.chaos import away
from tests.chaos.audit import DRAIN_SECONDS, Audit, call
from tests.chaos.crowd import DEFINITION, Crowd
from tests.chaos.storm import BROKEN, KINDS, rage, schedule
from tests.chaos.system import System
from tests.chaos.watch import Recovery, Watch
from tests.servers import Server


@dataclass(frozen=True)
class Plan:
    """`seconds` of storm with so many `kills`, then the broker `away` for so many seconds;
    `breaks` names the guarantee to take out, and then only what it protects from is killed."""

    seconds: float
    kills: int
    seed: int
    away: float = 0.0
    breaks: str | None = None


@dataclass
class Report:
    """`findings` has a sentence for each thing that is not as it was acknowledged."""

    plan: Plan
    sent: int = 0
    attempts: int = 0
    acknowledged: int = 0
    refused: int = 0
    standing: int = 0
    stored: int = 0
    folded: dict[str, int] = field(default_factory=dict)
    lost: int = 0
    doubled: int = 0
    set_aside: int = 0
    kills: Counter[str] = field(default_factory=Counter)
    recoveries: list[Recovery] = field(default_factory=list)
    absence: away.Absence | None = None
    drained: float | None = None
    findings: list[str] = field(default_factory=list)


def run(
    folder: Path,
    database: Server,
    broker: Server | Path,
    plan: Plan,
    tell: Callable[[str], None] = lambda _: None,
) -> Report:
    """`tell` hears how far it is. Raises RuntimeError when a process does not come back."""
    rng = random.Random(plan.seed)
    kinds = BROKEN[plan.breaks] if plan.breaks else tuple(KINDS)
    strikes = schedule(rng, plan.seconds, plan.kills, kinds)
    report = Report(plan)
    with System(folder, database, broker, rng, plan.breaks).running() as system:
        survey = _open_survey(system)
        crowd = Crowd(system.url("intake"), survey, plan.seed)
        watch = Watch(system, survey, crowd.ledger, tell)
        with watch.watching():
            with crowd.answering():
                watch.wait_until_flowing()
                rage(system, watch, strikes, plan.seconds)
                system.wait_until_whole()
                if plan.away:
                    report.absence = away.stay_away(system, watch, plan.away)
                time.sleep(1)
            audit = Audit(system, survey, crowd.ledger)
            report.drained = audit.drain()
        _fill(report, watch, audit)
    return report


def _open_survey(system: System) -> str:
    name: str = call(system, "intake", "planner", "POST", "/surveys", DEFINITION)["id"]
    call(system, "intake", "planner", "POST", f"/surveys/{name}/publish")
    return name


def _fill(report: Report, watch: Watch, audit: Audit) -> None:
    ledger = watch.ledger
    if report.drained is None:
        unsent, queued = audit.under_way
        report.findings.append(
            f"not drained within {DRAIN_SECONDS:.0f} s: {unsent} documents with events to send, "
            f"{queued} messages in queues"
        )
    if not audit.close():
        report.findings.append("planning does not hold the set of answers that intake closed with")
    report.findings += audit.findings()
    report.sent, report.attempts = ledger.sent, ledger.attempts
    report.acknowledged, report.refused = ledger.acknowledged, len(ledger.refused)
    report.standing, report.stored = len(ledger.contents()), audit.stored()
    report.folded = audit.folded()
    report.lost, report.doubled = audit.lost_and_doubled()
    report.set_aside = audit.set_aside()
    report.kills = Counter(kind for _, kind in watch.kills)
    report.recoveries = watch.recoveries()
