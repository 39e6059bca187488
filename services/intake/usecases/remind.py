"""Invitations and reminders go out by mail, each address at most once a mailing."""

import threading
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from email.message import EmailMessage

import structlog

from services.intake.domain.invitation import (
    InvitationUnknown,
    link_to,
    new_secret,
    opt_out_token,
    opted_out,
)
from services.intake.domain.letter import filled, template_errors
from services.intake.domain.survey import OPEN, Survey, SurveyNotOpen
from services.intake.store import Store
from services.intake.store.invitations import Invitation
from services.intake.store.mailings import Delivery, Mailing
from services.intake.usecases import invite
from services.intake.wording import Wording
from shared import times
from shared.jobs import CANCELLED, DONE, TakenAway
from shared.loops import repeat
from shared.mail import Line, MailAway, MailServer, NobodyKnows, NotTaken, new_letter

log = structlog.get_logger()

_BATCH = 50
_MOST_TRIES = 6
_FIRST_WAIT = timedelta(seconds=30)
# Who asks with a wrong password too often is locked out.
_LOOK_SECONDS, _AWAY_SECONDS = 1.0, 60.0


class NoMailServer(Exception):
    """Nothing says where mail goes out."""


class InvalidLetter(Exception):
    """`errors` has one entry a field."""

    def __init__(self, errors: list[dict[str, str]]) -> None:
        super().__init__("The letter cannot be sent as it is.")
        self.errors = errors


def mail_unanswered(
    store: Store, server: MailServer | None, *, unit: str, survey: str, name: str, who: str,
    subject: str, text: str, language: str = "",
) -> Mailing:  # fmt: skip
    """Have a letter sent to everybody who has not answered and wants mail. The same `name` again
    is the same mailing. `language` is what it is written in, one of the survey's; its first where
    none is said.

    Raises NoMailServer, InvalidLetter, NotByInvitation, SurveyNotOpen, NoSuchSurvey.
    """
    asked = invite.by_invitation(store, unit, survey)
    if asked.status != OPEN:
        raise SurveyNotOpen(f"This survey is {asked.status}: nobody could answer a letter.")
    if server is None:
        raise NoMailServer(
            "No mail server is set up: set GROUNDSWELL_SMTP_URL and GROUNDSWELL_SMTP_FROM, or "
            "make links and send them by your own means."
        )
    languages = asked.definition["languages"]
    language = language or languages[0]
    errors = template_errors(subject, text)
    if language not in languages:
        errors.append({"field": "language", "message": f"Name one of: {', '.join(languages)}."})
    if errors:
        raise InvalidLetter(errors)
    letter = {"subject": subject, "text": text, "language": language}
    return store.mailings.add(unit, name, survey, who=who, **letter)


def cancel_mailing(store: Store, *, unit: str, name: str) -> Mailing:
    """Send no more of it. Raises NoSuchJob."""
    return store.mailings.cancel(unit, name)


def opt_out(store: Store, *, key: str, token: str) -> None:
    """Send nothing more to who has this token. Raises InvitationUnknown."""
    store.invitations.opt_out(store.invitations.get(opted_out(key, token) or "").id)


