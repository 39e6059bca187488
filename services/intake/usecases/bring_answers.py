"""Somebody brings a table of answers alone: what its columns mean is guessed, corrected, and made
a survey with these answers in it."""

from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import asdict, dataclass
from hashlib import sha256
from itertools import islice
from pathlib import PurePath
from typing import Any, BinaryIO
from uuid import uuid4

from marshmallow import ValidationError

from services.intake.domain.definition import InvalidDefinition, check_size, compile_definition
from services.intake.domain.guess import guess
from services.intake.domain.guess.columns import Column, Guess
from services.intake.domain.guess.correcting import Correction, corrected, problems
from services.intake.domain.guess.finishing import unfinished
from services.intake.domain.leniency import relaxed
from services.intake.domain.survey import SurveyNotDraft
from services.intake.schemas import DefinitionSchema
from services.intake.store import Store
from services.intake.store.brought import Brought
from services.intake.store.imports import Import
from services.intake.tables.answer_table import AnswerTable, columns_of
from services.intake.tables.asking import mapping_of
from services.intake.tables.contents import with_contents
from services.intake.tables.mapping import FileMapping, InvalidMapping
from services.intake.tables.reading import UnreadableTable, layout_of, rows_of
from services.intake.usecases.create_survey import create_survey
from services.intake.usecases.publish_survey import publish_survey
from services.intake.usecases.take_in_rows import NotTaken, content_of
from shared import times
from shared.problems import flattened

TRIED = 5_000
"""Rows that are tried before anything is made of them."""

Problem = tuple[str, str]


@dataclass(frozen=True)
class Trial:
    """What would come of the first `rows` answers. why_not: {(field, message): rows} of those
    that cannot be taken; left_out: the same, of what is left out of others."""

    rows: int
    usable: int
    groups: Counter[str]
    why_not: Counter[Problem]
    left_out: Counter[Problem]


@dataclass(frozen=True)
class LookedThrough:
    """A table as it was `guessed`, as it is understood now, and what stands in the way of a
    survey."""

    brought: Brought
    columns: Sequence[Column]
    guessed: Sequence[Guess]
    guesses: Sequence[Guess]
    rows: int
    title: str
    problems: Sequence[Problem]
    mapping: FileMapping | None
    definition: dict[str, Any] | None

    @property
    def unfinished(self) -> int:
        """Answers that were begun and never sent off."""
        return unfinished(self.columns, self.rows)


def bring_answers(store: Store, *, unit: str, file: BinaryIO, filename: str) -> Brought:
    """Look through a table and keep it for a day. Raises UnreadableTable, TooManyKinds."""
    layout = layout_of(file)
    header = columns_of(file, layout)
    cells = (
        header.answers_in(row.cells) for row in islice(rows_of(file, layout), header.rows, None)
    )
    columns, rows = with_contents(header.columns, cells)
    if not rows:
        raise UnreadableTable("There is a header, but no answers below it.")
    about = {
        "rows": rows,
        "columns": [asdict(column) for column in columns],
        "title": PurePath(filename).stem.replace("_", " ").strip() or "Answers",
        "corrections": {},
        "group": None,
    }
    brought = Brought(uuid4().hex, unit, filename, times.now(), about)
    store.brought.add(brought, file)
    return brought


def correct(
    store: Store,
    *,
    unit: str,
    name: str,
    title: str,
    group: str | None,
    corrections: Mapping[str, Correction],
) -> None:
    """Keep what a person said of the columns. Raises NothingBrought."""
    brought = store.brought.get(unit, name)
    said = {column: asdict(each) for column, each in corrections.items()}
    decided = {"title": title, "group": group, "corrections": said}
    store.brought.decide(name, brought.about | decided)


def look_through(brought: Brought) -> LookedThrough:
    about = brought.about
    columns = [Column(**each) for each in about["columns"]]
    corrections = {name: Correction(**each) for name, each in about["corrections"].items()}
    guessed = guess(columns, about["rows"])
    guesses = corrected(columns, guessed, corrections, about["group"])
    found: list[Problem] = list(problems(guesses))
    mapping = definition = None
    if not found:
        try:
            mapping = mapping_of(columns, guesses, about["title"], about["rows"])
            definition = _definition(mapping, brought.filename)
        except InvalidMapping as error:
            found = [(each["field"], each["message"]) for each in error.errors]
        except ValidationError as error:
            found = [(each["field"], each["message"]) for each in flattened(error.messages)]
        except InvalidDefinition as error:
            found = [(each["field"], each["message"]) for each in error.errors]
    return LookedThrough(
        brought,
        columns,
        guessed,
        guesses,
        about["rows"],
        about["title"],
        found,
        mapping,
        definition,
    )


def try_out(store: Store, looked: LookedThrough) -> Trial | None:
    """What would come of it, as far as it can be told from the first rows; None where nothing can
    be made of it yet. Raises NothingBrought."""
    if looked.mapping is None or looked.definition is None:
        return None
    definition = relaxed(compile_definition(looked.definition))
    trial = Trial(0, 0, Counter(), Counter(), Counter())
    rows = usable = 0
    with closing(store.brought.content(looked.brought.id)) as file:
        for row in islice(AnswerTable.open(file, looked.mapping).rows(), TRIED):
            rows += 1
            try:
                content, left_out = content_of(definition, row.answered, lenient=True)
            except NotTaken as why:
                trial.why_not[why.field, str(why)] += 1
                continue
            usable += 1
            trial.groups[content["group"]] += 1
            trial.left_out.update(left_out)
    return Trial(rows, usable, trial.groups, trial.why_not, trial.left_out)


def make_survey(store: Store, looked: LookedThrough, *, who: str, closes: bool) -> Import:
    """Create and publish the survey, and have its answers taken in. The same again finds it.

    Raises InvalidDefinition where something stands in the way.
    """
    if looked.mapping is None or looked.definition is None:
        raise InvalidDefinition(
            [{"field": field, "message": message} for field, message in looked.problems]
        )
    unit, file = looked.brought.unit, looked.brought.id
    # Who goes on asking has an open survey; otherwise nobody but this file answers.
    definition = looked.definition | {"access": "invited" if closes else "open"}
    text = f"{file}\0{closes}\0{looked.mapping.canonical}"
    name = sha256(text.encode()).hexdigest()[:32]
    create_survey(store, unit=unit, name=name, who=who, definition=definition, digest=name)
    with suppress(SurveyNotDraft):
        publish_survey(store, unit=unit, name=name)
    return store.imports.add(
        Import(
            id=name, unit=unit, survey=name, file=file, mapping=looked.mapping.canonical,
            digest=name, lenient=True, closes=closes, keeps_file=True, of=looked.rows,
        )
    )  # fmt: skip


def _definition(mapping: FileMapping, filename: str) -> dict[str, Any]:
    groups = list(dict.fromkeys(mapping.groups.values()))
    introduction = f"These answers were given elsewhere and brought here from the file {filename}."
    raw = mapping.definition(groups) | {"introduction": introduction}
    definition: dict[str, Any] = DefinitionSchema().load(raw)
    check_size(definition)
    compile_definition(definition)
    return definition
