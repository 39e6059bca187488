"""One person's data: what an address, a response or a link leads to is shown, and is erased."""

import json
import sys
from io import BytesIO

import pytest

from services.intake import __main__ as command
from services.intake.domain.invitation import answer_name, invitation_id
from services.intake.store import open_store
from services.intake.store.brought import Brought
from services.intake.store.responses import NoSuchResponse
from services.intake.usecases import hold_person
from services.intake.usecases.count_visits import note_completion, note_progress
from services.intake.usecases.export_answers import write_export
from services.intake.usecases.save_partial import save_partial
from shared import times
from tests.service.intake.conftest import ANSWERS
from tests.service.intake.test_invitations import SECRET, people
from tests.service.intake.test_invitations import answer as answer  # noqa: PLC0414  # fixtures
from tests.service.intake.test_invitations import by_invitation as by_invitation  # noqa: PLC0414
from tests.service.intake.test_invitations import invite as invite  # noqa: PLC0414
from tests.service.intake.test_invitations import links as links  # noqa: PLC0414

ANA, BEN = "ana@example.edu", "ben@example.edu"
VISIT = "0123456789abcdef0123456789abcdef"
TYPED = [("id", "r1"), ("a.why", "half a sentence"), ("visit", VISIT)]
REASON = "asked for it"


@pytest.fixture
def store(database):
    return open_store(database, SECRET)


@pytest.fixture
def invited(by_invitation, invite, links, answer, store):
    """Ana and Ben were invited and mailed, Ana has answered, both have begun and want to win;
    answers the survey and their links."""

    def of(participation: str) -> tuple[str, dict[str, str]]:
        survey = by_invitation(participation=participation)
        invite(survey, people("ana", "ben"))
        secrets = links(survey)
        for name, secret in secrets.items():
            response, address = answer_name(secret), f"{name}@example.edu"
            save_partial(store, survey=survey, secret=secret, name=response, fields=TYPED)
            store.draws.enter("careers", survey, address)
            mailed = _mailed(survey, invitation_id(survey, address))
            store.mailings._deliveries.insert_one(mailed)
        assert answer(survey, secrets["ana"]).status_code == 201
        return survey, secrets

    return of


def _mailed(survey: str, invitation: str) -> dict:
    said = {"mailing": "m1", "invitation": invitation, "state": "failed", "reason": "550 nobody"}
    return {"_id": f"m1.{invitation}", "unit": "careers", "schema": 1, "tries": 1, **said}


def shown(store, who: str, *receipt: str) -> list[dict]:
    """What is held, as the command has it."""
    if receipt:
        return hold_person.held(store, hold_person.by_response(store, *receipt, who, REASON))
    return hold_person.held(store, hold_person.by_address(store, who, REASON))


def everything(database) -> str:
    return repr([list(database[name].find()) for name in database.list_collection_names()])


@pytest.mark.parametrize("participation", ["confidential", "identified"])
def test_an_address_leads_to_everything_where_answers_are_not_anonymous(
    invited, store, database, participation
):
    survey, _ = invited(participation)
    [held] = shown(store, ANA)
    assert held["invitation"]["name"] == "ana"
    assert held["mail"] == [{"mailing": "m1", "state": "failed", "reason": "550 nobody"}]
    assert held["begun"] == [TYPED]
    assert held["response"]["answers"] == ANSWERS
    assert held["draw"] == ANA
    before = shown(store, BEN)
    hold_person.erase(store, hold_person.by_address(store, ANA, REASON), REASON)
    assert shown(store, ANA) == []
    assert shown(store, BEN)[0]["begun"] == before[0]["begun"]
    left = everything(database)
    assert "ana" not in left
    assert invitation_id(survey, ANA) not in left


def test_of_an_anonymous_survey_an_address_leads_to_no_answer_and_its_link_does(invited, store):
    _, secrets = invited("anonymous")
    [held] = shown(store, ANA)
    assert held.keys() == {"survey", "participation", "invitation", "mail", "draw"}
    by_link = hold_person.by_link(store, secrets["ana"])
    [held] = hold_person.held(store, by_link)
    assert held["response"]["answers"] == ANSWERS
    assert held["begun"] == [TYPED]
    hold_person.erase(store, by_link, REASON)
    [left] = hold_person.held(store, by_link)
    assert left["response"]["erased"]["reason"] == REASON
    assert "answers" not in left["response"]
    assert "begun" not in left


def test_a_response_that_is_not_anonymous_leads_to_the_address(invited, store, database):
    survey, secrets = invited("confidential")
    name = answer_name(secrets["ana"])
    [held] = shown(store, name, survey)
    assert (held["invitation"]["email"], held["draw"]) == (ANA, ANA)
    who = hold_person.by_response(store, survey, name, REASON)
    hold_person.erase(store, who, REASON)
    assert "ana" not in everything(database)
    [left] = shown(store, name, survey)
    assert left["response"].keys() == {
        "response", "version", "revision", "at", "stands", "erased",
    }  # fmt: skip


