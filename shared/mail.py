"""Mail over SMTP: one connection for some letters, and what became of each."""

import smtplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from email.message import EmailMessage
from urllib.parse import unquote, urlsplit

from environs import Env

_PORTS = {"smtp": 25, "smtp+starttls": 587, "smtps": 465}
_SECONDS = 10.0


class NotTaken(Exception):
    """The server said no; `for_good` when asking again would not help."""

    def __init__(self, reason: str, *, for_good: bool) -> None:
        super().__init__(reason)
        self.for_good = for_good


class NobodyKnows(Exception):
    """The connection broke while a letter was handed over: it may be on its way."""


class MailAway(Exception):
    """The server cannot be reached, or refuses us; nothing was handed over."""


@dataclass(frozen=True)
class MailServer:
    """Where letters go out, from GROUNDSWELL_SMTP_URL: smtp://, smtp+starttls:// or smtps://, with
    user:password@ where the server asks for it; and GROUNDSWELL_SMTP_FROM, whose address it is."""

    url: str
    sender: str

    @classmethod
    def configured(cls) -> "MailServer | None":
        """Raises ValueError for settings that no mail can be sent with."""
        env = Env(prefix="GROUNDSWELL_")
        url, sender = env.str("SMTP_URL", ""), env.str("SMTP_FROM", "")
        if not url:
            return None
        if urlsplit(url).scheme not in _PORTS or not urlsplit(url).hostname or "@" not in sender:
            raise ValueError(
                "Set GROUNDSWELL_SMTP_URL as smtp+starttls://user:password@host:587, and "
                "GROUNDSWELL_SMTP_FROM as an address."
            )
        return cls(url, sender)

    @contextmanager
    def connected(self) -> Iterator["Line"]:
        """Raises MailAway."""
        asked = urlsplit(self.url)
        host, port = asked.hostname or "", asked.port or _PORTS[asked.scheme]
        secure = ssl.create_default_context()
        try:
            if asked.scheme == "smtps":
                smtp: smtplib.SMTP = smtplib.SMTP_SSL(host, port, timeout=_SECONDS, context=secure)
            else:
                smtp = smtplib.SMTP(host, port, timeout=_SECONDS)
            if asked.scheme == "smtp+starttls":
                smtp.starttls(context=secure)
            if asked.username:
                smtp.login(unquote(asked.username), unquote(asked.password or ""))
        except (OSError, smtplib.SMTPException) as error:
            raise MailAway(repr(error)[:200]) from error
        try:
            yield Line(smtp, self.sender)
        finally:
            with suppress(OSError, smtplib.SMTPException):
                smtp.quit()


@dataclass(frozen=True)
class Line:
    """An open connection."""

    smtp: smtplib.SMTP
    sender: str

    def send(self, letter: EmailMessage) -> None:
        """Returns when the server has taken it on. Raises NotTaken, NobodyKnows."""
        letter["From"] = self.sender
        try:
            self.smtp.send_message(letter)
        except smtplib.SMTPRecipientsRefused as refused:
            code, reason = next(iter(refused.recipients.values()))
            raise _refusal(code, reason) from refused
        except smtplib.SMTPResponseException as refused:
            raise _refusal(refused.smtp_code, refused.smtp_error) from refused
        except smtplib.SMTPNotSupportedError as refused:
            raise NotTaken("The server takes no such address.", for_good=True) from refused
        except (OSError, smtplib.SMTPException) as error:
            raise NobodyKnows(repr(error)[:200]) from error


def _refusal(code: int, reason: bytes | str) -> NotTaken:
    text = reason.decode("utf-8", "replace") if isinstance(reason, bytes) else reason
    return NotTaken(f"{code} {text}"[:200], for_good=code >= 500)
