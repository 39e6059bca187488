"""The first sheet of an .xlsx workbook, as CSV. A formula is the text that it is.

A workbook of a few kilobytes can unpack to more than any machine has, so it is read by a process of
its own that may use so much time and memory and no more.
"""

import csv
import io
import resource
import subprocess
import sys
import warnings
import zipfile
from collections.abc import Iterator
from datetime import date, datetime, time
from tempfile import TemporaryFile
from typing import Any, BinaryIO

from defusedxml.ElementTree import ParseError, fromstring

from services.intake.tables.reading import MOST_COLUMNS, MOST_ROWS, UnreadableTable

_MOST_PARTS = 2_000
_MOST_UNPACKED = 300_000_000
_MOST_CELLS = 3_000_000
_MOST_MEMORY = 900_000_000  # bytes of addresses, of which the interpreter takes a good part
_MOST_SECONDS = 25  # of the processor; some five million cells
_UNREADABLE = 3  # how the process ends when stderr has a word for the planner
_BEGINS = b"PK\3\4"
_WORKBOOK = "xl/workbook.xml"
_SHEETS = "worksheets/"
_CHUNK = 1 << 20


def is_workbook(stream: BinaryIO) -> bool:
    stream.seek(0)
    return stream.read(len(_BEGINS)) == _BEGINS


def plain(stream: BinaryIO) -> BinaryIO:
    """The file itself or, of a workbook, a temporary one with its answers as CSV. Raises
    UnreadableTable."""
    if not is_workbook(stream):
        return stream
    text: BinaryIO = TemporaryFile()  # noqa: SIM115  # closing is for whoever asked
    try:
        as_csv(stream, text)
    except UnreadableTable:
        text.close()
        raise
    text.seek(0)
    return text


def sheet_names(stream: BinaryIO) -> list[str]:
    """Raises UnreadableTable."""
    stream.seek(0)
    try:
        with zipfile.ZipFile(stream) as archive, archive.open(_WORKBOOK) as part:
            root = fromstring(part.read(1_000_000))
    except (zipfile.BadZipFile, KeyError, OSError, ValueError, ParseError) as error:
        raise _damaged() from error
    return [each.get("name", "") for each in root.iter() if each.tag.endswith("}sheet")]


def as_csv(workbook: BinaryIO, into: BinaryIO) -> None:
    """Write the first sheet that has rows, from one file into another. Raises UnreadableTable."""
    workbook.seek(0)
    command = [sys.executable, "-m", "services.intake.tables.workbook"]
    try:
        ran = subprocess.run(
            command,
            stdin=workbook, stdout=into, stderr=subprocess.PIPE, check=False,
            timeout=4 * _MOST_SECONDS,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        raise _too_large() from None
    if ran.returncode == _UNREADABLE:
        raise UnreadableTable(ran.stderr.decode())
    if ran.returncode != 0:
        raise _too_large()


def main() -> None:
    """From stdin to stdout."""
    resource.setrlimit(resource.RLIMIT_AS, (_MOST_MEMORY, _MOST_MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (_MOST_SECONDS, _MOST_SECONDS))
    warnings.simplefilter("ignore")  # of what the library leaves out: styles, drawings
    try:
        _write(open(0, "rb", closefd=False), open(1, "wb", closefd=False))  # noqa: SIM115
    except UnreadableTable as error:
        sys.stderr.write(str(error))
        sys.exit(_UNREADABLE)
    except MemoryError:
        sys.exit(1)


def _write(workbook: BinaryIO, into: BinaryIO) -> None:
    from openpyxl import load_workbook  # noqa: PLC0415  # thirty megabytes that only a workbook needs

    text = io.TextIOWrapper(into, encoding="utf-8", newline="")
    writer = csv.writer(text)
    try:
        _refuse_much(workbook)
        opened = load_workbook(workbook, read_only=True, data_only=False, keep_links=False)
        for sheet in opened.worksheets:
            is_empty = True
            for row in _rows(sheet):
                writer.writerow(row)
                is_empty = is_empty and not row
            if not is_empty:
                break
    except (UnreadableTable, MemoryError):
        raise
    except Exception as error:  # the library raises whatever it trips over
        raise _damaged() from error
    text.flush()


def _refuse_much(workbook: BinaryIO) -> None:
    """What unpacks to more than it says is an error when it is read."""
    with zipfile.ZipFile(workbook) as archive:
        parts = archive.infolist()
        if len(parts) > _MOST_PARTS or sum(part.file_size for part in parts) > _MOST_UNPACKED:
            raise _too_large()
        cells = sum(_cells(archive, each) for each in parts if _SHEETS in each.filename)
    if cells > _MOST_CELLS:
        raise _too_large()


def _cells(archive: zipfile.ZipFile, part: zipfile.ZipInfo) -> int:
    """About how many, without holding them."""
    with archive.open(part) as sheet:
        return sum(chunk.count(b"<c ") + chunk.count(b"<c>") + chunk.count(b"<c/")
                   for chunk in iter(lambda: sheet.read(_CHUNK), b""))  # fmt: skip


def _rows(sheet: Any) -> Iterator[list[str]]:
    """All as long as the first that is not blank, at least; blank ones as none."""
    sheet.reset_dimensions()  # what a sheet says of its size need not be so
    cells = rows = width = 0
    for row in sheet.iter_rows(values_only=True):
        cells += len(row) + 1
        written = [_text(cell) for cell in row]
        if cells > _MOST_CELLS or rows > MOST_ROWS or any(written[MOST_COLUMNS:]):
            raise _too_large()
        rows += 1
        if not any(written):
            yield []
            continue
        width = width or len(written)
        yield written + [""] * (width - len(written))


def _text(cell: Any) -> str:
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "Yes" if cell else "No"
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    if isinstance(cell, datetime):
        return cell.isoformat(" ").removesuffix(" 00:00:00")
    if isinstance(cell, date | time):
        return cell.isoformat()
    return str(cell)


def _damaged() -> UnreadableTable:
    return UnreadableTable(
        "This workbook is damaged or protected. Open it, and save the answers as CSV."
    )


def _too_large() -> UnreadableTable:
    return UnreadableTable(
        f"This workbook has more than is read at once: at most {MOST_COLUMNS:,} columns and "
        f"{_MOST_CELLS:,} cells. Save the sheet with the answers as CSV."
    )


if __name__ == "__main__":
    main()
