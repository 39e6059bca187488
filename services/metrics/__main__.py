"""`python -m services.metrics replay [HEAD ...] | differences`."""

from pymongo.database import Database

from services.metrics.store import open_store
from shared import rebuild
from shared.documents import Document
from shared.fold import Fold
from shared.reconciliation import Reconciliation


def opened(database: Database[Document]) -> tuple[Fold, Reconciliation]:
    store = open_store(database)
    return store.heads.fold, store.reconciliation


if __name__ == "__main__":
    rebuild.main("metrics", opened)
