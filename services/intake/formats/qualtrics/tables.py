"""Matrices and side by side tables."""

import re
from collections import Counter
from collections.abc import Iterable
from functools import cached_property

from services.intake.formats.draft import Item, Texts
from services.intake.formats.expressions import Answer
from services.intake.formats.grids import Grid, paired
from services.intake.formats.imported import UnreadableFile
from services.intake.formats.json_file import text
from services.intake.formats.naming import value_of
from services.intake.formats.qualtrics.question import Question, as_object

SINGLE, SEVERAL, TEXT = "single", "several", "text"
_UNKNOWN = {"RO", "CS", "MaxDiff", "Profile"}
_MOST_CELLS = 50_000  # of all tables


class Table:
    """A matrix, or one column of a side by side table over the rows of all."""

    def __init__(self, question: Question) -> None:
        self.question = question

    @cached_property
    def kind(self) -> str:
        """What is answered in each of its rows, or nothing that is known here."""
        question = self.question
        if question.kind == "TE" or question.selector in {"TE", "OE"}:
            return TEXT if self.rows else ""
        if question.selector in _UNKNOWN or not self.rows or not question.keys("Answer"):
            return ""
        return SEVERAL if question.raw.get("SubSelector") == "MultipleAnswer" else SINGLE

    @cached_property
    def tags(self) -> dict[str, str]:
        """{key of a row: its own export tag}"""
        tags = as_object(self.question.raw.get("ChoiceDataExportTags"))
        return {key: tag for key, tag in tags.items() if isinstance(tag, str) and tag}

    @cached_property
    def rows(self) -> dict[str, str]:
        """{key of a row: what it is called in ids}: by its own export tag, where that is more than
        the question's with a number."""
        stem = f"{self.question.tag.partition('#')[0]}_"
        tags = {key: tag for key, tag in self.tags.items() if not tag.startswith(stem)}
        keys = self.question.keys("Choice")
        own = {key: value_of(tags.get(key, key)) for key in keys}
        return own if len(set(own.values())) == len(own) else {key: key for key in keys}

    @cached_property
    def grid(self) -> Grid:
        question = self.question
        about = {
            language: re.sub(r"<[^<>]*>", " ", words)
            for language, words in question.words(lambda part: part.get("QuestionText")).items()
        }
        recoded = question.recoded("Answer")
        return Grid(
            question.tag, about,
            [(self.rows[key], texts) for key, texts in question.labels("Choice").items()],
            [(recoded[key], texts) for key, texts in question.labels("Answer").items()],
        )  # fmt: skip

    @property
    def columns(self) -> dict[str, str]:
        """{row: the import id of its column}"""
        return {code: f"{self.question.name}_{key}" for key, code in self.rows.items()}

    def stems(self, key: str) -> list[str]:
        """What a row's columns begin with, its import id first. Its own tag comes before its
        number, which may be another row's tag."""
        tag, base = self.tags.get(key, ""), self.question.tag
        suffix = text(self.question.raw.get("AnswerDataExportTag"))
        stems = [*([tag, f"{base}_{tag}"] if tag else []), f"{base}_{self.rows[key]}"]
        stems += [f"{base}_{key}"]
        ends = [*(f"{stem}_{suffix}" for stem in stems if suffix), *stems]
        return [f"{self.question.name}_{key}", *ends]

    def labelled(self) -> list[tuple[str, str, Texts]]:
        """(key, what it is called in ids, its words) of each row."""
        draft, place = self.question.draft, self.question.place
        return [
            (key, self.rows[key], draft.texts(words, f"{place}, {key}") or draft.said(key))
            for key, words in self.question.labels("Choice").items()
        ]


def _tables(question: Question) -> list[Table]:
    if question.kind == "Matrix":
        return [Table(question)]
    return list(map(Table, question.side_by_side())) if question.kind == "SBS" else []


