"""Take the answers away: as a table of all versions of the survey, of what stands now."""

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from operator import itemgetter
from pathlib import Path
from tempfile import TemporaryDirectory

import structlog

from services.intake.domain.columns import Column, Row, Table, TooManyRows
from services.intake.domain.participation import ANONYMOUS
from services.intake.domain.survey import Survey
from services.intake.exports import WRITTEN
from services.intake.store import Store
from services.intake.store.responses import Standing
from shared import times
from shared.documents import Document
from shared.jobs import DONE, FAILED, RUNNING, NoSuchJob, TakenAway
from shared.loops import repeat

log = structlog.get_logger()

_TOLD_EVERY = 2_000
_MIXED = 2_000
_IDLE_SECONDS = 0.5
_COMMAND = (sys.executable, "-m", "services.intake", "export")


def table_of(store: Store, survey: Survey) -> tuple[list[Column], Iterator[Row]]:
    """The columns, and a row for each response that stands. Of when it was sent, an anonymous
    survey tells the day, and not by the order either."""
    table = Table(survey.published or [survey.definition])
    day_only = survey.definition.get("participation", ANONYMOUS) == ANONYMOUS

    def rows() -> Iterator[Row]:
        answers = store.responses.standing(survey.id)
        for name, version, at, content in _mixed(answers) if day_only else answers:
            sent = at.date().isoformat() if day_only else times.rfc3339(at)
            yield table.row(name, version, sent, content)

    return table.columns, rows()


def _mixed(answers: Iterator[Standing]) -> Iterator[Standing]:
    """By their ids, which say nothing of when they came; so many at a time."""
    while some := sorted(islice(answers, _MIXED), key=itemgetter(0)):
        yield from some


def write_export(store: Store, job: Document) -> None:
    """Make the file that was asked for and keep it. Raises TakenAway when it was cancelled."""
    survey = store.surveys.get(job["unit"], job["survey"])
    columns, rows = table_of(store, survey)
    told = _Told(store, job, store.responses.count(survey.id))
    try:
        with TemporaryDirectory() as folder:
            file = Path(folder) / "answers"
            WRITTEN[job["kind"]].write(columns, told.passed_on(rows), file)
            store.exports.keep(job["_id"], file)
    except TooManyRows as problem:
        store.exports.jobs.end(job, FAILED, problem=str(problem))
    else:
        store.exports.jobs.end(job, DONE, rows=told.rows, of=told.rows)


@dataclass
class _Told:
    """Has everybody know how far a job is. `of` counts too what was withdrawn."""

    store: Store
    job: Document
    of: int
    rows: int = 0

    def passed_on(self, rows: Iterator[Row]) -> Iterator[Row]:
        """The rows, counted. Raises TakenAway."""
        for self.rows, row in enumerate(rows, 1):
            if self.rows % _TOLD_EVERY == 1:
                self.store.exports.jobs.advance(self.job, rows=self.rows - 1, of=self.of)
            yield row


@dataclass(frozen=True)
class WriteExports:
    """Has the exports that wait made one after the other, each by a process of its own, so that
    none of them holds up the worker or leaves it large."""

    store: Store

    def __call__(self, stop: threading.Event) -> None:
        repeat(lambda: self._write_next(stop), stop, name="export", idle=_IDLE_SECONDS)

    def _write_next(self, stop: threading.Event) -> bool:
        job = self.store.exports.jobs.take()
        if job is None:
            return False
        # Answers must not lie about in a folder of a process that was ended: this one clears it.
        with (
            TemporaryDirectory() as folder,
            subprocess.Popen(
                [*_COMMAND, job["_id"], job["holder"]], env={**os.environ, "TMPDIR": folder}
            ) as process,
        ):
            while process.poll() is None:
                if stop.wait(_IDLE_SECONDS) or self._is_taken_away(job):
                    process.terminate()
        try:
            if stop.is_set():
                self.store.exports.jobs.release(job)
            elif process.returncode:
                log.error("export.failed", job=job["_id"], code=process.returncode)
                problem = "This is our fault; it has been logged."
                self.store.exports.jobs.end(job, FAILED, problem=problem)
        except TakenAway:
            pass  # it ended well, or was cancelled
        return True

    def _is_taken_away(self, job: Document) -> bool:
        try:
            now = self.store.exports.jobs.get(job["unit"], job["_id"])
        except NoSuchJob:
            return True
        return bool(now["holder"] != job["holder"] or now["state"] not in {RUNNING, DONE})
