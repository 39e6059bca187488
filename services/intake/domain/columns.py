"""A survey's answers as a table: one row a response, columns by item id, the same ones for all
versions of the survey. What a later version does not ask any more keeps its columns."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from services.intake.domain.definition import united
from services.intake.domain.items import USES, Raw

NUMBER, TEXT, DAY, CODE = "number", "text", "day", "code"
# The columns with which every table begins.
RESPONSE, GROUP, VERSION, AT = "response", "group", "survey_version", "at"
Cell = str | int | float | None
Row = list[Cell]
_USE_LABELS = dict(zip(USES, ("Did not know of it", "Have not used it"), strict=True))


class TooManyRows(Exception):
    """More responses than a format holds; the text says what to do."""


@dataclass(frozen=True)
class Column:
    """`kind` is NUMBER, TEXT, DAY (YYYY-MM-DD) or CODE: one of the `codes`, {value: its words}.
    A NUMBER has `codes` where some of its points have words, and is `ordered` where more of it is
    more, and nobody knows how much."""

    name: str
    label: str
    kind: str
    codes: Mapping[str, str] = field(default_factory=dict)
    ordered: bool = False


@dataclass(frozen=True)
class _Part:
    """An item's columns, and what fills them of an answer that was given."""

    item: str
    columns: tuple[Column, ...]
    cells: Callable[[Any], Row]


class Table:
    """`columns` begin with the response's own: RESPONSE, GROUP, VERSION, AT. An item that has one
    of these names gets another."""

    def __init__(self, published: Sequence[Mapping[str, Any]]) -> None:
        language = published[-1]["languages"][0]
        items = united(published)
        parts = [_part(item, language) for item in items]
        self.columns = _named_apart(
            [
                Column(RESPONSE, "Response", TEXT),
                Column(GROUP, "Group", CODE, _groups(published, language)),
                Column(VERSION, "Version of the survey", NUMBER),
                Column(AT, "When it was sent", TEXT),
                *(column for part in parts for column in part.columns),
            ]
        )
        blank = {part.item: [None] * len(part.columns) for part in parts}
        self._parts = {
            number: [
                (part.item, part.cells, blank[part.item], not_offered.get(part.item, ()))
                for part in parts
            ]
            for number, definition in enumerate(published, 1)
            for not_offered in [_not_offered(items, definition)]
        }

    def row(self, name: str, version: int, at: str, content: Mapping[str, Any]) -> Row:
        """`content` is a response as it is kept."""
        row: Row = [name, content["group"], version, at]
        answers, profile = content["answers"], content["profile"]
        for item, cells_of, blank, not_offered in self._parts[version]:
            answer = answers.get(item)
            if answer is None:
                answer = profile.get(item)
            if answer is None:
                row += blank
                continue
            cells = cells_of(answer)
            for place in not_offered:
                cells[place] = None
            row += cells
        return row


def _groups(published: Iterable[Mapping[str, Any]], language: str) -> dict[str, str]:
    groups: dict[str, str] = {}
    for version in published:
        titles = version.get("group_titles") or {}
        groups |= {each: _text({"text": titles.get(each)}, language) for each in version["groups"]}
    return {group: title or group for group, title in groups.items()}


def _named_apart(columns: Iterable[Column]) -> list[Column]:
    """What comes later under a name that is taken is numbered."""
    named: dict[str, Column] = {}
    for column in columns:
        name, number = column.name, 1
        while name in named:
            number += 1
            name = f"{column.name}_{number}"
        named[name] = column if number == 1 else replace(column, name=name)
    return list(named.values())


def _not_offered(items: Iterable[Raw], definition: Mapping[str, Any]) -> dict[str, list[int]]:
    """By item, the places of choices that this version had not: to leave open what nobody asked is
    another thing than not to choose it."""
    asked_now = {item["id"]: item for item in definition["items"]}
    found = {}
    for item in items:
        now = asked_now.get(item["id"])
        if now is not None and item["type"] == "multiple_choice":
            offered = {choice["value"] for choice in now["choices"]}
            places = enumerate(choice["value"] for choice in item["choices"])
            found[item["id"]] = [place for place, value in places if value not in offered]
    return {name: places for name, places in found.items() if places}


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

    def column(
        self, part: str, kind: str, label: str = "", codes: Any = (), *, ordered: bool = False
    ) -> Column:
        name, text = self.item["id"], _text(self.item, self.language)
        return Column(
            f"{name}.{part}" if part else name, f"{text}: {label}" if label else text, kind,
            dict(codes), ordered,
        )  # fmt: skip

    def rated(self, part: str = "", label: str = "") -> Column:
        return self.column(part, NUMBER, label, self._points(), ordered=True)

    def _points(self) -> dict[str, str]:
        """The words at the ends of the scale."""
        scale = self.item["scale"]
        ends = {scale["min"]: scale.get("low"), scale["max"]: scale.get("high")}
        return {
            str(point): _text({"text": texts}, self.language)
            for point, texts in ends.items()
            if texts
        }

    def options(self, key: str) -> dict[str, str]:
        return {each["value"]: _text(each, self.language) for each in self.item[key]}


def _text(texted: Raw, language: str) -> str:
    texts = texted.get("text") or {}
    return texts.get(language) or next(iter(texts.values()), "")


_Built = tuple[tuple[Column, ...], Callable[[Any], Row]]


def _need(_: Raw, words: _Words) -> _Built:
    columns = (
        words.rated("importance", "importance"),
        words.rated("satisfaction", "satisfaction"),
        words.column("use", CODE, "neither known nor used", _USE_LABELS),
    )
    return columns, lambda a: [a["importance"], a.get("satisfaction"), a.get("use")]


def _rating(_: Raw, words: _Words) -> _Built:
    return (words.rated(),), lambda answer: [answer]


def _number(_: Raw, words: _Words) -> _Built:
    return (words.column("", NUMBER),), lambda answer: [answer]


def _day(_: Raw, words: _Words) -> _Built:
    return (words.column("", DAY),), lambda answer: [answer]


def _plain_text(_: Raw, words: _Words) -> _Built:
    return (words.column("", TEXT),), lambda answer: [answer]


def _single(item: Raw, words: _Words) -> _Built:
    options = words.options("choices")
    if not item.get("other"):
        return (words.column("", CODE, codes=options),), lambda answer: [answer]
    chosen = words.column("", CODE, codes=options | {"other": options.get("other", "Other")})
    own = words.column("other", TEXT, "own answer")
    return (chosen, own), lambda a: ["other", a["other"]] if type(a) is dict else [a, None]


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
    "rating": _rating,
    "nps": _number,
    "number": _number,
    "date": _day,
    "text": _plain_text,
    "single_choice": _single,
    "multiple_choice": _multiple,
    "ranking": _ranking,
    "matrix": _matrix,
}
