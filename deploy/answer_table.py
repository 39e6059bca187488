"""A CSV of answers: checked as a whole before anything is sent, then read again row by row.

Memory does not grow with the file: what must be remembered of every row is kept on disk.
"""

import codecs
import csv
import re
import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

from deploy.mapping import FileMapping, MappedItem, identifier, normal

_WHOLE = re.compile(r"[+-]?\d{1,9}", re.ASCII)
_CHUNK = 1 << 20
_MOST_KINDS = 1000  # different mistakes that are told apart
_MOST_GROUPS = 200


class UnreadableTable(Exception):
    """The file is no CSV with the columns that the mapping names; the text tells what to do."""


class _Misfit(Exception):
    def __init__(self, column: str, message: str) -> None:
        super().__init__(message)
        self.column = column


@dataclass
class Findings:
    """What a file holds. With `mistakes` nothing of it may be loaded.

    mistakes: (column, what is wrong) -> [first line, how many lines]. blanked: (column, value) ->
    how often a value out of its scale was taken as missing, as the mapping says. halves: need ->
    how many rows rate only one of importance and satisfaction; these are left out.
    """

    rows: int = 0
    groups: Counter[str] = field(default_factory=Counter)
    mistakes: dict[tuple[str, str], list[int]] = field(default_factory=dict)
    blanked: Counter[tuple[str, str]] = field(default_factory=Counter)
    halves: Counter[str] = field(default_factory=Counter)

    def note(self, line: int, column: str, message: str) -> None:
        key = (column, message)
        if key not in self.mistakes and len(self.mistakes) >= _MOST_KINDS:
            key = ("(others)", "more mistakes than are told apart here")
        self.mistakes.setdefault(key, [line, 0])[1] += 1


@dataclass(frozen=True)
class AnswerTable:
    """`key` is the same for the same file and mapping, and for no other."""

    path: Path
    mapping: FileMapping
    encoding: str
    key: str
    unread: tuple[str, ...]

    @classmethod
    def open(cls, path: Path, mapping: FileMapping) -> "AnswerTable":
        """Raises UnreadableTable."""
        encoding, digest = _look_through(path)
        with path.open(encoding=encoding, newline="") as file:
            header = [
                name.strip() for name in next(csv.reader(file, delimiter=mapping.delimiter), [])
            ]
        _refuse_wrong_columns(path, mapping, header)
        key = sha256(f"{digest}\0{mapping.canonical}".encode()).hexdigest()
        unread = tuple(name for name in header if name not in mapping.columns)
        return cls(path, mapping, encoding, key, unread)

    def definition(self, findings: Findings) -> dict[str, Any]:
        """The survey that the file answers: its groups are the labelled ones, or those found."""
        groups = list(dict.fromkeys(self.mapping.groups.values())) or sorted(findings.groups)
        return self.mapping.definition(groups)

    def check(self) -> Findings:
        """Reads all rows, and refuses none: every mistake is in what it finds."""
        findings = Findings()
        # An unnamed SQLite database is a temporary file, which holds millions of ids.
        with closing(sqlite3.connect("")) as seen:
            seen.execute("CREATE TABLE ids (id TEXT PRIMARY KEY) WITHOUT ROWID")
            for line, number, cells in self._rows(findings):
                findings.rows += 1
                if cells is None:
                    continue
                name = self._row_id(number, cells)
                added = seen.execute("INSERT OR IGNORE INTO ids VALUES (?)", (name,)).rowcount
                if self.mapping.id_column is not None and not name:
                    findings.note(line, self.mapping.id_column, "no id stands here")
                elif not added:
                    findings.note(line, str(self.mapping.id_column), "this id stood here before")
                self._response(line, number, cells, findings)
        if len(findings.groups) > _MOST_GROUPS:
            column = str(self.mapping.group_column)
            findings.note(1, column, f"more than {_MOST_GROUPS} groups: is this the group?")
        return findings

    def responses(self) -> Iterator[dict[str, Any]]:
        """As intake takes them. An id is a hash: the one in the file stays here."""
        findings = Findings()
        for line, number, cells in self._rows(findings):
            if cells is not None:
                yield self._response(line, number, cells, findings)

    def _rows(self, findings: Findings) -> Iterator[tuple[int, int, dict[str, str] | None]]:
        """(first line, number of the row, cells by column or None if they cannot be told)."""
        with self.path.open(encoding=self.encoding, newline="") as file:
            reader = csv.reader(file, delimiter=self.mapping.delimiter, strict=True)
            header = [name.strip() for name in next(reader)]
            number, line = 0, reader.line_num + 1
            while (row := _next(reader, findings)) is not None:
                if row:
                    number += 1
                    if len(row) != len(header):
                        text = f"the line has {len(row)} cells, the header {len(header)}"
                        findings.note(line, "(all)", text)
                    fits = len(row) == len(header)
                    yield line, number, dict(zip(header, row, strict=True)) if fits else None
                line = reader.line_num + 1

    def _row_id(self, number: int, cells: dict[str, str]) -> str:
        column = self.mapping.id_column
        return str(number) if column is None else cells[column].strip()

    def _response(
        self, line: int, number: int, cells: dict[str, str], findings: Findings
    ) -> dict[str, Any]:
        name = sha256(f"{self.key}\0{self._row_id(number, cells)}".encode()).hexdigest()[:32]
        response: dict[str, Any] = {"id": name, "group": "", "profile": {}, "answers": {}}
        try:
            response["group"] = self._group(cells)
            findings.groups[response["group"]] += 1
        except _Misfit as misfit:
            findings.note(line, misfit.column, str(misfit))
        for item in self.mapping.items:
            try:
                answer = _answer(item, cells, findings)
            except _Misfit as misfit:
                findings.note(line, misfit.column, str(misfit))
                continue
            if answer is not None:
                response["profile" if item.profile else "answers"][item.id] = answer
        return response

    def _group(self, cells: dict[str, str]) -> str:
        column, groups = self.mapping.group_column, self.mapping.groups
        if column is None:
            return groups[""]
        cell = normal(cells[column])
        if not cell:
            raise _Misfit(column, "no group stands here")
        if groups and cell not in groups:
            raise _Misfit(column, f"{cell!r} has no label in the mapping")
        group = groups.get(cell) or identifier(cell)
        if not group:
            raise _Misfit(column, f"{cell!r} needs a label of letters or digits in the mapping")
        return group


