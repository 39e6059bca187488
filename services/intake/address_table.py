"""Tables that a planner uploads, as rows: who is invited, and how many there are."""

import csv
import io
from collections.abc import Iterable, Iterator
from typing import Any

from flask import Response

from services.intake.domain.invitation import link_to
from services.intake.store.invitations import Invitation

_ADDRESS = ("email", "name", "group")
_ALIASES = {"e-mail": "email", "e_mail": "email", "mail": "email", "email address": "email"}
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


class UnreadableTable(ValueError):
    """What came is no table with a header."""


def read_addresses(text: str) -> list[dict[str, Any]]:
    """`{"line", "email", "name", "group", "profile": {column: cell}}` a row; empty cells are left
    out. Raises UnreadableTable."""
    return [
        {
            "line": line,
            **{name: cells.pop(name, "") for name in _ADDRESS},
            "profile": cells,
        }
        for line, cells in _rows(text, "email")
    ]


def read_population(text: str) -> list[dict[str, Any]]:
    """`{"line", "group", "profile", "count"}` a row, its count as it is written. Raises
    UnreadableTable."""
    return [
        {
            "line": line,
            **{name: cells.pop(name, "") for name in ("group", "count")},
            "profile": cells,
        }
        for line, cells in _rows(text, "count")
    ]


def as_text(table: bytes) -> str:
    """Raises UnreadableTable."""
    try:
        return table.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        message = "The table is not UTF-8; save it as 'CSV UTF-8' and send that."
        raise UnreadableTable(message) from error


def links_file(made: Iterable[tuple[Invitation, str]], url: str) -> Response:
    """A table of addresses, each with the link of its secret, that is kept nowhere on the way. A
    cell that a spreadsheet would run as a formula begins with an apostrophe."""
    table = io.StringIO()
    writer = csv.writer(table, lineterminator="\r\n")
    writer.writerow([*_ADDRESS, "link"])
    for each, secret in made:
        cells = (each.email, each.name, each.group, link_to(url, secret))
        writer.writerow([f"'{cell}" if cell.startswith(_FORMULA) else cell for cell in cells])
    answer = Response(table.getvalue(), content_type="text/csv; charset=utf-8")
    answer.headers["Content-Disposition"] = 'attachment; filename="links.csv"'
    answer.headers["Cache-Control"] = "no-store"
    return answer


def _rows(text: str, needed: str) -> Iterator[tuple[int, dict[str, str]]]:
    first = text.partition("\n")[0]
    delimiter = next((each for each in ",;\t" if each in first), ",")
    reader = csv.reader(io.StringIO(text), delimiter=delimiter, strict=True)
    try:
        header = [cell.strip() for cell in next(reader, [])]
        names = [_ALIASES.get(name.casefold(), name) for name in header]
        names = [
            name.casefold() if name.casefold() in {*_ADDRESS, "count"} else name for name in names
        ]
        if not all(names) or len(set(names)) < len(names) or needed not in names:
            raise UnreadableTable(
                f"Begin with a header that names each column once; one of them is {needed}."
            )
        for row in reader:
            if len(row) > len(names):
                raise UnreadableTable(f"Line {reader.line_num} has more cells than the header.")
            cells = {name: cell.strip() for name, cell in zip(names, row, strict=False)}
            if any(cells.values()):
                yield reader.line_num, {name: cell for name, cell in cells.items() if cell}
    except csv.Error as error:
        raise UnreadableTable(f"Line {reader.line_num} is no CSV: {error}.") from error
