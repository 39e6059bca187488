"""Somebody brings the answers to a survey as a table; a worker takes them in."""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import BinaryIO
from uuid import uuid4

from services.intake.domain.participation import ANONYMOUS
from services.intake.domain.survey import Survey, SurveyNotOpen
from services.intake.store import Store
from services.intake.store.brought import Brought
from services.intake.store.imports import Import
from services.intake.tables.matching import unmatched
from services.intake.usecases.import_answers import open_table
from shared import times


class NotToImport(Exception):
    """The survey's answers belong to persons, whom a table does not tell apart."""


@dataclass(frozen=True)
class Started:
    """`unread` are the columns that nothing is read from, `unanswered` the items of no column."""

    job: Import
    unread: Sequence[str]
    unanswered: Sequence[str]


def start_import(
    store: Store,
    *,
    unit: str,
    survey: str,
    name: str,
    file: BinaryIO,
    filename: str,
    mapping: str | None,
    lenient: bool = False,
    closes: bool = False,
) -> Started:
    """Look whether its header can be read, and keep the file until it is imported; then the survey
    is closed if it `closes`. With `lenient`, answers that do not fit, and required ones that are
    missing, are no reason to refuse the others of their row.

    Raises NoSuchSurvey, SurveyNotOpen, NotToImport, UnreadableTable, InvalidMapping,
    AlreadyCreated.
    """
    owner = store.surveys.get(unit, survey)
    check_may_import(owner)
    table = open_table(store, unit, survey, file, mapping)
    rows = table.count()
    digest = sha256(f"{survey}\0{table.key}\0{lenient}".encode()).hexdigest()
    brought = Brought(uuid4().hex, unit, filename, times.now())
    asked = Import(
        id=name,
        unit=unit,
        survey=survey,
        file=brought.id,
        mapping=mapping,
        digest=digest,
        of=rows,
        lenient=lenient,
        closes=closes,
    )
    job = _add(store, asked, brought, file)
    return Started(job, table.unread, unmatched(owner.definition, table.mapping))


def check_may_import(survey: Survey) -> None:
    """Raises SurveyNotOpen, NotToImport."""
    if survey.status != "open":
        raise SurveyNotOpen(f"This survey is {survey.status}; answers go into an open one.")
    if survey.definition.get("participation", ANONYMOUS) != ANONYMOUS:
        raise NotToImport(
            "Answers to this survey belong to persons who were invited. Import into an anonymous "
            "survey."
        )


def _add(store: Store, asked: Import, brought: Brought, file: BinaryIO) -> Import:
    """With its file, which is kept for an import that is new. Raises AlreadyCreated."""
    store.brought.add(brought, file)
    job = None
    try:
        job = store.imports.add(asked)
    finally:
        if job is None or job.file != brought.id:  # the same was asked before, or the like
            store.brought.erase(brought.id)
    return job
