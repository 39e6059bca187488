"""Take the answers of a table into an open survey, in batches, beside everything else.

Each row goes by the rules of an answer that somebody sends. Whoever is killed leaves the rest to
the next worker: a row has the same id whenever it comes, so that none is stored twice.
"""

import threading
from collections import Counter
from collections.abc import Generator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, replace
from itertools import islice
from typing import BinaryIO

import structlog
from pymongo.errors import PyMongoError

from services.intake.domain.leniency import relaxed
from services.intake.domain.survey import SurveyNotOpen
from services.intake.store import Store
from services.intake.store.brought import NothingBrought
from services.intake.store.imports import MOST_SHOWN, Import
from services.intake.store.surveys import NoSuchSurvey
from services.intake.tables.answer_table import AnswerTable
from services.intake.tables.mapping import InvalidMapping, read_mapping
from services.intake.tables.reading import UnreadableTable
from services.intake.usecases.close_survey import close_survey
from services.intake.usecases.take_in_rows import Batch, Stored, Where, prepare_rows, store_rows
from shared.jobs import CANCELLED, DONE, FAILED, TakenAway
from shared.loops import repeat

log = structlog.get_logger()

_AT_ONCE = 500
_MOST_KINDS = 1_000  # different things left out that are told apart
_IDLE_SECONDS = 0.5
_SAID = (UnreadableTable, InvalidMapping, SurveyNotOpen, NoSuchSurvey, NothingBrought)


@dataclass(frozen=True)
class ImportAnswers:
    """Does the imports that wait, one after the other, until it is told to stop."""

    store: Store

    def __call__(self, stop: threading.Event) -> None:
        repeat(lambda: self._import_next(stop), stop, name="import", idle=_IDLE_SECONDS)

    def _import_next(self, stop: threading.Event) -> bool:
        job = self.store.imports.take()
        if job is None:
            return False
        try:
            self._import(job, stop)
        except TakenAway:
            self._forget_cancelled(job)
        return True

    def _import(self, job: Import, stop: threading.Event) -> None:
        """Raises TakenAway."""
        try:
            with closing(import_answers(self.store, job)) as batches:
                for _ in batches:
                    if stop.is_set():
                        self.store.imports.jobs.release(job.lease)
                        return
        except (PyMongoError, TakenAway):
            raise  # who takes it up again goes on from the last batch
        except _SAID as error:
            self._fail(job, str(error) or "This survey is gone.")
        except Exception:
            log.exception("import.failed", job=job.id)
            self._fail(job, "This is our fault; it has been logged.")

    def _fail(self, job: Import, problem: str) -> None:
        job.problem = problem
        _end(self.store, job, FAILED)

    def _forget_cancelled(self, job: Import) -> None:
        if not job.keeps_file and self.store.imports.get(job.unit, job.id).state == CANCELLED:
            self.store.brought.erase(job.file)


def import_answers(store: Store, job: Import) -> Generator[None]:
    """Do an import from where it was left; it may be left again after each batch.

    Raises UnreadableTable, InvalidMapping, NothingBrought, SurveyNotOpen, NoSuchSurvey, TakenAway.
    """
    survey = store.surveys.for_answering(job.survey)
    if job.lenient:
        survey = replace(survey, definition=relaxed(survey.definition))
    with closing(store.brought.content(job.file)) as file, ThreadPoolExecutor(1) as writer:
        table = open_table(store, job.unit, job.survey, file, job.mapping)
        rest = islice(table.rows(), job.rows, None)
        left_out = Counter({(e["field"], e["message"]): e["rows"] for e in job.left_out})
        writing: tuple[Batch, Future[Stored]] | None = None
        # The next rows are made ready while the database stores these.
        while rows := list(islice(rest, _AT_ONCE)):
            batch = prepare_rows(store, survey, rows, lenient=job.lenient)
            if writing is not None:
                _note(job, *writing, left_out)
                store.imports.advance(job)
                yield
            writing = batch, writer.submit(store_rows, store, survey, batch)
        if writing is not None:
            _note(job, *writing, left_out)
            store.imports.advance(job)
    if job.closes:
        close_survey(store, unit=job.unit, name=job.survey)
    _end(store, job, DONE)


def open_table(
    store: Store, unit: str, survey: str, file: BinaryIO, mapping: str | None
) -> AnswerTable:
    """Raises UnreadableTable, InvalidMapping, NoSuchSurvey."""
    if mapping is not None:
        return AnswerTable.open(file, read_mapping(mapping))
    definition = store.surveys.get(unit, survey).definition
    return AnswerTable.matching(file, definition, store.origins.of(survey))


def _end(store: Store, job: Import, state: str) -> None:
    """What is not needed any more holds what people wrote, and is erased. Raises TakenAway."""
    store.imports.end(job, state)
    if not job.keeps_file:
        store.brought.erase(job.file)


def _note(job: Import, batch: Batch, writing: Future[Stored], left_out: Counter[Where]) -> None:
    """What came of a batch, once it is stored. Raises SurveyNotOpen."""
    stored = writing.result()
    job.rows += batch.rows
    job.taken += stored.taken
    job.new += stored.new
    for number, (named, message) in sorted(batch.refused):
        job.refuse(number, named, message)
    for where, rows in batch.left_out.items():
        if where in left_out or len(left_out) < _MOST_KINDS:
            left_out[where] += rows
    job.left_out = [
        {"field": named, "message": message, "rows": rows}
        for (named, message), rows in left_out.most_common(MOST_SHOWN)
    ]
