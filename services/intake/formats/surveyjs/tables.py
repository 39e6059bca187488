"""Tables, and the needs that we wrote ourselves, each as a panel of two questions."""

from collections.abc import Iterable, Mapping
from typing import Any

from services.intake.formats.draft import Draft, Item, Texts
from services.intake.formats.expressions import Answer
from services.intake.formats.grids import Grid, paired
from services.intake.formats.json_file import objects, text
from services.intake.formats.surveyjs.items import finish
from services.intake.formats.surveyjs.source import Object, codes_of, options_of, texts_of, words_of

_CHOSEN_CELLS = {"dropdown", "radiogroup", "buttongroup", "rating"}


class Tables:
    """`elements` are all of the survey's, as two of its tables may be halves of one."""

    def __init__(self, draft: Draft, elements: Iterable[Mapping[str, Any]]) -> None:
        self._draft = draft
        self._pairs = paired([grid for element in elements for grid in _grids(element)])

    def add(
        self, raw: Mapping[str, Any], source: Object, base: Item, extras: Item, place: str
    ) -> None:
        draft, name = self._draft, text(raw.get("name"))
        if extras.get("type") == "need":
            self._own_need(raw, source, base, extras, place)
            return
        for key in ("rows", "columns", "choices", "cellType"):
            source.get(key)
        if source.any("eachRowRequired", "isAllRowRequired"):
            base["required"] = True
        if source.text("rowsOrder") == "random":
            base["random"] = True
        second = {grid.name for grid in self._pairs.values()}
        kinds = {
            f"{name}.{text(column.get('name'))}": _cell_type(raw, column)
            for column in objects(raw.get("columns"))
            if raw.get("type") == "matrixdropdown"
        }
        for grid in _grids(raw):
            if grid.name in second:
                continue
            columns = {code: f"{name}.{code}" for code, _ in grid.rows}
            if grid.name != name:
                last = grid.name.removeprefix(name)
                columns = {code: f"{name}.{code}{last}" for code, _ in grid.rows}
            other = self._pairs.get(grid.name)
            if not grid.rows or not grid.options:
                what = kinds.get(grid.name, "")
                draft.imported.left_out(
                    f"{place}, {grid.name}",
                    f"a column of type {what}" if what else "a table without rows or columns",
                )
            elif other is not None:
                base_of, _, last = other.name.partition(".")
                joint = f".{last}" if last else ""
                theirs = {code: f"{base_of}.{code}{joint}" for code, _ in other.rows}
                draft.add_needs(grid, other, base, place, columns, theirs)
            else:
                words = _about(base, grid, name)
                draft.add_table(
                    Grid(grid.name.replace(".", "_"), grid.about, grid.rows, grid.options),
                    {**base, "text": words}, place, columns,
                )  # fmt: skip
                self._keep(extras)

    def _keep(self, extras: Item) -> None:
        if extras and self._draft.items[-1]["type"] == "matrix":
            finish(self._draft.items[-1], extras)

    def _own_need(
        self, raw: Mapping[str, Any], source: Object, base: Item, extras: Item, place: str
    ) -> None:
        name = text(raw.get("name"))
        item = {"id": self._draft.names.take(extras.get("id") or name, place), **base, **extras}
        source.get("elements")
        parts = ("importance", "satisfaction")
        for part, element in zip(parts, objects(raw.get("elements")), strict=False):
            column = text(element.get("name"))
            self._draft.column(column, item["id"], part)
            self._draft.known[column] = Answer(f"{item['id']}.{part}", number=True)
        self._draft.items.append(item)


def _grids(raw: Mapping[str, Any]) -> list[Grid]:
    """A matrix as a table, one with several columns of choices as several."""
    name = text(raw.get("name"))
    rows = [(code, words_of(texts)) for code, texts in codes_of(raw.get("rows"))]
    about = words_of(texts_of(raw.get("title"))) or {"": name}
    if raw.get("type") == "matrix":
        return [Grid(name, about, rows, options_of(raw.get("columns")))]
    if raw.get("type") != "matrixdropdown":
        return []
    return [
        Grid(
            f"{name}.{text(column.get('name'))}",
            words_of(texts_of(column.get("title"))) or {"": text(column.get("name"))},
            rows,
            _offered(raw, column),
        )
        for column in objects(raw.get("columns"))
    ]


def _about(base: Item, grid: Grid, name: str) -> Texts:
    if grid.name == name:
        return dict(base["text"])
    return {k: f"{words}\n{grid.about.get(k, '')}".strip() for k, words in base["text"].items()}


def _offered(raw: Mapping[str, Any], column: Mapping[str, Any]) -> list[tuple[str, dict[str, str]]]:
    """What may be chosen in a cell; nothing where something else is asked there."""
    if _cell_type(raw, column) not in _CHOSEN_CELLS:
        return []
    return options_of(column.get("choices") or raw.get("choices") or _rates(column))


def _cell_type(raw: Mapping[str, Any], column: Mapping[str, Any]) -> str:
    told = text(column.get("cellType"))
    return text(raw.get("cellType")) or "dropdown" if told in {"", "default"} else told


def _rates(column: Mapping[str, Any]) -> list[int]:
    low, high = column.get("rateMin", 1), column.get("rateMax", 5)
    if column.get("cellType") != "rating" or type(low) is not int or type(high) is not int:
        return []
    return list(range(low, high + 1)) if high - low <= 10 else []
