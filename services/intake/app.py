"""Intake's wiring: the application for gunicorn and the worker."""

from functools import partial

from flask import Flask
from pymongo.database import Database

from services.intake import api, consumer, pages
from services.intake.store import open_store
from services.intake.usecases.close_survey import SealSurveys, close_overdue_surveys
from services.intake.usecases.count_responses import COUNT_SECONDS, count_responses
from services.intake.usecases.deliver_webhooks import DeliverWebhooks
from services.intake.usecases.erase_expired import EraseExpired
from services.intake.usecases.export_answers import WriteExports
from services.intake.usecases.import_answers import ImportAnswers
from services.intake.usecases.recount_quotas import RECOUNT_SECONDS, RecountQuotas
from services.intake.usecases.remind import SendMail
from services.intake.usecases.save_partial import FORGET_SECONDS, forget_partials
from services.intake.usecases.summarise_answers import SummariseAnswers
from shared import settings, web, worker
from shared.documents import Document
from shared.mail import MailServer


def create_app() -> Flask:
    configured = settings.load("intake")
    MailServer.configured()  # a start with settings that no mail can be sent with is refused
    return web.create_app(
        configured,
        "Groundswell intake",
        api.BLUEPRINTS,
        pages=pages.BLUEPRINTS,
        rules=api.RULES,
        open_store=lambda database: open_store(database, configured.secret),
    )


def run_worker() -> None:
    configured = settings.load("intake")

    def build(database: Database[Document]) -> worker.Work:
        store = open_store(database, configured.secret)
        outboxes = [store.surveys.documents, store.responses.documents]
        ticks: list[worker.Tick] = [
            partial(close_overdue_surveys, store),
            SummariseAnswers(store),
            SealSurveys(store),
            worker.every(RECOUNT_SECONDS, RecountQuotas(store)),
            worker.every(COUNT_SECONDS, partial(count_responses, store)),
            worker.every(FORGET_SECONDS, partial(forget_partials, store)),
            worker.every(FORGET_SECONDS, store.brought.erase_old),
            worker.every(FORGET_SECONDS, store.exports.erase_old),
            worker.every(FORGET_SECONDS, store.webhooks.erase_old),
        ]
        server = MailServer.configured()
        mail = [SendMail(store, server, configured.secret, configured.url)] if server else []
        told = DeliverWebhooks(store, private=configured.webhook_private)
        loops: list[worker.Loop] = [
            ImportAnswers(store),
            WriteExports(store),
            EraseExpired(store),
            told,
            *mail,
        ]
        return worker.Work(consumer.handlers(store), outboxes, ticks, loops, consumer.ERASURES)

    worker.run(configured, build)


if __name__ == "__main__":
    run_worker()
