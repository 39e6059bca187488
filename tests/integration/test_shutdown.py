"""A real gunicorn that is told to end or to load itself anew, while people answer."""

import os
import signal
import threading
from contextlib import suppress
from pathlib import Path

from tests.integration.deadline import until
from tests.integration.served import Crowd, Intake, stored


def load_anew(served: Intake, crowds: list[Crowd]) -> None:
    """SIGHUP, until only new processes are left and have answered everybody."""
    before = served.processes()
    served.process.send_signal(signal.SIGHUP)

    def is_replaced() -> bool:
        now = served.processes()
        return len(now) == 2 and not now & before

    until(is_replaced, "the processes are replaced")
    for crowd in crowds:
        seen = len(crowd.acknowledged)
        until(lambda crowd=crowd, seen=seen: len(crowd.acknowledged) > seen + 10, "they answer")


def test_loading_anew_drops_no_request_of_kept_or_new_connections(served, own_secantusd):
    with Crowd(served.responses, keeps=True) as kept, Crowd(served.responses, keeps=False) as new:
        for _ in range(2):
            load_anew(served, [kept, new])
    for crowd in (kept, new):
        assert crowd.broken == []
        assert crowd.others == []
        assert set(crowd.acknowledged) <= stored(own_secantusd.url)


def test_requests_in_hand_are_finished_before_the_server_ends(served, own_secantusd):
    """Held up by their database, so that they are in hand for certain when the signal comes."""
    sent, answers = [f"r{n}" for n in range(8)], []
    assert served.post("before").ok  # both know the survey, and wait for nothing but the write

    def post(name: str) -> None:
        answers.append(served.post(name).status_code)

    threads = [threading.Thread(target=post, args=(name,)) for name in sent]
    os.kill(own_secantusd.pid, signal.SIGSTOP)
    for thread in threads:
        thread.start()
    until(lambda: in_hand(served) >= len(sent), "all are in hand")
    served.process.terminate()
    until(lambda: not is_listening(served), "it is ending")
    os.kill(own_secantusd.pid, signal.SIGCONT)
    for thread in threads:
        thread.join()
    assert answers == [201] * len(sent)
    assert {*sent, "before"} == stored(own_secantusd.url)
    assert served.process.wait(30) == 0


def sockets(served: Intake, state: str) -> set[str]:
    """Those of the server's port in this state (proc(5), net/tcp), as their files are named."""
    port = f":{int(served.url.rpartition(':')[2]):04X}"
    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()]
    return {f"socket:[{row[9]}]" for row in rows if row[1].endswith(port) and row[3] == state}


def open_files(pid: int) -> set[str]:
    found = set()
    for file in Path(f"/proc/{pid}/fd").iterdir():
        with suppress(FileNotFoundError):  # it was closed meanwhile
            found.add(str(file.readlink()))
    return found


def in_hand(served: Intake) -> int:
    """Connections that one of the processes has accepted."""
    return sum(len(sockets(served, "01") & open_files(pid)) for pid in served.processes())


def is_listening(served: Intake) -> bool:
    """The processes go on holding what their parent closes first."""
    return bool(sockets(served, "0A") & open_files(served.process.pid))
