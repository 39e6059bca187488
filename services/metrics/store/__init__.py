"""What metrics keeps, and by which keys it is found.

The embedded database uses an index for a filter only when the index covers all of it, as
equalities and at most one range at the end. Filters here keep to that form; what else is asked
for is sifted where it is read.
"""

from pymongo.database import Database

from services.metrics.store.cuts import Cuts
from services.metrics.store.heads import Heads, survey_head
from services.metrics.store.outcomes import Outcomes
from services.metrics.store.snapshots import Snapshots
from services.metrics.store.surveys import Surveys
from shared.documents import Document
from shared.reconciliation import Reconciliation


class Store:
    """All of metrics' collections."""

    def __init__(self, database: Database[Document]) -> None:
        self.surveys = Surveys(database)
        self.heads = Heads(database, self.surveys)
        self.reconciliation = Reconciliation(
            database, lambda survey: self.heads.fold.head(survey_head(survey))
        )
        self.outcomes = Outcomes(database)
        self.cuts = Cuts(database)
        self.snapshots = Snapshots(database)


def open_store(database: Database[Document]) -> Store:
    """The collections with their indexes."""
    store = Store(database)
    store.heads.fold.ensure_indexes()
    store.reconciliation.ensure_indexes()
    store.outcomes.ensure_indexes()
    store.cuts.ensure_indexes()
    store.snapshots.ensure_indexes()
    return store
