"""How many responses stand of each group and profile, folded from intake's own events, so that
nobody counts responses when asked."""

from collections import Counter

import orjson
from pymongo.database import Database

from services.intake.domain.rates import Cell
from shared.contributions import Body
from shared.documents import Document
from shared.fold import Change, Fold


class Tallies:
    def __init__(self, database: Database[Document]) -> None:
        self.fold = Fold(database, _step)

    def ensure_indexes(self) -> None:
        self.fold.ensure_indexes()

    def of(self, survey: str) -> Counter[Cell]:
        """Responses that stand, by group and profile; a moment behind what was just sent."""
        head = self.fold.head(survey)
        return Counter() if head is None else _unpacked(head.state)


def _step(_: str, state: bytes | None, changes: list[Change]) -> bytes:
    cells = _unpacked(state)
    for change in changes:
        if change.after is not None:
            cells[_cell(change.after)] += 1
        if change.before is not None:
            cells[_cell(change.before)] -= 1
    return orjson.dumps([[*cell, count] for cell, count in sorted(cells.items()) if count])


def _cell(body: Body) -> Cell:
    return body["group"], tuple(sorted(body["profile"].items()))


def _unpacked(state: bytes | None) -> Counter[Cell]:
    rows = orjson.loads(bytes(state)) if state else []
    return Counter(
        {(group, tuple((n, v) for n, v in profile)): count for group, profile, count in rows}
    )
