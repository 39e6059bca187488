"""Each handler: handled, delivered twice, poisoned; and in any order."""

import random

import orjson
import pytest
from marshmallow import ValidationError

from services.planning.consumer import handlers
from services.planning.domain.survey import ScaleChanged
from services.planning.store import Store
from services.planning.store.surveys import NoSuchSurvey
from services.planning.usecases.read_evidence import read_evidence
from shared import times
from shared.event import Message
from shared.parking import Parking
from shared.worker import Inbox
from tests.service.planning.messages import (
    DEFINITION,
    closed,
    crowd,
    deliver,
    members,
    message,
    published,
    response,
    side,
    submitted,
)


def heard(store: Store) -> dict[str, int]:
    tables = read_evidence(store, "careers", "s1").tables
    return {group: tables.stratum(group).respondents for group in tables.groups}


# survey_published


def test_a_published_survey_is_known(store) -> None:
    deliver(store, published())
    survey = store.surveys.get("s1", "careers").survey
    assert survey.items[0].id == "advising"
    assert survey.minimum_group_size == 10


def test_a_survey_published_twice_is_known_once(store) -> None:
    deliver(store, published(), published())
    assert store.surveys.get("s1").versions == {1}
    assert len(store.surveys.page("careers", after=None, limit=10)) == 1


@pytest.mark.parametrize(
    "broken",
    [
        {"version": 1},
        {"version": 0, "definition": DEFINITION},
        {"version": 1, "definition": {**DEFINITION, "groups": None}},
        {"version": 1, "definition": {**DEFINITION, "items": [{"id": "x", "type": "need"}]}},
        {"version": 1, "definition": {**DEFINITION, "items": 3}},
        {"version": 1, "definition": 3},
    ],
)
def test_a_broken_survey_is_refused_and_leaves_nothing(store, broken) -> None:
    with pytest.raises(ValidationError):
        deliver(store, message("intake.survey_published.v1", "s1", broken))
    assert store.surveys.get("s1") is None


def test_a_version_that_changes_a_scale_is_refused_and_the_first_stays(store) -> None:
    wider = [{**item, "scale": {"min": 1, "max": 7}} for item in DEFINITION["items"][:5]]
    with pytest.raises(ScaleChanged):
        deliver(store, published(), published({**DEFINITION, "items": wider}, version=2))
    assert store.surveys.get("s1").versions == {1}


# survey_closed


def test_a_closing_is_known_and_due(store) -> None:
    deliver(store, published(), closed(["r1:1"]))
    assert store.surveys.get("s1").seal.count == 1
    assert store.surveys.due() == ["s1"]


def test_a_closing_delivered_twice_or_late_leaves_the_highest_seal(store) -> None:
    deliver(store, closed(["r1:1", "r2:1"], seal=2), closed(["r1:1"], seal=1))
    deliver(store, closed(["r1:1", "r2:1"], seal=2), published())
    known = store.surveys.get("s1")
    assert (known.seal.number, known.seal.count) == (2, 2)
    assert known.survey is not None


def test_a_broken_closing_is_refused_and_leaves_nothing(store) -> None:
    with pytest.raises(ValidationError):
        deliver(store, message("intake.survey_closed.v1", "s1", {"seal": 1, "count": "many"}))
    assert store.surveys.get("s1") is None


# response_submitted, response_revised, response_withdrawn


def test_a_submitted_response_counts(store) -> None:
    deliver(store, published(), submitted("r1"))
    assert heard(store) == {"student": 1}
    assert read_evidence(store, "careers", "s1").count == 1


def test_a_submitted_response_delivered_twice_counts_once(store) -> None:
    deliver(store, published(), submitted("r1"), submitted("r1"))
    handlers(store)["intake.response_submitted.v1"]([submitted("r2"), submitted("r2")])
    assert heard(store) == {"student": 2}


def test_a_revised_response_replaces_what_it_said(store) -> None:
    old, new = side(5, 1), side(2, 2, group="staff")
    deliver(store, published(), submitted("r1"), response("r1", 2, old, new))
    assert heard(store) == {"student": 0, "staff": 1}
    joint = read_evidence(store, "careers", "s1").tables.stratum().joint("advising")
    assert (joint.sum(), joint[1, 1]) == (1, 1)


