"""What a worker's threads do over and over, until the worker ends."""

import threading
from collections.abc import Callable, Iterable

import structlog
from pymongo.errors import PyMongoError

log = structlog.get_logger()


def repeat(
    step: Callable[[], object], stop: threading.Event, *, name: str, idle: float,
    busy: float = 0.0, after_failure: float = 1.0, away: Iterable[type[Exception]] = (),
) -> None:  # fmt: skip
    """Do `step` until `stop` is set; the log calls it `name`.

    Seconds between two: `busy` after a step that found something to do (it answers something true),
    `idle` after one that did not, `after_failure` after one that raised. The database, and what
    raises `away`, may be away for a while.
    """
    absent: tuple[type[Exception], ...] = (PyMongoError, *away)
    waiting, failed = f"{name}.waiting", f"{name}.failed"
    while not stop.is_set():
        try:
            pause = busy if step() else idle
        except absent as error:
            log.warning(waiting, reason=repr(error)[:200])
            pause = after_failure
        except Exception:  # a thread that ended here would be missed by nobody
            log.exception(failed)
            pause = after_failure
        stop.wait(pause)
