"""What intake says has exactly the shape of the examples that its listeners are tested with."""

import json
from pathlib import Path
from typing import Any

import pytest

from services.intake.store import open_store
from services.intake.usecases.close_survey import seal_survey
from services.intake.usecases.count_responses import count_responses
from shared.event import decode

CONTRACTS = Path(__file__).parents[2] / "contracts"
NAMES = [
    *("survey_published", "survey_closed"),
    *("response_submitted", "response_revised", "response_withdrawn", "response_erased"),
    "responses_counted",
]


def example(name: str) -> dict[str, Any]:
    return json.loads((CONTRACTS / f"intake.{name}.v1.json").read_text())


def shape(value: Any) -> Any:
    """Names, order of lists and kinds of values, without the values."""
    if isinstance(value, dict):
        return {name: shape(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [shape(inner) for inner in value]
    return type(value).__name__


def body(side: dict[str, Any]) -> dict[str, Any]:
    return {"group": side["group"], "profile": side["profile"], "answers": side["answers"]}


@pytest.fixture
def said(planner, administrator, respondent, database) -> dict[str, dict]:
    """What intake says when somebody does over HTTP what the examples tell of."""
    definition = example("survey_published")["data"]["definition"]
    created = planner("POST", "/surveys", json=definition)
    assert created.status_code == 201, created.json
    survey = created.json["id"]
    planner("POST", f"/surveys/{survey}/publish")
    revised = example("response_revised")["data"]
    first = {"id": "r1", **body(revised["before"])}
    sent = respondent("POST", f"/surveys/{survey}/responses", json=first).json
    receipt = {"Receipt": sent["receipt"]}
    respondent("PUT", "/responses/r1", json=body(revised["after"]), headers=receipt)
    respondent("DELETE", "/responses/r1", headers=receipt)
    planner("POST", f"/surveys/{survey}/close")
    store = open_store(database, "a secret that is long enough")
    for closing in store.surveys.with_status("closing"):
        seal_survey(store, closing)
    stored = [database["surveys"].find_one(), database["responses"].find_one()]
    envelopes = [json.loads(event["body"]) for each in stored for event in each["outbox"]]
    count_responses(store)
    administrator("POST", f"/surveys/{survey}/responses/r1/erasure", json={"reason": "asked"})
    stored = [database["surveys"].find_one(), database["responses"].find_one()]
    envelopes += [json.loads(each["outbox"][-1]["body"]) for each in stored]
    return {envelope["type"]: envelope for envelope in envelopes}


@pytest.mark.parametrize("name", NAMES)
def test_what_is_said_has_exactly_the_shape_of_its_example(said, name) -> None:
    promised = example(name)
    heard = said[f"intake.{name}.v1"]
    assert shape(heard) == shape(promised)
    assert decode(json.dumps(promised).encode()).type == f"intake.{name}.v1"


@pytest.mark.parametrize("name", ["survey_published", *NAMES[2:5]])
def test_what_was_sent_is_said_as_it_was_sent(said, name) -> None:
    """The examples' definition and answers come out as they went in, to the last value."""
    told = ("definition", "version", "before", "after", "revision", "survey_version", "group")
    promised, heard = example(name)["data"], said[f"intake.{name}.v1"]["data"]
    for field in set(told) & set(promised):
        assert heard[field] == promised[field]


def test_there_is_an_example_of_each_event_and_of_no_other() -> None:
    kept = {path.name for path in CONTRACTS.glob("intake.*.json")}
    assert kept == {f"intake.{name}.v1.json" for name in NAMES}
