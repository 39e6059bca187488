"""`python -m services.metrics replay [HEAD ...] | differences | held MEMBER`."""

from pymongo.database import Database

from services.metrics.store import open_store
from services.metrics.usecases.fold_outcomes import fold_outcomes_again
from shared import rebuild
from shared.documents import Document
from shared.fold import Fold
from shared.reconciliation import Reconciliation


def opened(database: Database[Document]) -> tuple[Fold, Reconciliation]:
    store = open_store(database)
    return store.heads.fold, store.reconciliation


def say_outcomes_again(database: Database[Document]) -> None:
    """Nobody else says them: metrics is their producer and their only listener."""
    folded = fold_outcomes_again(open_store(database))
    print(f"{folded} outcomes: folded from their documents")  # noqa: T201


if __name__ == "__main__":
    rebuild.main("metrics", opened, before_replay=say_outcomes_again)
