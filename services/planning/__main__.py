"""`python -m services.planning replay [SURVEY ...] | differences | held MEMBER`."""

from pymongo.database import Database

from services.planning.app import open_store
from shared import rebuild
from shared.documents import Document
from shared.fold import Fold
from shared.reconciliation import Reconciliation


def opened(database: Database[Document]) -> tuple[Fold, Reconciliation]:
    store = open_store(database)
    return store.tables, store.reconciliation


if __name__ == "__main__":
    rebuild.main("planning", opened)
