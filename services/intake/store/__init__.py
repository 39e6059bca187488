"""What intake keeps: surveys and the responses to them."""

from dataclasses import dataclass

from pymongo.database import Database

from services.intake.store.invitations import Invitations
from services.intake.store.quotas import Quotas
from services.intake.store.responses import Responses
from services.intake.store.summaries import Summaries
from services.intake.store.surveys import Surveys
from services.intake.store.trials import Trials
from services.intake.store.vault import Vault
from shared.documents import Document


@dataclass(frozen=True)
class Store:
    surveys: Surveys
    responses: Responses
    quotas: Quotas
    trials: Trials
    summaries: Summaries
    invitations: Invitations
    vault: Vault


def open_store(database: Database[Document], secret: str) -> Store:
    surveys = Surveys(database)
    responses = Responses(database, surveys, secret)
    store = Store(
        surveys=surveys,
        responses=responses,
        quotas=Quotas(database),
        trials=Trials(database),
        summaries=Summaries(database),
        invitations=Invitations(database),
        vault=Vault(database),
    )
    for kept in vars(store).values():
        kept.ensure_indexes()
    return store
