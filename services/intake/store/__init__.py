"""What intake keeps: surveys and the responses to them."""

from dataclasses import dataclass

from pymongo.database import Database

from services.intake.store.brought import BroughtFiles
from services.intake.store.draws import Draws
from services.intake.store.exports import Exports
from services.intake.store.imports import Imports
from services.intake.store.invitations import Invitations
from services.intake.store.mailings import Mailings
from services.intake.store.origins import Origins
from services.intake.store.partials import Partials
from services.intake.store.quotas import Quotas
from services.intake.store.responses import Responses
from services.intake.store.summaries import Summaries
from services.intake.store.surveys import Surveys
from services.intake.store.tallies import Tallies
from services.intake.store.trials import Trials
from services.intake.store.vault import Vault
from services.intake.store.visits import Visits
from services.intake.store.webhooks import Webhooks
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
    tallies: Tallies
    mailings: Mailings
    draws: Draws
    partials: Partials
    visits: Visits
    brought: BroughtFiles
    imports: Imports
    origins: Origins
    exports: Exports
    webhooks: Webhooks


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
        tallies=Tallies(database),
        mailings=Mailings(database),
        draws=Draws(database),
        partials=Partials(database),
        visits=Visits(database),
        brought=BroughtFiles(database),
        imports=Imports(database),
        origins=Origins(database),
        exports=Exports(database),
        webhooks=Webhooks(database, secret),
    )
    for kept in vars(store).values():
        kept.ensure_indexes()
    return store
