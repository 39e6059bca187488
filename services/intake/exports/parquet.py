"""Parquet, a group of rows at a time; labels stand in the columns' metadata."""

from collections.abc import Iterator
from datetime import date
from itertools import islice
from pathlib import Path

import orjson

from services.intake.domain.columns import DAY, NUMBER, Column, Row

_GROUP = 20_000


def write(columns: list[Column], rows: Iterator[Row], file: Path) -> None:
    """In constant memory."""
    import pyarrow as pa  # noqa: PLC0415  # forty megabytes that only an export needs
    from pyarrow import parquet  # noqa: PLC0415

    kinds = {NUMBER: pa.float64(), DAY: pa.date32()}
    schema = pa.schema(
        [
            pa.field(
                column.name,
                kinds.get(column.kind, pa.string()),
                metadata={"label": column.label, "codes": orjson.dumps(dict(column.codes))},
            )
            for column in columns
        ]
    )
    with parquet.ParquetWriter(file, schema, compression="zstd") as writer:
        while batch := list(islice(rows, _GROUP)):
            cells = zip(columns, zip(*batch, strict=True), strict=True)
            arrays = [
                pa.array(
                    map(_as_date, values) if column.kind == DAY else values,
                    schema.field(column.name).type,
                )
                for column, values in cells
            ]
            writer.write_table(pa.Table.from_arrays(arrays, schema=schema))


def _as_date(day: object) -> date | None:
    return None if day is None else date.fromisoformat(str(day))
