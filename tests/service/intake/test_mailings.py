"""Letters to the invited, through a real SMTP server on this machine."""

import threading
from datetime import timedelta

import pytest

from services.intake.domain.invitation import invitation_id, opt_out_token
from services.intake.store import open_store
from services.intake.store.mailings import Mailings
from services.intake.usecases.close_survey import close_survey
from services.intake.usecases.remind import SendMail, opt_out
from shared import times
from shared.mail import MailAway, MailServer
from tests.mailbox import Mailbox, certified, serving
from tests.servers import free_port
from tests.service.intake.conftest import DEFINITION

KEY = "a secret that is long enough"
LETTER = {"subject": "Please answer, {name}", "text": "Dear {name},\n{link}\nuntil {closes}\n"}
GOING_ON = threading.Event()


@pytest.fixture
def mailbox(monkeypatch):
    with serving(Mailbox()) as box:
        monkeypatch.setenv("GROUNDSWELL_SMTP_URL", f"smtp://127.0.0.1:{box.port}")
        monkeypatch.setenv("GROUNDSWELL_SMTP_FROM", "Career centre <careers@example.edu>")
        yield box


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


def trouble(planner, survey) -> str:
    (mailing,) = planner("GET", f"/surveys/{survey}/mailings").json["mailings"]
    return mailing["trouble"]


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
    assert "cannot be reached" in trouble(planner, survey)
    send_mail.send_some(GOING_ON)
    assert len(mailbox.letters) == 3


@pytest.mark.parametrize("scheme", ["smtp+starttls", "smtps"])
def test_a_server_that_refuses_our_login_is_told_of_and_gets_every_letter_once_it_takes_it(
    mail, survey, planner, send_mail, tmp_path, monkeypatch, scheme
):
    context, trusted = certified(tmp_path)
    box = Mailbox(password="right")
    options = {"ssl_context": context, "auth_require_tls": False}
    if scheme == "smtp+starttls":
        options = {"tls_context": context, "require_starttls": True, "auth_required": True}

    def sending(password):
        url = f"{scheme}://centre:{password}@127.0.0.1:{box.port}"
        server = MailServer(url, "careers@example.edu")
        return SendMail(send_mail.store, server, KEY, "http://centre.example")

    with serving(box, authenticator=box.authenticate, **options):
        mail()
        with pytest.raises(MailAway):
            sending("right").send_some(GOING_ON)
        assert "SSL_CERT_FILE" in trouble(planner, survey)
        monkeypatch.setenv("SSL_CERT_FILE", str(trusted))
        with pytest.raises(MailAway):
            sending("wrong").send_some(GOING_ON)
        assert "refuses the user name or the password" in trouble(planner, survey)
        assert progress(planner, survey) == ("sending", {"queued": 3})
        sending("right").send_some(GOING_ON)
        sending("right").send_some(GOING_ON)
    assert progress(planner, survey) == ("done", {"sent": 3})
    assert trouble(planner, survey) == ""
    assert box.to() == ["a@example.edu", "b@example.edu", "c@example.edu"]


def test_a_server_that_refuses_the_sender_costs_nobody_the_letter(
    mail, survey, planner, send_mail, mailbox
):
    mailbox.sender_refusals = ["530 5.7.0 log in first"]
    mail()
    with pytest.raises(MailAway):
        send_mail.send_some(GOING_ON)
    assert "530 5.7.0 log in first" in trouble(planner, survey)
    assert progress(planner, survey) == ("sending", {"queued": 3})
    send_mail.send_some(GOING_ON)
    assert mailbox.to() == ["a@example.edu", "b@example.edu", "c@example.edu"]


def test_only_a_letter_that_was_being_handed_over_is_uncertain_when_the_server_hangs_up(
    mail, survey, planner, send_mail, mailbox, monkeypatch
):
    monkeypatch.setattr("services.intake.usecases.remind._FIRST_WAIT", timedelta(0))
    mailbox.most, mailbox.drops = 1, {"b@example.edu"}
    mail()
    for _ in range(6):
        send_mail.send_some(GOING_ON)
    assert mailbox.to() == ["a@example.edu", "c@example.edu"]
    assert progress(planner, survey) == ("done", {"sent": 2, "uncertain": 1})


def test_a_letter_says_in_its_own_language_how_to_get_no_more(planner, send_mail, mailbox):
    definition = {**DEFINITION, "languages": ["en", "es"], "title": {"en": "Needs", "es": "Qué"}}
    body = {**definition, "access": "invited", "participation": "confidential"}
    name = planner("POST", "/surveys", json=body).json["id"]
    planner("POST", f"/surveys/{name}/publish")
    rows = [{"email": "a@example.edu", "name": "Ana", "group": "student"}]
    planner("POST", f"/surveys/{name}/invitations", json={"invitations": rows})
    path = f"/surveys/{name}/mailings"
    refused = planner("POST", path, json={**LETTER, "language": "fr"})
    assert refused.json["errors"] == [{"field": "language", "message": "Name one of: en, es."}]
    spanish = {"subject": "¿Qué necesita?", "text": "Hola, {name}:\n{link}\n", "language": "es"}
    assert planner("POST", path, json=spanish).json["language"] == "es"
    send_mail.send_some(GOING_ON)
    (letter,) = mailbox.letters
    assert letter["Content-Language"] == "es"
    assert "Para no recibir más correos" in letter.get_content()
    assert letter["List-Unsubscribe"].strip("<>") in letter.get_content()
    assert letter["Auto-Submitted"] == "auto-generated"


def test_a_survey_that_is_closed_sends_no_more_letters(mail, survey, planner, send_mail, mailbox):
    mail()
    close_survey(send_mail.store, unit="careers", name=survey)
    send_mail.send_some(GOING_ON)
    assert mailbox.letters == []
    assert progress(planner, survey) == ("cancelled", {"queued": 3})
    assert mail().json["type"].endswith("survey-not-open")


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
