"""python -m tests.chaos --broker sqlite|rabbitmq [--seconds N] [--kills N] [--seed N] [--away N]
                     [--first N]

Kills processes of the real system under load, and counts. Exit code 1 when anything that was
acknowledged is lost, doubled or otherwise.
"""

import argparse
import os
import random
import signal
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

from tests import servers
from tests.chaos.first import kill_first_starts
from tests.chaos.run import Plan, Report, run
from tests.chaos.storm import BROKEN
from tests.chaos.watch import Recovery

_MOST_FINDINGS = 20


def main(arguments: list[str] | None = None) -> int:
    asked = _parser().parse_args(arguments)
    plan = Plan(asked.seconds, asked.kills, asked.seed, asked.away, asked.breaks)
    print(f"{asked.broker}: {plan}", flush=True)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="chaos-"))) / "run"
        folder.mkdir()
        unstarted = kill_first_starts(folder.parent, random.Random(plan.seed), asked.first)
        broker = folder / "messages.sqlite"
        if asked.broker == "rabbitmq":
            broker = stack.enter_context(servers.rabbitmq())
        database = stack.enter_context(servers.secantusd())
        report = run(folder, database, broker, plan, _Progress())
        report.findings += unstarted
    print("\n" + "\n".join(told(report)), flush=True)
    if asked.first:
        print(f"first starts  {asked.first} killed, {asked.first - len(unstarted)} came up again")
    return 1 if report.findings else 0


def told(report: Report) -> Iterator[str]:
    """The report, line by line."""
    yield f"seed          {report.plan.seed}"
    yield f"sent          {report.sent} in {report.attempts} attempts"
    yield f"acknowledged  {report.acknowledged}, and {report.refused} refused as they should be"
    yield f"stand         {report.standing}, after revisions and withdrawals"
    yield f"stored        {report.stored}"
    yield from (f"{service:<14}{count}" for service, count in report.folded.items())
    yield f"lost          {report.lost}"
    yield f"doubled       {report.doubled}"
    yield f"set aside     {report.set_aside}"
    drained = "not" if report.drained is None else f"{report.drained:.1f} s after the last answer"
    yield f"drained       {drained}"
    yield f"kills         {report.kills.total()}; longest seconds until"
    yield f"  {'':<28}{'kills':>6}{'answering':>11}{'planning':>10}{'metrics':>9}"
    for kind, kills in report.kills.items():
        times = [each for each in report.recoveries if each.kind == kind]
        yield f"  {kind:<28}{kills:>6}" + "".join(
            f"{_longest(times, name):>{width}}"
            for name, width in (("acknowledged", 11), ("planning", 10), ("metrics", 9))
        )
    yield from _away(report)
    yield from (f"FOUND: {finding}" for finding in report.findings[:_MOST_FINDINGS])
    if len(report.findings) > _MOST_FINDINGS:
        yield f"FOUND: and {len(report.findings) - _MOST_FINDINGS} more"
    yield "FAILED" if report.findings else "Nothing lost, nothing doubled."


def _away(report: Report) -> Iterator[str]:
    away = report.absence
    if away is None:
        return
    yield f"broker away   {away.seconds:.0f} s, leaving {away.backlog} to send"
    yield f"  answers/s   {away.before:.0f} before, {away.during:.0f} during: {away.ratio:.2f}"
    came = "never" if away.caught_up is None else f"{away.caught_up:.1f} s after its return"
    most = "" if away.most_at_once is None else f", at most {away.most_at_once} events at once"
    yield f"  caught up   {came}{most}"
    for name, (first, last, most_mb) in away.megabytes.items():
        yield f"  MB          {name}: {first} before, {last} at its return, at most {most_mb} after"


def _longest(times: list[Recovery], name: str) -> str:
    found = [getattr(each, name) for each in times]
    return "never" if None in found else f"{max(found):.1f}"


class _Progress:
    """One line that is written over on a terminal, and every five seconds elsewhere."""

    def __init__(self) -> None:
        self._terminal = sys.stderr.isatty()
        self._lines = 0

    def __call__(self, line: str) -> None:
        if self._terminal:
            print(f"\r{line:<110}", end="", file=sys.stderr, flush=True)
        elif self._lines % 50 == 0:
            print(line, file=sys.stderr, flush=True)
        self._lines += 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--broker", choices=["sqlite", "rabbitmq"], default="sqlite")
    parser.add_argument("--seconds", type=float, default=90, help="of kills")
    parser.add_argument("--kills", type=int, default=24)
    parser.add_argument("--seed", type=int, default=int.from_bytes(os.urandom(3)))
    parser.add_argument("--away", type=float, default=0, help="seconds without a broker, after")
    parser.add_argument("--first", type=int, default=0, help="first starts to kill, before")
    parser.add_argument("--break", choices=BROKEN, dest="breaks", help="take a guarantee out")
    return parser


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
    except servers.Unavailable as reason:
        sys.exit(str(reason))
