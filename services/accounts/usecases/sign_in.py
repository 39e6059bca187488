"""A name and a password become an account, in the same time whether or not they exist."""

from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import VerificationError

from services.accounts.domain.account import Account, AccountDisabled, WrongCredentials
from services.accounts.store import Accounts


def sign_in(accounts: Accounts, *, name: str, password: str) -> Account:
    """Raises WrongCredentials, AccountDisabled."""
    account = accounts.get(name)
    hashed = _nobodys_hash() if account is None else account.password_hash
    try:
        PasswordHasher().verify(hashed, password)
    except VerificationError as error:
        raise WrongCredentials("No account has this name and password.") from error
    if account is None:
        raise WrongCredentials("No account has this name and password.")
    if account.disabled:
        raise AccountDisabled("This account is disabled: ask an administrator.")
    return account


@cache
def _nobodys_hash() -> str:
    return PasswordHasher().hash("what nobody has as a password")
