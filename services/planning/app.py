"""How planning is wired."""

from flask import Flask
from pymongo.database import Database

from services.planning import consumer, pages
from services.planning.api import RULES, blueprint
from services.planning.store import Store
from services.planning.usecases.draft_proposals import draft_closed_surveys
from services.planning.usecases.fold_responses import folding
from shared import settings, web, worker
from shared.documents import Document
from shared.reconciliation import RECONCILE_SECONDS
from shared.worker import Work, every


def open_store(database: Database[Document]) -> Store:
    return Store.open(database, folding)


def create_app() -> Flask:
    return web.create_app(
        settings.load("planning"),
        "Groundswell planning",
        [blueprint],
        pages=[pages.pages],
        rules=RULES,
        open_store=open_store,
    )


def build(database: Database[Document]) -> Work:
    store = open_store(database)
    return Work(
        handlers=consumer.handlers(store),
        outboxes=[store.surveys.documents, store.proposals.documents],
        ticks=[
            store.tables.wake_all,
            lambda: draft_closed_surveys(store),
            every(RECONCILE_SECONDS, store.reconciliation),
        ],
        erasures=consumer.ERASURES,
    )


def run_worker() -> None:
    worker.run(settings.load("planning"), build)


if __name__ == "__main__":
    run_worker()
