"""CSV as RFC 4180 has it, in UTF-8 with the mark that Excel looks for."""

import csv
import io
from collections.abc import Iterator
from itertools import islice

from services.intake.domain.columns import TEXT, Column, Row
from services.intake.domain.inert import inert

_AT_ONCE = 500


def lines(columns: list[Column], rows: Iterator[Row]) -> Iterator[bytes]:
    """In pieces of some hundred rows."""
    texts = [place for place, column in enumerate(columns) if column.kind == TEXT]
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer)
    buffer.write("\ufeff")
    writer.writerow([inert(column.name) for column in columns])
    while True:
        batch = list(islice(rows, _AT_ONCE))
        for row in batch:
            for place in texts:
                text = row[place]
                if text:
                    row[place] = inert(str(text))
        writer.writerows(batch)
        yield buffer.getvalue().encode()
        if len(batch) < _AT_ONCE:
            return
        buffer.seek(0)
        buffer.truncate()
