"""What tests ask for by name: databases, brokers and a browser, the real ones where installed."""

import os
import shutil
import tempfile
import uuid
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path
from typing import Any

import mongomock
import playwright.sync_api
import pymongo
import pytest
from xdist.scheduler import LoadScopeScheduling

import shared.sqlite_transport  # noqa: F401  (kombu learns sqlite:// from it)
from tests import servers

MEMORY, ENOUGH_BYTES = "/dev/shm", 4_000_000_000  # noqa: S108  # tempfile makes folders of its own
if Path(MEMORY).is_dir() and shutil.disk_usage(MEMORY).free > ENOUGH_BYTES:
    # Tests kill processes, which files in memory survive as those on a disk do; a disk has each
    # commit of each test wait for some milliseconds.
    os.environ.setdefault("TMPDIR", MEMORY)
    tempfile.tempdir = None  # whoever asked before is not believed
# Some hundred processes are started; each would compile all modules anew.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

UNIT_TESTS = Path(__file__).parent / "unit"
MARKERS = {
    "mongo_url": "wire",
    "own_secantusd": "wire",
    "rabbitmq_url": "rabbitmq",
    "own_rabbitmq": "rabbitmq",
    "browser": "browser",
}
DATABASE = "embedded database (over the wire)"
RABBITMQ = "RabbitMQ (private node)"
BROWSER = "browser (Chromium)"
NOT_NEEDED = "not needed by the tests selected"
REQUIRED = os.environ.get("GROUNDSWELL_REQUIRE_REAL") == "1"

LOOPBACK = ["127.0.0.1", "::1", "localhost"]
CHROMIUM_ARGUMENTS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--disable-quic",
    # It knows no name and reaches no address but this machine's.
    "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1",
]

OUTCOMES = pytest.StashKey[dict[str, str]]()
SKIPPED = pytest.StashKey[set[str]]()


def pytest_configure(config: pytest.Config) -> None:
    names = (DATABASE, RABBITMQ, BROWSER)
    config.stash[OUTCOMES] = dict.fromkeys(names, NOT_NEEDED)
    config.stash[SKIPPED] = set()


def pytest_xdist_auto_num_workers() -> int:
    """Two a core: tests wait for processes as much as they compute."""
    return 2 * (os.cpu_count() or 1)


class ByFile(LoadScopeScheduling):
    """One process has all of a file, and what is seen in a browser goes to two: what they start
    serves many tests. So does the RabbitMQ node of tests that are run on each broker. Runs of chaos
    have nothing in common, and take long."""

    def _split_scope(self, nodeid: str) -> str:
        folder, _, file = nodeid.partition("::")[0].removeprefix("tests/").partition("/")
        if folder == "chaos":
            return nodeid
        if folder == "e2e":
            return file if file == "test_every_page.py" else folder
        return "rabbitmq" if "[rabbitmq" in nodeid else f"{folder}/{file}"


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> ByFile:
    return ByFile(config, log)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Unit tests may open no socket, and no test one that leads off this machine; other tests are
    marked by the components they ask for."""
    for item in items:
        if item.path.is_relative_to(UNIT_TESTS):
            item.add_marker("disable_socket")
        item.add_marker(pytest.mark.allow_hosts(LOOPBACK))
        for fixture in MARKERS.keys() & set(getattr(item, "fixturenames", ())):
            item.add_marker(MARKERS[fixture])
        if hasattr(item, "callspec") and item.callspec.params.get("broker_url") == "rabbitmq":
            item.add_marker("rabbitmq")


def pytest_testnodedown(node: Any) -> None:
    """A process of a parallel run ended: what it ran against counts for the whole run."""
    outcomes, skipped = getattr(node, "workeroutput", {}).get("components", ({}, []))
    kept = node.config.stash[OUTCOMES]
    kept |= {name: outcome for name, outcome in outcomes.items() if outcome != NOT_NEEDED}
    node.config.stash[SKIPPED].update(skipped)


def pytest_sessionfinish(session: pytest.Session) -> None:
    if hasattr(session.config, "workeroutput"):
        outcomes, skipped = session.config.stash[OUTCOMES], session.config.stash[SKIPPED]
        session.config.workeroutput["components"] = (dict(outcomes), sorted(skipped))
    elif REQUIRED and session.config.stash[SKIPPED]:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    terminalreporter.section("real components")
    for name, outcome in config.stash[OUTCOMES].items():
        terminalreporter.line(f"{name}: {outcome}")
    if REQUIRED and config.stash[SKIPPED]:
        skipped = ", ".join(sorted(config.stash[SKIPPED]))
        line = f"FAILED: GROUNDSWELL_REQUIRE_REAL=1, but tests were skipped for want of {skipped}"
        terminalreporter.line(line, red=True)


@contextmanager
def component(
    config: pytest.Config, name: str, start: Callable[[], AbstractContextManager[Any]]
) -> Iterator[Any]:
    """Starts it and notes its version for the summary, or skips the test and notes why."""
    with ExitStack() as stack:
        try:
            started = stack.enter_context(start())
        except servers.Unavailable as reason:
            config.stash[OUTCOMES][name] = f"skipped: {reason}"
            config.stash[SKIPPED].add(name)
            pytest.skip(str(reason))
        config.stash[OUTCOMES][name] = f"ran against {started.version}"
        yield started


@pytest.fixture(scope="session")
def mongo_url(pytestconfig):
    with component(pytestconfig, DATABASE, servers.secantusd) as server:
        yield server.url


@pytest.fixture
def own_secantusd(pytestconfig):
    """A server that the test may kill() and restart()."""
    with component(pytestconfig, DATABASE, servers.secantusd) as server:
        yield server


@pytest.fixture(scope="session")
def mongo_client(mongo_url):
    with pymongo.MongoClient(mongo_url, tz_aware=True) as client:
        yield client


@pytest.fixture
def database(mongo_client):
    """An empty database of the embedded server."""
    name = f"test_{uuid.uuid4().hex}"
    yield mongo_client[name]
    mongo_client.drop_database(name)


@pytest.fixture
def mock_database():
    return mongomock.MongoClient(tz_aware=True)["groundswell"]


@pytest.fixture(scope="session")
def rabbitmq_url(pytestconfig):
    with component(pytestconfig, RABBITMQ, servers.rabbitmq) as server:
        yield server.url


@pytest.fixture
def own_rabbitmq(pytestconfig):
    """A node that the test may kill() and restart()."""
    with component(pytestconfig, RABBITMQ, servers.rabbitmq) as server:
        yield server


@pytest.fixture(params=["sqlite", "rabbitmq"])
def broker_url(request, tmp_path):
    """Each broker in turn. RabbitMQ's node serves the whole session: tests name queues apart."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/messages.sqlite"
    return request.getfixturevalue("rabbitmq_url")


@contextmanager
def chromium() -> Iterator[playwright.sync_api.Browser]:
    path = servers.chromium_path()
    with (
        playwright.sync_api.sync_playwright() as driver,
        driver.chromium.launch(executable_path=path, args=CHROMIUM_ARGUMENTS) as browser,
    ):
        yield browser


@pytest.fixture(scope="session")
def browser(pytestconfig):
    with component(pytestconfig, BROWSER, chromium) as started:
        yield started


@pytest.fixture
def page(browser):
    """A page of its own context: no cookie or storage of another test."""
    with browser.new_context() as context:
        yield context.new_page()
