"""What a planner sees of the answers that they brought. All of them are synthetic."""

import io
import re
from html import unescape

import pytest

from services.intake.domain.guess.correcting import FOUND, TURNED, Correction
from services.intake.usecases.bring_answers import bring_answers, correct
from shared import web
from shared.auth import COOKIE

ANSWERS = "\n".join(["Overall satisfaction", *"2345" * 10]).encode()


@pytest.mark.parametrize("chosen", [FOUND, TURNED])
def test_scale_is_offered_both_ways_round_although_nobody_chose_its_least_point(
    flask_app, planner, chosen
):
    with flask_app.app_context():
        store = web.store()
    brought = bring_answers(
        store, unit="careers", file=io.BytesIO(ANSWERS), filename="answers.csv"
    ).id
    said = {"Overall satisfaction": Correction("overall", scale=chosen)}
    correct(store, unit="careers", name=brought, title="T", group=None, corrections=said)
    client = flask_app.test_client()
    client.set_cookie(COOKIE, planner.token)
    page = unescape(client.get(f"/bring/{brought}").text)
    offered = dict(re.findall(r'<option value="(found|turned)"[^>]*>([^<]*)<', page))
    assert offered == {FOUND: "5 points, from 1 to 5", TURNED: "5 points, from 5 to 1"}
