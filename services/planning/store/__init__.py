"""What planning keeps: surveys, the sums of their answers, proposals, institutional goals."""

from collections.abc import Callable
from dataclasses import dataclass

from pymongo.database import Database

from services.planning.store.goals import InstitutionalGoals
from services.planning.store.proposals import Proposals
from services.planning.store.surveys import Surveys
from shared.documents import Document
from shared.fold import Fold, Step
from shared.reconciliation import Reconciliation


@dataclass(frozen=True)
class Store:
    """All that planning keeps; `tables` are the folded sums, one head a survey."""

    surveys: Surveys
    proposals: Proposals
    goals: InstitutionalGoals
    tables: Fold
    reconciliation: Reconciliation

    @classmethod
    def open(cls, database: Database[Document], step: Callable[[Surveys], Step]) -> "Store":
        """With its indexes. `step` makes the fold's step, which asks what is known of surveys."""
        surveys = Surveys(database)
        tables = Fold(database, step(surveys))
        store = cls(
            surveys=surveys,
            proposals=Proposals(database),
            goals=InstitutionalGoals(database),
            tables=tables,
            reconciliation=Reconciliation(database, tables.head),
        )
        kept_all = (store.surveys, store.proposals, store.goals, tables, store.reconciliation)
        for kept in kept_all:
            kept.ensure_indexes()
        return store
