"""Take the answers away: as a table of all versions of the survey, of what stands now."""

import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import structlog
from pymongo.errors import PyMongoError

from services.intake.domain.columns import Column, Row, Table, TooManyRows
from services.intake.domain.participation import ANONYMOUS
from services.intake.domain.survey import Survey
from services.intake.exports import WRITTEN
from services.intake.store import Store
from shared import times
from shared.documents import Document
from shared.jobs import DONE, FAILED, TakenAway

log = structlog.get_logger()

_TOLD_EVERY = 2_000
_IDLE_SECONDS, _AWAY_SECONDS = 0.5, 1.0
_COMMAND = (sys.executable, "-m", "services.intake", "export")


def table_of(store: Store, survey: Survey) -> tuple[list[Column], Iterator[Row]]:
    """The columns, and a row for each response that stands. Of when it was sent, an anonymous
    survey tells the day."""
    table = Table(survey.published or [survey.definition])
    day_only = survey.definition.get("participation", ANONYMOUS) == ANONYMOUS

    def rows() -> Iterator[Row]:
        for name, version, at, content in store.responses.standing(survey.id):
            sent = at.date().isoformat() if day_only else times.rfc3339(at)
            yield table.row(name, version, sent, content)

    return table.columns, rows()


def write_export(store: Store, job: Document) -> None:
    """Make the file that was asked for and keep it. Raises TakenAway when it was cancelled."""
    survey = store.surveys.get(job["unit"], job["survey"])
    columns, rows = table_of(store, survey)
    of = store.responses.count(survey.id)
    try:
        with TemporaryDirectory() as folder:
            file = Path(folder) / "answers"
            WRITTEN[job["kind"]].write(columns, _told(store, job, rows, of), file)
            store.exports.keep(job["_id"], file)
    except TooManyRows as problem:
        store.exports.jobs.end(job, FAILED, problem=str(problem))
    else:
        store.exports.jobs.end(job, DONE, rows=of, of=of)


def _told(store: Store, job: Document, rows: Iterator[Row], of: int) -> Iterator[Row]:
    for number, row in enumerate(rows):
        if number % _TOLD_EVERY == 0:
            store.exports.jobs.advance(job, rows=number, of=of)
        yield row


@dataclass(frozen=True)
class WriteExports:
    """Has the exports that wait made one after the other, each by a process of its own, so that
    none of them holds up the worker or leaves it large."""

    store: Store

    def __call__(self, stop: threading.Event) -> None:
        while not stop.is_set():
            try:
                pause = 0.0 if self._write_next(stop) else _IDLE_SECONDS
            except PyMongoError as error:
                log.warning("export.waiting", reason=repr(error)[:200])
                pause = _AWAY_SECONDS
            stop.wait(pause)

    def _write_next(self, stop: threading.Event) -> bool:
        job = self.store.exports.jobs.take()
        if job is None:
            return False
        with subprocess.Popen([*_COMMAND, job["_id"], job["holder"]]) as process:
            while process.poll() is None:
                if stop.wait(_IDLE_SECONDS) or self._is_cancelled(job):
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

    def _is_cancelled(self, job: Document) -> bool:
        now = self.store.exports.jobs.get(job["unit"], job["_id"])
        return bool(now["holder"] != job["holder"] or now["state"] not in {"running", "done"})
