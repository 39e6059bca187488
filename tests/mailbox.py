"""A real SMTP server on this machine: what it took, and how it answers."""

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.servers import free_port

HOST = "127.0.0.1"


class Mailbox:
    """`letters` is what it took, parsed, and `raw` the same as it came. It answers an address with
    what `refusals` has for it, one after the other, before it takes it. It hangs up at the letter
    of an address in `drops`, and at the next sender once it took as many letters on a connection as
    `most` says. `logins` are the user names and passwords that were tried."""

    def __init__(self, password: str = ""):
        self.letters, self.raw, self.logins = [], [], []
        self.refusals: dict[str, list[str]] = {}
        self.drops: set[str] = set()
        self.sender_refusals: list[str] = []
        self.most = 1_000
        self.password = password
        self.port = free_port()

    async def handle_MAIL(self, server, session, envelope, address, options):  # noqa: N802
        if getattr(session, "taken", 0) >= self.most:
            server.transport.abort()
        if self.sender_refusals:
            return self.sender_refusals.pop(0)
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 OK"

    async def handle_RCPT(self, _server, _session, envelope, address, _options):  # noqa: N802
        if self.refusals.get(address):
            return self.refusals[address].pop(0)
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):  # noqa: N802
        if self.drops.intersection(envelope.rcpt_tos):
            server.transport.abort()
            return "250 OK"
        session.taken = getattr(session, "taken", 0) + 1
        self.raw.append(envelope.content)
        self.letters.append(message_from_bytes(envelope.content, policy=policy.default))
        return "250 OK"

    def authenticate(self, _server, _session, _envelope, _mechanism, data):
        self.logins.append((data.login.decode(), data.password.decode()))
        right = data.password.decode() == self.password
        return AuthResult(success=right, handled=right)

    def to(self):
        return sorted(letter["To"] for letter in self.letters)


@contextmanager
def serving(box: Mailbox, **options: Any) -> Iterator[Mailbox]:
    """On the box's port until the end; `options` are the server's."""
    server = Controller(box, hostname=HOST, port=box.port, **options)
    server.start()
    try:
        yield box
    finally:
        server.stop()


def certified(folder: Path) -> tuple[ssl.SSLContext, Path]:
    """What a server needs to speak TLS, and the file that tells others to trust it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Made by a test")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(minutes=5))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address(HOST))]), False)  # noqa: FBT003
        .sign(key, hashes.SHA256())
    )
    trusted, whole = folder / "trusted.pem", folder / "server.pem"
    trusted.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    whole.write_bytes(private + trusted.read_bytes())
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(whole)
    return context, trusted