def test_a_revised_response_delivered_twice_replaces_once(store) -> None:
    revision = response("r1", 2, side(5, 1), side(2, 2))
    deliver(store, published(), submitted("r1"), revision, revision)
    assert heard(store) == {"student": 1}


def test_a_withdrawn_response_leaves_no_trace_in_the_sums(store) -> None:
    deliver(store, published(), submitted("r1"), response("r1", 2, side(5, 1), None))
    evidence = read_evidence(store, "careers", "s1")
    assert (evidence.count, evidence.tables.stratum().products.any()) == (0, False)


def test_a_withdrawn_response_delivered_twice_is_taken_away_once(store) -> None:
    withdrawal = response("r1", 2, side(5, 1), None)
    deliver(store, published(), submitted("r1"), submitted("r2"), withdrawal, withdrawal)
    assert heard(store) == {"student": 1}


BROKEN_RESPONSES = [
    {},
    {"survey": "s1", "survey_version": 1, "revision": 1, "before": None, "after": None},
    {"survey": "s1", "survey_version": 1, "revision": 0, "before": None, "after": side(1, 1)},
    {"survey": "s1", "survey_version": 1, "revision": 1, "before": None, "after": {"group": "x"}},
    {"survey": "s1", "survey_version": 1, "revision": 1, "before": None, "after": [1]},
]


@pytest.mark.parametrize("verb", ["submitted", "revised", "withdrawn"])
@pytest.mark.parametrize("broken", BROKEN_RESPONSES)
def test_a_broken_response_is_refused_and_leaves_nothing(store, verb, broken) -> None:
    deliver(store, published())
    with pytest.raises(ValidationError):
        deliver(store, message(f"intake.response_{verb}.v1", "r1", broken))
    assert heard(store) == {}


def test_a_broken_response_is_set_aside_and_the_rest_of_its_batch_counts(store, database) -> None:
    deliver(store, published())
    parking = Parking(database)
    batch = [submitted("r1"), message("intake.response_submitted.v1", "r2", {}), submitted("r3")]
    Inbox(handlers(store), parking).receive([_body(each) for each in batch])
    assert heard(store) == {"student": 2}
    assert database["parked_messages"].count_documents({}) == 1


def _body(received: Message) -> bytes:
    return orjson.dumps({**vars(received), "time": times.rfc3339(received.time)})


# order


def test_responses_wait_for_their_survey(store) -> None:
    deliver(store, submitted("r1"), submitted("r2"))
    with pytest.raises(NoSuchSurvey):
        read_evidence(store, "careers", "s1")
    deliver(store, published())
    assert heard(store) == {"student": 2}


def test_a_response_to_a_version_waits_for_that_version(store) -> None:
    deliver(store, published(), response("r1", 1, None, side(5, 1), version=2))
    assert heard(store) == {}
    deliver(store, published(version=2))
    assert heard(store) == {"student": 1}


def test_responses_to_a_known_version_do_not_wait_for_another(store) -> None:
    deliver(store, published())
    deliver(store, [response("r1", 1, None, side(5, 1), version=2), submitted("r2")])
    assert heard(store) == {"student": 1}


def test_any_order_gives_the_same_sums(store, database) -> None:
    events = [
        published(),
        submitted("r1"),
        response("r1", 2, side(5, 1), side(4, 4)),
        response("r1", 3, side(4, 4), side(3, 3, group="staff")),
        submitted("r2"),
        response("r2", 2, side(5, 1), None),
        submitted("r3"),
    ]
    random.Random(3).shuffle(events)
    deliver(store, *events, *events)
    assert heard(store) == {"student": 1, "staff": 1}
    evidence = read_evidence(store, "careers", "s1")
    deliver(store, closed(["r1:3", "r3:1"]))
    assert read_evidence(store, "careers", "s1").complete
    assert evidence.count == 2


def test_nothing_that_anybody_wrote_is_kept(store, database) -> None:
    answer = side(5, 1)
    answer["answers"]["why"] = "a secret of mine"
    deliver(store, response("r1", 1, None, answer))
    deliver(store, published())
    kept = "".join(repr(list(database[name].find())) for name in database.list_collection_names())
    assert "a secret of mine" not in kept


def test_a_crowd_agrees_with_its_closing(store) -> None:
    everyone = crowd()
    deliver(store, published(), everyone, closed(members(everyone)))
    assert read_evidence(store, "careers", "s1").complete
