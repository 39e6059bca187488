"""Sign an access token, which every service takes until it expires."""

import time

import jwt

from services.accounts.domain.account import claims
from shared.tokens import AUDIENCE, ISSUER

SESSION_SECONDS = 8 * 3600


def issue_token(
    private_key: str, *, name: str, role: str, unit: str, lifetime: int = SESSION_SECONDS
) -> str:
    """`private_key` is an Ed25519 key in PEM, `lifetime` in seconds."""
    said = claims(name, role, unit, now=int(time.time()), lifetime=lifetime)
    return jwt.encode({**said, "aud": AUDIENCE, "iss": ISSUER}, private_key, algorithm="EdDSA")