def test_to_look_into_a_vault_is_on_record_and_whom_it_was_about_is_erased_with_them(
    invited, store, administrator
):
    survey, secrets = invited("confidential")
    path = f"/surveys/{survey}/vault"
    name = answer_name(secrets["ana"])
    for asked in ({"email": "ANA@example.edu"}, {"response": name}, {"email": BEN}):
        administrator("POST", path, json={"reason": "a complaint", **asked})
    assert len(shown(store, ANA)[0]["vault_uses"]) == 3
    last = administrator("GET", f"{path}/uses").json["uses"][-1]
    assert (last["who"], last["asked"]) == ("the command line", {"email": ANA})
    hold_person.erase(store, hold_person.by_address(store, ANA, REASON), REASON)
    uses = administrator("GET", f"{path}/uses").json["uses"]
    assert [use["asked"] for use in uses] == [{}, {}, {"email": BEN}, {}, {}]
    assert uses[0]["reason"] == "a complaint"


def test_what_was_begun_of_a_response_is_erased_with_it_also_over_http(
    answered, store, administrator, database
):
    for name in ("a", "never-sent"):
        save_partial(store, survey=answered, secret="", name=name, fields=TYPED)
    assert shown(store, "a", answered)[0]["begun"] == [TYPED]
    administrator("POST", f"/surveys/{answered}/responses/a/erasure", json={"reason": REASON})
    assert [row["response"] for row in database["partials"].find()] == [f"{answered}.never-sent"]


def test_the_exports_that_hold_a_response_are_named_and_go_with_it(answered, planner, store):
    name = planner("POST", f"/surveys/{answered}/exports", json={"format": "sav"}).json["id"]
    write_export(store, store.exports.jobs.take())
    assert shown(store, "a", answered)[0]["response"]["exports"] == [name]
    hold_person.erase(store, hold_person.by_response(store, answered, "a", REASON), REASON)
    assert planner("GET", f"/exports/{name}/file").status_code == 409


def test_a_test_answer_is_shown_and_erased_by_its_id(answered, store):
    assert shown(store, "t", answered)[0]["test_answer"]["answers"] == ANSWERS
    hold_person.erase(store, hold_person.by_response(store, answered, "t", REASON), REASON)
    with pytest.raises(NoSuchResponse):
        shown(store, "t", answered)


def test_what_is_left_of_a_withdrawn_response_is_shown_and_erased(answered, store):
    [was] = hold_person.erase(store, hold_person.by_response(store, answered, "c", ""), REASON)
    assert not was["response"]["stands"]
    assert store.responses.remains(answered, "c").erased["reason"] == REASON
    with pytest.raises(NoSuchResponse):
        hold_person.by_response(store, answered, "never", REASON)


def test_a_visit_has_no_content_and_of_whom_it_is_is_known_only_by_what_was_begun(
    answered, store, database
):
    """With that it is erased; otherwise it could be neither shown nor erased."""
    note_progress(store, survey=answered, visit=VISIT, item="advising")
    (under_way,) = database["visits"].find()
    assert under_way.keys() == {"_id", "unit", "schema", "survey", "done", "item"}
    note_completion(store, survey=answered, visit=VISIT, seconds="61")
    (done,) = database["visits"].find()
    assert done.keys() == {"_id", "unit", "schema", "survey", "done", "seconds"}
    save_partial(store, survey=answered, secret="", name="a", fields=TYPED)
    hold_person.erase(store, hold_person.by_response(store, answered, "a", REASON), REASON)
    assert VISIT not in everything(database)


def test_the_command_asks_for_a_reason_and_says_which_files_it_did_not_look_into(
    answered, store, database, monkeypatch, capsys
):
    def run(*arguments: str):
        monkeypatch.setattr(sys, "argv", ["intake", "person", *arguments])
        command.main()
        return capsys.readouterr()

    monkeypatch.setattr(command, "connect", lambda *_: database)
    store.brought.add(Brought("f", "careers", "people.csv", times.now()), BytesIO(b"email\n"))
    said = run("show", "a", f"{answered}.receipt")
    assert json.loads(said.out)[0]["response"]["answers"] == ANSWERS
    assert "people.csv" in said.err
    with pytest.raises(SystemExit, match="--reason"):
        run("erase", "a", answered)
    run("erase", "a", answered, "--reason", REASON)
    assert "answers" not in json.loads(run("show", "a", answered).out)[0]["response"]
    secret, _ = save_partial(store, survey=answered, secret="", name="later", fields=TYPED)
    link = f"http://centre.example/intake/s/{answered}/later#{secret}"
    run("erase", link, "--reason", REASON)
    assert json.loads(run("show", link).out) == []
    assert json.loads(run("show", " Nobody@example.edu").out) == []
