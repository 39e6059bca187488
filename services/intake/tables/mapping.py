"""What the columns of a table of answers mean, and the survey it stands for.

A person writes it as JSON, `asking` from what was guessed, `matching` from a survey that is there.
"""

import json
import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from marshmallow import RAISE, Schema, ValidationError, fields, validate, validates_schema

from services.intake.domain.items import USES

_ID = validate.Regexp(
    r"^[A-Za-z0-9_][A-Za-z0-9_-]{0,63}$",
    error="Use letters, digits, - and _, at most 64, and begin with no -.",
)
# What an item of a type is read from: what it needs, and what it may have.
_SOURCES: dict[str, tuple[set[str], set[str]]] = {
    "need": ({"importance", "satisfaction", "scale"}, {"use", "points", "satisfaction_points"}),
    "rating": ({"column", "scale"}, {"points"}),
    "nps": ({"column"}, {"points"}),
    "single_choice": ({"column", "choices"}, {"other"}),
    "multiple_choice": ({"choices"}, {"column", "divider", "columns", "other"}),
    "ranking": ({"columns", "choices"}, set()),
    "matrix": ({"columns", "choices"}, set()),
    "number": ({"column"}, {"min", "max", "decimals"}),
    "date": ({"column"}, set()),
    "text": ({"column"}, {"multiline"}),
}
_ALL_SOURCES = set().union(*(needed | may for needed, may in _SOURCES.values()))


class InvalidMapping(Exception):
    """The mapping cannot be used; `errors` has one entry for each thing to mend."""

    def __init__(self, errors: list[dict[str, str]]) -> None:
        lines = [f"  {each['field']}: {each['message']}" for each in errors]
        super().__init__("\n".join(["Mend the mapping:", *lines]))
        self.errors = errors


class _Code(fields.Field[str]):
    """A cell's content that stands for something: a text or a number."""

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> str:
        if not isinstance(value, str | int | float) or isinstance(value, bool):
            raise ValidationError("Give a text or a number as it stands in the file.")
        return normal(str(value))


class _Strict(Schema):
    class Meta:
        unknown = RAISE


class _ScaleSchema(_Strict):
    min = fields.Integer(required=True, strict=True)
    max = fields.Integer(required=True, strict=True)
    low = fields.String()
    high = fields.String()


class _GroupSchema(_Strict):
    column = fields.String(required=True)
    labels = fields.Dict(_Code(), fields.String())


class _GroupField(fields.Field[dict[str, Any]]):
    """One group for all rows, or {"column": ..., "labels": {...}}."""

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> dict[str, Any]:
        if isinstance(value, str):
            return {"constant": value}
        loaded: dict[str, Any] = _GroupSchema().load(value)
        return loaded


class _ItemSchema(_Strict):
    id = fields.String(required=True, validate=_ID)
    text = fields.String(required=True)
    type = fields.String(required=True, validate=validate.OneOf(list(_SOURCES)))
    role = fields.String(validate=validate.OneOf(["profile", "overall_satisfaction"]))
    column = fields.String()
    columns = fields.Dict(fields.String(), fields.String(), validate=validate.Length(min=1))
    importance = fields.String()
    satisfaction = fields.String()
    use = fields.Dict(_Code(), fields.String(validate=validate.OneOf(USES)))
    points = fields.Dict(_Code(), fields.Integer(strict=True))
    satisfaction_points = fields.Dict(
        _Code(),
        fields.Integer(strict=True),
        metadata={"description": "Where they are other ones than those of importance."},
    )
    choices = fields.Dict(_Code(), fields.String(), validate=validate.Length(min=1))
    divider = fields.String(validate=validate.Length(1, 5))
    other = fields.Boolean(truthy={True}, falsy={False})
    scale = fields.Nested(_ScaleSchema)
    min = fields.Raw()
    max = fields.Raw()
    decimals = fields.Integer(strict=True, validate=validate.Range(0, 6))
    max_length = fields.Integer(strict=True, load_default=2000, validate=validate.Range(1, 10_000))
    multiline = fields.Boolean(truthy={True}, falsy={False})
    missing = fields.List(_Code())
    out_of_range = fields.String(validate=validate.OneOf(["error", "missing"]))

    @validates_schema(skip_on_field_errors=True)
    def _fits_its_type(self, item: Mapping[str, Any], **_: Any) -> None:
        kind = item["type"]
        needed, may = _SOURCES[kind]
        given = item.keys() & _ALL_SOURCES
        errors = {name: [f"A {kind} needs this."] for name in needed - given}
        errors |= {name: [f"A {kind} has no {name}."] for name in given - needed - may}
        if kind == "multiple_choice" and ("column" in given) == ("columns" in given):
            errors["column"] = ["Give one column and its divider, or a column for each choice."]
        if errors:
            raise ValidationError(errors)


