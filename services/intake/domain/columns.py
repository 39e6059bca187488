"""A survey's answers as a table: one row a response, columns by item id, the same ones for all
versions of the survey. What a later version does not ask any more keeps its columns."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from services.intake.domain.definition import asked
from services.intake.domain.items import USES, Raw

NUMBER, TEXT, DAY, CODE = "number", "text", "day", "code"
Cell = str | int | float | None
Row = list[Cell]
_USE_LABELS = dict(zip(USES, ("Did not know of it", "Have not used it"), strict=True))


class TooManyRows(Exception):
    """More responses than a format holds; the text says what to do."""


@dataclass(frozen=True)
class Column:
    """`kind` is NUMBER, TEXT, DAY (YYYY-MM-DD) or CODE: one of the `codes`, by value in words."""

    name: str
    label: str
    kind: str
    codes: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class _Part:
    """An item's columns, and what fills them of an answer that was given."""

    item: str
    columns: tuple[Column, ...]
    cells: Callable[[Any], Row]


class Table:
    """`columns` begin with the response's own: response, group, survey_version, at."""

    def __init__(self, published: Sequence[Mapping[str, Any]]) -> None:
        last = published[-1]
        self._parts = [_part(item, last["languages"][0]) for item in _united(published)]
        groups = {group: group for version in published for group in version["groups"]}
        self.columns = [
            Column("response", "Response", TEXT),
            Column("group", "Group", CODE, groups),
            Column("survey_version", "Version of the survey", NUMBER),
            Column("at", "When it was sent", TEXT),
            *(column for part in self._parts for column in part.columns),
        ]
        self._blank = {part.item: [None] * len(part.columns) for part in self._parts}

    def row(self, name: str, version: int, at: str, content: Mapping[str, Any]) -> Row:
        """`content` is a response as it is kept."""
        row: Row = [name, content["group"], version, at]
        answers, profile = content["answers"], content["profile"]
        for part in self._parts:
            answer = answers.get(part.item)
            if answer is None:
                answer = profile.get(part.item)
            row += self._blank[part.item] if answer is None else part.cells(answer)
        return row


def _united(published: Iterable[Mapping[str, Any]]) -> list[Raw]:
    """Every item of every version, as it was worded last, with all options it ever had."""
    items: dict[str, Raw] = {}
    for definition in published:
        for item in asked(definition):
            before = items.get(item["id"], {})
            options = {
                key: _merged(before.get(key) or (), item.get(key) or ())
                for key in ("choices", "rows")
            }
            kept = {key: before.get(key) or item.get(key) for key in ("other", "no_basis")}
            items[item["id"]] = {**item, **options, **kept}
    return list(items.values())


def _merged(before: Iterable[Raw], later: Iterable[Raw]) -> list[Raw]:
    return list({option["value"]: option for option in (*before, *later)}.values())


def _part(item: Raw, language: str) -> _Part:
    columns, cells = _BUILDERS[item["type"]](item, _Words(item, language))
    if not item.get("no_basis"):
        return _Part(item["id"], columns, cells)
    blank: Row = [None] * len(columns)

    def or_no_basis(answer: Any) -> Row:
        if type(answer) is dict and answer.keys() == {"no_basis"}:
            return [*blank, 1]
        return [*cells(answer), 0]

    without = Column(f"{item['id']}.no_basis", f"{_text(item, language)}: no basis", NUMBER)
    return _Part(item["id"], (*columns, without), or_no_basis)


@dataclass(frozen=True)
class _Words:
    """Names and labels of an item's columns."""

    item: Raw
    language: str

    def column(self, part: str, kind: str, label: str = "", codes: Any = ()) -> Column:
        name, text = self.item["id"], _text(self.item, self.language)
        return Column(
            f"{name}.{part}" if part else name, f"{text}: {label}" if label else text, kind,
            dict(codes),
        )  # fmt: skip

    def options(self, key: str) -> dict[str, str]:
        return {each["value"]: _text(each, self.language) for each in self.item[key]}


def _text(texted: Raw, language: str) -> str:
    texts = texted.get("text") or {}
    return texts.get(language) or next(iter(texts.values()), "")


_Built = tuple[tuple[Column, ...], Callable[[Any], Row]]


def _need(_: Raw, words: _Words) -> _Built:
    columns = (
        words.column("importance", NUMBER, "importance"),
        words.column("satisfaction", NUMBER, "satisfaction"),
        words.column("use", CODE, "neither known nor used", _USE_LABELS),
    )
    return columns, lambda a: [a["importance"], a.get("satisfaction"), a.get("use")]


def _number(_: Raw, words: _Words) -> _Built:
    return (words.column("", NUMBER),), lambda answer: [answer]


def _day(_: Raw, words: _Words) -> _Built:
    return (words.column("", DAY),), lambda answer: [answer]


def _plain_text(_: Raw, words: _Words) -> _Built:
    return (words.column("", TEXT),), lambda answer: [answer]


def _single(item: Raw, words: _Words) -> _Built:
    chosen = words.column("", CODE, codes=words.options("choices"))
    if not item.get("other"):
        return (chosen,), lambda answer: [answer]
    own = words.column("other", TEXT, "own answer")
    return (chosen, own), lambda a: [None, a["other"]] if type(a) is dict else [a, None]


def _multiple(item: Raw, words: _Words) -> _Built:
    options = words.options("choices")
    columns = [words.column(value, NUMBER, label) for value, label in options.items()]

    def cells(answer: list[Any]) -> Row:
        return [1 if value in answer else 0 for value in options]

    if not item.get("other"):
        return tuple(columns), cells

    def with_own(answer: list[Any]) -> Row:
        own = (each["other"] for each in answer if type(each) is dict)
        return [*cells(answer), next(own, None)]

    return (*columns, words.column("other", TEXT, "own answer")), with_own


def _ranking(_: Raw, words: _Words) -> _Built:
    options = words.options("choices")
    columns = tuple(words.column(value, NUMBER, label) for value, label in options.items())

    def cells(answer: list[str]) -> Row:
        places = {value: place for place, value in enumerate(answer, 1)}
        return [places.get(value) for value in options]

    return columns, cells


def _matrix(_: Raw, words: _Words) -> _Built:
    rows, choices = words.options("rows"), words.options("choices")
    columns = tuple(words.column(row, CODE, label, choices) for row, label in rows.items())
    return columns, lambda answer: [answer.get(row) for row in rows]


_BUILDERS: dict[str, Callable[[Raw, _Words], _Built]] = {
    "need": _need,
    "rating": _number,
    "nps": _number,
    "number": _number,
    "date": _day,
    "text": _plain_text,
    "single_choice": _single,
    "multiple_choice": _multiple,
    "ranking": _ranking,
    "matrix": _matrix,
}
