"""Metrics' wiring: the application for gunicorn and the worker."""

from flask import Flask
from pymongo.database import Database

from services.metrics import api, consumer, pages
from services.metrics.store import open_store
from services.metrics.usecases.take_snapshots import TakeSnapshots
from shared import settings, web, worker
from shared.documents import Document
from shared.reconciliation import RECONCILE_SECONDS

MOST_BYTES = 8_000_000
"""The outcomes of a large graduating class come in one body."""


def create_app() -> Flask:
    configured = settings.load("metrics")
    app = web.create_app(
        configured,
        "Groundswell metrics",
        [api.blueprint],
        pages=[pages.pages],
        rules=api.RULES,
        open_store=open_store,
    )
    app.config["MAX_CONTENT_LENGTH"] = MOST_BYTES
    return app


def run_worker() -> None:
    configured = settings.load("metrics")

    def build(database: Database[Document]) -> worker.Work:
        store = open_store(database)
        return worker.Work(
            handlers=consumer.handlers(store),
            outboxes=[store.outcomes.documents, store.cuts.documents],
            ticks=[
                TakeSnapshots(store, configured.cut_seconds),
                worker.every(RECONCILE_SECONDS, store.reconciliation),
            ],
            erasures=consumer.ERASURES,
        )

    worker.run(configured, build)


if __name__ == "__main__":
    run_worker()
