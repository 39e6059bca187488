"""Planning's own copy of a survey: only what ranking needs and drafting goals asks for."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from services.planning.domain.refusal import Refusal

NEED = "need"
RATING = "rating"
OVERALL = "overall_satisfaction"


class ScaleChanged(Refusal):
    """A later version gave an item another type or scale, so its sums would mix two meanings."""


@dataclass(frozen=True, slots=True)
class Item:
    """A need (importance and satisfaction) or a rating (one value), both on low..high."""

    id: str
    kind: str
    text: Mapping[str, str] = field(hash=False)
    low: int
    high: int
    role: str | None = None

    @property
    def label(self) -> str:
        return self.text.get("en") or next(iter(self.text.values()), self.id)


@dataclass(frozen=True, slots=True)
class Survey:
    """A survey as published; `items` holds the items of all its versions, united by id.

    Where it is `synthetic` its answers are generated, and every page says so.
    """

    unit: str
    id: str
    version: int
    title: Mapping[str, str] = field(hash=False)
    groups: tuple[str, ...]
    minimum_group_size: int
    items: tuple[Item, ...]
    synthetic: bool = False

    @classmethod
    def from_definition(
        cls, *, unit: str, survey: str, version: int, definition: Mapping[str, Any]
    ) -> "Survey":
        return cls(
            unit=unit,
            id=survey,
            version=version,
            title=definition["title"],
            groups=tuple(definition["groups"]),
            minimum_group_size=definition["minimum_group_size"],
            items=tuple(
                Item(
                    id=item["id"],
                    kind=item["type"],
                    text=item["text"],
                    low=item["scale"]["min"],
                    high=item["scale"]["max"],
                    role=item.get("role"),
                )
                for item in definition["items"]
                if item["type"] in {NEED, RATING}
            ),
            synthetic=definition.get("synthetic", False),
        )

    def united_with(self, other: "Survey") -> "Survey":
        """Both versions as one, in whichever order they arrived: the later one's words win.

        Raises ScaleChanged when an item means something else in the other version.
        """
        earlier, later = sorted((self, other), key=lambda survey: survey.version)
        latest = {item.id: item for item in later.items}
        for item in earlier.items:
            known = latest.get(item.id, item)
            if (known.kind, known.low, known.high) != (item.kind, item.low, item.high):
                raise ScaleChanged(
                    f"Item {item.id!r} of survey {self.id} changes its type or scale in version "
                    f"{later.version}: publish it under a new item id."
                )
        carried = tuple(latest.pop(item.id, item) for item in earlier.items)
        groups = tuple(dict.fromkeys((*earlier.groups, *later.groups)))
        return replace(later, items=(*carried, *latest.values()), groups=groups)

    @property
    def needs(self) -> tuple[Item, ...]:
        return tuple(item for item in self.items if item.kind == NEED)

    @property
    def overall(self) -> Item | None:
        """The rating that derived importance explains, where the survey asks for one."""
        return next((item for item in self.items if item.role == OVERALL), None)

    @property
    def drivers(self) -> tuple[Item, ...]:
        """The ratings that may explain overall satisfaction."""
        return tuple(item for item in self.items if item.kind == RATING and item.role is None)


@dataclass(frozen=True, slots=True)
class Seal:
    """What intake says it closed with: how many responses, and the hash of their set.

    A survey may close again with late answers; the higher number holds.
    """

    number: int
    count: int
    set_hash: str
    closed_at: datetime
