"""Somebody gets an account."""

from argon2 import PasswordHasher

from services.accounts.domain.account import Account
from services.accounts.store import Accounts


def add_account(accounts: Accounts, *, name: str, unit: str, role: str, password: str) -> Account:
    """Raises NameTaken."""
    account = Account(name, unit, role, PasswordHasher().hash(password))
    accounts.add(account)
    return account
