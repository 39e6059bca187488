"""Invitations: one answer each, whatever dies, and in an anonymous survey nobody knows whose."""

import csv
import io
import json
import threading

import pytest

from services.intake.consumer import handlers
from services.intake.domain import invitation as domain
from services.intake.store import open_store
from services.intake.store.invitations import Invitations
from services.intake.usecases import answer_invitation as answering
from shared.event import decode
from tests.service.intake.conftest import DEFINITION

SECRET = "a secret that is long enough"
ANSWERS = {"advising": {"importance": 5, "satisfaction": 2}}


def people(*names, group="student", **profile):
    return [
        {"email": f"{name}@example.edu", "name": name, "group": group, "profile": profile}
        for name in names
    ]


@pytest.fixture
def by_invitation(planner):
    """Makes an open survey that is answered by invitation."""

    def publish(**changes) -> str:
        body = {**DEFINITION, "access": "invited", "minimum_group_size": 2, **changes}
        made = planner("POST", "/surveys", json=body)
        assert made.status_code == 201, made.json
        planner("POST", f"/surveys/{made.json['id']}/publish")
        return made.json["id"]

    return publish


@pytest.fixture
def survey(by_invitation) -> str:
    return by_invitation()


@pytest.fixture
def invite(planner):
    def invite(survey, rows):
        return planner("POST", f"/surveys/{survey}/invitations", json={"invitations": rows})

    return invite


@pytest.fixture
def links(planner):
    """Fresh links of a survey's unanswered addresses: the secrets, by name."""

    def links(survey) -> dict[str, str]:
        made = planner("POST", f"/surveys/{survey}/invitations/links").json["links"]
        return {each["name"]: each["link"].partition("#")[2] for each in made}

    return links


@pytest.fixture
def answer(respondent):
    def answer(survey, secret, group="student", **body):
        sent = {"group": group, "answers": ANSWERS, **body}
        headers = {"Invitation": secret}
        return respondent("POST", f"/surveys/{survey}/responses", json=sent, headers=headers)

    return answer


def test_a_link_makes_one_answer_however_often_it_is_sent(survey, invite, links, answer, database):
    invite(survey, people("ana", "ben"))
    secret = links(survey)["ana"]
    first, again = answer(survey, secret), answer(survey, secret)
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json == again.json
    other = answer(survey, secret, answers={"advising": {"importance": 1, "satisfaction": 1}})
    assert other.status_code == 409
    assert database.responses.count_documents({}) == 1


def test_without_a_link_or_with_another_s_nothing_is_stored(
    survey, by_invitation, invite, links, answer, respondent, database
):
    invite(survey, people("ana", "ben"))
    body = {"id": "r1", "group": "student", "answers": ANSWERS}
    refused = respondent("POST", f"/surveys/{survey}/responses", json=body)
    assert (refused.status_code, refused.json["type"].rpartition(":")[2]) == (
        403,
        "invitation-needed",
    )
    assert answer(survey, domain.new_secret()).status_code == 403
    assert answer(by_invitation(), links(survey)["ana"]).status_code == 403
    assert database.responses.count_documents({}) == 0


def test_a_crash_between_the_answer_and_the_spending_is_repaired_by_sending_again(
    survey, invite, links, answer, database, monkeypatch
):
    invite(survey, people("ana", "ben"))
    first = links(survey)["ana"]
    with monkeypatch.context() as dying:
        dying.setattr(Invitations, "spend", _dies)
        assert answer(survey, first).status_code == 500
    assert database.responses.count_documents({}) == 1
    assert database.invitations.count_documents({"spent": True}) == 0
    # Until then no other link of the invitation makes a second answer, not even a fresh one.
    assert answer(survey, links(survey)["ana"]).status_code == 409
    assert answer(survey, first).status_code == 200
    assert database.invitations.count_documents({"spent": True}) == 1
    assert database.responses.count_documents({}) == 1


