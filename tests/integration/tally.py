"""A service of the tests' own, to be killed: it says the numbers that are put into its documents,
and adds up the numbers that it hears.

python -m tests.integration.tally NAME
"""

import os
import sys
from dataclasses import dataclass
from typing import ClassVar

import orjson

from shared import settings, worker
from shared.contributions import Contribution
from shared.documents import Documents
from shared.event import Event, Message
from shared.fold import Change, Fold

HEAD = "all"
REFUSED = os.environ.get("TALLY_REFUSES")


@dataclass(frozen=True)
class NumberDrawn(Event):
    type: ClassVar[str] = "tally.number_drawn.v1"
    number: int


def add(_: str, state: bytes | None, changes: list[Change]) -> bytes:
    """The state is every number folded, so that loss and doubling show."""
    numbers = orjson.loads(bytes(state or b"[]"))
    numbers += [change.after["number"] for change in changes if change.after]
    return orjson.dumps(sorted(numbers))


def numbers_of(fold: Fold) -> list[int]:
    head = fold.head(HEAD)
    return [] if head is None else orjson.loads(bytes(head.state))


class Tally:
    """Both sides of it, on one database."""

    def __init__(self, database) -> None:
        self.drawn = Documents(database["drawn"])
        self.fold = Fold(database, add)

    def draw(self, numbers) -> None:
        events = [NumberDrawn("careers", str(number), number) for number in numbers]
        rows = [({"_id": event.subject, "unit": "careers"}, [event]) for event in events]
        self.drawn.insert_many(rows)

    def hear(self, messages: list[Message]) -> None:
        if any(message.data["number"] == -1 for message in messages):
            sys.exit("told to")
        if any(str(message.data["number"]) == REFUSED for message in messages):
            raise ValueError(f"a mistake of this release: it cannot take {REFUSED}")
        self.fold.apply(
            Contribution(HEAD, m.unit, m.subject, 1, "2026-03-01T09:00:00.000Z", m.data)
            for m in messages
        )

    def work(self) -> worker.Work:
        self.fold.ensure_indexes()
        return worker.Work({NumberDrawn.type: self.hear}, [self.drawn])


if __name__ == "__main__":
    worker.run(settings.load(sys.argv[1]), lambda database: Tally(database).work())
