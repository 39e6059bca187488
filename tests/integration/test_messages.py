"""The operator's command for messages that failed, on the embedded database."""

import re
import uuid

import orjson
import pytest

from shared import messages
from shared.documents import say_alive
from shared.parking import Parking

ENVELOPE = {
    "id": "e1",
    "type": "tests.said.v1",
    "source": "/tests",
    "subject": "thing-1",
    "unit": "careers",
    "time": "2026-11-23T09:30:00.000Z",
    "data": {"text": "\x1b[2J\u202egone"},
}


def body(**changes) -> bytes:
    return orjson.dumps(ENVELOPE | changes)


def break_with(reason: str) -> None:
    raise ValueError(reason)


def fail(parking: Parking, content: bytes, reason: str = "it broke", *, hopeless=True) -> str:
    """Set a message aside as a worker would; answers its id."""
    known = set(parking.starting_with(""))
    with pytest.raises(ValueError) as failure:
        break_with(reason)
    parking.failed(content, failure.value, hopeless=hopeless)
    (name,) = set(parking.starting_with("")) - known
    return name


@pytest.fixture
def services(mongo_client, mongo_url, monkeypatch):
    """Two services' databases, by the services' names."""
    monkeypatch.setenv("GROUNDSWELL_DATABASE_URL", mongo_url)
    names = [f"{letter}{uuid.uuid4().hex[:8]}" for letter in "ab"]
    databases = {name: mongo_client[f"groundswell_{name}"] for name in names}
    for database in databases.values():
        say_alive(database)
    yield databases
    for database in databases.values():
        mongo_client.drop_database(database.name)


@pytest.fixture
def first(services) -> Parking:
    return Parking(next(iter(services.values())))


@pytest.fixture
def second(services) -> Parking:
    return Parking(list(services.values())[1])


@pytest.fixture
def run(capsys, monkeypatch):
    """The command's exit status, and what it says, errors last."""
    monkeypatch.setattr(messages, "_PATIENCE_SECONDS", 0.3)

    def run(*arguments: str) -> tuple[int, str]:
        status = messages.main(arguments)
        said = capsys.readouterr()
        return status, said.out + said.err

    return run


def test_where_nothing_is_parked_it_says_so(services, run):
    assert run("parked") == (0, "No message is parked.\n")


def test_the_parked_messages_of_all_services_are_listed_with_what_they_are_and_why(
    services, first, second, run
):
    one, other = fail(first, body(), "it\nbroke"), fail(second, b"\xff{")
    fail(second, body(subject="thing-2"), hopeless=False)
    status, said = run("parked")
    heading, *rows = said.split("\n\n")[0].splitlines()
    assert status == 0
    assert " ".join(heading.split()) == "ID SERVICE TYPE SUBJECT ATTEMPTS LAST FAILED AT REASON"
    assert [re.split(r" {2,}", row) for row in rows] == [
        [one[:12], name_of(services, 0), "tests.said.v1", "thing-1", "1", first.get(one).at,
         "ValueError: it broke"],
        [other[:12], name_of(services, 1), "not JSON", "-", "1", second.get(other).at,
         "ValueError: it broke"],
    ]  # fmt: skip
    assert "1 more failed and will be tried again" in said
    only = run("parked", "--service", name_of(services, 1))[1]
    assert other[:12] in only
    assert one[:12] not in only


def name_of(services, position: int) -> str:
    return list(services)[position]


def test_one_is_shown_with_reason_trace_and_body_and_does_nothing_to_the_terminal(
    services, first, run
):
    name = fail(first, body(), "a long story: " + "x" * 200)
    status, said = run("show", name[:6])
    assert status == 0
    assert all(part in said for part in (name, "tests.said.v1", "thing-1", "x" * 200))
    assert "state    parked\nattempts 1\n" in said
    assert "Traceback (most recent call last):\n" in said
    assert '"subject": "thing-1",\n' in said
    assert "\x1b" not in said
    assert "\u202e" not in said
    assert "\\u202egone" in said


