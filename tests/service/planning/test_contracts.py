"""What planning says has the shape of the examples that its listeners are tested with, and what
it listens to is read from the examples that the senders are tested with."""

import json
from pathlib import Path
from typing import Any

import pytest

from services.planning.consumer import handlers
from services.planning.domain.goal import InstitutionalGoal
from services.planning.usecases.add_institutional_goal import add_institutional_goal
from services.planning.usecases.adopt_goal import adopt_goal
from services.planning.usecases.decide_proposal import decide_proposal
from services.planning.usecases.draft_proposals import draft_closed_surveys
from services.planning.usecases.edit_proposal import edit_proposal
from shared.event import decode
from tests.service.planning.messages import closed, crowd, deliver, members, published

CONTRACTS = Path(__file__).parents[2] / "contracts"


def example(name: str) -> dict[str, Any]:
    return json.loads((CONTRACTS / f"{name}.json").read_text())


def shape(value: Any) -> Any:
    """Names and kinds of values, without the values. What is None in one may be set in another."""
    if isinstance(value, dict):
        return {name: shape(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [shape(value[0])] if value else []
    return "number" if isinstance(value, int | float) else type(value).__name__


@pytest.fixture
def said(store) -> dict[str, dict]:
    """What planning says on the way from a closed survey to an adopted goal."""
    everyone = crowd()
    deliver(store, published(), everyone, closed(members(everyone)))
    draft_closed_surveys(store)
    goal = InstitutionalGoal("careers", "g1", "Access", 1.0, "2026")
    add_institutional_goal(store, goal)
    wanted = {"survey": "s1", "group": "student", "status": None}
    name = store.proposals.page("careers", wanted, after=None, limit=1)[0].id
    change = {"owner": "kim", "institutional_goals": ("g1",)}
    who = {"who": "pat", "check": lambda _: None}
    edit_proposal(store, "careers", name, change, **who)
    decide_proposal(store, "careers", name, decision="accept", reason="yes", **who)
    adopt_goal(store, "careers", name, **who)
    documents = [store.surveys.documents.get("s1"), store.proposals.documents.get(name)]
    envelopes = [json.loads(event["body"]) for each in documents for event in each["outbox"]]
    return {envelope["type"]: envelope for envelope in envelopes}


@pytest.mark.parametrize(
    "name",
    ["planning.proposals_drafted.v1", "planning.proposal_decided.v1", "planning.goal_adopted.v1"],
)
def test_what_is_said_has_the_shape_of_its_example(said, name) -> None:
    promised = example(name)
    if name == "planning.proposals_drafted.v1":
        for envelope in (promised, said[name]):
            envelope["data"]["proposals"] = [
                each for each in envelope["data"]["proposals"] if each["group"]
            ]
    assert shape(said[name]) == shape(promised)
    assert decode(json.dumps(promised).encode()).type == name


HEARD = [
    *("survey_published", "survey_closed"),
    *("response_submitted", "response_revised", "response_withdrawn"),
]


@pytest.mark.parametrize("name", HEARD)
def test_the_senders_example_is_understood(store, name) -> None:
    path = CONTRACTS / f"intake.{name}.v1.json"
    if not path.exists():
        pytest.skip("its sender keeps no example of it")
    received = decode(path.read_bytes())
    handlers(store)[received.type]([received])
