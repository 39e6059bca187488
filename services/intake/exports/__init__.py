"""A table of answers in the formats that people take away.

CSV and JSON Lines are made line by line while they are sent; the others need a whole file.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from services.intake.domain.columns import Column, Row
from services.intake.exports import delimited, json_lines, parquet, spss, workbook

Lines = Callable[[list[Column], Iterator[Row]], Iterator[bytes]]
Write = Callable[[list[Column], Iterator[Row], Path], None]


@dataclass(frozen=True)
class Streamed:
    """Sent while it is made."""

    name: str
    media_type: str
    lines: Lines


@dataclass(frozen=True)
class Written:
    """Made beside everything else, then fetched."""

    name: str
    media_type: str
    write: Write


STREAMED = {
    "csv": Streamed("CSV", "text/csv; charset=utf-8", delimited.lines),
    "jsonl": Streamed("JSON Lines", "application/jsonl", json_lines.lines),
}
WRITTEN = {
    "xlsx": Written("Excel", workbook.MEDIA_TYPE, workbook.write),
    "parquet": Written("Parquet", "application/vnd.apache.parquet", parquet.write),
    "sav": Written("SPSS", "application/x-spss-sav", spss.write),
}
