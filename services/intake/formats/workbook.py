"""The sheets of an .xlsx workbook as rows of text, in bounded time and memory.

A workbook of a few kilobytes can unpack to more than any machine has; so its parts are measured
before the library opens it.
"""

import io
import warnings
import zipfile
from collections.abc import Iterator
from datetime import date, datetime
from typing import Any

from services.intake.formats.imported import UnreadableFile

MOST_UNPACKED = 64_000_000
_MOST_PARTS = 1_000
_MOST_TAGS = 1_500_000
_MOST_STYLE_TAGS = 60_000  # of parts that are no sheet; each of these is made an object
_MOST_ROWS, _MOST_COLUMNS = 20_000, 200
_CHUNK = 1 << 20
_TABLES = ("xl/worksheets/", "xl/sharedStrings.xml")

Sheet = list[dict[str, str]]


def sheets(data: bytes, wanted: tuple[str, ...]) -> dict[str, Sheet]:
    """{name in lower case: rows as {header: text}}, of the wanted ones that are there. A formula is
    the text that it is. Raises UnreadableFile."""
    from openpyxl import load_workbook  # noqa: PLC0415  # thirty megabytes that only a workbook needs

    try:
        _measure(data)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of what the library leaves out: styles, drawings
            book = load_workbook(io.BytesIO(data), read_only=True, keep_links=False)
            named = {str(sheet.title).strip().casefold(): sheet for sheet in book.worksheets}
            return {name: list(_rows(named[name])) for name in wanted if name in named}
    except UnreadableFile:
        raise
    except Exception as error:  # the library raises whatever it trips over
        raise UnreadableFile(
            "This workbook is damaged or protected. Open it and save it again as .xlsx."
        ) from error


def _measure(data: bytes) -> None:
    """Both what the parts say of their size and what they come to."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        parts = archive.infolist()
        if len(parts) > _MOST_PARTS or sum(part.file_size for part in parts) > MOST_UNPACKED:
            raise _too_large()
        unpacked = tags = styles = 0
        for part in parts:
            for chunk in _chunks(archive, part):
                unpacked += len(chunk)
                found = chunk.count(b"<")
                tags += found
                styles += 0 if part.filename.startswith(_TABLES) else found
                if unpacked > MOST_UNPACKED or tags > _MOST_TAGS or styles > _MOST_STYLE_TAGS:
                    raise _too_large()


def _chunks(archive: zipfile.ZipFile, part: zipfile.ZipInfo) -> Iterator[bytes]:
    with archive.open(part) as stream:
        while chunk := stream.read(_CHUNK):
            yield chunk


def _rows(sheet: Any) -> Iterator[dict[str, str]]:
    sheet.reset_dimensions()  # what a sheet says of its size need not be so
    header: list[str] = []
    for number, cells in enumerate(sheet.iter_rows(values_only=True)):
        if number > _MOST_ROWS or any(cell is not None for cell in cells[_MOST_COLUMNS:]):
            raise _too_large()
        row = [_text(cell) for cell in cells[:_MOST_COLUMNS]]
        if not header:
            header = [cell.strip() for cell in row] if any(row) else []
            continue
        named = {name: cell for name, cell in zip(header, row, strict=False) if name and cell}
        if named:
            yield {**named, "": str(number + 1)}


def _text(cell: Any) -> str:
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    if isinstance(cell, datetime | date):
        return cell.isoformat().removesuffix("T00:00:00")
    return str(cell).strip()


def _too_large() -> UnreadableFile:
    return UnreadableFile(
        f"This workbook unpacks to more than a survey has: at most {MOST_UNPACKED // 1_000_000} MB "
        f"and {_MOST_ROWS:,} rows. Copy its sheets into a new workbook."
    )
