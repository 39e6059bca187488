"""Exports that were asked for, and the files that came of them, kept for a day."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

from gridfs import GridFSBucket, NoFile
from pymongo.database import Database

from services.intake.store.surveys import AlreadyCreated
from shared import times
from shared.documents import Document
from shared.jobs import DONE, RUNNING, Jobs

_SCHEMA = 1
_CHUNK = 1 << 20
KEPT = timedelta(days=1)
_SPOILT = "Answers in it were erased since; have it made again."


class Exports:
    def __init__(self, database: Database[Document]) -> None:
        self._database = database
        self.jobs = Jobs(database["exports"], "export")

    def ensure_indexes(self) -> None:
        self.jobs.ensure_indexes()
        self.jobs.collection.create_index("began_at")
        self.jobs.collection.create_index("survey")

    def ask(self, unit: str, name: str, survey: str, kind: str) -> Document:
        """The same request again finds the one there is. Raises AlreadyCreated."""
        job = {"_id": name, "unit": unit, "schema": _SCHEMA, "survey": survey, "kind": kind}
        found = self.jobs.add({**job, "rows": 0, "of": 0, "problem": ""})
        if (found["survey"], found["kind"]) != (survey, kind):
            raise AlreadyCreated
        return found

    def keep(self, name: str, file: Path) -> None:
        """In the place of what an earlier try may have left."""
        self._erase(name)
        with file.open("rb") as content:
            self._files.upload_from_stream_with_id(name, name, content)

    def pieces(self, name: str) -> Iterator[bytes]:
        """The file, a megabyte at a time. Raises NoFile."""
        stream = self._files.open_download_stream(name)
        return iter(lambda: stream.read(_CHUNK), b"")

    def made_of(self, survey: str) -> list[str]:
        """The files of a survey's answers that are there."""
        found = self.jobs.collection.find({"survey": survey})
        return [job["_id"] for job in found if job["state"] == DONE]

    def spoil(self, survey: str) -> None:
        """Answers of this survey were erased: a file that holds them is not given out any more,
        and one under way is begun anew."""
        for job in list(self.jobs.collection.find({"survey": survey})):
            if job["state"] == DONE:
                self.jobs.revoke(job, problem=_SPOILT)
            elif job["state"] == RUNNING:
                self.jobs.begin_anew(job)
            else:
                continue
            self._erase(job["_id"])

    def erase_old(self) -> None:
        old = self.jobs.collection.find({"began_at": {"$lt": times.now() - KEPT}}, {"_id": 1})
        for found in list(old):
            self._erase(found["_id"])
            self.jobs.collection.delete_one({"_id": found["_id"]})

    def _erase(self, name: str) -> None:
        try:
            self._files.delete(name)
        except NoFile:
            return

    @property
    def _files(self) -> GridFSBucket:
        return GridFSBucket(self._database, "export_files", chunk_size_bytes=_CHUNK)