class MappingSchema(_Strict):
    title = fields.String(required=True)
    language = fields.String(load_default="en")
    synthetic = fields.Boolean(load_default=False, truthy={True}, falsy={False})
    delimiter = fields.String(load_default=None, validate=validate.Length(equal=1))
    id = fields.String(load_default=None, metadata={"description": "column; without it, the row"})
    group = _GroupField(required=True)
    minimum_group_size = fields.Integer(strict=True, load_default=10, validate=validate.Range(1))
    missing = fields.List(_Code(), load_default=list)
    out_of_range = fields.String(
        load_default="error", validate=validate.OneOf(["error", "missing"])
    )
    items = fields.List(fields.Nested(_ItemSchema), required=True, validate=validate.Length(min=1))


@dataclass(frozen=True)
class MappedItem:
    """One item, and where its answers stand.

    `columns` is {part of the answer: column}: importance and satisfaction of a need, a row of a
    matrix, a place of a ranking or "rank of " a choice, a choice that has marks of its own, "other"
    for its text, "use" of a need that is not rated, and "column" where there is one. `points` is
    {part: {cell: point of the scale, or None}}, `codes` {cell: value of the choice, or "other"};
    `divider` stands between several in one cell; the column `no_basis` marks who had none to answer
    on.
    """

    id: str
    type: str
    columns: Mapping[str, str]
    profile: bool = False
    scale: range = range(0)
    points: Mapping[str, Mapping[str, int | None]] = field(default_factory=dict)
    use: Mapping[str, str] = field(default_factory=dict)
    codes: Mapping[str, str] = field(default_factory=dict)
    other: bool = False
    divider: str | None = None
    no_basis: str | None = None
    missing: frozenset[str] = frozenset([""])
    lenient: bool = False
    max_length: int = 10_000
    definition: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, raw: dict[str, Any], defaults: Mapping[str, Any]) -> "MappedItem":
        codes = _choice_values(raw.get("choices", {}))
        scale = {"min": 0, "max": 10} if raw["type"] == "nps" else raw.get("scale")
        parts = ("column", "importance", "satisfaction")
        columns: dict[str, str] = {part: raw[part] for part in parts if part in raw}
        points = dict.fromkeys(parts, raw.get("points", {}))
        points["satisfaction"] = raw.get("satisfaction_points", points["satisfaction"])
        own = raw.get("columns", {})
        if raw["type"] == "matrix":
            rows = _choice_values({name: name for name in own})
            columns |= {rows[name]: column for name, column in own.items()}
        else:
            columns |= {codes.get(normal(name), name): column for name, column in own.items()}
        return cls(
            id=raw["id"],
            type=raw["type"],
            columns=columns,
            profile=raw.get("role") == "profile",
            scale=range(scale["min"], scale["max"] + 1) if scale else range(0),
            points=points,
            use=raw.get("use", {}),
            codes=codes,
            other=raw.get("other", False),
            divider=raw.get("divider", ",") if raw["type"] == "multiple_choice" else None,
            missing=frozenset(("", *raw.get("missing", defaults["missing"]))),
            lenient=raw.get("out_of_range", defaults["out_of_range"]) == "missing",
            max_length=raw["max_length"],
            definition=_definition(raw, codes),
        )


@dataclass(frozen=True)
class FileMapping:
    """A whole mapping. Without `group_column` every row is of the one group in `groups`.

    `groups` is {cell: id of the group}, empty where the cells name the groups themselves.
    `canonical` is the mapping's text whatever its layout: a changed one makes another survey.
    `ours` is a table that was taken away here: its ids are those of the responses.
    """

    title: str
    group_column: str | None
    groups: dict[str, str]
    items: tuple[MappedItem, ...]
    language: str = "en"
    synthetic: bool = False
    delimiter: str | None = None
    id_column: str | None = None
    minimum_group_size: int = 10
    group_titles: Mapping[str, str] = field(default_factory=dict)
    canonical: str = ""
    ours: bool = False

    @cached_property
    def columns(self) -> list[str]:
        named = [self.id_column, self.group_column]
        named += [column for item in self.items for column in item.columns.values()]
        named += [item.no_basis for item in self.items]
        return list(dict.fromkeys(column for column in named if column is not None))

    def definition(self, groups: list[str]) -> dict[str, Any]:
        """The survey as intake takes it."""
        titles = {name: title for name, title in self.group_titles.items() if name in groups}
        return {
            "title": self.title,
            "languages": [self.language],
            "groups": groups,
            **({"group_titles": titles} if titles else {}),
            "minimum_group_size": self.minimum_group_size,
            "synthetic": self.synthetic,
            "items": [dict(item.definition) for item in self.items],
        }


