"""What intake keeps: surveys and the responses to them."""

from dataclasses import dataclass

from pymongo.database import Database

from services.intake.store.responses import Responses
from services.intake.store.surveys import Surveys
from shared.documents import Document


@dataclass(frozen=True)
class Store:
    surveys: Surveys
    responses: Responses


def open_store(database: Database[Document], secret: str) -> Store:
    surveys = Surveys(database)
    responses = Responses(database, surveys, secret)
    surveys.ensure_indexes()
    responses.ensure_indexes()
    return Store(surveys, responses)
