"""A survey on its way from theirs to ours, as the readers of SurveyJS and Qualtrics build it."""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from services.intake.formats.expressions import (
    Answer,
    Box,
    Count,
    NotTranslated,
    among,
    translated,
)
from services.intake.formats.grids import Grid, Points, partner
from services.intake.formats.imported import Imported
from services.intake.formats.naming import Names, value_of
from services.intake.formats.plain_text import plain_text, tidy

Texts = dict[str, str]
Item = dict[str, Any]

_MOST_CONDITIONS = 300_000  # characters, of all of them together
_MOST_OPTIONS = 1_000
NOBODY = "It has no groups of people: everybody is a respondent."


class Draft:
    """`piped` finds in a text what stands for an earlier answer, its name in the first group; `own`
    says that we wrote the file ourselves, so that its texts have no markup."""

    def __init__(
        self, languages: Sequence[str], piped: re.Pattern[str], *, own: bool = False
    ) -> None:
        self.imported = Imported()
        self.languages = list(languages)
        self.names = Names(self.imported, () if own else ("group",))
        self.known: dict[str, Answer | Box] = {}
        self.items: list[Item] = []
        self._room = _MOST_CONDITIONS
        self._piped_texts = piped
        self._own = own

    def said(self, words: str) -> Texts:
        return {self.languages[0]: words or "…"}

    def texts(self, found: Mapping[str, Any], place: str) -> Texts:
        """Without markup, in the survey's languages; "default" is the first of them."""
        texts: Texts = {}
        for named, words in found.items():
            language = self.languages[0] if named == "default" else named
            if language not in self.languages or not isinstance(words, str):
                continue
            plain, lost = (tidy(words), []) if self._own else plain_text(words)
            for what in lost:
                self.imported.left_out(place, f"{what} in its text")
            if plain:
                texts[language] = self._piped_texts.sub(lambda n: self._piped(n, place), plain)
        return texts

    def _piped(self, name: re.Match[str], place: str) -> str:
        asked = self.known.get((name[1] or "").strip())
        if isinstance(asked, Answer) and "." not in asked.item:
            return f"{{{{{asked.item}}}}}"
        if not self._own:
            self.imported.changed(place, f"{name[0]} in its text stands as it is.")
        return name[0]

    def options(
        self, found: Iterable[tuple[str, Mapping[str, Any]]], place: str, *, other: bool = False
    ) -> tuple[list[Item], dict[str, str]]:
        """The choices or rows, and {code: value}. With `other` no value is "other"."""
        options: dict[str, Item] = {}
        values: dict[str, str] = {}
        for number, (code, texts) in enumerate(found):
            if number == _MOST_OPTIONS:
                self.imported.left_out(place, f"what it offers after the first {_MOST_OPTIONS:,}")
                break
            value = value_of(code)
            if other and value == "other":
                value = "other_"
            if code in values or value in options:
                self.imported.left_out(place, f"a second {code!r}")
                continue
            if value != code:
                self.imported.changed(place, f"Its code {code!r} became {value!r}.")
            words = self.texts(texts, f"{place}, {code}") or self.said(code or "…")
            options[value], values[code] = {"value": value, "text": words}, value
        return list(options.values()), values

    def condition(self, part: Item, key: str, rules: Sequence[str], place: str) -> None:
        """All of the rules that can be translated."""
        parts = []
        for rule in dict.fromkeys(rules):
            self._room -= len(rule)
            if self._room < 0:
                self.imported.left_out(place, "its conditions: there are too many in this survey")
                break
            try:
                parts.append(translated(rule, self.answer))
            except NotTranslated as why:
                self.imported.left_out(place, f"its condition {rule}: {why}")
            else:
                self.imported.translated(place, f"its condition {rule}")
        if parts:
            part[key] = parts[0] if len(parts) == 1 else {"and": parts}

    def answer(self, name: str) -> Answer | Box | Count:
        counted = self.known.get(name.removesuffix(".length"))
        if name.endswith(".length") and isinstance(counted, Answer) and counted.several:
            return Count(counted)
        return among(self.known)(name)

    def column(self, name: str, item: str, part: str = "") -> None:
        self.imported.columns[name] = (item, part)

    def write(self, item: str, meanings: Mapping[str, Any]) -> None:
        """How the tool writes the answers to an item, or to a part of it."""
        self.imported.codes[item] = {**meanings, **self.imported.codes.get(item, {})}

    def add_table(self, grid: Grid, base: Item, place: str, columns: Mapping[str, str]) -> None:
        """A rating for each row where a scale says all, else a matrix. `columns` is {row: the
        source's name for its answers}."""
        if grid.points is not None and grid.is_rating():
            self._add_ratings(grid, grid.points, base, place, columns)
            return
        rows, row_values = self.options(grid.rows, place)
        choices, values = self.options(grid.options, place)
        name = self.names.take(grid.name, place)
        self.write(name, grid.labelled(values))
        for code, row in row_values.items():
            self.column(columns[code], name, row)
            self.known[columns[code]] = Answer(f"{name}.{row}", dict(values))
        own = {"text": self.said(grid.name), **base}
        self.items.append({"id": name, "type": "matrix", **own, "rows": rows, "choices": choices})

    def _add_ratings(
        self, grid: Grid, points: Points, base: Item, place: str, columns: Mapping[str, str]
    ) -> None:
        above = base.get("text") or {}
        for code, texts in grid.rows:
            name = self.names.take(f"{grid.name}_{code}", f"{place}, {code}")
            own = self.texts(texts, f"{place}, {code}") or self.said(code)
            words = {k: f"{above[k]}\n{text}" if above.get(k) else text for k, text in own.items()}
            kept = {key: value for key, value in base.items() if key not in {"text", "random"}}
            item: Item = {"id": name, "type": "rating", "text": words, **kept}
            item["scale"] = points.scale()
            if points.none:
                item["no_basis"] = True
            self.column(columns[code], name)
            self.write(name, grid.labelled(points.meanings()))
            self.known[columns[code]] = Answer(name, points.values(), number=True)
            self.items.append(item)

    def add_needs(
        self, one: Grid, other: Grid, base: Item, place: str,
        columns: Mapping[str, str], other_columns: Mapping[str, str],
    ) -> None:  # fmt: skip
        """A need for each row: its importance in one table, its satisfaction in the other."""
        importance, satisfaction = one.points, other.points
        if importance is None or satisfaction is None:
            raise ValueError("Tables without a scale make no needs.")
        for code, texts in one.rows:
            name = self.names.take(f"{one.name}_{code}", f"{place}, {code}")
            there = partner(one, code, other)
            halves = (
                ("importance", one, importance, columns[code]),
                ("satisfaction", other, satisfaction, other_columns[there]),
            )
            for part, grid, points, column in halves:
                self.column(column, name, part)
                self.write(f"{name}.{part}", grid.labelled(points.meanings()))
                self.known[column] = Answer(f"{name}.{part}", points.values(), number=True)
            own = self.texts(texts, f"{place}, {code}") or self.said(code)
            kept = {key: value for key, value in base.items() if key not in {"text", "random"}}
            item = {"id": name, "type": "need", "text": own, "scale": importance.scale(), **kept}
            self.items.append(item)
        self.imported.changed(place, f"Together with {other.name} it became {len(one.rows)} needs.")
        if importance.worded or satisfaction.worded:
            self.imported.changed(place, "Only the ends of its scale keep their words.")
