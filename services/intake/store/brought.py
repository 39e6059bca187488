"""Files of answers that somebody brought: kept for a day, or until they are erased."""

import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from tempfile import TemporaryFile
from typing import Any, BinaryIO

import orjson
from gridfs import GridFSBucket, NoFile
from pymongo.database import Database

from shared import times
from shared.documents import Document

_SCHEMA = 1
_CHUNK = 1 << 20
_KEPT = timedelta(days=1)
_MOST_PACKED = 10_000_000  # of a document's 16 MB


class NothingBrought(Exception):
    """No file of this id is there, or not any more."""


class TooManyKinds(Exception):
    """The columns hold too much different text to be looked through."""


@dataclass
class Brought:
    """`filename` is what its owner calls it; `about` is what was found in it and what was decided
    since, as JSON has it."""

    id: str
    unit: str
    filename: str
    at: datetime
    about: dict[str, Any] = field(default_factory=dict)


class BroughtFiles:
    def __init__(self, database: Database[Document]) -> None:
        self._database = database
        self._collection = database["brought"]

    @property
    def _files(self) -> GridFSBucket:
        return GridFSBucket(self._database, "brought_files", chunk_size_bytes=_CHUNK)

    def ensure_indexes(self) -> None:
        self._collection.create_index("at")

    def add(self, brought: Brought, content: BinaryIO) -> None:
        """Raises TooManyKinds."""
        packed = _packed(brought.about)
        content.seek(0)
        self._files.upload_from_stream_with_id(brought.id, brought.filename, content)
        fields = {"unit": brought.unit, "filename": brought.filename, "at": brought.at}
        self._collection.insert_one(
            {"_id": brought.id, "schema": _SCHEMA, **fields, "about": packed}
        )

    def get(self, unit: str, name: str) -> Brought:
        """Raises NothingBrought."""
        found = self._collection.find_one({"_id": name})
        if found is None or found["unit"] != unit:
            raise NothingBrought(name)
        about = orjson.loads(zlib.decompress(found["about"]))
        return Brought(name, unit, found["filename"], found["at"], about)

    def decide(self, name: str, about: Mapping[str, Any]) -> None:
        """Keep what is known of it now. Raises TooManyKinds."""
        self._collection.update_one({"_id": name}, {"$set": {"about": _packed(about)}})

    def content(self, name: str) -> BinaryIO:
        """The file, as one on this machine that is gone when it is closed. Raises
        NothingBrought."""
        copy = TemporaryFile()  # noqa: SIM115  # closing is for whoever asked
        try:
            self._files.download_to_stream(name, copy)
        except NoFile as error:
            copy.close()
            raise NothingBrought(name) from error
        copy.seek(0)
        return copy

    def names(self) -> list[str]:
        """What the files that are there are called."""
        return [found["filename"] for found in self._collection.find({}, {"filename": 1})]

    def erase(self, name: str) -> None:
        """Again, it changes nothing."""
        self._collection.delete_one({"_id": name})
        try:
            self._files.delete(name)
        except NoFile:
            return

    def erase_old(self) -> None:
        old = self._collection.find({"at": {"$lt": times.now() - _KEPT}}, {"_id": 1})
        for found in list(old):
            self.erase(found["_id"])


def _packed(about: Mapping[str, Any]) -> bytes:
    packed = zlib.compress(orjson.dumps(about), 1)
    if len(packed) > _MOST_PACKED:
        raise TooManyKinds(
            "The columns hold too much different text to be looked through. Leave out columns "
            "that you do not need."
        )
    return packed
