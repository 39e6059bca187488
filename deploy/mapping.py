"""What the columns of somebody's CSV mean: a small JSON file, and the survey it stands for."""

import json
import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from marshmallow import RAISE, Schema, ValidationError, fields, validate, validates_schema

_ID = validate.Regexp(
    r"^[A-Za-z0-9_][A-Za-z0-9_-]{0,63}$",
    error="Use letters, digits, - and _, at most 64, and begin with no -.",
)
_SOURCES = {
    "need": {"importance", "satisfaction"},
    "rating": {"column"},
    "single_choice": {"column", "choices"},
    "text": {"column"},
}
_SCALED = {"need", "rating"}


class InvalidMapping(Exception):
    """The mapping file cannot be used; the text has a line for each thing to mend."""


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
    importance = fields.String()
    satisfaction = fields.String()
    use = fields.Dict(_Code(), fields.String(validate=validate.OneOf(["unaware", "unused"])))
    choices = fields.Dict(_Code(), fields.String(), validate=validate.Length(min=1))
    scale = fields.Nested(_ScaleSchema)
    max_length = fields.Integer(strict=True, load_default=2000, validate=validate.Range(1, 10_000))
    missing = fields.List(_Code())
    out_of_range = fields.String(validate=validate.OneOf(["error", "missing"]))

    @validates_schema(skip_on_field_errors=True)
    def _fits_its_type(self, item: Mapping[str, Any], **_: Any) -> None:
        kind = item["type"]
        wanted = _SOURCES[kind] | ({"scale"} if kind in _SCALED else set())
        given = item.keys() & {"column", "importance", "satisfaction", "use", "choices", "scale"}
        errors = {name: [f"A {kind} needs this."] for name in wanted - given}
        allowed = wanted | ({"use"} if kind == "need" else set())
        errors |= {name: [f"A {kind} has no {name}."] for name in given - allowed}
        if errors:
            raise ValidationError(errors)


class _MappingSchema(_Strict):
    title = fields.String(required=True)
    language = fields.String(load_default="en")
    synthetic = fields.Boolean(load_default=False, truthy={True}, falsy={False})
    delimiter = fields.String(load_default=",", validate=validate.Length(equal=1))
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
    """One question, and where its answers stand.

    `columns` is {part of the answer: column}; `codes` is {cell: value of the choice}.
    """

    id: str
    type: str
    profile: bool
    columns: dict[str, str]
    scale: range
    use: dict[str, str]
    codes: dict[str, str]
    missing: frozenset[str]
    lenient: bool
    max_length: int
    definition: dict[str, Any]

    @classmethod
    def of(cls, raw: dict[str, Any], defaults: Mapping[str, Any]) -> "MappedItem":
        codes = _choice_values(raw.get("choices", {}))
        scale = raw.get("scale")
        kept = ("id", "text", "type", "role", "scale")
        definition: dict[str, Any] = {name: raw[name] for name in kept if name in raw}
        if codes:
            definition["choices"] = [
                {"value": codes[code], "text": text} for code, text in raw["choices"].items()
            ]
        if raw["type"] == "text":
            definition["max_length"] = raw["max_length"]
        return cls(
            id=raw["id"],
            type=raw["type"],
            profile=raw.get("role") == "profile",
            columns={p: raw[p] for p in ("column", "importance", "satisfaction") if p in raw},
            scale=range(scale["min"], scale["max"] + 1) if scale else range(0),
            use=raw.get("use", {}),
            codes=codes,
            missing=frozenset(("", *raw.get("missing", defaults["missing"]))),
            lenient=raw.get("out_of_range", defaults["out_of_range"]) == "missing",
            max_length=raw["max_length"],
            definition=definition,
        )


@dataclass(frozen=True)
class FileMapping:
    """A whole mapping. Without `group_column` every row is of the one group in `groups`.

    `groups` is {cell: id of the group}, empty where the cells name the groups themselves.
    `canonical` is the mapping's text whatever its layout: a changed one makes another survey.
    """

    title: str
    language: str
    synthetic: bool
    delimiter: str
    id_column: str | None
    group_column: str | None
    groups: dict[str, str]
    minimum_group_size: int
    items: tuple[MappedItem, ...]
    canonical: str

    @cached_property
    def columns(self) -> list[str]:
        named = [self.id_column, self.group_column]
        named += [column for item in self.items for column in item.columns.values()]
        return list(dict.fromkeys(column for column in named if column is not None))

    def definition(self, groups: list[str]) -> dict[str, Any]:
        """The survey as intake takes it."""
        return {
            "title": self.title,
            "languages": [self.language],
            "groups": groups,
            "minimum_group_size": self.minimum_group_size,
            "synthetic": self.synthetic,
            "items": [item.definition for item in self.items],
        }


def read_mapping(path: Path) -> FileMapping:
    """Raises InvalidMapping."""
    try:
        raw = json.loads(path.read_text(encoding="utf-8-sig"))
        loaded: dict[str, Any] = _MappingSchema().load(raw)
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidMapping(f"{path} cannot be read: {error}") from error
    except json.JSONDecodeError as error:
        raise InvalidMapping(f"{path} is not JSON: {error}") from error
    except ValidationError as error:
        lines = [f"  {where}: {text}" for where, text in _flat(error.messages)]
        raise InvalidMapping("\n".join([f"Mend {path}:", *lines])) from error
    group = loaded["group"]
    labels = group.get("labels", {})
    named = labels.values() if "column" in group else [group["constant"]]
    ids = {label: identifier(label) for label in named}
    _refuse_confusion(path, loaded, ids)
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
    return re.sub(r"^([+-]?\d+)\.0+$", r"\1", cell.strip())


def _choice_values(choices: Mapping[str, str]) -> dict[str, str]:
    values = {code: identifier(code) for code in choices}
    used = Counter(values.values())
    return {
        code: value if value and used[value] == 1 else f"choice-{place}"
        for place, (code, value) in enumerate(values.items(), start=1)
    }


def _refuse_confusion(path: Path, loaded: Mapping[str, Any], ids: Mapping[str, str]) -> None:
    """What would surface only in the middle of the file, or in intake's answer."""
    errors = [f"  group: {label!r} needs letters or digits." for label in ids if not ids[label]]
    errors += [
        f"  group: {label!r} and another label both become {own!r}."
        for label, own in ids.items()
        if own and Counter(ids.values())[own] > 1
    ]
    twice = Counter(item["id"] for item in loaded["items"])
    errors += [f"  items: the id {name!r} is used twice." for name, n in twice.items() if n > 1]
    if errors:
        raise InvalidMapping("\n".join([f"Mend {path}:", *errors]))


def _flat(messages: Any, path: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(messages, Mapping):
        for name, inner in messages.items():
            yield from _flat(inner, f"{path}.{name}" if path else str(name))
    else:
        yield path, " ".join(map(str, messages))
