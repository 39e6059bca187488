"""From what was guessed and corrected to a survey and the mapping that reads its answers."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from services.intake.domain.guess.columns import OUT, Column, Guess, split
from services.intake.domain.guess.others import divider_of
from services.intake.domain.scales import Scale
from services.intake.tables.mapping import FileMapping, identifier, read_mapping

EVERYBODY = "Everybody"
_NOT_STATED = "Not stated"
_LONGEST_ID, _LONGEST_TEXT, _LONGEST_TITLE = 40, 400, 100
_RESERVED = "group"


def mapping_of(
    columns: Sequence[Column], guesses: Sequence[Guess], title: str, rows: int
) -> FileMapping:
    """Raises InvalidMapping, where nothing is left to be asked for one."""
    by_name = {column.name: column for column in columns}
    raw = {
        "title": title[:_LONGEST_TITLE],
        "group": _group(by_name, guesses, rows),
        "out_of_range": "missing",
        "items": _with_ids(_items(by_name, guesses)),
    }
    return read_mapping(json.dumps(raw))


def _group(by_name: Mapping[str, Column], guesses: Sequence[Guess], rows: int) -> Any:
    found = next((each for each in guesses if each.role == "group"), None)
    if found is None:
        return EVERYBODY
    column = by_name[found.column]
    labels = {cell: _label(column, cell) for cell in _in_order(column)}
    if column.filled < rows:
        labels[""] = _NOT_STATED
    return {"column": column.name, "labels": labels}


def _in_order(column: Column) -> list[str]:
    """Numbers by their value, words by how often they stand there."""
    if all(cell.isdecimal() for cell in column.contents):
        return sorted(column.contents, key=int)
    return list(column.contents)


def _label(column: Column, cell: str) -> str:
    """A bare number is said with what it is a number of."""
    return f"{column.question or column.name} {cell}" if cell.isdigit() else cell


def _items(by_name: Mapping[str, Column], guesses: Sequence[Guess]) -> Iterator[dict[str, Any]]:
    partners = {each.column: each for each in guesses if each.role == "satisfaction"}
    marked: set[str] = set()
    for each in guesses:
        column = by_name[each.column]
        if each.role in {OUT, "group", "satisfaction"}:
            continue
        if each.role == "mark":
            if each.about not in marked:
                marked.add(each.about)
                same = [g for g in guesses if g.role == "mark" and g.about == each.about]
                yield _marks(each, [by_name[one.column] for one in same])
            continue
        item: dict[str, Any] = {"text": (each.about or column.text)[:_LONGEST_TEXT]}
        if each.profile:
            item["role"] = "profile"
        if each.role == "importance":
            other = partners.get(each.partner or "")
            if other is not None:
                yield item | _need(each, other)
        else:
            yield item | _KINDS[each.role](column, each)


def _need(importance: Guess, satisfaction: Guess) -> dict[str, Any]:
    one, other = _scale(importance), _scale(satisfaction)
    return {
        "type": "need",
        "importance": importance.column,
        "satisfaction": satisfaction.column,
        "scale": _ends(one),
        "points": _points(one),
        "satisfaction_points": _points(other),
        "use": dict(satisfaction.uses),
        "missing": [*importance.unread, *satisfaction.unread],
    }


def _scale(guessed: Guess) -> Scale:
    return guessed.scale or Scale(1, 5, {})


def _ends(scale: Scale) -> dict[str, Any]:
    low, high = scale.words
    words = {"low": low, "high": high} if low and high else {}
    return {"min": scale.low, "max": scale.high, **words}


def _points(scale: Scale) -> dict[str, int]:
    whole = {str(point): point for point in range(scale.low, scale.high + 1)}
    return dict(scale.points) or whole


def _rating(column: Column, guessed: Guess) -> dict[str, Any]:
    scale = _scale(guessed)
    return {
        "type": "rating",
        "column": column.name,
        "scale": _ends(scale),
        "points": _points(scale),
        "missing": list(guessed.unread),
    }


def _without_scale(item: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in item.items() if name != "scale"} | {"type": "nps"}


def _overall(column: Column, guessed: Guess) -> dict[str, Any]:
    return {**_rating(column, guessed), "role": "overall_satisfaction"}


def _choice(column: Column, _: Guess) -> dict[str, Any]:
    choices = {cell: cell for cell in _in_order(column)}
    return {"type": "single_choice", "column": column.name, "choices": choices}


def _choices(column: Column, _: Guess) -> dict[str, Any]:
    divider = divider_of(column) or ","
    choices = dict.fromkeys(split(column.contents, divider))
    return {
        "type": "multiple_choice",
        "column": column.name,
        "divider": divider,
        "choices": {choice: choice for choice in choices},
    }


def _marks(guessed: Guess, columns: Sequence[Column]) -> dict[str, Any]:
    named = {column.part or column.name: column.name for column in columns}
    return {
        "text": guessed.about[:_LONGEST_TEXT],
        "type": "multiple_choice",
        "columns": named,
        "choices": {name: name for name in named},
    }


def _plain(kind: str, **more: Any) -> Any:
    return lambda column, _: {"type": kind, "column": column.name, **more}


_KINDS: dict[str, Any] = {
    "rating": _rating,
    "overall": _overall,
    "nps": lambda column, guessed: _without_scale(_rating(column, guessed)),
    "choice": _choice,
    "choices": _choices,
    "number": _plain("number", decimals=6),
    "date": _plain("date"),
    "text": _plain("text", max_length=10_000),
}


def _with_ids(items: Iterator[dict[str, Any]]) -> list[dict[str, Any]]:
    """Each with an id of its own, made of what it asks."""
    taken, named = {_RESERVED, ""}, []
    for place, item in enumerate(items, start=1):
        base = identifier(item["text"])[:_LONGEST_ID].strip("-")
        tried = (name for name in (base, f"{base}-{place}".strip("-"), f"item-{place}"))
        name = next(name for name in tried if name not in taken)
        taken.add(name)
        named.append({"id": name, **item})
    return named
