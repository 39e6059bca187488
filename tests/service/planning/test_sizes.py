"""What is too long to be told to the other services is refused and changes nothing."""

import pytest

from services.planning.usecases import draft_proposals
from services.planning.usecases.draft_proposals import draft_closed_surveys
from tests.service.planning.messages import closed, crowd, deliver, members, published

MEASURE = {"baseline": 1, "target": 2, "due": "2027-06-30"}


@pytest.fixture
def surveyed(store):
    everyone = crowd()
    deliver(store, published(), everyone, closed(members(everyone)))
    return store


def test_a_goal_that_is_too_long_to_be_told_of_is_not_adopted_and_says_why(call, surveyed):
    draft_closed_surveys(surveyed)
    name = call("GET", "/proposals").json["proposals"][0]["id"]
    goal = {"title": "Access", "weight": 1.0, "period": "2026-2030"}
    goal = call("POST", "/institutional-goals", json=goal).json["id"]
    measures = [MEASURE | {"metric": f"{n:02}" + "\N{SNOWMAN}" * 198} for n in range(20)]
    for each in measures:
        each["segment"] = {f"{n}": "\N{SNOWMAN}" * 200 for n in range(5)}
    change = {"owner": "kim", "institutional_goals": [goal], "measures": measures}
    assert call("PATCH", f"/proposals/{name}", json=change).status_code == 200
    accepted = {"decision": "accept", "reason": "because"}
    assert call("POST", f"/proposals/{name}/decisions", json=accepted).status_code == 200
    refused = call("POST", f"/proposals/{name}/adoption")
    assert refused.status_code == 413
    assert refused.json["type"] == "urn:groundswell:problem:too-large"
    assert "nothing was stored. Shorten its texts" in refused.json["detail"]
    assert call("GET", f"/proposals/{name}").json["status"] == "accepted"


def test_many_proposals_are_told_of_in_several_events(surveyed, database, monkeypatch):
    """A survey of two hundred groups has six hundred of them."""
    monkeypatch.setattr(draft_proposals, "_MOST_TOLD", 4)
    draft_closed_surveys(surveyed)
    (survey,) = database["surveys"].find()
    assert len(survey["outbox"]) == 3
