"""SPSS's .sav, with labels of variables and of values: choices are numbered from 1."""

import re
from collections.abc import Iterator, Mapping
from datetime import date
from itertools import islice
from pathlib import Path

from services.intake.domain.columns import CODE, DAY, NUMBER, TEXT, Cell, Column, Row, TooManyRows

# The writer takes one table in memory: eight bytes a cell, and the texts.
_MOST_CELLS = 10_000_000
_AT_ONCE = 2_000
_UNFIT = re.compile(r"[^A-Za-z0-9_.@#$]")
_LONGEST_NAME, _LONGEST_LABEL, _LONGEST_VALUE_LABEL = 64, 256, 120


def write(columns: list[Column], rows: Iterator[Row], file: Path) -> None:
    """Raises TooManyRows."""
    import polars as pl  # noqa: PLC0415  # what only an export needs
    import pyreadstat  # noqa: PLC0415

    names = variable_names(columns)
    types = {DAY: pl.Date, CODE: pl.Float64, NUMBER: pl.Float64}
    schema = {n: types.get(c.kind, pl.String) for n, c in zip(names, columns, strict=True)}
    numbers = [
        {value: number for number, value in enumerate(column.codes, 1)} for column in columns
    ]
    most = _MOST_CELLS // len(columns)
    tables = [pl.DataFrame(schema=schema)]
    held = 0
    while batch := list(islice(rows, _AT_ONCE)):
        held += len(batch)
        if held > most:
            raise TooManyRows(
                f"An SPSS file of these questions holds {most:,} responses here; take CSV or "
                "Parquet, which SPSS reads too."
            )
        by_column = zip(columns, numbers, zip(*batch, strict=True), strict=True)
        series = [
            [_cell(column, codes, cell) for cell in cells] for column, codes, cells in by_column
        ]
        tables.append(pl.DataFrame(series, schema=schema, orient="col", strict=False))
    pyreadstat.write_sav(
        pl.concat(tables),
        str(file),
        column_labels=dict(zip(names, map(_label, names, columns), strict=True)),
        variable_value_labels={
            name: _value_labels(column)
            for name, column in zip(names, columns, strict=True)
            if column.codes
        },
        variable_measure={n: _measure(c) for n, c in zip(names, columns, strict=True)},
        row_compress=True,
    )


def _cell(column: Column, numbers: Mapping[str, int], cell: Cell) -> Cell | date:
    if cell is None:
        return None
    if column.kind == CODE:
        return numbers.get(str(cell))
    return date.fromisoformat(str(cell)) if column.kind == DAY else cell


def _measure(column: Column) -> str:
    if column.kind in {CODE, TEXT}:
        return "nominal"
    return "ordinal" if column.ordered else "scale"


def _label(name: str, column: Column) -> str:
    """With the column's name elsewhere, where SPSS does not take it."""
    label = column.label if name == column.name else f"[{column.name}] {column.label}"
    return label[:_LONGEST_LABEL]


def _value_labels(column: Column) -> dict[int | float, str]:
    """The numbers that stand for codes; a scale's points are numbers themselves."""
    return {
        float(place if column.kind == CODE else value): words[:_LONGEST_VALUE_LABEL]
        for place, (value, words) in enumerate(column.codes.items(), 1)
    }


def variable_names(columns: list[Column]) -> list[str]:
    """Names that SPSS takes, each once whatever their case: they begin with a letter, end with no
    dot, and have at most 64 bytes."""
    names: list[str] = []
    taken: set[str] = set()
    for column in columns:
        name = _UNFIT.sub("_", column.name).rstrip("._")[:_LONGEST_NAME] or "v"
        if not name[0].isalpha():
            name = f"v{name}"[:_LONGEST_NAME]
        stem, number = name, 1
        while name.casefold() in taken or name.upper() in _RESERVED:
            number += 1
            name = f"{stem[: _LONGEST_NAME - len(str(number)) - 1]}_{number}"
        taken.add(name.casefold())
        names.append(name)
    return names


_RESERVED = {"ALL", "AND", "BY", "EQ", "GE", "GT", "LE", "LT", "NE", "NOT", "OR", "TO", "WITH"}
