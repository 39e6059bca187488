"""A thread goes on whatever its step raises, and rests as long as it should."""

import pytest
from pymongo.errors import PyMongoError
from structlog.testing import capture_logs

from shared.loops import repeat


class Stop:
    """An event that notes how long it was waited for and is set once nothing is left to do."""

    def __init__(self, left: list) -> None:
        self.left, self.rests = left, []

    def is_set(self) -> bool:
        return not self.left

    def wait(self, seconds: float) -> None:
        self.rests.append(seconds)


class Gone(Exception):
    pass


@pytest.fixture
def ran():
    def run(*results: object) -> tuple[list[float], list[str]]:
        stop = Stop(list(results))

        def step() -> object:
            result = stop.left.pop(0)
            if isinstance(result, Exception):
                raise result
            return result

        with capture_logs() as said:
            repeat(step, stop, name="mail", idle=3, busy=1, after_failure=7, away=(Gone,))
        return stop.rests, [each["event"] for each in said]

    return run


def test_it_rests_briefly_after_work_and_longer_after_none(ran):
    assert ran(2, 0, 1) == ([1, 3, 1], [])


@pytest.mark.parametrize("error", [PyMongoError("away"), Gone("too")])
def test_what_is_away_is_waited_for(ran, error):
    assert ran(error, 0) == ([7, 3], ["mail.waiting"])


def test_a_fault_of_ours_is_logged_and_does_not_end_it(ran):
    assert ran(ValueError("a fault"), 1) == ([7, 1], ["mail.failed"])
