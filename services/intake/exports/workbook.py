"""An Excel workbook: the answers on one sheet, what the columns mean on another."""

import re
from collections.abc import Iterator
from pathlib import Path

from services.intake.domain.columns import Cell, Column, Row, TooManyRows
from services.intake.domain.inert import inert

MEDIA_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
MOST_ROWS = 1_048_575  # of a sheet, less its header
_LONGEST = 32_767  # characters of a cell
_UNFIT = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")  # of XML


def write(columns: list[Column], rows: Iterator[Row], file: Path) -> None:
    """Row by row, in constant memory. Raises TooManyRows."""
    from openpyxl import Workbook  # noqa: PLC0415  # thirty megabytes that only a workbook needs

    book = Workbook(write_only=True)
    answers, meanings = book.create_sheet("answers"), book.create_sheet("columns")
    answers.append([_cell(column.name) for column in columns])
    for number, row in enumerate(rows):
        if number == MOST_ROWS:
            raise TooManyRows(f"A sheet holds {MOST_ROWS:,} rows; take them as CSV or Parquet.")
        answers.append([_cell(cell) for cell in row])
    meanings.append(["column", "meaning", "kind", "values"])
    for column in columns:
        codes = "; ".join(f"{value} = {words}" for value, words in column.codes.items())
        meanings.append([_cell(text) for text in (column.name, column.label, column.kind, codes)])
    book.save(file)


def _cell(cell: Cell) -> Cell:
    return inert(_UNFIT.sub("", cell))[:_LONGEST] if isinstance(cell, str) else cell
