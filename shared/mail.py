"""Mail over SMTP: one connection for some letters, and what became of each."""

import smtplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from email.headerregistry import BaseHeader, HeaderRegistry, UnstructuredHeader
from email.message import EmailMessage
from email.policy import SMTP, Policy
from email.utils import localtime, make_msgid, parseaddr
from typing import Any
from urllib.parse import unquote, urlsplit

from environs import Env

from shared.settings import UnsafeSetting

_PORTS = {"smtp": 25, "smtp+starttls": 587, "smtps": 465}
_SECONDS = 10.0
_LONGEST_REASON = 300


class _Whole(UnstructuredHeader, BaseHeader):
    """A header on one line, however long. Folded, an address in it would be encoded as if it were
    words, and lead nowhere."""

    def fold(self, *, policy: Policy) -> str:
        return f"{self.name}: {self}{policy.linesep}"


_headers = HeaderRegistry()
_headers.map_to_type("list-unsubscribe", _Whole)
# Lines of encoded text have at most 76 characters (RFC 2045, 2047).
_POLICY = SMTP.clone(header_factory=_headers, cte_type="7bit", max_line_length=76)


def new_letter() -> EmailMessage:
    """Empty, and written so that every server can pass it on as it is."""
    return EmailMessage(_POLICY)


class NotTaken(Exception):
    """The server said no, or the line broke before the letter was handed over; `for_good` when
    asking again would not help."""

    def __init__(self, reason: str, *, for_good: bool) -> None:
        super().__init__(reason)
        self.for_good = for_good


class NobodyKnows(Exception):
    """The connection broke while a letter was handed over: it may be on its way."""


class MailAway(Exception):
    """The server cannot be reached, or refuses us, whoever the letter is for; this one was not
    handed over. Says what is wrong, for a person to read."""


class _Smtp(smtplib.SMTP):
    """Knows whether it began to hand a letter over."""

    handing_over = False

    def data(self, msg: Any) -> tuple[int, bytes]:
        self.handing_over = True
        return super().data(msg)


class _SmtpOverTls(_Smtp, smtplib.SMTP_SSL):
    pass


@dataclass(frozen=True)
class MailServer:
    """Where letters go out, from GROUNDSWELL_SMTP_URL: smtp://, smtp+starttls:// or smtps://, with
    user:password@ where the server asks for it; and GROUNDSWELL_SMTP_FROM, whose address it is.
    With TLS the server's certificate must be good for its name; SSL_CERT_FILE names the authorities
    that are trusted instead of the system's own."""

    url: str
    sender: str

    @classmethod
    def configured(cls) -> "MailServer | None":
        """Raises UnsafeSetting for settings that no mail can be sent with."""
        env = Env(prefix="GROUNDSWELL_")
        url, sender = env.str("SMTP_URL", ""), env.str("SMTP_FROM", "")
        if not url:
            return None
        if not _can_send(url, sender):
            raise UnsafeSetting(
                "Set GROUNDSWELL_SMTP_URL as smtp+starttls://user:password@host:587, with %40 for "
                "an @ in user or password, and GROUNDSWELL_SMTP_FROM as an address."
            )
        return cls(url, sender)

    @contextmanager
    def connected(self) -> Iterator["Line"]:
        """Raises MailAway."""
        asked = urlsplit(self.url)
        secure = ssl.create_default_context()
        try:
            smtp = self._open(secure)
        except (OSError, smtplib.SMTPException) as error:
            raise MailAway(_in_words(error)) from error
        try:
            try:
                if asked.scheme == "smtp+starttls":
                    smtp.starttls(context=secure)
                if asked.username:
                    smtp.login(unquote(asked.username), unquote(asked.password or ""))
            except (OSError, smtplib.SMTPException) as error:
                raise MailAway(_in_words(error)) from error
            yield Line(smtp, self.sender)
        finally:
            with suppress(OSError, smtplib.SMTPException):
                smtp.quit()
            smtp.close()

    def _open(self, secure: ssl.SSLContext) -> _Smtp:
        asked = urlsplit(self.url)
        host, port = asked.hostname or "", asked.port or _PORTS[asked.scheme]
        if asked.scheme == "smtps":
            return _SmtpOverTls(host, port, timeout=_SECONDS, context=secure)
        return _Smtp(host, port, timeout=_SECONDS)


