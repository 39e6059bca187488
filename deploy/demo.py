"""A filled Groundswell to look at: `make demo`. All people, answers and outcomes are invented.

Fills the system that runs, or starts one and keeps it until Ctrl-C. Run again, it finds what is
there.
"""

import contextlib
import fcntl
import hashlib
import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import date
from typing import Any

from rich.console import Console

from deploy import demo_data
from deploy.client import Client, Json, NotRunning, Refused
from deploy.load import wait_until_settled
from deploy.local import Local, configured

_START_SECONDS = 120
_GOALS = (
    ("Every student gains work experience before graduating", 3.0),
    ("Students of every background finish and find their way", 2.0),
    ("Employers of the region recruit on campus", 1.0),
)


def main() -> None:
    console = Console(soft_wrap=True)
    try:
        with _groundswell(configured()) as (client, own):
            closed, still_open = fill(client, console)
            _show_around(client, closed, still_open, console)
            if own is not None:
                console.print("\nGroundswell keeps running; Ctrl-C stops it.")
                own.wait()
    except (NotRunning, Refused) as error:
        sys.exit(str(error))
    except KeyboardInterrupt:
        sys.exit(130)


def fill(client: Client, console: Console) -> tuple[str, str]:
    """Everything that there is to see; answers the ids of a survey that is closed and of one that
    is open. Each step leaves alone what is there, and what somebody has changed since."""
    still_open = _survey(client, demo_data.open_definition())["id"]
    survey = _survey(client, demo_data.definition())
    name: str = survey["id"]
    if survey["status"] == "open":
        with console.status("Answering surveys"):
            count = sum(1 for _ in client.put_responses(name, demo_data.responses()))
            more = sum(1 for _ in client.put_responses(still_open, demo_data.open_responses()))
        console.print(f"{count} invented answers to a survey that closes, {more} to one that stays")
        client.post(f"/intake/v1/surveys/{name}/close")
    else:
        console.print("The demonstration is there already.")
    goals = _add_goals(client)
    outcomes = demo_data.outcomes()
    client.post("/metrics/v1/outcomes", {"outcomes": outcomes}, role="administrator")
    wait_until_settled(client, name, console)
    _decide(client, name, goals)
    with console.status("Storing snapshots"):
        _take_snapshots(client, len(outcomes))
    return name, still_open


def _survey(client: Client, definition: Json) -> Json:
    text = json.dumps(definition, sort_keys=True)
    return client.open_survey(definition, f"demo-{hashlib.sha256(text.encode()).hexdigest()}")


def _add_goals(client: Client) -> list[str]:
    period = f"{date.today().year}"  # noqa: DTZ011  # the reader's own year
    return [
        client.post(
            "/planning/v1/institutional-goals",
            {"title": f"{title} (invented)", "weight": weight, "period": period},
            key=f"demo-{period}-{number}",
        )["id"]
        for number, (title, weight) in enumerate(_GOALS)
    ]


def _decide(client: Client, survey: str, goals: list[str]) -> None:
    """One proposal becomes a goal, one is deferred, one goes back for changes."""
    accepted = _first(client, survey, None)
    path = f"/planning/v1/proposals/{accepted['id']}"
    if accepted["status"] == "draft":
        change = {"owner": "A. Planner (invented)", "institutional_goals": goals[:2]}
        accepted = client.patch(path, change)
        reason = "The greatest need of all, and it serves two of the institution's goals."
        accepted = client.post(f"{path}/decisions", {"decision": "accept", "reason": reason})
    if accepted["status"] == "accepted":
        client.post(f"{path}/adoption")
    for group, decision, reason in (
        ("staff", "defer", "Worth doing, but nobody has the hours before summer."),
        ("faculty", "request_changes", "Say which departments take part, and lower the target."),
    ):
        proposal = _first(client, survey, group)
        if proposal["status"] == "draft":
            body = {"decision": decision, "reason": reason}
            client.post(f"/planning/v1/proposals/{proposal['id']}/decisions", body)


def _first(client: Client, survey: str, group: str | None) -> Json:
    """The proposal of this group, or of everybody, that meets its greatest need."""
    found = [
        proposal
        for proposal in client.pages("/planning/v1/proposals", "proposals", survey=survey)
        if proposal["group"] == group
    ]
    first: Json = min(found, key=lambda proposal: proposal["evidence"]["items"][0]["rank"])
    return first


def _take_snapshots(client: Client, graduates: int) -> None:
    """Until a cut counts every graduate: what was just recorded is on its way."""
    while True:
        client.post("/metrics/v1/snapshots", role="administrator")
        totals = client.pages(
            "/metrics/v1/snapshots", "snapshots", metric="nace.knowledge_rate", segment=""
        )
        if sum(total["denominator"] for total in totals) >= graduates:
            return
        time.sleep(0.25)


def _show_around(client: Client, survey: str, still_open: str, console: Console) -> None:
    adopted = _first(client, survey, None)["id"]
    by_college = "metric=nace.career_outcomes_rate"
    for path, what in (
        ("/accounts/sign-in", f"first, with the planner's token from {configured().access}"),
        (f"/planning/surveys/{survey}", "ranked needs; choose a group and see what it ranks first"),
        (f"/planning/proposals/{adopted}", "an adopted goal: evidence, who dissents, history"),
        (f"/planning/proposals?survey={survey}", "all proposals: one deferred, one sent back"),
        ("/planning/goals", "the institution's goals"),
        (f"/metrics/?{by_college}", "what became of three classes, by college"),
        (f"/metrics/?segment=survey:{survey}", "satisfaction with each service, by group"),
        (f"/intake/s/{still_open}", "a survey that is open: answer it, as on a phone"),
        (f"/intake/surveys/{still_open}", "and see your answer counted; it can be closed here"),
    ):
        console.print(f"  {client.url}{path}\n    {what}", highlight=False)


@contextlib.contextmanager
def _groundswell(local: Local) -> Iterator[tuple[Client, "subprocess.Popen[bytes] | None"]]:
    """The run in this folder, or one that is started for as long as this lasts."""
    if _is_running(local):
        yield _wait_until_ready(local, None), None
        return
    command = [sys.executable, "-m", "deploy.local"]
    own = subprocess.Popen([sys.executable, "-m", "deploy.tether", *command])
    try:
        yield _wait_until_ready(local, own), own
    finally:
        own.send_signal(signal.SIGINT)
        own.wait()


def _is_running(local: Local) -> bool:
    with contextlib.suppress(FileNotFoundError), (local.var / "run" / "lock").open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def _wait_until_ready(local: Local, own: Any) -> Client:
    """local.json may still be an earlier run's: its tokens are refused, and it is read again."""
    deadline = time.monotonic() + _START_SECONDS
    while True:
        if own is not None and own.poll() is not None:
            sys.exit(own.returncode or 1)
        try:
            client = Client.of(local.var)
            client.get("/planning/v1/surveys", limit=1)
        except (NotRunning, Refused):
            if time.monotonic() > deadline:
                raise
            time.sleep(0.25)
        else:
            return client


if __name__ == "__main__":
    main()
