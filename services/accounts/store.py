"""Accounts as documents."""

from pymongo.database import Database

from services.accounts.domain.account import Account, NameTaken
from shared.documents import AlreadyThere, Document, Documents


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
        }
        try:
            self.documents.insert(fields)
        except AlreadyThere as error:
            raise NameTaken(f"There is an account named {account.name}.") from error

    def get(self, name: str) -> Account | None:
        document = self.documents.get(name)
        if document is None:
            return None
        return Account(name, document["unit"], document["role"], document["password_hash"])


def open_store(database: Database[Document]) -> Accounts:
    return Accounts(database)
