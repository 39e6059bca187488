"""Indexes that are whole, whoever is killed while they are made.

The embedded database enters an index into its catalogue first and the documents that are there
after: killed in between, it keeps an index that hides the rest. That happens only where a new
version adds an index to a collection that is filled. So whoever makes indexes leaves a mark of
those that were there before, with the database process that was asked. What is found to have
come under a mark of a process that is no more is dropped, and made again.
"""

from collections.abc import Iterator
from contextlib import contextmanager, suppress

from pymongo.database import Database
from pymongo.errors import OperationFailure

from shared.documents import Document, stamp

_EMBEDDED = "secantusVersion"

_Index = tuple[str, str]


@contextmanager
def made_whole(database: Database[Document]) -> Iterator[None]:
    """For as long as the block makes the indexes that a service needs, all of them. At its end
    those are whole, and earlier marks of the same database process say nothing any more."""
    if _EMBEDDED not in database.client.server_info():  # MongoDB sees to that itself
        yield
        return
    hello = database.client.admin.command("hello")
    marks, process = database["index_builds"], hello["topologyVersion"]["processId"]
    there = _indexes(database)
    broken_off = [mark for mark in marks.find() if mark["process"] != process]
    doubtful = {index for mark in broken_off for index in there - _known(mark)}
    own = stamp()
    known = [list(index) for index in sorted(there - doubtful)]
    # Only who drops takes such a mark away: another's indexes are whole until then.
    marks.insert_one({"_id": own, "process": process, "known": known, "drops": bool(doubtful)})
    for collection, name in doubtful:
        with suppress(OperationFailure):  # another who starts just now dropped it
            database[collection].drop_index(name)
    marks.delete_many({"_id": {"$in": [mark["_id"] for mark in broken_off]}})
    yield
    marks.delete_one({"_id": own})
    marks.delete_many({"process": process, "drops": False, "_id": {"$lt": own}})


def _indexes(database: Database[Document]) -> set[_Index]:
    return {
        (collection, name)
        for collection in database.list_collection_names()
        for name in database[collection].index_information()
    }


def _known(mark: Document) -> set[_Index]:
    return {(collection, name) for collection, name in mark["known"]}
