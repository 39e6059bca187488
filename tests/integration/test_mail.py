"""Mail over SMTP with TLS and login, and what is said where it cannot go out."""

import re
from contextlib import contextmanager

import pytest

from shared.mail import MailAway, MailServer, NobodyKnows, NotTaken, new_letter
from shared.settings import UnsafeSetting
from tests.mailbox import HOST, Mailbox, certified, serving
from tests.servers import free_port

USER, PASSWORD = "centre@example.edu", "p@ss/w:rd"
LOGIN = "centre%40example.edu:p%40ss%2Fw%3Ard"
SENDER = "Büro <careers@example.edu>"


@pytest.fixture(scope="module")
def tls(tmp_path_factory):
    return certified(tmp_path_factory.mktemp("tls"))


@pytest.fixture
def trusted(tls, monkeypatch):
    monkeypatch.setenv("SSL_CERT_FILE", str(tls[1]))


@pytest.fixture
def secured(tls):
    """A server that takes letters from who logged in, over TLS alone: how it is addressed."""

    @contextmanager
    def secured(scheme, login=LOGIN):
        box = Mailbox(PASSWORD)
        options = {"authenticator": box.authenticate}
        if scheme == "smtps":
            options |= {"ssl_context": tls[0], "auth_require_tls": False}
        else:
            options |= {"tls_context": tls[0], "require_starttls": True, "auth_required": True}
        with serving(box, **options):
            yield box, MailServer(f"{scheme}://{login}@{HOST}:{box.port}", SENDER)

    return secured


@pytest.fixture
def plain():
    with serving(Mailbox()) as box:
        yield box, MailServer(f"smtp://{HOST}:{box.port}", SENDER)


def letter(to="a@example.edu", **headers):
    made = new_letter()
    made["To"] = to
    made["Subject"] = "Ihre Umfrage: für Sie, Jörg"
    for name, value in headers.items():
        made[name.replace("_", "-")] = value
    made.set_content("Grüße\n" + "lang " * 60 + "\n.\n")
    return made


SCHEMES = pytest.mark.parametrize("scheme", ["smtp+starttls", "smtps"])


@SCHEMES
@pytest.mark.usefixtures("trusted")
def test_a_letter_goes_out_over_tls_after_a_login(secured, scheme):
    with secured(scheme) as (box, server), server.connected() as line:
        line.send(letter())
    assert box.logins == [(USER, PASSWORD)]
    assert box.to() == ["a@example.edu"]


@SCHEMES
def test_a_certificate_that_nobody_vouches_for_is_refused_before_the_login(secured, scheme):
    with (
        secured(scheme) as (box, server),
        pytest.raises(MailAway, match=r"certificate.*SSL_CERT_FILE"),
        server.connected(),
    ):
        pass
    assert box.logins == []


@SCHEMES
@pytest.mark.usefixtures("trusted")
def test_a_wrong_password_is_said_in_words_without_it(secured, scheme):
    with (
        secured(scheme, "centre:guessed") as (box, server),
        pytest.raises(MailAway, match="refuses the user name or the password") as refused,
        server.connected(),
    ):
        pass
    assert "guessed" not in str(refused.value)
    assert {password for _, password in box.logins} == {"guessed"}


def test_a_password_never_goes_to_a_server_that_offers_no_tls(plain):
    box, _ = plain
    server = MailServer(f"smtp+starttls://{LOGIN}@{HOST}:{box.port}", SENDER)
    with pytest.raises(MailAway, match="STARTTLS"), server.connected():
        pass
    assert box.logins == []


def test_tls_from_the_start_at_a_plain_port_is_told_from_a_server_that_is_away(plain):
    box, _ = plain
    server = MailServer(f"smtps://{HOST}:{box.port}", SENDER)
    with pytest.raises(MailAway, match="does not speak TLS"), server.connected():
        pass
    away = MailServer(f"smtp://{HOST}:{free_port()}", SENDER)
    with pytest.raises(MailAway, match="cannot be reached"), away.connected():
        pass


def test_a_letter_has_the_headers_of_one_and_is_readable_everywhere(plain):
    box, server = plain
    way_out = f"<https://needs.careers.example.edu/intake/opt-out/{'a' * 32}-{'b' * 32}>"
    with server.connected() as line:
        line.send(letter(List_Unsubscribe=way_out))
        line.send(letter())
    (raw, _), (sent, other) = box.raw, box.letters
    assert f"List-Unsubscribe: {way_out}\r\n".encode() in raw
    assert raw.isascii()
    assert max(map(len, raw.replace(way_out.encode(), b"").splitlines())) <= 76
    assert sent["From"] == SENDER
    assert sent["Date"].datetime.tzinfo is not None
    assert re.fullmatch(r"<[^<>@\s]+@example\.edu>", sent["Message-ID"])
    assert sent["Message-ID"] != other["Message-ID"]
    assert sent.get_content().split("\r\n") == ["Grüße", "lang " * 60, ".", ""]


@pytest.mark.parametrize("end", ["\r\n", "\n", "\r", "\x0b", "\u2028"])
def test_no_header_can_begin_another_one(end):
    with pytest.raises(ValueError, match="linefeed"):
        letter(f"a@example.edu{end}Bcc: b@example.edu")


def test_a_connection_that_breaks_before_the_letter_leaves_no_doubt(plain):
    box, server = plain
    box.most, box.drops = 1, {"b@example.edu"}
    with server.connected() as line:
        line.send(letter())
        with pytest.raises(NotTaken) as refused:
            line.send(letter())
        assert not refused.value.for_good
        assert not line.is_open
    with server.connected() as line, pytest.raises(NobodyKnows):
        line.send(letter("b@example.edu"))
    assert box.to() == ["a@example.edu"]


def test_a_server_that_refuses_the_sender_says_nothing_of_who_the_letter_is_for(plain):
    box, server = plain
    box.sender_refusals = ["550 5.7.1 not from you"]
    with server.connected() as line, pytest.raises(MailAway, match=r"refuses us \(550 .*not from"):
        line.send(letter())


@pytest.mark.parametrize(
    ("url", "sender"),
    [
        *(("http://mail.example.edu", "a@b.edu"), ("smtp://", "a@b.edu"), ("smtp://h", "nobody")),
        *(("smtp://h:port", "a@b.edu"), ("smtp://h:70000", "a@b.edu"), ("smtp://h", "a@b\nc@d")),
        *(("smtp://us@er:p#w@h", "a@b.edu"), ("smtps://jörg:geheim@h", "a@b.edu")),
    ],
)
def test_settings_that_no_mail_can_be_sent_with_are_refused(monkeypatch, url, sender):
    monkeypatch.setenv("GROUNDSWELL_SMTP_URL", url)
    monkeypatch.setenv("GROUNDSWELL_SMTP_FROM", sender)
    with pytest.raises(UnsafeSetting, match="GROUNDSWELL_SMTP_FROM as an address"):
        MailServer.configured()
