"""The embedded database has all its tables before anybody uses it: killed while it makes one, it
could not open its data again."""

import subprocess
import sys
import threading
from contextlib import suppress
from itertools import count
from pathlib import Path

import pymongo
import pytest
from pymongo.errors import PyMongoError

from deploy.database import lay_out
from tests.integration.deadline import until

ROOT = Path(__file__).parents[2]
LAY_OUT = "import sys; from pathlib import Path; from deploy.database import lay_out;"
LAY_OUT += "lay_out(*map(Path, sys.argv[1:]))"


def tables(folder: Path) -> set[str]:
    return {path.name for path in folder.glob("*.wt")}


def make_collections(url: str, made: list[str]) -> None:
    """With two indexes and a document each, until the database is gone."""
    with pymongo.MongoClient(url, serverSelectionTimeoutMS=500) as client, suppress(PyMongoError):
        for number in count(len(made)):
            collection = client["kept"][f"collection{number}"]
            collection.create_index("survey")
            collection.create_index([("group", 1), ("at", -1)], unique=True)
            collection.insert_one({"_id": 1, "survey": "s", "group": "g"})
            made.append(collection.name)


def test_a_kill_amid_new_collections_and_indexes_costs_nothing(own_secantusd):
    folder = own_secantusd.log.parent / "data"
    at_first, made = tables(folder), []
    for _ in range(2):
        wanted = len(made) + 12
        maker = threading.Thread(target=make_collections, args=(own_secantusd.url, made))
        maker.start()
        until(lambda: len(made) > wanted, "collections are made")  # noqa: B023
        own_secantusd.restart()
        maker.join()
        with pymongo.MongoClient(own_secantusd.url) as client:
            for name in made:
                assert client["kept"][name].find_one({"survey": "s"})["group"] == "g"
    assert tables(folder) == at_first


def test_a_first_start_that_is_killed_leaves_no_database_and_the_next_one_makes_it(tmp_path):
    folder, draft = tmp_path / "data", tmp_path / "data.new"
    configuration = tmp_path / "secantusd.toml"
    if not Path(sys.executable).with_name("secantusd-py").exists():
        pytest.skip("SecantusDB is not installed")
    configuration.touch()
    command = [sys.executable, "-c", LAY_OUT, str(folder), str(configuration)]
    with subprocess.Popen(command, cwd=ROOT) as first:
        until(lambda: len(tables(draft)) > 20, "some of its tables are there")
        first.kill()
    assert not folder.exists()
    lay_out(folder, configuration)
    assert len(tables(folder)) > 25
    assert not draft.exists()
