"""Access tokens: accounts signs them, every service verifies them by the public key."""

import time
from dataclasses import dataclass

import jwt

AUDIENCE = "groundswell"
ISSUER = "groundswell-accounts"
# A clock may step back: what was issued just before is not from the future.
_STEP_SECONDS = 15 * 60
_LEEWAY_SECONDS = 10
_REMEMBERED = 1000


class InvalidToken(Exception):
    """The token is not ours, whole and in date."""


@dataclass(frozen=True)
class Reader:
    """Who sent a request, as what, and for which unit."""

    name: str
    role: str
    unit: str


class Verifier:
    """Turns a token into a Reader. A signature that was checked once is remembered until the
    token expires, since checking costs more than most requests."""

    def __init__(self, public_key: str) -> None:
        self._key = public_key
        self._known: dict[str, tuple[float, Reader]] = {}

    def reader(self, token: str) -> Reader:
        """Raises InvalidToken."""
        known = self._known.get(token)
        if known is not None and known[0] > time.time():
            return known[1]
        try:
            claims = jwt.decode(
                token,
                self._key,
                algorithms=["EdDSA"],
                audience=AUDIENCE,
                issuer=ISSUER,
                leeway=_LEEWAY_SECONDS,
                options={"require": ["exp", "iat", "sub", "role", "unit"], "verify_iat": False},
            )
            if claims["iat"] > time.time() + _STEP_SECONDS:
                raise jwt.ImmatureSignatureError
        except (jwt.InvalidTokenError, TypeError) as error:
            raise InvalidToken("The access token is not valid or has expired.") from error
        reader = Reader(claims["sub"], claims["role"], claims["unit"])
        if len(self._known) >= _REMEMBERED:
            self._known.clear()
        self._known[token] = (claims["exp"] + _LEEWAY_SECONDS, reader)
        return reader
