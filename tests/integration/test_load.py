"""From somebody's CSV to ranked needs, proposals and snapshots, through a whole local run."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from io import BytesIO, StringIO
from pathlib import Path

import pytest
from rich.console import Console

from deploy.client import Client, NotRunning, Refused
from deploy.demo import fill
from services.intake.tables.answer_table import AnswerTable
from services.intake.tables.mapping import read_mapping
from tests import servers

ROOT = Path(__file__).parents[2]
PATIENCE_SECONDS = 200
SCALE = {"min": 1, "max": 5}
NEEDS = {"advising": (5, 2), "fairs": (3, 4)}
GROUPS = {"Student": 30, "Staff": 12}
MAPPING = {
    "title": "Invented answers",
    "synthetic": True,
    "group": {"column": "who"},
    "items": [
        {"id": name, "text": name.title(), "type": "need", "scale": SCALE,
         "importance": f"{name}_i", "satisfaction": f"{name}_s"}
        for name in NEEDS
    ],
}  # fmt: skip


@pytest.fixture(scope="module")
def environment(tmp_path_factory):
    return {
        **os.environ,
        "GROUNDSWELL_VAR": str(tmp_path_factory.mktemp("load") / "var"),
        "GROUNDSWELL_PORT": str(servers.free_port()),
        "GROUNDSWELL_CUT_SECONDS": "0.5",
    }


@pytest.fixture(scope="module")
def client(environment):
    process = subprocess.Popen(
        [sys.executable, "-m", "deploy.local"],
        cwd=ROOT, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL, start_new_session=True,
    )  # fmt: skip
    try:
        yield _ready(Path(environment["GROUNDSWELL_VAR"]), process)
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(PATIENCE_SECONDS)


def _ready(var, process):
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        assert process.poll() is None
        try:
            return Client.of(var)
        except NotRunning:
            assert time.monotonic() < deadline
            time.sleep(0.1)


@pytest.fixture(scope="module")
def answers():
    """(group, importance and satisfaction of each need in turn), around what NEEDS says."""
    draw = random.Random(7)

    def near(mean):
        return min(max(mean + draw.choice((-1, 0, 0, 1)), 1), 5)

    return [
        (group, *(near(mean) for pair in NEEDS.values() for mean in pair))
        for group, people in GROUPS.items()
        for _ in range(people)
    ]


@pytest.fixture(scope="module")
def files(tmp_path_factory, answers):
    folder = tmp_path_factory.mktemp("files")
    header = ["who", *(f"{name}_{part}" for name in NEEDS for part in "is")]
    lines = [",".join(map(str, row)) for row in [header, *answers]]
    (folder / "answers.csv").write_text("\n".join(lines))
    (folder / "mapping.json").write_text(json.dumps(MAPPING))
    return [folder / "answers.csv", folder / "mapping.json"]


def load(environment, *arguments):
    command = [sys.executable, "-m", "deploy.load", *map(str, arguments)]
    return subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=240, check=False
    )


@pytest.fixture(scope="module")
def loaded(client, environment, files, answers):
    """The survey, loaded after an earlier loading had stopped at the twentieth answer."""
    mapping = read_mapping(files[1].read_bytes())
    with files[0].open("rb") as file:
        table = AnswerTable.open(file, mapping)
        survey = client.open_survey(table.definition(table.check()), table.key)["id"]
    begun = BytesIO(b"".join(files[0].read_bytes().splitlines(keepends=True)[:21]))
    *_, stopped = client.import_answers(survey, begun, mapping.canonical)
    assert (stopped["state"], stopped["new"]) == ("done", 20)
    done = load(environment, *files)
    assert done.returncode == 0, done.stderr
    assert "20 of 42 answers were there already" in done.stdout
    assert "The survey is closed" in done.stdout
    closed = client.get(f"/intake/v1/surveys/{survey}")
    assert (closed["status"], closed["seal"]["count"]) == ("closed", len(answers))
    return survey, done.stdout


def test_needs_are_those_of_the_file(client, loaded, answers):
    survey, printed = loaded
    needs = client.get(f"/planning/v1/surveys/{survey}/needs")["needs"]
    assert [need["item"] for need in needs] == ["advising", "fairs"]
    assert needs[0]["n"] == len(answers)
    importance = sum(row[1] for row in answers) / len(answers)
    satisfaction = sum(row[2] for row in answers) / len(answers)
    assert needs[0]["mwds"] == pytest.approx(importance * (importance - satisfaction))
    assert "Advising" in printed


def test_proposals_are_drafted_for_everybody_and_for_each_group(client, loaded):
    proposals = list(client.pages("/planning/v1/proposals", "proposals", survey=loaded[0]))
    assert {each["group"] for each in proposals} == {None, "student", "staff"}
    assert all(each["status"] == "draft" for each in proposals)


def test_snapshots_of_groups_add_up_to_the_total(client, loaded, answers):
    snapshots = list(client.snapshots(loaded[0]))
    counts = {
        each["segment"].get("group"): each["n"]
        for each in snapshots
        if each["metric"] == "intake.responses"
    }
    assert counts == {None: len(answers), "student": 30, "staff": 12}
    for name in NEEDS:
        sums = {
            each["segment"].get("group"): each["numerator"]
            for each in snapshots
            if each["segment"].get("item") == name
        }
        assert sums.pop(None) == sum(sums.values())


@pytest.mark.parametrize(
    ("target", "said"),
    [
        ("republish", "{survey}: 44 events"),
        ("replay", "{survey}: the same"),
        ("differences", "Nothing differs."),
        ("messages", "No message is parked"),
    ],
)
def test_an_operator_of_a_local_run_needs_to_say_no_more_than_the_target(
    environment, loaded, target, said
):
    """As the README gives it; the environment is there already and not to be made again."""
    command = ["make", "-s", "-o", ".venv/.run-installed", target]
    ran = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=200, check=False
    )
    assert ran.returncode == 0, ran.stderr
    assert said.format(survey=loaded[0]) in ran.stdout


def test_loading_again_doubles_nothing(client, environment, files, loaded):
    before = list(client.snapshots(loaded[0]))
    again = load(environment, *files)
    assert again.returncode == 0, again.stderr
    assert "loaded before" in again.stdout
    assert [survey["id"] for survey in client.pages("/intake/v1/surveys", "surveys")] == [loaded[0]]
    assert list(client.snapshots(loaded[0])) == before


def test_file_with_a_mistake_makes_no_survey(client, environment, files, loaded, tmp_path):
    wrong = tmp_path / "wrong.csv"
    wrong.write_text(files[0].read_text() + "\nStudent,9,9,9,9\n")
    refused = load(environment, wrong, files[1])
    assert refused.returncode == 1
    assert "line 44, column advising_i: 9 is outside 1 to 5" in refused.stderr
    assert len(list(client.pages("/intake/v1/surveys", "surveys"))) == 1


def test_refusal_names_every_field(client):
    with pytest.raises(Refused) as caught:
        client.post("/intake/v1/surveys", {"title": "", "colour": 1}, key="refused")
    assert caught.value.status == 422
    assert {"groups", "items", "colour"} <= {each["field"] for each in caught.value.errors}
    assert "colour: Unknown field." in str(caught.value)


def test_a_survey_stays_open_where_that_is_asked_for(client, environment, files, loaded, tmp_path):
    mapping = tmp_path / "mapping.json"
    mapping.write_text(json.dumps({**MAPPING, "title": "Stays open"}))
    command = ["make", "-s", "-o", ".venv/.run-installed", "load"]
    command += [f"CSV={files[0]}", f"MAPPING={mapping}", "KEEP_OPEN=yes"]
    ran = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=200, check=False
    )
    assert ran.returncode == 0, ran.stderr
    assert "stays open" in ran.stdout
    status = {each["status"] for each in client.pages("/intake/v1/surveys", "surveys")}
    assert status == {"closed", "open"}


def test_demonstration_fills_a_running_system_and_finds_itself_again(client):
    console = Console(file=StringIO())
    survey, still_open = fill(client, console)
    assert client.get(f"/intake/v1/surveys/{still_open}")["status"] == "open"
    proposals = list(client.pages("/planning/v1/proposals", "proposals", survey=survey))
    assert {each["status"] for each in proposals} == {
        "draft", "active", "deferred", "changes_requested"
    }  # fmt: skip
    assert any(each["evidence"]["dissenting_groups"] for each in proposals)
    snapshots = client.pages("/metrics/v1/snapshots", "snapshots", metric="nace.knowledge_rate")
    assert {each["synthetic"] for each in snapshots} == {True}
    assert fill(client, console) == (survey, still_open)
    assert "there already" in console.file.getvalue()
    again = client.pages("/planning/v1/proposals", "proposals", survey=survey)
    assert list(again) == proposals


def test_client_says_how_to_start_what_does_not_run(tmp_path):
    with pytest.raises(NotRunning, match="Start it with make run"):
        Client.of(tmp_path)
