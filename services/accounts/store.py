"""Accounts as documents."""

from collections.abc import Sequence

from pymongo import ASCENDING
from pymongo.database import Database

from services.accounts.domain.account import Account, NameTaken, NoSuchAccount
from shared.documents import AlreadyThere, Document, Documents, NotThere
from shared.event import Event


class Accounts:
    def __init__(self, database: Database[Document]) -> None:
        self.documents = Documents(database["accounts"])

    def add(self, account: Account) -> None:
        """Raises NameTaken."""
        fields = {
            "_id": account.name,
            "schema": 1,
            "unit": account.unit,
            "role": account.role,
            "password_hash": account.password_hash,
            "disabled": account.disabled,
        }
        try:
            self.documents.insert(fields)
        except AlreadyThere as error:
            raise NameTaken(f"There is an account named {account.name}.") from error

    def get(self, name: str) -> Account | None:
        document = self.documents.get(name)
        return None if document is None else _account(document)

    def page(self, unit: str, *, after: str | None, limit: int) -> list[Account]:
        """By name."""
        found = self.documents.collection.find({"unit": unit, "_id": {"$gt": after or ""}})
        return [_account(each) for each in found.sort("_id", ASCENDING).limit(limit)]

    def disable(self, name: str, unit: str, *, disabled: bool) -> Account:
        """Take an account out of use, or back into it. Raises NoSuchAccount."""

        def change(document: Document) -> Sequence[Event]:
            if document["unit"] != unit:
                raise NoSuchAccount
            document["disabled"] = disabled
            return ()

        try:
            return _account(self.documents.update(name, change))
        except NotThere:
            raise NoSuchAccount from None


def _account(document: Document) -> Account:
    return Account(
        document["_id"],
        document["unit"],
        document["role"],
        document["password_hash"],
        document.get("disabled", False),
    )


def open_store(database: Database[Document]) -> Accounts:
    accounts = Accounts(database)
    accounts.documents.ensure_indexes(("unit", "_id"))
    return accounts
