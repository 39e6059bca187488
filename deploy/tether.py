"""Run a program that ends when its parent does, so that a killed supervisor leaves no orphans.

python -m deploy.tether PROGRAM ARGUMENT...
"""

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1


def tether() -> None:
    """Ask Linux for SIGTERM at the parent's death; elsewhere there is no such thing to ask for."""
    if not sys.platform.startswith("linux"):
        return
    parent = os.getppid()
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
    if os.getppid() != parent:
        sys.exit("the parent ended before this began")


if __name__ == "__main__":
    tether()
    os.execvp(sys.argv[1], sys.argv[1:])
