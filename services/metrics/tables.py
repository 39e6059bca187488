"""Outcomes and snapshots as CSV."""

import csv
import io
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from services.metrics.domain.definitions import dimensions
from services.metrics.domain.outcome import FIELDS

_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_FLAGS = {"true": True, "false": False}
_WHAT = ("metric", "definition_version")
_PERIOD = ("grain", "start", "end")
_MEASURES = (
    "value", "numerator", "denominator", "n", "small", "suppressed", "synthetic",
    "valid_at", "recorded_at", "hash", "erased",
)  # fmt: skip


class UnreadableTable(ValueError):
    """The text is no CSV table of outcomes."""


def read_outcomes(text: str) -> list[dict[str, Any]]:
    """Rows of a CSV table with a header. A column that is no field of an outcome is a dimension of
    its segment; an empty cell is left out. Raises UnreadableTable.
    """
    try:
        header, *rows = list(csv.reader(io.StringIO(text), strict=True)) or [[]]
    except csv.Error as error:
        raise UnreadableTable(f"This is no CSV table: {error}.") from error
    names = [name.strip() for name in header]
    if not all(names) or len(set(names)) < len(names):
        raise UnreadableTable("Begin with a header that names each column once.")
    read = []
    for number, row in enumerate(rows, start=2):
        if len(row) > len(names):
            raise UnreadableTable(f"Row {number} has more cells than the header has columns.")
        if any(row):
            read.append(_outcome(dict(zip(names, row, strict=False))))
    return read


def _outcome(cells: Mapping[str, str]) -> dict[str, Any]:
    given = {name: cell.strip() for name, cell in cells.items() if cell.strip()}
    segment = {name: cell for name, cell in given.items() if name not in FIELDS}
    fields: dict[str, Any] = {name: cell for name, cell in given.items() if name in FIELDS}
    if "synthetic" in fields:
        cell = fields["synthetic"]
        fields["synthetic"] = _FLAGS.get(cell.lower(), cell)
    return fields | {"segment": segment}


def write_snapshots(contents: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """Lines of a table with one column a dimension. A text that a spreadsheet would run as a
    formula begins with an apostrophe; numbers stay numbers."""
    named = sorted(dimensions())
    yield _line([*_WHAT, *(f"period_{name}" for name in _PERIOD), *named, *_MEASURES])
    for content in contents:
        yield _line(
            [
                *(content[name] for name in _WHAT),
                *(content["period"][name] for name in _PERIOD),
                *(content["segment"].get(name) for name in named),
                *(content.get(name) for name in _MEASURES),
            ]
        )


def _line(cells: Iterable[Any]) -> str:
    line = io.StringIO()
    csv.writer(line, lineterminator="\r\n").writerow([_cell(cell) for cell in cells])
    return line.getvalue()


def _cell(cell: Any) -> Any:
    if isinstance(cell, str) and cell.startswith(_FORMULA):
        return f"'{cell}"
    return cell
