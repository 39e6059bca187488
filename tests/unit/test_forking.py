"""What gunicorn forks has opened nothing that its children would share."""

import threading

import pytest

from services.accounts.app import create_app as accounts
from services.intake.app import create_app as intake
from services.metrics.app import create_app as metrics
from services.planning.app import create_app as planning
from tests.service.callers import make_app


@pytest.mark.parametrize("create_app", [accounts, intake, planning, metrics])
def test_an_application_connects_to_nothing_before_its_first_request(
    create_app, tmp_path, monkeypatch
):
    """No test here may open a socket, and a client of the database would start its threads."""
    before = threading.enumerate()
    app = make_app(create_app, None, tmp_path, monkeypatch)
    assert threading.enumerate() == before
    assert app.extensions["groundswell.store"]._opened is None
