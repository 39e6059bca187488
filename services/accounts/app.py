"""Accounts' wiring: the application for gunicorn and the worker."""

from environs import Env
from flask import Flask

from services.accounts import api, pages
from services.accounts.store import open_store
from shared import settings, web, worker


def create_app() -> Flask:
    app = web.create_app(
        settings.load("accounts"),
        "Groundswell accounts",
        [api.accounts],
        pages=[pages.pages],
        rules=api.RULES,
        open_store=open_store,
    )
    app.config["PRIVATE_KEY"] = Env().path("GROUNDSWELL_PRIVATE_KEY").read_text()
    return app


def run_worker() -> None:
    worker.run(
        settings.load("accounts"),
        lambda database: worker.Work(handlers={}, outboxes=[open_store(database).documents]),
    )


if __name__ == "__main__":
    run_worker()
