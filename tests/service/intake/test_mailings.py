"""Letters to the invited, through a real SMTP server on this machine."""

import threading
from datetime import timedelta
from email import message_from_bytes, policy

import pytest
from aiosmtpd.controller import Controller

from services.intake.domain.invitation import invitation_id, opt_out_token
from services.intake.store import open_store
from services.intake.store.mailings import Mailings
from services.intake.usecases.remind import SendMail, opt_out
from shared import times
from shared.mail import MailAway, MailServer
from tests.servers import free_port
from tests.service.intake.conftest import DEFINITION

KEY = "a secret that is long enough"
LETTER = {"subject": "Please answer, {name}", "text": "Dear {name},\n{link}\nuntil {closes}\n"}
GOING_ON = threading.Event()


class Mailbox:
    """What an SMTP server took, and how it answers each address before that."""

    def __init__(self):
        self.letters, self.refusals = [], {}

    async def handle_RCPT(self, _server, _session, envelope, address, _options):  # noqa: N802
        answers = self.refusals.get(address, [])
        if answers:
            return answers.pop(0)
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server, _session, envelope):  # noqa: N802
        self.letters.append(message_from_bytes(envelope.content, policy=policy.default))
        return "250 OK"

    def to(self):
        return sorted(letter["To"] for letter in self.letters)


@pytest.fixture
def mailbox(monkeypatch):
    box, port = Mailbox(), free_port()
    server = Controller(box, hostname="127.0.0.1", port=port)
    server.start()
    monkeypatch.setenv("GROUNDSWELL_SMTP_URL", f"smtp://127.0.0.1:{port}")
    monkeypatch.setenv("GROUNDSWELL_SMTP_FROM", "Career centre <careers@example.edu>")
    yield box
    server.stop()


@pytest.fixture
def send_mail(mailbox, database) -> SendMail:
    """What the worker runs."""
    store = open_store(database, KEY)
    return SendMail(store, MailServer.configured(), KEY, "http://centre.example")


@pytest.fixture
def survey(planner) -> str:
    """By invitation, with three people invited to it."""
    body = {**DEFINITION, "access": "invited", "participation": "confidential"}
    body |= {"closes_at": "2099-05-01T12:00:00Z"}
    name = planner("POST", "/surveys", json=body).json["id"]
    planner("POST", f"/surveys/{name}/publish")
    rows = [{"email": f"{n}@example.edu", "name": n, "group": "student"} for n in ("a", "b", "c")]
    planner("POST", f"/surveys/{name}/invitations", json={"invitations": rows})
    return name


@pytest.fixture
def mail(planner, survey):
    def mail(**changes):
        return planner("POST", f"/surveys/{survey}/mailings", json={**LETTER, **changes})

    return mail


def progress(planner, survey):
    (mailing,) = planner("GET", f"/surveys/{survey}/mailings").json["mailings"]
    counts = {state: n for state, n in mailing["progress"].items() if n}
    return mailing["status"], counts


def secret_in(letter) -> str:
    (line,) = [line for line in letter.get_content().splitlines() if "/intake/i#" in line]
    return line.partition("#")[2]


def test_everybody_gets_a_letter_with_a_link_that_answers(
    mail, survey, planner, respondent, send_mail, mailbox
):
    assert mail().status_code == 201
    send_mail.send_some(GOING_ON)
    send_mail.send_some(GOING_ON)
    assert progress(planner, survey) == ("done", {"sent": 3})
    assert mailbox.to() == ["a@example.edu", "b@example.edu", "c@example.edu"]
    letter = min(mailbox.letters, key=lambda each: each["To"])
    assert letter["Subject"] == "Please answer, a"
    assert letter["From"] == "Career centre <careers@example.edu>"
    assert "until 2099-05-01" in letter.get_content()
    body = {"group": "student", "answers": {"advising": {"importance": 5, "satisfaction": 2}}}
    headers = {"Invitation": secret_in(letter)}
    path = f"/surveys/{survey}/responses"
    assert respondent("POST", path, json=body, headers=headers).status_code == 201


def test_a_reminder_goes_to_whoever_has_not_answered_and_wants_mail(
    mail, survey, planner, respondent, send_mail, mailbox, flask_app
):
    mail()
    send_mail.send_some(GOING_ON)
    letters = {letter["To"]: letter for letter in mailbox.letters}
    body = {"group": "student", "answers": {"advising": {"importance": 5, "satisfaction": 2}}}
    headers = {"Invitation": secret_in(letters["a@example.edu"])}
    respondent("POST", f"/surveys/{survey}/responses", json=body, headers=headers)
    away = letters["b@example.edu"]["List-Unsubscribe"].strip("<>")
    path = away.removeprefix("http://centre.example/intake")
    one_click = flask_app.test_client().post(path, data={"List-Unsubscribe": "One-Click"})
    assert one_click.status_code == 200
    mailbox.letters.clear()
    mail(subject="A reminder")
    send_mail.send_some(GOING_ON)
    assert mailbox.to() == ["c@example.edu"]


