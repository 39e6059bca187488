"""A survey that is there, and the header of a table of answers to it: which column is whose.

Columns are known by the item's id, as LimeSurvey and Qualtrics write codes, or by its words.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from services.intake.domain.columns import AT, GROUP, RESPONSE, VERSION
from services.intake.domain.guess.columns import Column, spaced
from services.intake.domain.guess.ratings import kind_of, topic_of
from services.intake.domain.items import USES
from services.intake.domain.origin import OTHER, RANK_OF, Origin
from services.intake.tables.mapping import FileMapping, MappedItem, normal
from services.intake.tables.reading import UnreadableTable

_SUB = re.compile(
    r"(?P<base>[A-Za-z0-9-]\w*?)(?:\[(?P<sub>\w+)\]|[./](?P<path>[\w-]+)|_(?P<tail>\w+))"
)
_GROUP_ENDS = re.compile("[/-]")
_NOTHING = ("", "N/A", "NA", "n/a", "-")
_PARTS = ("importance", "satisfaction")
_NO_BASIS = "no_basis"
_OURS = {RESPONSE, GROUP, VERSION, AT}
_USE_WORDS = {
    "unaware": ("unaware", "did not know of it", "did not know of this"),
    "unused": ("unused", "have not used it", "have not used this"),
}


def matched(
    definition: Mapping[str, Any], columns: Sequence[Column], origin: Origin | None = None
) -> FileMapping:
    """Raises UnreadableTable where no column is of any item, or none says the group."""
    origin = origin or Origin()
    header = _Header(columns, origin)
    items = [
        item for raw in definition["items"] if (item := _item(raw, header, origin)) is not None
    ]
    if not items:
        raise UnreadableTable(
            "No column has the id or the text of one of the survey's items. Name the columns by "
            "the items' ids, or send a mapping."
        )
    groups = definition["groups"]
    column = None if len(groups) == 1 else header.whole("group", {}) or header.whole("Group", {})
    if column is None and len(groups) > 1:
        raise UnreadableTable(
            "No column says the group. Name it 'group', or send a mapping. The survey's groups: "
            f"{', '.join(groups)}."
        )
    labels = {"": groups[0]} if column is None else _group_labels(definition)
    ours = {each.name for each in columns} >= _OURS
    return FileMapping(
        title="", group_column=column, groups=labels, items=tuple(items), canonical="matched",
        id_column=RESPONSE if ours else None, ours=ours,
    )  # fmt: skip


def unmatched(definition: Mapping[str, Any], mapping: FileMapping) -> list[str]:
    """The items that no column answers."""
    there = {item.id for item in mapping.items}
    return [raw["id"] for raw in definition["items"] if raw["id"] not in there]


class _Header:
    """Columns by everything that they may be known by."""

    def __init__(self, columns: Sequence[Column], origin: Origin) -> None:
        self._columns = columns
        self._own: dict[str, dict[str, str]] = {}
        self._whole: dict[str, str] = {}
        self._parts: dict[str, dict[str, str]] = {}
        self._tails: dict[str, dict[str, str]] = {}
        for column in columns:
            self._add_by_origin(column, origin)
        for column in columns:
            self._add_by_words(column)
        for column in columns:
            code = _without_groups(column.code, origin)
            if code is not None:
                bare = replace(column, code=code)
                self._add_by_origin(bare, origin)
                self._add_by_words(bare)

    def _add_by_origin(self, column: Column, origin: Origin) -> None:
        known = (column.source, column.code, column.name)
        item, part = next((origin.columns[k] for k in known if k in origin.columns), ("", ""))
        if part:
            self._own.setdefault(item, {}).setdefault(part, column.name)
        elif item:
            self._whole.setdefault(item.casefold(), column.name)

    def _add_by_words(self, column: Column) -> None:
        words = [] if column.part else [column.question]
        for key in (column.code, column.name, *words):
            self._whole.setdefault(key.casefold(), column.name)
            self._whole.setdefault(spaced(key), column.name)
        sub = _SUB.fullmatch(column.code)
        if sub and sub["tail"]:
            self._add(self._tails, sub["base"], sub["tail"], column)
        elif sub:
            self._add(self._parts, sub["base"], sub["sub"] or sub["path"], column)
            self._add(self._parts, sub["base"], column.part, column)
        if column.part:
            self._add(self._parts, column.question, column.part, column)

    def _add(self, among: dict[str, dict[str, str]], base: str, part: str, column: Column) -> None:
        among.setdefault(spaced(base), {}).setdefault(spaced(part), column.name)

    def whole(self, name: str, texts: Mapping[str, str]) -> str | None:
        """The column of an item that is answered in one."""
        for key in (name.casefold(), *map(spaced, texts.values())):
            if key and key in self._whole:
                return self._whole[key]
        # An array with one row.
        parts = {*self._parts.get(spaced(name), {}).values(), *self._own.get(name, {}).values()}
        return parts.pop() if len(parts) == 1 else None

    def own(self, name: str) -> dict[str, str]:
        """{part: column} of an item, as the tool that it came from says."""
        return self._own.get(name, {})

    def parts(self, name: str, texts: Mapping[str, str]) -> dict[str, str]:
        """{part, as its columns are known: column} of an item that is answered in several."""
        found = {**self._tails.get(spaced(name), {}), **self._parts.get(spaced(name), {})}
        for text in texts.values():
            found = {**self._parts.get(spaced(text), {}), **found}
        return found

    def halves(self, texts: Mapping[str, str]) -> dict[str, str]:
        """The columns that rate this thing, by the way in which they do."""
        topics = {spaced(text) for text in texts.values()}
        found: dict[str, str] = {}
        for column in self._columns:
            kind = kind_of(column)
            if kind and ({topic_of(column), spaced(column.part)} & topics):
                found.setdefault(kind, column.name)
        return found


def _without_groups(code: str, origin: Origin) -> str | None:
    """A column's name without the groups that its question stands in, as tools of XLSForms write
    them: group/question/choice, or group-question."""
    found = (code[mark.end() :] for mark in _GROUP_ENDS.finditer(code))
    return next((rest for rest in found if rest.partition("/")[0] in origin.columns), None)


def _item(raw: Mapping[str, Any], header: _Header, origin: Origin) -> MappedItem | None:
    """None where no column is its own."""
    codes = origin.codes.get(raw["id"], {})
    columns = dict(_FINDERS.get(raw["type"], _in_one)(raw, header))
    if not columns or (raw["type"] == "need" and not columns.keys() >= set(_PARTS)):
        return None
    if raw["type"] == "single_choice" and "column" not in columns:
        return None
    scale = raw.get("scale") or {"min": 0, "max": 10}
    return MappedItem(
        id=raw["id"],
        type=raw["type"],
        columns=columns,
        profile=raw.get("role") == "profile",
        scale=range(scale["min"], scale["max"] + 1),
        points=_points(raw["id"], scale, origin),
        use=_uses(raw["id"], origin),
        codes={**_codes(raw.get("choices") or ()), **_forms(codes)},
        other=bool(raw.get("other")),
        no_basis=_no_basis(raw, header),
        divider=origin.divider,
        missing=frozenset(("",) if raw["type"] == "text" else _NOTHING),
    )


def _no_basis(raw: Mapping[str, Any], header: _Header) -> str | None:
    """The column that marks it, as our own tables name it beside those of choices and rows."""
    if not raw.get(_NO_BASIS):
        return None
    options = (*(raw.get("choices") or ()), *(raw.get("rows") or ()))
    is_taken = any(option["value"] == _NO_BASIS for option in options)
    name = f"{_NO_BASIS}_2" if is_taken else _NO_BASIS
    return header.parts(raw["id"], {}).get(spaced(name))


def _points(name: str, scale: Mapping[str, Any], origin: Origin) -> dict[str, Mapping[str, Any]]:
    """By part: a scale's numbers, the words of its ends, and what the tool that it came from wrote
    instead."""
    points: dict[str, Any] = {str(point): point for point in range(scale["min"], scale["max"] + 1)}
    for end, point in (("low", "min"), ("high", "max")):
        points |= dict.fromkeys(_written((scale.get(end) or {}).values()), scale[point])
    keys = {"column": name} | {part: f"{name}.{part}" for part in _PARTS}
    told = {part: _forms(origin.codes.get(key, {})) for part, key in keys.items()}
    return {part: {**points, **cells} for part, cells in told.items()}


def _uses(name: str, origin: Origin) -> dict[str, str]:
    told = _forms(origin.codes.get(f"{name}.satisfaction", {}))
    words = {word: use for use, words in _USE_WORDS.items() for word in _written(words)}
    return words | {cell: use for cell, use in told.items() if use in USES}


def _forms(codes: Mapping[str, Any]) -> dict[str, Any]:
    return {form: meaning for code, meaning in codes.items() for form in _written((code,))}


def _in_one(raw: Mapping[str, Any], header: _Header) -> Iterator[tuple[str, str]]:
    column = header.whole(raw["id"], raw["text"])
    if column is not None:
        yield "column", column
    own = _text_beside(raw, header)
    if own is not None and own != column:
        yield OTHER, own


def _text_beside(raw: Mapping[str, Any], header: _Header) -> str | None:
    """The column of what was written beside the choices."""
    if not raw.get("other"):
        return None
    named = header.own(raw["id"]).get(OTHER)
    return named or header.parts(raw["id"], raw["text"]).get(OTHER)


def _need(raw: Mapping[str, Any], header: _Header) -> Iterator[tuple[str, str]]:
    parts = header.parts(raw["id"], {}) | header.halves(raw["text"]) | header.own(raw["id"])
    yield from ((part, parts[part]) for part in (*_PARTS, "use") if part in parts)


def _by_part(raw: Mapping[str, Any], header: _Header) -> Iterator[tuple[str, str]]:
    """Marks of choices, or rows of a matrix."""
    own, parts = header.own(raw["id"]), header.parts(raw["id"], raw["text"])
    for option in raw["rows" if raw["type"] == "matrix" else "choices"]:
        keys = [spaced(option["value"]), *map(spaced, option["text"].values())]
        named = own.get(option["value"])
        found = named or next((parts[key] for key in keys if key in parts), None)
        if found is not None:
            yield option["value"], found


def _several(raw: Mapping[str, Any], header: _Header) -> Iterator[tuple[str, str]]:
    marks = list(_by_part(raw, header))
    column = None if marks else header.whole(raw["id"], raw["text"])
    yield from marks or ([("column", column)] if column is not None else [])
    own = _text_beside(raw, header)
    if own is not None and own != column and (marks or column is not None):
        yield OTHER, own


def _ranked(raw: Mapping[str, Any], header: _Header) -> Iterator[tuple[str, str]]:
    ranks = {
        part: column for part, column in header.own(raw["id"]).items() if part.startswith(RANK_OF)
    }
    if ranks:
        yield from ranks.items()
        return
    parts = header.parts(raw["id"], {}) | header.own(raw["id"])
    places = sorted((part for part in parts if part.isdigit()), key=int)
    if places:
        yield from ((place, parts[place]) for place in places)
        return
    choices = list(_by_part(raw, header))  # as our own tables have them
    yield from ((RANK_OF + choice, column) for choice, column in choices)
    column = None if choices else header.whole(raw["id"], raw["text"])
    if column is not None:
        yield "column", column


_FINDERS = {
    "need": _need,
    "matrix": _by_part,
    "multiple_choice": _several,
    "ranking": _ranked,
}


def _codes(choices: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """Every form in which a choice may be written."""
    codes: dict[str, str] = {}
    for choice in choices:
        for form in _written((choice["value"], *choice["text"].values())):
            codes.setdefault(form, choice["value"])
    return codes


def _written(forms: Any) -> list[str]:
    plain = [normal(" ".join(form.split())) for form in forms]
    return [*plain, *(form.casefold() for form in plain)]


def _group_labels(definition: Mapping[str, Any]) -> dict[str, str]:
    titles = definition.get("group_titles") or {}
    return {
        form: group
        for group in reversed(definition["groups"])
        for form in _written((group, *(titles.get(group) or {}).values()))
    }
