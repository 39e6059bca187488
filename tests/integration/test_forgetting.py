"""Who is forgotten is forgotten everywhere; what was decided and recorded stays."""

import json
import sys
from datetime import timedelta

import pytest

from services.intake import __main__ as intake_command
from services.intake import consumer as intake
from services.intake.usecases import hold_person
from services.intake.usecases.close_survey import close_survey, seal_survey
from services.intake.usecases.erase_expired import erase_expired
from services.intake.usecases.submit_response import submit_response
from services.metrics import __main__ as metrics_command
from services.metrics import consumer as metrics
from services.planning import __main__ as planning_command
from services.planning import consumer as planning
from services.planning.usecases.draft_proposals import draft_closed_surveys
from shared import rebuild, times
from shared.parking import Parking
from shared.worker import Inbox
from tests.integration.test_republish import DEFINITION, Centre, answer
from tests.integration.test_republish import centre as centre  # noqa: PLC0414  # a fixture


def answered(centre: Centre, n: int) -> None:
    for number in range(n):
        submit_response(centre.intake, survey=centre.survey, name=f"r{number}", **answer(5, 1))


def erase_person(centre: Centre, name: str) -> None:
    store, reason = centre.intake, "asked for it"
    people = hold_person.by_response(store, centre.survey, name, reason)
    hold_person.erase(store, people, reason)


def close(centre: Centre) -> None:
    for closing in centre.intake.surveys.with_status("closing"):
        seal_survey(centre.intake, closing)
    centre.hear(centre.said())
    draft_closed_surveys(centre.planning)


def test_an_erased_person_is_in_no_service(centre):
    answered(centre, 3)
    centre.hear(centre.said())
    folds = [centre.planning.tables, centre.metrics.heads.fold]
    key = f"{centre.survey}.r1"
    assert [len(fold.held(key)) for fold in folds] == [1, 1]
    erase_person(centre, "r1")
    centre.hear(centre.said())
    assert [fold.held(key) for fold in folds] == [[], []]
    assert [figure[1] for figure in centre.figures()] == [2, 2]


@pytest.fixture
def held(centre, monkeypatch, capsys, tmp_path):
    """What each service's command says that it keeps of a response."""
    monkeypatch.setenv("GROUNDSWELL_SECRET", "a secret that is long enough")
    (tmp_path / "unused").touch()
    for name in ("DATABASE_URL", "BROKER_URL", "TOPOLOGY", "PUBLIC_KEY"):
        monkeypatch.setenv(f"GROUNDSWELL_{name}", str(tmp_path / "unused"))

    def of(member: str) -> list[list]:
        said = []
        for database, service in zip(centre.databases, COMMANDS, strict=True):
            connected = lambda *_, database=database: database  # noqa: E731
            monkeypatch.setattr(rebuild, "connect", connected)
            monkeypatch.setattr(intake_command, "connect", connected)
            monkeypatch.setattr(sys, "argv", [service, "held", member])
            COMMANDS[service]()
            said.append(json.loads(capsys.readouterr().out))
        return said

    return of


COMMANDS = {
    "intake": intake_command.main,
    "planning": lambda: rebuild.main("planning", planning_command.opened),
    "metrics": lambda: rebuild.main("metrics", metrics_command.opened),
}


def test_nothing_that_a_service_set_aside_says_a_word_of_an_erased_person(centre, held):
    """Not what waits for a definition, not what failed, and not what comes late and fails."""
    inboxes = [
        Inbox(of.handlers(store), Parking(database), of.ERASURES)
        for of, store, database in zip(
            (intake, planning, metrics),
            (centre.intake, centre.planning, centre.metrics),
            centre.databases,
            strict=True,
        )
    ]
    answered(centre, 3)
    said = [each.body for each in centre.said()]
    about = [body for body in said if b"response_submitted" in body]
    strange = [body.replace(b"submitted.v1", b"submitted.v2") for body in about]
    for inbox in inboxes:
        inbox.receive(about + strange)
    key, other = f"{centre.survey}.r1", f"{centre.survey}.r2"
    before = held(other)
    assert [len(each) for each in held(key)] == [2, 2, 2]  # counted or waiting, and failed
    erase_person(centre, "r1")
    erasure = [each.body for each in centre.said()]
    for inbox in inboxes:
        inbox.receive(erasure)
        inbox.receive(about[::-1] + strange[::-1])
    assert held(key) == [[], [], []]
    assert [len(each) for each in held(other)] == [len(each) for each in before]
    for inbox in inboxes[1:]:
        inbox.receive([body for body in said if b"survey_published" in body])
    elsewhere = [
        each[name] for each in centre.databases[1:] for name in each.list_collection_names()
    ]
    assert key not in str([list(collection.find()) for collection in elsewhere])
    assert [figure[1] for figure in centre.figures()] == [2, 2]


def test_answers_go_when_their_time_is_over_and_proposals_stay(centre, monkeypatch):
    kept = {**DEFINITION, "retention_days": 30}

    def keeping(survey) -> list:
        survey.definition, survey.published = kept, [kept]
        return []

    centre.intake.surveys.update("careers", centre.survey, keeping)
    answered(centre, 12)
    close_survey(centre.intake, unit="careers", name=centre.survey)
    close(centre)
    drafted = centre.planning.proposals.page("careers", {}, after=None, limit=50)
    assert drafted
    later = times.now() + timedelta(days=31)
    monkeypatch.setattr("shared.times.now", lambda: later)
    while erase_expired(centre.intake):
        centre.hear(centre.said())
        draft_closed_surveys(centre.planning)
    close(centre)
    assert [figure[1] for figure in centre.figures()] == [0, 0]
    assert centre.planning.surveys.due() == []
    assert centre.planning.proposals.page("careers", {}, after=None, limit=50) == drafted
