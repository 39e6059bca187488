"""An account is taken out of use, or back into it. Nothing is deleted: what somebody decided stays
on record under the name."""

from services.accounts.domain.account import Account, OwnAccount
from services.accounts.store import Accounts


def disable_account(accounts: Accounts, *, name: str, unit: str, who: str) -> Account:
    """Nobody can sign in with it from here on; who is signed in stays so until the access token
    ends. Again changes nothing. Raises NoSuchAccount, OwnAccount."""
    if name == who:
        raise OwnAccount("This is your own account: ask another administrator.")
    return accounts.disable(name, unit, disabled=True)


def enable_account(accounts: Accounts, *, name: str, unit: str) -> Account:
    """With the password that it had. Again changes nothing. Raises NoSuchAccount."""
    return accounts.disable(name, unit, disabled=False)