def test_a_body_that_is_not_json_is_shown_as_it_is(services, first, run):
    name = fail(first, b"\xff\x1b[2Jhello")
    assert "\\xff\\x1b[2Jhello" in run("show", name)[1]


def test_a_message_that_is_not_there_is_no_error_of_ours(services, run):
    for command in ("show", "replay", "drop"):
        status, said = run(command, "0000")
        assert status == 2
        assert "No message has the id 0000" in said


def test_an_id_that_could_be_several_is_refused_with_what_to_give(services, first, second, run):
    one = fail(first, body())
    fail(second, body())
    status, said = run("drop", one)
    assert status == 2
    assert f"--service {name_of(services, 0)} or --service {name_of(services, 1)}" in said
    twins = [one[:8] + "0" * 56, one[:8] + "f" * 56]
    document = services[name_of(services, 0)]["parked_messages"].find_one({"_id": one})
    services[name_of(services, 0)]["parked_messages"].insert_many(
        [document | {"_id": twin} for twin in twins]
    )
    status, said = run("drop", one[:8], "--service", name_of(services, 0))
    assert status == 2
    assert all(twin in said for twin in twins)
    assert first.count() == 3


def test_next_to_nothing_names_no_message_even_where_there_is_but_one(first, run):
    name = fail(first, body())
    for prefix in ("", name[:3]):
        status, said = run("drop", prefix)
        assert (status, first.count()) == (2, 1)
        assert "at least 4 characters" in said


def test_a_dropped_message_is_shown_a_last_time(services, first, run):
    name = fail(first, body())
    status, said = run("drop", name[:12])
    assert status == 0
    assert '"subject": "thing-1"' in said
    assert said.endswith(f"will never reach {name_of(services, 0)}.\n")
    assert first.count() == 0


def test_what_no_worker_tries_is_told_of_and_stays_asked_for(services, first, run):
    fail(first, body())
    status, said = run("replay", "--all")
    assert status == 1
    assert "not tried yet: the worker was last seen at 20" in said
    assert said.endswith("0 of 1 handled.\n")
    heard = []
    first.retry_due(heard.append)
    assert heard == [body()]


def test_replaying_all_of_nothing_is_done(services, run):
    assert run("replay", "--all") == (0, "0 of 0 handled.\n")


@pytest.mark.parametrize("arguments", [[], ["replay"], ["replay", "--all", "abcd"], ["show"]])
def test_half_a_command_is_refused_with_its_usage(arguments, capsys):
    with pytest.raises(SystemExit, match="2"):
        messages.main(arguments)
    assert "usage: python -m shared.messages" in capsys.readouterr().err


def test_an_unknown_service_is_refused_with_those_there_are(services, run):
    status, said = run("parked", "--service", "planing")
    assert status == 2
    assert "no service 'planing'" in said
    assert name_of(services, 0) in said


def test_a_database_that_is_away_is_told_of_without_a_trace(run, monkeypatch):
    monkeypatch.setenv("GROUNDSWELL_DATABASE_URL", "mongodb://anna:geheim@127.0.0.1:1")
    status, said = run("parked")
    assert status == 2
    assert said.startswith("The database does not answer (127.0.0.1:1: ")
    assert "geheim" not in said


def test_the_local_run_in_groundswell_var_is_looked_at_where_nothing_else_is_said(
    services, first, run, mongo_url, monkeypatch, tmp_path
):
    monkeypatch.delenv("GROUNDSWELL_DATABASE_URL")
    monkeypatch.setenv("GROUNDSWELL_VAR", str(tmp_path))
    status, said = run("parked")
    assert status == 2
    assert f"No Groundswell runs in {tmp_path}" in said
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "environment").write_text(f"GROUNDSWELL_DATABASE_URL='{mongo_url}'\n")
    name = fail(first, body())
    assert name[:12] in run("parked")[1]
