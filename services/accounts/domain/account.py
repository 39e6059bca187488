"""Accounts and their roles."""

from dataclasses import dataclass
from typing import Any

ROLES = ("planner", "administrator")


class WrongCredentials(Exception):
    """No account has this name and password; which of the two is wrong is nobody's business."""


class NameTaken(Exception):
    """Another account has this name."""


class NoSuchAccount(Exception):
    """Missing, or another unit's, which looks the same from outside."""


class AccountDisabled(Exception):
    """Name and password are right, and an administrator took the account out of use."""


class OwnAccount(Exception):
    """Nobody takes their own account out of use: there might be no other administrator."""


@dataclass(frozen=True)
class Account:
    """`password_hash` is Argon2id in its encoded form."""

    name: str
    unit: str
    role: str
    password_hash: str
    disabled: bool = False


def claims(name: str, role: str, unit: str, *, now: int, lifetime: int) -> dict[str, Any]:
    """What an access token says; times are in seconds since 1970."""
    return {"sub": name, "role": role, "unit": unit, "iat": now, "exp": now + lifetime}