def read_mapping(text: bytes | str) -> FileMapping:
    """Raises InvalidMapping."""
    try:
        raw = json.loads(text)
        loaded: dict[str, Any] = MappingSchema().load(raw)
    except (json.JSONDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise InvalidMapping([_error("mapping", f"This is not JSON: {error}")]) from error
    except ValidationError as error:
        raise InvalidMapping([_error(*each) for each in _flat(error.messages)]) from error
    group = loaded["group"]
    labels = group.get("labels", {})
    named = labels.values() if "column" in group else [group["constant"]]
    ids = {label: identifier(label) for label in named}
    _refuse_confusion(loaded, ids)
    return FileMapping(
        title=loaded["title"],
        language=loaded["language"],
        synthetic=loaded["synthetic"],
        delimiter=loaded["delimiter"],
        id_column=loaded["id"],
        group_column=group.get("column"),
        groups={code: ids[label] for code, label in labels.items()}
        if "column" in group
        else {"": ids[group["constant"]]},
        group_titles={ids[label]: label for label in ids},
        minimum_group_size=loaded["minimum_group_size"],
        items=tuple(MappedItem.of(item, loaded) for item in loaded["items"]),
        canonical=json.dumps(raw, sort_keys=True),
    )


def identifier(label: str) -> str:
    """`Faculty 1` -> `faculty-1`; empty if nothing of it can stand in an id."""
    plain = unicodedata.normalize("NFKD", label).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:64].strip("-")


def normal(cell: str) -> str:
    """A cell as it is compared: without spaces around it, and 5.0 as 5."""
    return _WITH_ZEROS.sub(r"\1", cell.strip())


_WITH_ZEROS = re.compile(r"^([+-]?\d+)\.0+$")


def _definition(raw: Mapping[str, Any], codes: Mapping[str, str]) -> dict[str, Any]:
    kept = ("id", "text", "type", "role", "scale", "other", "min", "max", "decimals", "multiline")
    definition: dict[str, Any] = {name: raw[name] for name in kept if name in raw}
    if codes:
        named = {codes[code]: text for code, text in raw["choices"].items()}
        definition["choices"] = [{"value": value, "text": text} for value, text in named.items()]
    if raw["type"] == "matrix":
        rows = _choice_values({name: name for name in raw["columns"]})
        definition["rows"] = [{"value": rows[name], "text": name} for name in rows]
    if raw["type"] == "text":
        definition["max_length"] = raw["max_length"]
    return definition


def _choice_values(choices: Mapping[str, str]) -> dict[str, str]:
    values = {code: identifier(code) for code in choices}
    used = Counter(values.values())
    return {
        code: value if value and used[value] == 1 else f"choice-{place}"
        for place, (code, value) in enumerate(values.items(), start=1)
    }


def _refuse_confusion(loaded: Mapping[str, Any], ids: Mapping[str, str]) -> None:
    """What would surface only in the middle of the file, or in intake's answer."""
    errors = [
        _error("group", f"{label!r} needs letters or digits.") for label in ids if not ids[label]
    ]
    errors += [
        _error("group", f"{label!r} and another label both become {own!r}.")
        for label, own in ids.items()
        if own and Counter(ids.values())[own] > 1
    ]
    twice = Counter(item["id"] for item in loaded["items"])
    errors += [
        _error("items", f"the id {name!r} is used twice.") for name, n in twice.items() if n > 1
    ]
    if errors:
        raise InvalidMapping(errors)


def _error(field_name: str, message: str) -> dict[str, str]:
    return {"field": field_name, "message": message}


def _flat(messages: Any, path: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(messages, Mapping):
        for name, inner in messages.items():
            yield from _flat(inner, f"{path}.{name}" if path else str(name))
    else:
        yield path, " ".join(map(str, messages))
