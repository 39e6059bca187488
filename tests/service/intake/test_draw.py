"""A prize draw keeps addresses apart from answers, and forgets who did not win."""

import pytest

from services.intake.store import open_store
from services.intake.usecases.draw_prizes import enter_draw
from tests.service.intake.conftest import DEFINITION


@pytest.fixture
def survey(planner) -> str:
    made = planner("POST", "/surveys", json={**DEFINITION, "draw": "Two tickets"}).json["id"]
    planner("POST", f"/surveys/{made}/publish")
    return made


@pytest.fixture
def enter(survey, database):
    store = open_store(database, "a secret that is long enough")

    def enter(*addresses):
        for address in addresses:
            enter_draw(store, survey=survey, address=address)

    return enter


ADDRESSES = [f"person{n}@example.edu" for n in range(20)]


def test_the_same_seed_draws_the_same_winners_and_the_others_are_forgotten(
    survey, enter, planner, database
):
    enter(*ADDRESSES, "PERSON3@example.edu ")
    asked = {"winners": 3, "seed": "the sum of the lottery of Saturday"}
    assert planner("POST", f"/surveys/{survey}/draw", json=asked).status_code == 409
    planner("POST", f"/surveys/{survey}/close")
    drawn = planner("POST", f"/surveys/{survey}/draw", json=asked).json
    assert drawn["entries"] == 20
    assert len(set(drawn["winners"]) & set(ADDRESSES)) == 3
    assert planner("POST", f"/surveys/{survey}/draw", json=asked).json == drawn
    other = planner("POST", f"/surveys/{survey}/draw", json={**asked, "seed": "another"})
    assert other.status_code == 409
    everything = repr([list(database[name].find()) for name in database.list_collection_names()])
    assert {each for each in ADDRESSES if f"'{each}'" in everything} == set(drawn["winners"])


def test_who_came_first_cannot_be_told(survey, enter, database):
    enter(*ADDRESSES)
    kept = list(database.draw_entries.find())
    enter(*reversed(ADDRESSES))
    assert list(database.draw_entries.find()) == kept
    names = {name for bucket in kept for name in bucket}
    assert names == {"_id", "unit", "schema", "survey", "addresses"}
    assert all(bucket["addresses"] == sorted(bucket["addresses"]) for bucket in kept)