def test_a_crash_before_the_answer_leaves_the_link_good(
    survey, invite, links, answer, database, monkeypatch
):
    invite(survey, people("ana", "ben"))
    secret = links(survey)["ana"]
    with monkeypatch.context() as dying:
        dying.setattr(answering, "submit_response", _dies_hard)
        with pytest.raises(SystemExit):
            answer(survey, secret)
    assert database.responses.count_documents({}) == 0
    assert answer(survey, secret).status_code == 201


def _dies(*_):
    raise RuntimeError("the process is gone")


def _dies_hard(*_, **__):
    raise SystemExit


def test_of_many_links_of_one_invitation_sent_at_once_one_is_answered(
    survey, invite, links, answer, database
):
    invite(survey, people("ana", "ben"))
    secrets = [links(survey)["ana"] for _ in range(8)]
    statuses = []
    threads = [
        threading.Thread(target=lambda s=s: statuses.append(answer(survey, s).status_code))
        for s in secrets * 2
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert statuses.count(201) == 1
    assert set(statuses) <= {200, 201, 409}
    assert database.responses.count_documents({}) == 1


def test_what_is_refused_binds_the_invitation_to_no_link(survey, invite, links, answer, planner):
    invite(survey, people("ana", "ben"))
    first, second = links(survey)["ana"], links(survey)["ana"]
    assert answer(survey, first, answers={"advising": 1}).status_code == 422
    assert answer(survey, first, group="staff").json["errors"][0]["field"] == "group"
    assert answer(survey, second).status_code == 201


def test_an_invalid_answer_is_refused_before_anything_is_written(
    survey, invite, links, answer, monkeypatch
):
    """Two requests with one link, of which one is invalid, must not free it for a third."""
    invite(survey, people("ana", "ben"))
    secret = links(survey)["ana"]
    monkeypatch.setattr(Invitations, "claim", _dies)
    assert answer(survey, secret, answers={"advising": 1}).status_code == 422


def test_an_answer_for_which_there_is_no_room_binds_the_invitation_to_no_link(
    by_invitation, invite, links, answer
):
    survey = by_invitation(quotas={"student": 1})
    invite(survey, people("ana", "ben"))
    first, second = links(survey), links(survey)
    answer(survey, first["ana"])
    refused = [answer(survey, each["ben"]).json["type"] for each in (first, second)]
    assert {each.rpartition(":")[2] for each in refused} == {"group-full"}


def test_a_wrong_line_is_named_and_nothing_is_kept(survey, planner, database):
    table = (
        "email,name,group,year\n"
        "ana@example.edu,Ana,student,first\n"
        "no address,Ben,student,last\n"
        "cy@example.edu,Cy,nobody,first\n"
        "di@example.edu,Di,student,third\n"
        "ANA@example.edu,Anna,student,first\n"
    )
    refused = planner("POST", f"/surveys/{survey}/invitations", data=table, content_type="text/csv")
    assert refused.status_code == 422
    wrong = {(error["line"], error["field"]) for error in refused.json["errors"]}
    assert wrong == {(3, "email"), (4, "group"), (5, "year"), (6, "email")}
    assert database.invitations.count_documents({}) == 0


def test_a_table_without_the_column_of_groups_is_told_so_once(survey, planner, database):
    table = "email,name\nana@example.edu,Ana\nben@example.edu,Ben\n"
    refused = planner("POST", f"/surveys/{survey}/invitations", data=table, content_type="text/csv")
    assert refused.status_code == 422
    [error] = refused.json["errors"]
    assert (error["line"], error["field"]) == (1, "group")
    assert error["message"].startswith("The column group is missing")
    assert error["message"].endswith("one of: student, staff.")
    assert database.invitations.count_documents({}) == 0


def test_a_group_is_known_whatever_its_case_and_blanks(by_invitation, planner, database):
    survey = by_invitation(groups=["student", "graduate_student"])
    table = "email,group\nana@example.edu,Student \nben@example.edu,Graduate  Student\n"
    taken = planner("POST", f"/surveys/{survey}/invitations", data=table, content_type="text/csv")
    assert taken.status_code == 201
    kept = {each["email"]: each["group"] for each in database.invitations.find()}
    assert kept == {"ana@example.edu": "student", "ben@example.edu": "graduate_student"}


def test_groups_that_differ_in_case_alone_are_known_by_their_exact_names(by_invitation, invite):
    survey = by_invitation(groups=["staff", "Staff"])
    assert invite(survey, people("ana", group="Staff")).status_code == 201
    assert invite(survey, people("ben", group="STAFF")).status_code == 422


def test_a_population_knows_groups_whatever_their_case_and_misses_their_column(
    by_invitation, planner, database
):
    path = f"/surveys/{by_invitation(access='open')}/population"
    table = "group,count\nStudent,40\n STAFF,20\nstudent,2\n"
    assert planner("PUT", path, data=table, content_type="text/csv").status_code == 204
    rates = planner("GET", path.replace("population", "response_rates")).json["response_rates"]
    assert {each["group"]: each["of"] for each in rates} == {None: 62, "student": 42, "staff": 20}
    wrong = planner("PUT", path, data="count\n40\n20\n", content_type="text/csv")
    [error] = wrong.json["errors"]
    assert error["message"].startswith("The column group is missing")


def test_the_same_table_again_invites_nobody_twice(survey, planner, database):
    table = "E-mail;Name;Group\nana@example.edu;Ana;student\n\nben@example.edu;Ben;staff\n"

    def send(text):
        path = f"/surveys/{survey}/invitations"
        return planner("POST", path, data="\ufeff" + text, content_type="text/csv")

    assert send(table).json == {"invited": 2, "changed": 0, "unchanged": 0}
    assert send(table).json == {"invited": 0, "changed": 0, "unchanged": 2}
    assert send(table.replace("Ana", "Anna")).json == {"invited": 0, "changed": 1, "unchanged": 1}
    assert database.invitations.count_documents({}) == 2


def test_only_a_published_survey_by_invitation_invites(planner, invite, draft, by_invitation):
    assert invite(draft, people("ana")).status_code == 409
    assert invite(by_invitation(access="open"), people("ana")).status_code == 409


def test_the_table_of_links_runs_no_formula(survey, planner, invite):
    invite(survey, [*people("ben"), *people("eve")])
    invite(survey, [{"email": "eve@example.edu", "name": "=1+1", "group": "student"}])
    path = f"/surveys/{survey}/invitations/links"
    table = planner("POST", path, headers={"Accept": "text/csv"})
    rows = list(csv.DictReader(io.StringIO(table.text)))
    assert {row["name"] for row in rows} == {"ben", "'=1+1"}
    assert table.headers["Cache-Control"] == "no-store"


def test_an_anonymous_answer_carries_only_what_enough_share(
    by_invitation, planner, invite, links, answer, respondent
):
    survey = by_invitation(minimum_group_size=3)
    invite(survey, people("a", "b", "c", college="arts") + people("d", "e", "f", college="law"))
    invite(survey, people("g", college="music") + people("x", group="staff"))
    path = f"/surveys/{survey}/invitations/links"
    made = planner("POST", path).json
    assert made["withheld"] == [{"group": "staff", "people": 1}]
    secrets = {each["name"]: each["link"].partition("#")[2] for each in made["links"]}

    def carried(name):
        sent = answer(survey, secrets[name]).json
        headers = {"Receipt": sent["receipt"]}
        return respondent("GET", f"/responses/{sent['id']}", headers=headers).json["profile"]

    assert carried("a") == {"college": "arts"}
    assert carried("g") == carried("d") == {}


def test_what_answers_carry_is_settled_before_late_ones_are_invited(
    by_invitation, invite, links, answer, database
):
    survey = by_invitation(minimum_group_size=3)
    invite(survey, people("a", "b", college="arts") + people("c", "d", college="law"))
    secret = links(survey)["a"]
    # Were it settled now, arts would be enough; but these two alone would say so.
    invite(survey, people("late", "later", college="arts"))
    fresh = links(survey)
    for each in (secret, fresh["late"]):
        assert answer(survey, each).status_code == 201
    kept = [each["carried"]["profile"] for each in database.responses.find()]
    assert kept == [{}, {}]
    again = invite(survey, people("a", college="law"))
    assert "settled" in again.json["errors"][0]["message"]


def test_who_has_answered_is_shown_of_enough_together(
    by_invitation, planner, invite, links, answer
):
    survey = by_invitation(minimum_group_size=3)
    invite(survey, people("a", "b", "c", "d"))
    secrets = links(survey)
    for name in "ab":
        answer(survey, secrets[name])
    assert set(links(survey)) == {"a", "b", "c", "d"}
    answer(survey, secrets["c"])
    assert set(links(survey)) == {"d"}
    listed = planner("GET", f"/surveys/{survey}/invitations").json["invitations"]
    assert {each["name"] for each in listed if each["answered"]} == {"a", "b", "c"}


def test_nothing_that_is_stored_or_logged_joins_an_anonymous_answer_to_its_invitation(
    survey, invite, links, answer, database, capfd
):
    """Of two invited alike, what is stored is the same whoever of them answers first, but for
    values that only the secret makes."""
    invite(survey, people("ana", "ben", year="first"))
    links(survey)
    secrets = links(survey)
    answer(survey, secrets["ben"])
    answer(survey, secrets["ana"])
    answer(survey, domain.new_secret())
    stored = {
        name: list(database[name].find())
        for name in database.list_collection_names()
        if not name.startswith("system")
    }
    invited = stored.pop("invitations")
    assert [set(each) for each in invited] == [set(invited[0])] * 2
    assert not [v for each in invited for v in each.values() if hasattr(v, "year")]
    around = [
        *(value for each in invited for value in _values(each)),
        *(value for name in ("invitation_links", "rosters") for value in _values(stored[name])),
    ]
    shared = set(around) & set(_values(stored["responses"]))
    assert shared <= {survey, "careers", "student", "first", 1, 2, False, None, "year"}
    for each in stored["responses"]:
        assert each["at"].isoformat().endswith("T00:00:00+00:00")
        for event in each["outbox"]:
            said = json.loads(event["body"])
            assert said["time"] == said["data"]["at"]
            assert said["time"].endswith("T00:00:00.000Z")
    everything = repr(stored) + repr(invited) + "".join(capfd.readouterr())
    assert not [secret for secret in secrets.values() if secret in everything]


def _values(found):
    """Every leaf of what is stored, events' bodies read."""
    if isinstance(found, bytes):
        try:
            found = json.loads(found)
        except ValueError:
            return [found]
    if isinstance(found, dict):
        return [leaf for each in found.values() for leaf in _values(each)]
    if isinstance(found, list):
        return [leaf for each in found for leaf in _values(each)]
    return [found]


def test_the_places_of_invitations_stay_whoever_answers(survey, invite, links, answer, database):
    """The database's own order is that of the upload, before and after."""
    invite(survey, people(*"abcdef"))
    before = [each["_id"] for each in database.invitations.find()]
    secrets = links(survey)
    for name in "db":
        answer(survey, secrets[name])
    assert [each["_id"] for each in database.invitations.find()] == before


def test_a_confidential_answer_is_joined_by_the_vault_alone_and_every_use_is_on_record(
    by_invitation, invite, links, answer, administrator, planner, database
):
    survey = by_invitation(participation="confidential")
    invite(survey, people("ana", "ben", college="arts"))
    sent = answer(survey, links(survey)["ana"]).json
    assert "ana" not in repr(database.responses.find_one())
    question = {"response": sent["id"], "reason": "a threat in the answer"}
    assert planner("POST", f"/surveys/{survey}/vault", json=question).status_code == 403
    found = administrator("POST", f"/surveys/{survey}/vault", json=question).json
    assert (found["email"], found["response"]) == ("ana@example.edu", sent["id"])
    missing = {"email": "ben@example.edu", "reason": "asked to withdraw"}
    assert administrator("POST", f"/surveys/{survey}/vault", json=missing).status_code == 404
    uses = administrator("GET", f"/surveys/{survey}/vault/uses").json["uses"]
    assert [(use["who"], use["reason"]) for use in uses] == [
        ("administrator@careers", "a threat in the answer"),
        ("administrator@careers", "asked to withdraw"),
    ]


def test_what_is_withdrawn_or_erased_leaves_the_vault(
    by_invitation, invite, links, answer, respondent, administrator, database
):
    survey = by_invitation(participation="confidential")
    invite(survey, people("ana", "ben"))
    secrets = links(survey)
    first, second = (answer(survey, secrets[name]).json for name in ("ana", "ben"))
    assert database.vault.count_documents({}) == 2
    respondent("DELETE", f"/responses/{first['id']}", headers={"Receipt": first["receipt"]})
    path = f"/surveys/{survey}/responses/{second['id']}/erasure"
    administrator("POST", path, json={"reason": "asked"})
    assert database.vault.count_documents({}) == 0


def test_an_anonymous_survey_has_no_vault(survey, invite, administrator):
    question = {"response": "x", "reason": "curiosity"}
    assert administrator("POST", f"/surveys/{survey}/vault", json=question).status_code == 409


def test_a_revision_keeps_what_the_invitation_gave(survey, invite, links, answer, respondent):
    invite(survey, people("ana", "ben", college="arts"))
    sent = answer(survey, links(survey)["ana"]).json
    receipt = {"Receipt": sent["receipt"]}
    revised = {"group": "student", "answers": {"advising": {"importance": 1, "use": "unused"}}}
    path = f"/responses/{sent['id']}"
    assert respondent("PUT", path, json=revised, headers=receipt).json["profile"] == {
        "college": "arts"
    }
    other = {**revised, "group": "staff"}
    assert respondent("PUT", path, json=other, headers=receipt).status_code == 422


def test_response_rates_are_of_the_invited_and_tell_of_nobody_alone(
    by_invitation, planner, invite, links, answer, database, monkeypatch
):
    monkeypatch.setattr("services.intake.store.invitations.TALLY_SECONDS", 0)
    survey = by_invitation(minimum_group_size=3)
    invite(survey, people(*"abc", college="arts") + people(*"def", college="law"))
    invite(survey, people("g", college="music") + people(*"xyz", group="staff"))
    secrets = links(survey)
    for name in "adx":
        answer(survey, secrets[name], group="staff" if name == "x" else "student")
    rates = planner("GET", f"/surveys/{survey}/response_rates").json
    assert rates["base"] == "invited"
    told = {(r["group"], r["value"]): (r["answered"], r["of"]) for r in rates["response_rates"]}
    assert told == {
        (None, None): (3, 10),
        ("staff", None): (1, 3),
        ("student", None): (2, 7),
        ("student", "arts"): (1, 3),
        ("student", ""): (1, 4),
    }


def test_response_rates_are_of_the_population_where_a_survey_is_open(
    by_invitation, planner, respondent, database
):
    survey = by_invitation(access="open")
    table = "group,year,count\nstudent,first,40\nstudent,last,60\nstaff,,20\n"
    path = f"/surveys/{survey}/population"
    assert planner("PUT", path, data=table, content_type="text/csv").status_code == 204
    for name, year in (("r1", "first"), ("r2", "first"), ("r3", "last")):
        body = {"id": name, "group": "student", "answers": {**ANSWERS, "year": year}}
        sent = respondent("POST", f"/surveys/{survey}/responses", json=body).json
    hear(database)
    respondent("DELETE", "/responses/r3", headers={"Receipt": sent["receipt"]})
    hear(database)
    rates = planner("GET", f"/surveys/{survey}/response_rates").json
    told = {(r["group"], r["value"]): (r["answered"], r["of"]) for r in rates["response_rates"]}
    assert rates["base"] == "population"
    assert told[("student", "first")] == (2, 40)
    assert told[("student", "last")] == (0, 60)
    assert told[("staff", None)] == (0, 20)
    wrong = planner("PUT", path, data="group,count\nstudent,many\n", content_type="text/csv")
    assert wrong.json["errors"][0]["line"] == 2


def hear(database):
    """What the worker hears of responses: all that waits, some of it again."""
    listens = handlers(open_store(database, SECRET))
    for response in database.responses.find():
        for event in response.get("outbox", []):
            message = decode(event["body"])
            listens[message.type]([message])
