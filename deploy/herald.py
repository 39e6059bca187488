"""Tells whoever started the local run how it fares: ready, a process died, stopping.

python -m deploy.herald VAR SERVICE ...
"""

import os
import signal
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path

import requests
from supervisor import childutils

from deploy.supervise import is_given_up
from shared import times

_GIVE_UP_SECONDS = 120


def announce(url: str, services: Sequence[str]) -> None:
    """Wait until every service and its worker answer, then say where to go."""
    began, since = time.monotonic(), times.rfc3339(times.now())
    waiting = list(services)
    while waiting and time.monotonic() - began < _GIVE_UP_SECONDS:
        waiting = [name for name in waiting if not _ready(f"{url}/{name}/ready", since)]
        time.sleep(0.2)
    if waiting:
        _say(f"Still waiting for {', '.join(waiting)}; var/log tells why.")
        return
    _say(
        f"Groundswell is ready at {url} after {time.monotonic() - began:.0f} s.\n"
        f"  sign in     {url}/accounts/sign-in with a token from local.json\n"
        f"  try it      make demo, in another terminal\n"
        f"  stop        Ctrl-C"
    )


def _ready(url: str, since: str) -> bool:
    try:
        answer = requests.get(url, timeout=2)
    except requests.RequestException:
        return False
    return answer.ok and (answer.json()["worker_seen"] or "") >= since


def listen(var: Path) -> None:
    """Report what supervisor tells, for ever; end the run when one of its processes gave up."""
    while True:
        headers, payload = childutils.listener.wait(sys.stdin, sys.stdout)
        if headers["eventname"] == "SUPERVISOR_STATE_CHANGE_STOPPING":
            _say("Groundswell is stopping ...")
        elif is_given_up(var):
            os.kill(os.getppid(), signal.SIGTERM)
        elif headers["eventname"] == "PROCESS_STATE_EXITED":
            process = childutils.get_headers(payload)
            if process["expected"] == "0" or process["from_state"] == "RUNNING":
                _say(f"{process['processname']} ended (was process {process['pid']}); restarted.")
        childutils.listener.ok(sys.stdout)


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)  # noqa: T201


if __name__ == "__main__":
    what = (os.environ["GROUNDSWELL_URL"], sys.argv[2:])
    threading.Thread(target=announce, args=what, daemon=True).start()
    listen(Path(sys.argv[1]))
