"""A row of a table and its mapping, as one response.

An import is as fast as this: what a cell says is worked out once for each content of a column.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from services.intake.domain.guess.others import is_marked
from services.intake.domain.items import NO_BASIS, USES
from services.intake.domain.origin import OTHER, RANK_OF
from services.intake.domain.scales import number_of
from services.intake.tables.mapping import FileMapping, MappedItem, identifier, normal

_WHOLE = re.compile(r"[+-]?\d{1,9}", re.ASCII)
_NUMBER = re.compile(r"[+-]?\d{1,13}(?:\.\d{1,6})?", re.ASCII)
_DAY = re.compile(r"(\d{4}-\d\d-\d\d)(?:[ T]\d\d:\d\d.*)?", re.ASCII)
_REMEMBERED = 1_000
_LONGEST_SHOWN = 80
_UNWRITTEN = "…"  # a choice of one's own that was chosen without a word


class _Misfit(Exception):
    def __init__(self, column: str, message: str) -> None:
        super().__init__(message)
        self.column = column


@dataclass(slots=True)
class Answered:
    """What a row says. misfits: (column, what is wrong), for which it cannot be taken; unfit: the
    same of single answers, which are not among `answers`; blanked: (column, value) that was taken
    as missing, as the mapping says; halves: needs of which one part only is rated, and which are
    left out."""

    group: str = ""
    profile: dict[str, Any] = field(default_factory=dict)
    answers: dict[str, Any] = field(default_factory=dict)
    misfits: list[tuple[str, str]] = field(default_factory=list)
    unfit: list[tuple[str, str]] = field(default_factory=list)
    blanked: list[tuple[str, str]] = field(default_factory=list)
    halves: list[str] = field(default_factory=list)


Read = Callable[[Sequence[str], Answered], Any]
Meaning = Callable[[str], Any]


class _Blank:
    """Stands for a value out of its scale that is taken as missing."""


_BLANK = _Blank()


def row_reader(mapping: FileMapping, header: Sequence[str]) -> Callable[[Sequence[str]], Answered]:
    """`read(cells)` gives what a row as long as the header says; it refuses none."""
    places = {name: place for place, name in enumerate(header)}
    read_group = _group(mapping, places)
    items = [(item.id, item.profile, _reader(item, places)) for item in mapping.items]

    def read(cells: Sequence[str]) -> Answered:
        row = Answered()
        try:
            row.group = read_group(cells)
        except _Misfit as misfit:
            row.misfits.append((misfit.column, str(misfit)))
        for name, is_profile, read_item in items:
            try:
                answer = read_item(cells, row)
            except _Misfit as misfit:
                row.unfit.append((misfit.column, str(misfit)))
                continue
            if answer is not None:
                (row.profile if is_profile else row.answers)[name] = answer
        return row

    return read


def _reader(item: MappedItem, places: Mapping[str, int]) -> Read:
    read_answer = _READERS[item.type](item, places)
    if item.no_basis is None:
        return read_answer
    place = places[item.no_basis]
    return lambda cells, row: dict(NO_BASIS) if is_marked(cells[place]) else read_answer(cells, row)


def _group(mapping: FileMapping, places: Mapping[str, int]) -> Callable[[Sequence[str]], str]:
    column, groups = mapping.group_column, mapping.groups
    if column is None:
        constant = groups[""]
        return lambda _: constant

    def meaning(cell: str) -> Any:
        name = normal(cell)
        known = _named(groups, name)
        if known is not None:
            return known
        if not name:
            return _Misfit(column, "no group stands here")
        if groups:
            return _Misfit(column, f"{_shown(name)} has no label in the mapping")
        group = identifier(name)
        return group or _Misfit(column, f"{_shown(name)} needs letters or digits to be a group")

    place, look_up = places[column], _remembering(meaning)

    def read(cells: Sequence[str]) -> str:
        found: str = look_up(cells[place])
        return found

    return read


def _named(meanings: Mapping[str, str], name: str) -> str | None:
    """What a content stands for, as it is written or in small letters."""
    return meanings.get(name) or meanings.get(" ".join(name.casefold().split()))


def _remembering(meaning: Meaning) -> Meaning:
    """`meaning`, worked out once for each of the first contents. A misfit is raised."""
    known: dict[str, Any] = {}

    def look_up(cell: str) -> Any:
        try:
            found = known[cell]
        except KeyError:
            found = meaning(cell)
            if len(known) < _REMEMBERED:
                known[cell] = found
        if type(found) is _Misfit:
            raise found
        return found

    return look_up


def _part(
    item: MappedItem, part: str, places: Mapping[str, int], meaning: Callable[..., Any]
) -> Read:
    """Reads one column of an item; `meaning(item, part, cell)` says what stands there."""
    column = item.columns[part]
    place, look_up = places[column], _remembering(lambda cell: meaning(item, part, cell))

    def read(cells: Sequence[str], row: Answered) -> Any:
        found = look_up(cells[place])
        if found is _BLANK:
            row.blanked.append((column, cells[place].strip()[:_LONGEST_SHOWN]))
            return None
        return found

    return read


def _outside(item: MappedItem, part: str, message: str) -> Any:
    return _BLANK if item.lenient else _wrong(item, part, message)


def _wrong(item: MappedItem, part: str, message: str) -> _Misfit:
    return _Misfit(item.columns[part], message)


def _shown(cell: str) -> str:
    return repr(cell if len(cell) <= _LONGEST_SHOWN else cell[:_LONGEST_SHOWN] + "…")


def _point(item: MappedItem, part: str, cell: str) -> Any:
    cell, points = normal(cell), item.points.get(part)
    if points and cell in points:
        return points[cell]
    if cell in item.missing:
        return None
    number = int(cell) if _WHOLE.fullmatch(cell) else number_of(cell)
    if number is None:
        return _wrong(item, part, f"{_shown(cell)} is not a whole number")
    if number in item.scale and (not points or str(number) in points):
        return points[str(number)] if points else number
    return _outside(item, part, f"{cell} is outside {item.scale[0]} to {item.scale[-1]}")


def _use_or_point(item: MappedItem, part: str, cell: str) -> Any:
    return _named(item.use, normal(cell)) or _point(item, part, cell)


def _use(item: MappedItem, _: str, cell: str) -> Any:
    return _named(item.use, normal(cell))


def _need(item: MappedItem, places: Mapping[str, int]) -> Read:
    """Both parts or none: a gap rests on pairs, and half of one tells of none."""
    read_importance = _part(item, "importance", places, _point)
    read_satisfaction = _part(item, "satisfaction", places, _use_or_point)
    read_use = _part(item, "use", places, _use) if "use" in item.columns else None

    def read(cells: Sequence[str], row: Answered) -> Any:
        importance = read_importance(cells, row)
        satisfaction = read_satisfaction(cells, row)
        if satisfaction is None and read_use is not None:
            satisfaction = read_use(cells, row)
        if importance is None or satisfaction is None:
            if importance is not satisfaction and satisfaction not in USES:
                row.halves.append(item.id)
            return None
        second = "use" if type(satisfaction) is str else "satisfaction"
        return {"importance": importance, second: satisfaction}

    return read


def _choice(item: MappedItem, part: str, cell: str) -> Any:
    name = normal(cell)
    code = _named(item.codes, name)
    if code == OTHER and item.other:
        return {OTHER: _UNWRITTEN}
    if code is not None:
        return code
    if name in item.missing:
        return None
    if item.other:
        return {OTHER: cell.strip()}
    return _outside(item, part, f"{_shown(name)} is none of the choices")


def _single_choice(item: MappedItem, places: Mapping[str, int]) -> Read:
    read_choice = _part(item, "column", places, _choice)
    own = places.get(item.columns.get(OTHER, ""))

    def read(cells: Sequence[str], row: Answered) -> Any:
        text = "" if own is None else cells[own].strip()
        return {OTHER: text} if text else read_choice(cells, row)

    return read


def _multiple_choice(item: MappedItem, places: Mapping[str, int]) -> Read:
    if "column" in item.columns:
        return _divided(item, places)
    marks = {value: places[column] for value, column in item.columns.items()}
    own = marks.pop(OTHER, None) if item.other else None

    def read(cells: Sequence[str], _: Answered) -> Any:
        chosen: list[Any] = [value for value, place in marks.items() if is_marked(cells[place])]
        text = "" if own is None else cells[own].strip()
        if text and is_marked(text):
            chosen.append({OTHER: text})
        return chosen or None

    return read


def _divided(item: MappedItem, places: Mapping[str, int]) -> Read:
    divider = item.divider or ","
    beside = places.get(item.columns.get(OTHER, ""))
    # A choice may hold the divider itself; the longest that fits is meant.
    longest = sorted(item.codes, key=len, reverse=True)

    def meaning(_: MappedItem, part_name: str, cell: str) -> Any:
        rest, chosen, own = cell.strip(), [], []
        if normal(rest) in item.missing:
            return None
        while rest:
            code = next((code for code in longest if _begins(rest, code, divider)), None)
            part = rest.partition(divider)[0] if code is None else code
            rest = rest[len(part) :].removeprefix(divider).strip()
            if code is not None:
                chosen.append(item.codes[code])
            elif part.strip() and normal(part) not in item.missing:
                own.append(part.strip())
        if own and not item.other:
            return _outside(item, part_name, f"{_shown(own[0])} is none of the choices")
        several: list[Any] = list(dict.fromkeys(chosen))
        if item.other and OTHER in several:
            several.remove(OTHER)
            own = own or [_UNWRITTEN]
        return [*several, {OTHER: f"{divider.strip()} ".join(own)}] if own else several or None

    read_column = _part(item, "column", places, meaning)

    def read(cells: Sequence[str], row: Answered) -> Any:
        chosen = read_column(cells, row)
        text = "" if beside is None else cells[beside].strip()
        if not text:
            return chosen
        return [*(each for each in chosen or () if type(each) is str), {OTHER: text}]

    return read


def _begins(text: str, code: str, divider: str) -> bool:
    rest = text[len(code) :]
    if divider.strip():
        rest, divider = rest.lstrip(), divider.strip()
    return text.startswith(code) and (not rest or rest.startswith(divider))


def _ranking(item: MappedItem, places: Mapping[str, int]) -> Read:
    if "column" in item.columns:
        return _divided(item, places)
    if any(part.startswith(RANK_OF) for part in item.columns):
        return _ranks(item, places)
    ordered = [_part(item, part, places, _choice) for part in item.columns]

    def read(cells: Sequence[str], row: Answered) -> Any:
        ranked = [read_place(cells, row) for read_place in ordered]
        return [choice for choice in ranked if choice is not None] or None

    return read


def _ranks(item: MappedItem, places: Mapping[str, int]) -> Read:
    """Where a column holds the rank of a choice."""
    read_ranks = [
        (part.removeprefix(RANK_OF), _part(item, part, places, _number)) for part in item.columns
    ]

    def read(cells: Sequence[str], row: Answered) -> Any:
        found = [(rank, choice) for choice, read_rank in read_ranks
                 if (rank := read_rank(cells, row)) is not None]  # fmt: skip
        if len({rank for rank, _ in found}) < len(found):
            raise _Misfit(next(iter(item.columns.values())), "two choices have the same rank")
        return [choice for _, choice in sorted(found)] or None

    return read


def _matrix(item: MappedItem, places: Mapping[str, int]) -> Read:
    rows = [(name, _part(item, name, places, _choice)) for name in item.columns]

    def read(cells: Sequence[str], row: Answered) -> Any:
        given = {}
        for name, read_row in rows:
            try:
                choice = read_row(cells, row)
            except _Misfit as misfit:
                row.unfit.append((misfit.column, str(misfit)))
                continue
            if choice is not None:
                given[name] = choice
        return given or None

    return read


def _number(item: MappedItem, part: str, cell: str) -> Any:
    cell = normal(cell)
    if cell in item.missing:
        return None
    if _NUMBER.fullmatch(cell):
        return float(cell) if "." in cell else int(cell)
    number = number_of(cell)
    return _wrong(item, part, f"{_shown(cell)} is not a number") if number is None else number


def _day(item: MappedItem, part: str, cell: str) -> Any:
    cell = cell.strip()
    if cell in item.missing:
        return None
    found = _DAY.fullmatch(cell)
    with suppress(ValueError):
        if found:
            return date.fromisoformat(found[1]).isoformat()
    return _wrong(item, part, f"{_shown(cell)} is not a date as YYYY-MM-DD")


def _text(item: MappedItem, places: Mapping[str, int]) -> Read:
    column = item.columns["column"]
    place = places[column]

    def read(cells: Sequence[str], _: Answered) -> Any:
        text = cells[place].strip()
        if normal(text) in item.missing:
            return None
        if len(text) > item.max_length:
            raise _Misfit(column, f"more than {item.max_length} characters")
        return text

    return read


_READERS: dict[str, Callable[[MappedItem, Mapping[str, int]], Read]] = {
    "need": _need,
    "rating": lambda item, places: _part(item, "column", places, _point),
    "nps": lambda item, places: _part(item, "column", places, _point),
    "single_choice": _single_choice,
    "multiple_choice": _multiple_choice,
    "ranking": _ranking,
    "matrix": _matrix,
    "number": lambda item, places: _part(item, "column", places, _number),
    "date": lambda item, places: _part(item, "column", places, _day),
    "text": _text,
}