def test_who_dies_between_sending_and_noting_sends_nothing_twice(
    mail, survey, planner, send_mail, mailbox, monkeypatch
):
    mail()
    with monkeypatch.context() as dying:
        dying.setattr(Mailings, "end", _dies)
        with pytest.raises(SystemExit):
            send_mail.send_some(GOING_ON)
    assert not send_mail.send_some(GOING_ON)  # it may be alive
    a_minute_later = times.now() + timedelta(seconds=61)
    with monkeypatch.context() as later:
        later.setattr("shared.times.now", lambda: a_minute_later)
        send_mail.send_some(GOING_ON)
        send_mail.send_some(GOING_ON)
    assert mailbox.to() == ["a@example.edu", "b@example.edu", "c@example.edu"]
    assert progress(planner, survey) == ("done", {"sent": 2, "uncertain": 1})


def _dies(*_, **__):
    raise SystemExit


def test_who_is_refused_for_now_is_tried_again_and_who_is_refused_for_good_is_not(
    mail, survey, planner, send_mail, mailbox, monkeypatch
):
    monkeypatch.setattr("services.intake.usecases.remind._FIRST_WAIT", timedelta(0))
    mailbox.refusals = {
        "a@example.edu": ["451 greylisted", "451 greylisted"],
        "b@example.edu": ["550 nobody here"],
    }
    mail()
    for _ in range(5):
        send_mail.send_some(GOING_ON)
    assert mailbox.to() == ["a@example.edu", "c@example.edu"]
    assert progress(planner, survey) == ("done", {"sent": 2, "failed": 1})


def test_who_opts_out_while_a_letter_waits_gets_none(
    mail, survey, planner, send_mail, mailbox, monkeypatch
):
    monkeypatch.setattr("services.intake.usecases.remind._FIRST_WAIT", timedelta(0))
    mailbox.refusals = {"a@example.edu": ["451 greylisted"]}
    mail()
    send_mail.send_some(GOING_ON)
    opt_out(
        send_mail.store, key=KEY, token=opt_out_token(KEY, invitation_id(survey, "a@example.edu"))
    )
    send_mail.send_some(GOING_ON)
    send_mail.send_some(GOING_ON)
    assert mailbox.to() == ["b@example.edu", "c@example.edu"]
    assert progress(planner, survey) == ("done", {"sent": 2, "skipped": 1})


def test_who_is_forgotten_while_a_letter_waits_gets_none_and_holds_up_nobody(
    mail, survey, planner, send_mail, mailbox, monkeypatch
):
    monkeypatch.setattr("services.intake.usecases.remind._FIRST_WAIT", timedelta(0))
    mailbox.refusals = {"a@example.edu": ["451 greylisted"]}
    mail()
    send_mail.send_some(GOING_ON)
    send_mail.store.invitations.forget(invitation_id(survey, "a@example.edu"))
    send_mail.send_some(GOING_ON)
    send_mail.send_some(GOING_ON)
    assert mailbox.to() == ["b@example.edu", "c@example.edu"]
    assert progress(planner, survey) == ("done", {"sent": 2})


def test_a_server_that_is_away_costs_no_try(mail, survey, planner, send_mail, mailbox):
    mail()
    away = SendMail(
        send_mail.store, MailServer(f"smtp://127.0.0.1:{free_port()}", "c@e.edu"), KEY, ""
    )
    with pytest.raises(MailAway):
        away.send_some(GOING_ON)
    assert progress(planner, survey) == ("sending", {"queued": 3})
    send_mail.send_some(GOING_ON)
    assert len(mailbox.letters) == 3


def test_a_cancelled_mailing_sends_no_more(mail, survey, planner, send_mail, mailbox):
    name = mail().json["id"]
    planner("POST", f"/surveys/{survey}/mailings/{name}/cancel")
    send_mail.send_some(GOING_ON)
    assert mailbox.letters == []


def test_a_mailing_that_is_cancelled_on_its_way_ends_with_the_letter_in_hand(
    mail, survey, planner, send_mail, mailbox, monkeypatch
):
    path = f"/surveys/{survey}/mailings/{mail().json['id']}/cancel"
    end = send_mail.store.mailings.end

    def end_and_cancel(*said):
        end(*said)
        planner("POST", path)

    monkeypatch.setattr(send_mail.store.mailings, "end", end_and_cancel)
    send_mail.send_some(GOING_ON)
    assert len(mailbox.letters) == 1
    assert progress(planner, survey) == ("cancelled", {"sent": 1, "queued": 2})


def test_each_kind_of_job_that_is_missed_is_called_by_its_name(planner, survey):
    asked = {
        "mailing": ("POST", f"/surveys/{survey}/mailings/none/cancel"),
        "import": ("GET", "/imports/none"),
        "export": ("GET", "/exports/none"),
    }
    answers = {called: planner(*request) for called, request in asked.items()}
    assert {each.status_code for each in answers.values()} == {404}
    assert all(
        answer.json["detail"] == f"There is no such {called}." for called, answer in answers.items()
    )


def test_without_a_mail_server_the_planner_is_told_what_to_do(planner, survey):
    refused = planner("POST", f"/surveys/{survey}/mailings", json=LETTER)
    assert refused.status_code == 409
    assert "GROUNDSWELL_SMTP_URL" in refused.json["detail"]


def test_a_letter_without_a_link_is_refused(mail, mailbox):
    assert mail(text="Dear {name}").json["errors"][0]["field"] == "text"
