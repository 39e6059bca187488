"""What a planner sees of the answers that they brought. All of them are synthetic."""

import io
import re
from html import unescape

import pytest

from services.intake.domain.guess.correcting import FOUND, TURNED, Correction
from services.intake.store.imports import Import
from services.intake.usecases.bring_answers import bring_answers, correct
from shared import web
from shared.auth import COOKIE
from tests.service.intake.conftest import DEFINITION

ANSWERS = "\n".join(["Overall satisfaction", *"2345" * 10]).encode()


@pytest.fixture
def store(flask_app):
    with flask_app.app_context():
        return web.store()


@pytest.fixture
def page(flask_app, planner):
    """What a planner's browser shows."""
    client = flask_app.test_client()
    client.set_cookie(COOKIE, planner.token)
    return lambda path: unescape(client.get(path).text)


@pytest.mark.parametrize("chosen", [FOUND, TURNED])
def test_scale_is_offered_both_ways_round_although_nobody_chose_its_least_point(
    store, page, chosen
):
    brought = bring_answers(
        store, unit="careers", file=io.BytesIO(ANSWERS), filename="answers.csv"
    ).id
    said = {"Overall satisfaction": Correction("overall", scale=chosen)}
    correct(store, unit="careers", name=brought, title="T", group=None, corrections=said)
    offered = dict(
        re.findall(r'<option value="(found|turned)"[^>]*>([^<]*)<', page(f"/bring/{brought}"))
    )
    assert offered == {FOUND: "5 points, from 1 to 5", TURNED: "5 points, from 5 to 1"}


def test_answers_that_were_never_sent_off_are_told_of(store, page):
    rows = ["submitdate,Overall satisfaction", *["2024-03-01 10:00,4"] * 9, *[",2"] * 3]
    file = io.BytesIO("\n".join(rows).encode())
    brought = bring_answers(store, unit="careers", file=file, filename="answers.csv")
    assert "3 of 12 answers were never sent off" in page(f"/bring/{brought.id}")


@pytest.mark.parametrize(
    ("asked", "onwards"),
    [
        (DEFINITION["items"], "See the needs"),
        ([{"id": "why", "type": "text", "text": "Why?"}], "See the answers"),
        ([DEFINITION["items"][2]], "See the answers"),  # there is nothing to derive from it
        (
            [DEFINITION["items"][2], {**DEFINITION["items"][2], "id": "one", "role": None}],
            "See the needs",
        ),
    ],
)
def test_an_import_leads_to_needs_where_any_are_asked_for(planner, store, page, asked, onwards):
    items = [{key: value for key, value in item.items() if value} for item in asked]
    survey = planner("POST", "/surveys", json={**DEFINITION, "items": items}).json["id"]
    planner("POST", f"/surveys/{survey}/publish")
    store.imports.add(
        Import(id=survey, unit="careers", survey=survey, file="none", mapping=None, digest="")
    )
    store.imports.end(store.imports.take(), "done")
    assert onwards in page(f"/imports/{survey}")
