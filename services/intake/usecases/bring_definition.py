"""Somebody brings another tool's survey, and perhaps the answers to it."""

from contextlib import suppress
from dataclasses import asdict
from pathlib import PurePath
from typing import Any, BinaryIO
from uuid import uuid4

import orjson
from marshmallow import ValidationError

from services.intake.domain.definition import InvalidDefinition, check_size, compile_definition
from services.intake.domain.origin import Origin
from services.intake.domain.survey import Survey, SurveyNotDraft
from services.intake.formats import MOST_BYTES, read_definition
from services.intake.formats.imported import Imported
from services.intake.schemas import DefinitionSchema
from services.intake.store import Store
from services.intake.store.brought import Brought
from services.intake.store.imports import Import
from services.intake.tables.answer_table import AnswerTable
from services.intake.tables.workbook import is_workbook, sheet_names
from services.intake.usecases.create_survey import create_survey
from services.intake.usecases.publish_survey import publish_survey
from services.intake.usecases.start_import import start_import
from shared import times
from shared.problems import flattened

_OWN = ".json"
_SUFFIXES = {_OWN, ".lss", ".qsf"}
_SHEET = "survey"  # that XLSForm has its questions in
# LimeSurvey's form of a survey in columns begins so, or as it does since version 4.
_TEXT_BEGINS = ("class\t", "id\trelated_id\tclass\t")


def is_definition(file: BinaryIO, filename: str) -> bool:
    """Whether a file is a survey rather than the answers to one. Raises UnreadableTable."""
    if PurePath(filename).suffix.casefold() in _SUFFIXES:
        return True
    if is_workbook(file):
        return _SHEET in map(str.casefold, sheet_names(file))
    file.seek(0)
    start = file.read(100).decode("utf-8-sig", "replace")
    return start.replace('"', "").startswith(_TEXT_BEGINS)


def read_survey(file: BinaryIO, filename: str) -> Imported:
    """A survey of another tool, or of our own as JSON. Raises UnreadableFile."""
    file.seek(0)
    data = file.read(MOST_BYTES + 1)
    if PurePath(filename).suffix.casefold() == _OWN and len(data) <= MOST_BYTES:
        with suppress(orjson.JSONDecodeError):
            own = orjson.loads(data)
            if isinstance(own, dict) and "items" in own:
                return Imported(own)
    return read_definition(data, filename)


def bring_definition(
    store: Store, *, unit: str, imported: Imported, file: BinaryIO, filename: str
) -> Brought:
    """Keep it for a day, to be looked at.

    Raises InvalidDefinition, TooManyKinds.
    """
    about = {
        "definition": checked(imported),
        "report": [asdict(entry) for entry in imported.report],
        "named": imported.columns,
        "codes": imported.codes,
        "divider": imported.divider,
    }
    brought = Brought(uuid4().hex, unit, filename, times.now(), about)
    store.brought.add(brought, file)
    return brought


def checked(imported: Imported) -> dict[str, Any]:
    """The definition as intake takes it. Raises InvalidDefinition."""
    try:
        definition: dict[str, Any] = DefinitionSchema().load(imported.definition)
    except ValidationError as error:
        raise InvalidDefinition(flattened(error.messages)) from error
    check_size(definition)
    compile_definition(definition)
    return definition


def add_draft(
    store: Store, *, unit: str, name: str, who: str, imported: Imported, digest: str
) -> Survey:
    """A draft that knows the columns of its answers. Raises InvalidDefinition,
    AlreadyCreated."""
    survey = create_survey(
        store, unit=unit, name=name, who=who, definition=checked(imported), digest=digest
    )
    store.origins.keep(unit, name, imported.origin)
    return survey


def add_brought(store: Store, brought: Brought, *, who: str) -> Survey:
    """The draft of what was brought; again, it finds it. Raises InvalidDefinition."""
    origin = _origin(brought)
    imported = Imported(
        brought.about["definition"], columns=dict(origin.columns), codes=dict(origin.codes),
        divider=origin.divider,
    )  # fmt: skip
    return add_draft(
        store, unit=brought.unit, name=brought.id, who=who, imported=imported, digest=brought.id
    )


def add_answers(
    store: Store,
    brought: Brought,
    *,
    who: str,
    file: BinaryIO,
    filename: str,
    lenient: bool,
    closes: bool,
) -> Import:
    """The survey of what was brought, with the answers to it. Nothing is made of a file that
    cannot be read.

    Raises UnreadableTable, InvalidDefinition, NotToImport, SurveyNotOpen.
    """
    AnswerTable.matching(file, brought.about["definition"], _origin(brought)).count()
    survey = add_brought(store, brought, who=who)
    with suppress(SurveyNotDraft):
        publish_survey(store, unit=brought.unit, name=survey.id)
    started = start_import(
        store, unit=brought.unit, survey=survey.id, name=uuid4().hex, file=file,
        filename=filename, mapping=None, lenient=lenient, closes=closes,
    )  # fmt: skip
    return started.job


def _origin(brought: Brought) -> Origin:
    columns = {name: (item, part) for name, (item, part) in brought.about["named"].items()}
    about = brought.about
    return Origin(columns, about.get("codes") or {}, about.get("divider", Origin.divider))
