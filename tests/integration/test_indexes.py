"""An index that a new version adds to data that are there finds all of them, or is made again."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import pymongo
import pytest
from pymongo.database import Database
from pymongo.errors import PyMongoError
from pymongo.monitoring import CommandListener

from shared.documents import connect
from shared.indexes import made_whole

COUNT = 4000


class Drops(CommandListener):
    """The names of the indexes that were dropped."""

    def __init__(self) -> None:
        self.names: list[str] = []

    def started(self, event) -> None:
        if event.command_name == "dropIndexes":
            self.names.append(event.command["index"])

    def succeeded(self, event) -> None: ...
    def failed(self, event) -> None: ...


@pytest.fixture
def filled(own_secantusd) -> Callable[..., Iterator[Database]]:
    """A process' view of a collection with many documents and one index."""

    @contextmanager
    def seen() -> Iterator[Database]:
        with connect(own_secantusd.url, "filled").client as client:
            yield client["filled"]

    with seen() as database:
        database["rows"].create_index("survey")
        database["rows"].insert_many([{"survey": "s", "n": n} for n in range(COUNT)])
    return seen


def upgrade(database: Database) -> None:
    with made_whole(database):
        database["rows"].create_index("survey")
        database["rows"].create_index("n")


def test_an_index_whose_making_was_killed_is_made_again(filled, own_secantusd):
    with filled() as database:
        began = time.monotonic()
        database["rows"].create_index("n")
        took = time.monotonic() - began
        database["rows"].drop_index("n_1")

    def upgrade_until_killed() -> None:
        with filled() as database, suppress(PyMongoError):
            upgrade(database)

    upgrading = threading.Thread(target=upgrade_until_killed)
    upgrading.start()
    time.sleep(0.7 * took)  # its second half enters one document after the other
    own_secantusd.restart()
    upgrading.join()
    with filled() as database:
        upgrade(database)
        assert database["rows"].count_documents({"n": {"$gte": 0}}) == COUNT
        assert database["index_builds"].count_documents({}) == 0


def test_only_what_came_under_a_broken_off_mark_is_made_again(own_secantusd):
    """A process that dies while it makes indexes is no reason: the database goes on with them."""
    drops = Drops()

    def process(*, dies: bool) -> None:
        url = own_secantusd.url
        with (
            pymongo.MongoClient(url, event_listeners=[drops]) as client,
            suppress(InterruptedError),
            made_whole(client["upgraded"]),
        ):
            client["upgraded"]["rows"].create_index("n")
            if dies:
                raise InterruptedError

    process(dies=True)
    process(dies=False)
    own_secantusd.restart()
    process(dies=False)
    assert drops.names == []
    with pymongo.MongoClient(own_secantusd.url) as client:
        client["upgraded"]["rows"].drop_index("n_1")
    process(dies=True)
    own_secantusd.restart()
    process(dies=False)
    assert drops.names == ["n_1"]
    own_secantusd.restart()
    process(dies=False)
    assert drops.names == ["n_1"]
