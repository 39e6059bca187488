"""Whether answers were sent off, as the tools say that they come from."""

from collections.abc import Sequence

from services.intake.domain.guess.columns import Column

_SENT = {"submitdate", "date submitted"}  # LimeSurvey's is empty until then
_FINISHED, _NOT = "finished", {"false", "0"}  # Qualtrics


def unfinished(columns: Sequence[Column], rows: int) -> int:
    """How many of so many answers somebody began and never sent off; none where no column tells."""
    for column in columns:
        name = column.code.casefold()
        if name in _SENT:
            return rows - column.filled
        if name == _FINISHED and column.complete:
            return sum(n for cell, n in column.contents.items() if cell.casefold() in _NOT)
    return 0