def _answer(item: MappedItem, cells: dict[str, str], findings: Findings) -> Any:
    if item.type == "need":
        return _need(item, cells, findings)
    column = item.columns["column"]
    if item.type == "rating":
        return _number(item, column, cells, findings)
    cell = cells[column].strip()
    if normal(cell) in item.missing:
        return None
    if item.type == "text":
        if len(cell) > item.max_length:
            raise _Misfit(column, f"more than {item.max_length} characters")
        return cell
    if normal(cell) in item.codes:
        return item.codes[normal(cell)]
    if not item.lenient:
        raise _Misfit(column, f"{cell!r} is none of the choices in the mapping")
    findings.blanked[column, cell] += 1
    return None


def _need(item: MappedItem, cells: dict[str, str], findings: Findings) -> dict[str, Any] | None:
    """Both parts or none: MWDS rests on pairs, and half of one tells of no gap."""
    column = item.columns["satisfaction"]
    importance = _number(item, item.columns["importance"], cells, findings)
    use = item.use.get(normal(cells[column]))
    satisfaction = None if use else _number(item, column, cells, findings)
    if importance is not None and use:
        return {"importance": importance, "use": use}
    if importance is not None and satisfaction is not None:
        return {"importance": importance, "satisfaction": satisfaction}
    if importance is not None or satisfaction is not None:
        findings.halves[item.id] += 1
    return None


def _number(item: MappedItem, column: str, cells: dict[str, str], findings: Findings) -> int | None:
    cell = normal(cells[column])
    if cell in item.missing:
        return None
    if not _WHOLE.fullmatch(cell):
        raise _Misfit(column, f"{cell!r} is not a whole number")
    number = int(cell)
    if number in item.scale:
        return number
    if not item.lenient:
        raise _Misfit(column, f"{cell} is outside {item.scale[0]} to {item.scale[-1]}")
    findings.blanked[column, cell] += 1
    return None


def _next(reader: Any, findings: Findings) -> list[str] | None:
    try:
        row: list[str] | None = next(reader, None)
    except csv.Error as error:
        findings.note(reader.line_num, "(all)", f"not CSV from here on: {error}")
        return None
    return row


def _look_through(path: Path) -> tuple[str, str]:
    """The file's encoding and digest."""
    digest = sha256()
    fitting = {name: codecs.getincrementaldecoder(name)() for name in ("utf-8-sig", "cp1252")}
    try:
        with path.open("rb") as file:
            while chunk := file.read(_CHUNK):
                if chunk.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) or b"\0" in chunk:
                    break
                digest.update(chunk)
                fitting = {n: d for n, d in fitting.items() if _decodes(d, chunk)}
            else:
                fitting = {n: d for n, d in fitting.items() if _decodes(d, b"", final=True)}
                if fitting:
                    return next(iter(fitting)), digest.hexdigest()
    except OSError as error:
        raise UnreadableTable(f"{path} cannot be read: {error.strerror}") from error
    raise UnreadableTable(
        f"{path} is text in neither UTF-8 nor Windows-1252. Save it as 'CSV UTF-8'."
    )


def _decodes(decoder: codecs.IncrementalDecoder, chunk: bytes, *, final: bool = False) -> bool:
    try:
        decoder.decode(chunk, final)
    except UnicodeDecodeError:
        return False
    return True


def _refuse_wrong_columns(path: Path, mapping: FileMapping, header: list[str]) -> None:
    if not any(header):
        raise UnreadableTable(f"{path} has no header line with the columns' names.")
    twice = sorted(name for name, count in Counter(header).items() if count > 1)
    if twice:
        raise UnreadableTable(f"{path} has two columns of the name {', '.join(twice)}.")
    unknown = [column for column in mapping.columns if column not in header]
    if unknown:
        hint = "" if len(header) > 1 else ' Is it separated by ";"? Then say "delimiter": ";".'
        raise UnreadableTable(
            f"{path} has no column {', '.join(unknown)}. It has: {', '.join(header)}.{hint}"
        )