@dataclass
class SendMail:
    """Sends what waits, a batch at a time, until it is told to stop. `key` signs the way out of
    the list, `url` is where the links lead."""

    store: Store
    server: MailServer
    key: str
    url: str

    def __call__(self, stop: threading.Event) -> None:
        repeat(
            lambda: self.send_some(stop), stop, name="mail", idle=_LOOK_SECONDS,
            after_failure=_AWAY_SECONDS, away=(MailAway,),
        )  # fmt: skip

    def send_some(self, stop: threading.Event) -> bool:
        """One batch of the mailing that waits longest; whether there was one. Raises MailAway."""
        mailing = self.store.mailings.take()
        if mailing is None:
            return False
        with suppress(TakenAway):  # it was cancelled, or this took so long that another has it
            self._work_on(mailing, stop)
        return True

    def _work_on(self, mailing: Mailing, stop: threading.Event) -> None:
        """Raises MailAway, TakenAway."""
        jobs = self.store.mailings.jobs
        asked = self.store.surveys.get(mailing.unit, mailing.survey)
        if not mailing.prepared:
            self._prepare(mailing)
        if asked.status != OPEN:  # closed meanwhile
            jobs.end(mailing.lease, CANCELLED)
            return
        try:
            tried = self._send(mailing, asked, stop)
        except MailAway:
            jobs.release(mailing.lease)
            raise
        if tried:
            jobs.release(mailing.lease)
        elif self.store.mailings.progress(mailing.id)["queued"]:
            jobs.release(mailing.lease, times.now() + timedelta(seconds=_LOOK_SECONDS))
        else:
            jobs.end(mailing.lease, DONE)

    def _prepare(self, mailing: Mailing) -> None:
        """Settle who gets it. Killed on the way, it is begun again and changes nothing twice."""
        asked = invite.by_invitation(self.store, mailing.unit, mailing.survey)
        invite.settle(self.store, asked)
        waiting = invite.unanswered(self.store, asked)
        self.store.mailings.queue(mailing, [each.id for each in waiting if not each.opted_out])
        self.store.mailings.jobs.advance(mailing.lease, prepared=True)

    def _send(self, mailing: Mailing, asked: Survey, stop: threading.Event) -> int:
        """How many of those that are due were tried. Raises MailAway, TakenAway."""
        batch = self.store.mailings.due(mailing.id, _BATCH)
        if not batch:
            return 0
        try:
            with self.server.connected() as line:
                tried = self._send_batch(line, mailing, asked, batch, stop)
        except MailAway as error:
            self.store.mailings.note_trouble(mailing, str(error))
            raise
        self.store.mailings.note_trouble(mailing, "")
        return tried

    def _send_batch(
        self, line: Line, mailing: Mailing, asked: Survey, batch: list[str], stop: threading.Event
    ) -> int:
        for tried, name in enumerate(batch):
            if stop.is_set() or not line.is_open:
                return tried
            self.store.mailings.jobs.advance(mailing.lease)
            delivery = self.store.mailings.begin(name)
            if delivery is not None:
                self._hand_over(line, mailing, asked, delivery)
        return len(batch)

    def _hand_over(self, line: Line, mailing: Mailing, asked: Survey, delivery: Delivery) -> None:
        """Raises MailAway; the letter waits then."""
        end = self.store.mailings.end
        try:
            invitation = self.store.invitations.get(delivery.invitation)
        except InvitationUnknown:  # it was forgotten since
            self.store.mailings.forget(delivery.invitation)
            return
        if invitation.opted_out or invite.has_answered(asked, invitation):
            end(delivery.id, "skipped")
            return
        secret = new_secret()
        self.store.invitations.link([(invitation, secret)])
        try:
            line.send(self._letter(mailing, asked, invitation, secret))
        except NobodyKnows as error:
            log.warning("mail.uncertain", mailing=mailing.id, reason=str(error))
        except MailAway:
            self.store.mailings.put_back(delivery.id)
            raise
        except NotTaken as error:
            if error.for_good or delivery.tries >= _MOST_TRIES:
                end(delivery.id, "failed", str(error))
            else:
                wait = _FIRST_WAIT * 2 ** (delivery.tries - 1)
                end(delivery.id, "queued", str(error), times.now() + wait)
        else:
            end(delivery.id, "sent")

    def _letter(
        self, mailing: Mailing, asked: Survey, invitation: Invitation, secret: str
    ) -> EmailMessage:
        away = f"{self.url}/intake/opt-out/{opt_out_token(self.key, invitation.id)}"
        closes = asked.definition.get("closes_at")
        values = {
            "name": invitation.name or invitation.email,
            "link": link_to(self.url, secret),
            "closes": closes[:10] if closes else "",
        }
        language = mailing.language or asked.definition["languages"][0]
        letter = new_letter()
        letter["To"] = invitation.email
        letter["Subject"] = filled(mailing.subject, values)
        letter["List-Unsubscribe"] = f"<{away}>"
        letter["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
        letter["Auto-Submitted"] = "auto-generated"
        last = Wording(language).plain("no_more_mail", address=away)
        letter.set_content(f"{filled(mailing.text, values).rstrip()}\n\n-- \n{last}\n")
        letter["Content-Language"] = language  # what is set before goes with the content
        return letter
