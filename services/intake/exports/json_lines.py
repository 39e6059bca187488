"""One JSON object a line, by column name; what was not answered is null."""

from collections.abc import Iterator
from itertools import islice

import orjson

from services.intake.domain.columns import Column, Row

_AT_ONCE = 500


def lines(columns: list[Column], rows: Iterator[Row]) -> Iterator[bytes]:
    """In pieces of some hundred rows."""
    names = [column.name for column in columns]
    while batch := list(islice(rows, _AT_ONCE)):
        yield b"".join(
            orjson.dumps(dict(zip(names, row, strict=True)), option=orjson.OPT_APPEND_NEWLINE)
            for row in batch
        )
