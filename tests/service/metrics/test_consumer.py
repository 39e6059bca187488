"""Each handler: handled, delivered twice, poisoned; and in any order."""

import itertools
from dataclasses import replace
from pathlib import Path

import orjson
import pytest
from marshmallow import ValidationError

from services.metrics.consumer import handlers
from services.metrics.domain.counters import Counters
from services.metrics.store.heads import outcomes_head
from services.metrics.usecases.take_snapshots import take_snapshots
from shared import set_hash
from shared.contributions import ERASED
from shared.event import Message, decode
from shared.parking import Parking
from shared.worker import Inbox
from tests.service.metrics.messages import (
    DEFINITION,
    UNIT,
    answered,
    deliver,
    figures,
    graduate,
    message,
    published,
    record,
    response,
    waiting,
)

SATISFACTION = "intake.need_satisfaction"
CONTRACTS = Path(__file__).parents[2] / "contracts"


def counted(store) -> dict:
    take_snapshots(store, UNIT)
    return figures(store, "intake.responses") | figures(store, SATISFACTION)


# survey_published


def test_a_published_survey_tells_which_answers_are_rated(store):
    deliver(store, published())
    survey = store.surveys.get("s1")
    assert survey.items == {"advising", "overall"}
    assert survey.period.as_dict() == {
        "grain": "academic_year",
        "start": "2026-07-01",
        "end": "2027-06-30",
    }


def test_versions_of_a_survey_add_up_in_any_order_and_twice(store):
    second = {**DEFINITION, "items": [{"id": "events", "type": "need"}]}
    deliver(store, published(second, 2), published(), published(second, 2))
    survey = store.surveys.get("s1")
    assert survey.items == {"advising", "overall", "events"}
    assert survey.versions == {1, 2}


@pytest.mark.parametrize(
    "broken",
    [
        {},
        {"version": 1, "definition": DEFINITION},
        {"version": 1, "definition": {"items": [{"id": 3}]}, "opened_at": "2026-09-01T00:00:00Z"},
        {"version": 1, "definition": DEFINITION, "opened_at": "2026-09-01"},
    ],
)
def test_a_survey_that_cannot_be_read_is_refused_and_changes_nothing(store, broken):
    with pytest.raises(ValidationError):
        deliver(store, message("intake.survey_published.v1", "s1", broken))
    assert store.surveys.get("s1") is None


# response_submitted, response_revised, response_withdrawn


def test_responses_are_counted(store):
    deliver(store, published(), response("r1", answered(2)), response("r2", answered(5, "staff")))
    assert counted(store) == {
        "s1": (2, None),
        "s1,student": (1, None),
        "s1,staff": (1, None),
        "s1,advising": (7, 2),
        "s1,advising,student": (2, 1),
        "s1,advising,staff": (5, 1),
    }


def test_a_response_delivered_twice_counts_once(store):
    once = response("r1", answered(2))
    deliver(store, published(), once, once)
    assert counted(store)["s1"] == (1, None)


def test_responses_before_their_survey_wait_for_it(store):
    deliver(store, response("r1", answered(2)), response("r2", answered(3)))
    assert counted(store) == {}
    deliver(store, published())
    assert counted(store)["s1,advising"] == (5, 2)


def test_responses_to_a_version_that_has_not_arrived_wait_for_it(store):
    late = response("r1", answered(2), version=2)
    deliver(store, published(), late)
    assert counted(store) == {}
    deliver(store, published(version=2))
    assert counted(store)["s1"] == (1, None)


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
def test_revisions_and_withdrawal_come_out_the_same_in_any_order(store, order):
    history = [
        response("r1", answered(2)),
        response("r1", answered(4, "staff"), answered(2), revision=2),
        response("r1", None, answered(4, "staff"), revision=3),
    ]
    deliver(store, published(), response("r0", answered(1)), *(history[i] for i in order))
    after = counted(store)
    assert after["s1"] == (1, None)
    assert after["s1,advising"] == (1, 1)
    assert after.get("s1,advising,staff", (0, 0)) == (0, 0)


def test_the_hash_of_what_was_folded_is_that_of_the_live_responses(store):
    deliver(store, published(), response("r1", answered(2)), response("r2", answered(1)))
    deliver(store, response("r1", None, answered(2), revision=2))
    (before,) = store.heads.of(UNIT)
    deliver(store, response("r3", answered(4)), response("r3", None, answered(4), revision=2))
    (after,) = store.heads.of(UNIT)
    assert (after.count, after.set_hash) == (1, before.set_hash)
    assert before.set_hash == set_hash.combine(set_hash.EMPTY, came=["r2:1"], went=[])


