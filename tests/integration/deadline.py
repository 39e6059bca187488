"""Waiting for what must come."""

import time
from collections.abc import Callable
from typing import Any

PROMPTLY = 90.0


def until(condition: Callable[[], Any], what: str, seconds: float = PROMPTLY) -> Any:
    """Whatever true thing `condition` answers in the end. Fails when it does not in time."""
    deadline = time.monotonic() + seconds
    while True:
        found = condition()
        if found:
            return found
        assert time.monotonic() < deadline, f"{what}: not within {seconds:.0f} s"
        time.sleep(0.02)
