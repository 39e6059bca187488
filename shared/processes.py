"""Whether the process that left its mark somewhere is still there, as far as the kernel tells."""

import os
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Process:
    """A process by what cannot come again: its boot, pid namespace, pid and start time."""

    boot: str
    namespace: str
    pid: int
    started: str

    @classmethod
    def current(cls) -> "Process":
        pid = os.getpid()
        return cls(_boot(), _namespace(), pid, _started(pid))

    def is_gone(self, here: "Process") -> bool | None:
        """As seen from the process `here`; None when it cannot be looked up from there."""
        if self.boot != here.boot:
            return True
        if not here.namespace or self.namespace != here.namespace:
            return None
        return _started(self.pid) != self.started


def _boot() -> str:
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return ""


def _namespace() -> str:
    try:
        return str(Path("/proc/self/ns/pid").readlink())
    except OSError:
        return ""


def _started(pid: int) -> str:
    """The start time in ticks since boot; empty for a process that is no more, or a zombie."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return ""
    # The name in parentheses may hold anything, so fields are counted from its end (proc(5)).
    state, *fields = stat.rpartition(")")[2].split()
    return "" if state in "ZX" else fields[18]
