"""SPSS's .sav, with labels of variables and of values: choices are numbered from 1."""

import re
from collections.abc import Iterator
from pathlib import Path

from services.intake.domain.columns import CODE, NUMBER, Column, Row, TooManyRows

# The writer takes one table in memory.
_MOST_CELLS = 10_000_000
_UNFIT = re.compile(r"[^A-Za-z0-9_.@#$]")
_LONGEST_NAME, _LONGEST_LABEL, _LONGEST_VALUE_LABEL = 64, 256, 120


def write(columns: list[Column], rows: Iterator[Row], file: Path) -> None:
    """Raises TooManyRows."""
    import polars as pl  # noqa: PLC0415  # what only an export needs
    import pyreadstat  # noqa: PLC0415

    names = variable_names(columns)
    codes = {
        name: {value: number for number, value in enumerate(column.codes, 1)}
        for name, column in zip(names, columns, strict=True)
        if column.kind == CODE
    }
    most = _MOST_CELLS // len(columns)
    values: list[Row] = []
    for row in rows:
        if len(values) == most:
            raise TooManyRows(
                f"An SPSS file of these questions holds {most:,} responses here; take CSV or "
                "Parquet, which SPSS reads too."
            )
        values.append(row)
    by_column = zip(*values, strict=True) if values else ([] for _ in names)
    series = [
        pl.Series(
            name,
            [codes[name].get(str(cell)) for cell in cells] if name in codes else list(cells),
            dtype=pl.Float64 if name in codes or column.kind == NUMBER else pl.String,
            strict=False,
        )
        for name, column, cells in zip(names, columns, by_column, strict=True)
    ]
    pyreadstat.write_sav(
        pl.DataFrame(series),
        str(file),
        column_labels={n: c.label[:_LONGEST_LABEL] for n, c in zip(names, columns, strict=True)},
        variable_value_labels={
            name: {
                float(number): column.codes[value][:_LONGEST_VALUE_LABEL]
                for value, number in codes[name].items()
            }
            for name, column in zip(names, columns, strict=True)
            if codes.get(name)
        },
    )


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
