"""Every service behind one address, for one machine."""

from pathlib import Path

from flask import Flask, render_template
from werkzeug.middleware.dispatcher import DispatcherMiddleware

from services.accounts.app import create_app as accounts
from services.intake.app import create_app as intake
from services.metrics.app import create_app as metrics
from services.planning.app import create_app as planning
from shared import settings, web


def _home() -> Flask:
    templates = str(Path(__file__).with_name("templates"))
    app = web.create_app(settings.load("home"), "Groundswell", [], template_folder=templates)

    @app.get("/")
    def home() -> str:
        return render_template("home.html")

    return app


application = DispatcherMiddleware(
    _home(),
    {
        "/accounts": accounts(),
        "/intake": intake(),
        "/metrics": metrics(),
        "/planning": planning(),
    },
)