class Tables:
    """All tables of a survey: two of them may be one, of needs. Raises UnreadableFile."""

    def __init__(self, questions: Iterable[Question]) -> None:
        self._of = {question.name: _tables(question) for question in questions}
        tables = [table for some in self._of.values() for table in some]
        cells = sum(len(t.rows) * (len(t.question.keys("Answer")) or 1) for t in tables)
        if cells > _MOST_CELLS:
            raise UnreadableFile(f"Its tables have {cells:,} cells. Make it several surveys.")
        tags = Counter(table.question.tag for table in tables)
        self._single = {
            table.question.tag: table
            for table in tables
            if table.kind == SINGLE and tags[table.question.tag] == 1
        }
        self._pairs = paired([table.grid for table in self._single.values()])
        self._first = {other.name: name for name, other in self._pairs.items()}

    def add(self, question: Question, base: Item) -> bool:
        if question.with_texts("Choice"):
            question.left_out("the texts beside its rows")
        if question.is_random():
            base = {**base, "random": True}
        tables = self._of[question.name]
        for table in tables:
            own, each = base, table.question
            if question.kind == "SBS":
                own = {**base, "text": _below(base["text"], each.text())}
            if each.tag in self._first:
                if own.get("visible_if"):
                    each.left_out(f"its condition: it is asked with {self._first[each.tag]}")
            elif table.kind:
                self._add(table, own)
            elif question.kind == "SBS":
                each.left_out(f"a column of type {each.kind}/{each.selector}")
            else:
                return False
        return bool(tables)

    def _add(self, table: Table, base: Item) -> None:
        if table.kind == TEXT:
            _add_texts(table, base)
        elif table.kind == SEVERAL:
            _add_choices(table, base)
        else:
            self._add_single(table, base)

    def _add_single(self, table: Table, base: Item) -> None:
        draft, place = table.question.draft, table.question.place
        other = self._pairs.get(table.question.tag)
        if other is None:
            draft.add_table(table.grid, base, place, table.columns)
        else:
            second = self._single[other.name]
            draft.add_needs(table.grid, other, base, place, table.columns, second.columns)
            _alias(second)
        _alias(table)


def _below(one: Texts, other: Texts) -> Texts:
    return {key: f"{words}\n{other.get(key, '')}".strip() for key, words in one.items()}


def _alias(table: Table) -> None:
    """What else its columns are called, how their cells are written, and what conditions call its
    rows."""
    question, imported = table.question, table.question.draft.imported
    recoded = question.recoded("Answer")
    for key, code in table.rows.items():
        item, part = imported.columns.get(table.columns[code], ("", ""))
        known = question.draft.known.get(table.columns[code])
        if not item or not isinstance(known, Answer):
            continue
        for stem in table.stems(key):
            imported.columns.setdefault(stem, (item, part))
        written = f"{item}.{part}" if f"{item}.{part}" in imported.codes else item
        told = imported.codes.get(written, {})
        meanings = {each: told[value] for each, value in recoded.items() if value in told}
        question.draft.write(written, question.cells("Answer", meanings))
        values = {each: (known.values or {}).get(value) for each, value in recoded.items()}
        name = f"{question.name}.{key}"
        question.draft.known[name] = Answer(known.item, values, number=known.number)


def _add_choices(table: Table, base: Item) -> None:
    """In each row several may be chosen: a question each."""
    question, columns = table.question, table.question.draft.imported.columns
    choices, values = question.options("Answer")
    recoded = question.recoded("Answer")
    for key, code, words in table.labelled():
        item = {**base, "type": "multiple_choice", "text": _below(base["text"], words)}
        item["choices"] = [dict(choice) for choice in choices]
        name = question.add(item, code=code, key=key, values=values)
        question.draft.write(name, question.cells("Answer", values))
        source, *stems = table.stems(key)
        for stem in (source, *stems):
            columns.setdefault(stem, (name, ""))
        for answer, value in values.items():
            columns.setdefault(f"{source}_{answer}", (name, value))
            for stem in stems:
                columns.setdefault(f"{stem}_{recoded[answer]}", (name, value))


def _add_texts(table: Table, base: Item) -> None:
    """In each cell something may be typed: a question each."""
    question = table.question
    several = question.raw.get("SubSelector") != "Short"
    for key, code, words in table.labelled():
        above = _below(base["text"], words)
        for answer, label in (question.labels("Answer") or {"": {}}).items():
            tail = f"_{answer}" if answer else ""
            own = question.draft.texts(label, f"{question.place}, {answer}")
            item = {**base, "type": "text", "multiline": several, "text": _below(above, own)}
            name = question.add(item, code=f"{code}{tail}", key=f"{key}{tail.replace('_', '.')}")
            for stem in table.stems(key):
                for column in (f"{stem}{tail}", f"{stem}{tail}_TEXT"):
                    question.draft.imported.columns.setdefault(column, (name, ""))
