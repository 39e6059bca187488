"""What planning keeps: surveys, the sums of their answers, proposals, institutional goals."""

from collections.abc import Callable
from dataclasses import dataclass

from pymongo.database import Database

from services.planning.store.goals import InstitutionalGoals
from services.planning.store.proposals import Proposals
from services.planning.store.surveys import Surveys
from shared.documents import Document
from shared.fold import Fold, Step


@dataclass(frozen=True)
class Store:
    """All that planning keeps; `tables` are the folded sums, one head a survey."""

    surveys: Surveys
    proposals: Proposals
    goals: InstitutionalGoals
    tables: Fold

    @classmethod
    def open(cls, database: Database[Document], step: Callable[[Surveys], Step]) -> "Store":
        """With its indexes. `step` makes the fold's step, which asks what is known of surveys."""
        surveys = Surveys(database)
        store = cls(
            surveys=surveys,
            proposals=Proposals(database),
            goals=InstitutionalGoals(database),
            tables=Fold(database, step(surveys)),
        )
        for kept in (store.surveys, store.proposals, store.goals, store.tables):
            kept.ensure_indexes()
        return store