@pytest.mark.parametrize(
    "broken",
    [
        {"after": {"group": "student"}},
        {"after": {"group": "student", "answers": []}},
        {"revision": 0},
        {"revision": "1"},
        {"survey": None},
        {"at": "yesterday"},
    ],
)
def test_a_poisoned_response_is_set_aside_and_the_rest_of_its_batch_counts(store, database, broken):
    good = [response("r1", answered(2)), response("r2", answered(3))]
    bad = response("r3", answered(4))
    envelopes = [envelope(each) for each in (good[0], bad, good[1])]
    envelopes[1]["data"] |= broken
    deliver(store, published())
    parking = Parking(database)
    receive(store, parking, envelopes)
    assert counted(store)["s1"] == (2, None)
    assert parking.count() + database["parked_messages"].count_documents({"state": "waiting"}) == 1


# outcomes_recorded


def test_outcomes_are_counted_in_their_class(store):
    record(store, graduate("g1", college="Arts"), graduate("g2", "unknown"))
    take_snapshots(store, UNIT)
    assert figures(store, "nace.knowledge_rate") == {"": (1, 2), "Arts": (1, 1)}


def test_outcomes_delivered_twice_count_once(store):
    record(store, graduate("g1"))
    record(store, graduate("g1"))
    take_snapshots(store, UNIT)
    assert figures(store, "nace.knowledge_rate") == {"": (1, 1)}


def test_a_graduate_whose_class_is_corrected_moves_to_it(store):
    record(store, graduate("g1"), graduate("g2"))
    record(store, graduate("g1", year="2016"))
    take_snapshots(store, UNIT)
    assert figures(store, "nace.knowledge_rate", year=2015) == {"": (1, 1)}
    assert figures(store, "nace.knowledge_rate", year=2016) == {"": (1, 1)}


@pytest.mark.parametrize(
    "broken",
    [
        {},
        {"outcomes": [{}]},
        {"outcomes": [{"metric": "nace.first_destination", "revision": 1, "at": "x"}]},
    ],
)
def test_a_poisoned_outcome_is_refused_and_changes_nothing(store, broken):
    with pytest.raises(ValidationError):
        deliver(store, message("metrics.outcomes_recorded.v1", "o1", broken))
    assert store.heads.units() == []


# contracts


def test_the_example_of_outcomes_recorded_is_understood(store):
    example = (CONTRACTS / "metrics.outcomes_recorded.v1.json").read_bytes()
    deliver(store, decode(example))
    (head,) = store.heads.of(UNIT)
    assert (head.folded, head.count) == (1, 1)


def envelope(each) -> dict:
    return {
        "id": each.id,
        "type": each.type,
        "source": each.source,
        "subject": each.subject,
        "unit": each.unit,
        "time": "2026-10-01T09:00:00.000Z",
        "data": dict(each.data),
    }


def receive(store, parking, envelopes) -> None:
    Inbox(handlers(store), parking).receive([orjson.dumps(each) for each in envelopes])


def shape(content) -> object:
    """The names in it, however deep, without the values."""
    if isinstance(content, list):
        return [shape(content[0])] if content else []
    if isinstance(content, dict):
        return {name: shape(value) for name, value in content.items() if name != "segment"}
    return type(content).__name__


@pytest.mark.parametrize(
    "event_type", ["metrics.outcomes_recorded.v1", "metrics.snapshot_taken.v1"]
)
def test_what_is_said_has_the_shape_of_its_example(store, event_type):
    record(store, graduate("g1"))
    record(store, graduate("g1", "unknown"))
    take_snapshots(store, UNIT)
    said = [each for each in waiting(store) if each.type == event_type][-1]
    example = decode((CONTRACTS / f"{event_type}.json").read_bytes())
    assert shape(said.data) == shape(example.data)


def destination(category: str | None, revision: int, *, synthetic: bool = False) -> Message:
    """What intake says of a response to a first-destination survey."""
    said = answered(3) if category else None
    told = response("s1.g1", said)
    outcome = {"metric": "nace.first_destination", "period": "2026", "category": category}
    outcome |= {"synthetic": synthetic} if synthetic else {}
    return replace(told, data={**told.data, "revision": revision, "outcome": outcome})


def graduates(store) -> dict[str, int]:
    head = store.heads.fold.head(outcomes_head(UNIT, "nace.first_destination", 2026))
    cells = Counters.unpack(head.state).cells.values()
    return {name: n for counts in cells for name, n in counts.items() if n}


def test_a_response_s_outcome_counts_as_it_was_said_last_in_whatever_order(store):
    deliver(store, published())
    first, second = destination("military", 1), destination("self_employed", 2)
    deliver(store, first, second, first)
    assert graduates(store) == {"self_employed": 1}
    deliver(store, destination(None, ERASED), second)
    assert graduates(store) == {}


def test_an_outcome_of_a_synthetic_survey_is_counted_as_such(store):
    deliver(store, published(), destination("military", 1, synthetic=True))
    assert graduates(store) == {"military": 1, "synthetic military": 1}


def test_an_outcome_that_nobody_knows_is_refused(store):
    wrong = destination("military", 1)
    wrong.data["outcome"]["category"] = "astronaut"
    with pytest.raises(ValidationError, match="astronaut"):
        deliver(store, wrong)
