"""The rows of a file, whatever program wrote it, in bounded time and memory."""

import codecs
import csv
import io
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from itertools import islice
from typing import BinaryIO

MOST_BYTES = 50_000_000
MOST_COLUMNS = 1_000
MOST_ROWS = 1_000_000
_LONGEST_ROW = 1_000_000  # characters
_CHUNK = 1 << 20
_DELIMITERS = ",;\t|"
_LOOKED_AT = 50  # rows that tell the delimiter
# How pictures, PDF, gzip and the old .xls begin: some of them could be read as text by chance.
_NO_TEXT = (
    b"\x89PNG", b"\xff\xd8\xff", b"GIF87a", b"GIF89a", b"II*\0", b"MM\0*", b"%PDF-", b"\x1f\x8b",
    b"\xd0\xcf\x11\xe0",
)  # fmt: skip
_MARKS = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}


class UnreadableTable(Exception):
    """The file is no table of answers; the text tells what to do."""


class _TooWide(Exception):
    pass


@dataclass(frozen=True)
class Layout:
    """How a file of text is written. `digest` is the same for the same bytes only."""

    encoding: str
    delimiter: str
    digest: str


def layout_of(stream: BinaryIO, delimiter: str | None = None) -> Layout:
    """Reads it once, all of it. Raises UnreadableTable for what is no text."""
    digest, size = sha256(), 0
    stream.seek(0)
    fitting: dict[str, codecs.IncrementalDecoder] | None = None
    is_binary = False
    while chunk := stream.read(_CHUNK):
        if fitting is None:
            if chunk.startswith(_NO_TEXT):
                raise _no_table()
            is_marked = chunk.startswith(tuple(_MARKS))
            fitting = {n: codecs.getincrementaldecoder(n)() for n in _encodings(chunk)}
        size += len(chunk)
        if size > MOST_BYTES:
            raise UnreadableTable(f"A file has at most {MOST_BYTES:,} bytes here. Split it.")
        digest.update(chunk)
        is_binary = is_binary or (not is_marked and b"\0" in chunk)
        fitting = {name: each for name, each in fitting.items() if _decodes(each, chunk)}
        if not fitting:
            break
    fitting = {n: each for n, each in (fitting or {}).items() if _decodes(each, b"", final=True)}
    if not size:
        raise UnreadableTable("The file is empty.")
    if not fitting and is_binary:
        raise _no_table()
    if not fitting:
        raise UnreadableTable(
            "This is text in neither UTF-8, UTF-16 nor Windows-1252. Save it as 'CSV UTF-8'."
        )
    encoding = next(iter(fitting))
    return Layout(encoding, delimiter or _delimiter(stream, encoding), digest.hexdigest())


@dataclass(frozen=True, slots=True)
class Row:
    """`number` is the one that a spreadsheet shows, `line` the one that an editor does."""

    number: int
    line: int
    cells: list[str]


def rows_of(stream: BinaryIO, layout: Layout) -> Iterator[Row]:
    """The rows that are not blank, the header first.

    Raises UnreadableTable at a row that is too long to be one, and where the rest is no CSV.
    """
    parsed = _parsed(stream, layout.encoding, layout.delimiter)
    for number, (line, row) in enumerate(parsed, start=1):
        if number > MOST_ROWS:
            raise UnreadableTable(f"At most {MOST_ROWS:,} rows are read at once. Split the file.")
        if len(row) > MOST_COLUMNS:
            raise UnreadableTable(
                f"Line {line} has {len(row):,} columns; at most {MOST_COLUMNS:,} are read. "
                "Leave out those that you do not need."
            )
        if any(row):
            yield Row(number, line, row)


def _parsed(stream: BinaryIO, encoding: str, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    stream.seek(0)
    text = io.TextIOWrapper(stream, encoding=encoding, newline="")
    lines = _Lines(text)
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    line = 1
    try:
        for row in reader:
            lines.taken = 0
            yield line, row
            line = reader.line_num + 1
    except csv.Error as error:
        raise UnreadableTable(f"Line {reader.line_num}: not CSV from here on: {error}.") from error
    except _TooWide:
        raise UnreadableTable(
            f"Line {line} begins a row of more than {_LONGEST_ROW:,} characters. Is a quotation "
            "mark missing there?"
        ) from None
    finally:
        if not stream.closed:
            text.detach()  # closing is for whoever opened it


class _Lines:
    """The lines of a text, as long as no row takes too many of them."""

    def __init__(self, text: io.TextIOWrapper) -> None:
        self._text = text
        self.taken = 0

    def __iter__(self) -> "_Lines":
        return self

    def __next__(self) -> str:
        line = self._text.readline(_LONGEST_ROW)
        if not line:
            raise StopIteration
        self.taken += len(line)
        if self.taken >= _LONGEST_ROW:
            raise _TooWide
        return line


def _no_table() -> UnreadableTable:
    return UnreadableTable(
        "This is no table: it is a picture, a PDF or something else that is no text. Export the "
        "answers as CSV or .xlsx, and send that file."
    )


def _encodings(start: bytes) -> tuple[str, ...]:
    """Those that a file may have that begins so, the likeliest first."""
    for mark, encoding in _MARKS.items():
        if start.startswith(mark):
            return (encoding,)
    head = start[:1000]
    if b"\0" in head:  # text of two bytes a character, without a mark
        big = head[0::2].count(0) > head[1::2].count(0)
        return ("utf-16-be" if big else "utf-16-le",)
    return ("utf-8-sig", "cp1252")


def _decodes(decoder: codecs.IncrementalDecoder, chunk: bytes, *, final: bool = False) -> bool:
    try:
        return "\0" not in decoder.decode(chunk, final)
    except UnicodeDecodeError:
        return False


def _delimiter(stream: BinaryIO, encoding: str) -> str:
    """The one that gives most rows the same number of cells, more than one."""
    fits = {each: _fit(stream, encoding, each) for each in _DELIMITERS}
    return max(fits, key=lambda each: fits[each])


def _fit(stream: BinaryIO, encoding: str, delimiter: str) -> tuple[float, int]:
    """(share of the rows that have as many cells as most, those cells); worst where there is one
    column."""
    widths: list[int] = []
    try:
        widths += [len(row) for _, row in islice(_parsed(stream, encoding, delimiter), _LOOKED_AT)]
    except UnreadableTable:
        if not widths:
            return 0.0, 0
    if not widths:
        return 0.0, 0
    (width, rows), *_ = Counter(widths).most_common(1)
    return (0.0, 0) if width < 2 else (rows / len(widths), width)