@dataclass(frozen=True)
class Line:
    """An open connection."""

    smtp: _Smtp
    sender: str

    @property
    def is_open(self) -> bool:
        """Whether it is good for another letter."""
        return self.smtp.sock is not None

    def send(self, letter: EmailMessage) -> None:
        """Returns when the server has taken it on. Raises NotTaken, NobodyKnows, MailAway."""
        letter["From"] = self.sender
        letter["Date"] = localtime()
        letter["Message-ID"] = make_msgid(domain=_domain(self.sender))
        self.smtp.handing_over = False
        try:
            self.smtp.send_message(letter)
        except smtplib.SMTPRecipientsRefused as refused:
            code, reason = next(iter(refused.recipients.values()))
            raise _refusal(code, reason) from refused
        except (smtplib.SMTPSenderRefused, smtplib.SMTPHeloError) as refused:
            raise MailAway(_in_words(refused)) from refused
        except smtplib.SMTPResponseException as refused:
            raise _refusal(refused.smtp_code, refused.smtp_error) from refused
        except smtplib.SMTPNotSupportedError as refused:
            raise NotTaken("The server takes no such address.", for_good=True) from refused
        except (OSError, smtplib.SMTPException) as error:
            if self.smtp.handing_over:
                raise NobodyKnows(repr(error)[:_LONGEST_REASON]) from error
            raise NotTaken(_in_words(error), for_good=False) from error


def _can_send(url: str, sender: str) -> bool:
    try:
        asked = urlsplit(url)
        port = asked.port  # raises where it is no number
    except ValueError:
        return False
    # smtplib gives user and password to the server in ASCII alone.
    login = unquote(asked.username or "") + unquote(asked.password or "")
    return (
        asked.scheme in _PORTS
        and bool(asked.hostname)
        and port != 0
        and login.isascii()
        and sender.isprintable()
        and bool(_domain(sender))
    )


def _domain(sender: str) -> str:
    return parseaddr(sender)[1].rpartition("@")[2] if "@" in sender else ""


def _refusal(code: int, reason: bytes | str) -> NotTaken:
    return NotTaken(_said(code, reason), for_good=code >= 500)


def _said(code: int, reason: bytes | str) -> str:
    text = reason.decode("utf-8", "replace") if isinstance(reason, bytes) else reason
    return f"{code} {' '.join(text.split())}"[:_LONGEST_REASON]


def _in_words(error: Exception) -> str:
    """What is wrong between us and the server, and what to do about it."""
    match error:
        case smtplib.SMTPAuthenticationError():
            said = _said(error.smtp_code, error.smtp_error)
            wrong = f"refuses the user name or the password in GROUNDSWELL_SMTP_URL ({said})"
        case smtplib.SMTPResponseException():
            wrong = f"refuses us ({_said(error.smtp_code, error.smtp_error)})"
        case smtplib.SMTPServerDisconnected():
            wrong = f"broke the connection off ({error})"
        case smtplib.SMTPException():
            wrong = f"cannot do what GROUNDSWELL_SMTP_URL asks for ({error})"
        case ssl.SSLCertVerificationError():
            wrong = (
                f"shows a certificate that is not trusted ({error.verify_message}); where a "
                "private authority made it, name that one's certificate in SSL_CERT_FILE"
            )
        case ssl.SSLError():
            wrong = (
                "does not speak TLS at this port from the start, which smtps:// in "
                f"GROUNDSWELL_SMTP_URL asks for; try smtp+starttls:// ({error.reason})"
            )
        case _:
            wrong = f"cannot be reached ({error})"
    return f"The mail server {wrong}."
