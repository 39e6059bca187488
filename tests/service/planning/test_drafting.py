"""Proposals are drafted once for each closing, and nothing that was decided is ever touched."""

from contextlib import suppress

import orjson
import pytest

from services.planning.store import Store
from services.planning.store.proposals import Proposals
from services.planning.store.surveys import Surveys
from services.planning.usecases.decide_proposal import decide_proposal
from services.planning.usecases.draft_proposals import draft_closed_surveys, draft_proposals
from services.planning.usecases.edit_proposal import edit_proposal
from tests.service.planning.messages import (
    closed,
    crowd,
    deliver,
    members,
    published,
    response,
    side,
    submitted,
)


def any_state(_) -> None:
    """The sender did not say which state they saw."""


def announced(store: Store) -> list[dict]:
    waiting = store.surveys.documents.get("s1").get("outbox", [])
    return [orjson.loads(event["body"])["data"] for event in waiting]


def stored(store: Store) -> list:
    return store.proposals.page("careers", {}, after=None, limit=500)


def sealed(store: Store, n: int = 20) -> None:
    everyone = crowd(n)
    deliver(store, published(), everyone, closed(members(everyone)))


def test_a_closed_survey_is_drafted_for_all_and_for_each_group(store) -> None:
    sealed(store)
    draft_closed_surveys(store)
    first = stored(store)[0]
    assert (first.item, first.status, first.version) == ("advising", "draft", 1)
    assert {proposal.group for proposal in stored(store)} == {None, "student", "staff"}
    (event,) = announced(store)
    assert (event["seal"], event["survey_version"]) == (1, 1)
    assert {each["id"] for each in event["proposals"]} == {each.id for each in stored(store)}


def test_drafting_waits_for_the_last_response(store) -> None:
    everyone = crowd()
    deliver(store, published(), everyone[:-1], closed(members(everyone)))
    draft_closed_surveys(store)
    assert stored(store) == []
    assert store.surveys.due() == ["s1"]
    deliver(store, everyone[-1])
    draft_closed_surveys(store)
    assert stored(store)
    assert store.surveys.due() == []


def test_a_closing_is_drafted_for_once(store) -> None:
    sealed(store)
    for _ in range(3):
        draft_closed_surveys(store)
    assert len(announced(store)) == 1


def test_the_evidence_is_cut_off_when_the_survey_closed(store) -> None:
    sealed(store)
    draft_closed_surveys(store)
    assert stored(store)[0].evidence.cut_off.isoformat() == "2026-05-01T12:00:00+00:00"


class Killed(BaseException):
    """The process ends here."""


@pytest.mark.parametrize("writes", range(10))
def test_a_crash_at_any_write_is_made_good(store, monkeypatch, writes) -> None:
    sealed(store)
    left = iter(range(writes))

    def dying(method):
        def write(*arguments, **options):
            result = method(*arguments, **options)
            if next(left, None) is None:
                raise Killed
            return result

        return write

    with monkeypatch.context() as patched:
        patched.setattr(Proposals, "add", dying(Proposals.add))
        patched.setattr(Surveys, "drafted", dying(Surveys.drafted))
        with suppress(Killed):
            draft_closed_surveys(store)
    draft_closed_surveys(store)
    assert len(announced(store)) == 1
    assert sorted(each["id"] for each in announced(store)[0]["proposals"]) == sorted(
        each.id for each in stored(store)
    )
    assert all(proposal.version == 1 for proposal in stored(store))


def test_a_later_seal_is_drafted_for_as_well_and_makes_next_versions(store) -> None:
    sealed(store)
    draft_closed_surveys(store)
    everyone = [*crowd(), submitted("late", marks=(5, 2))]
    deliver(store, everyone[-1], closed(members(everyone), seal=2))
    draft_closed_surveys(store)
    assert [event["seal"] for event in announced(store)] == [1, 2]
    by_status = {status: [] for status in ("draft", "closed")}
    for proposal in stored(store):
        by_status[proposal.status].append(proposal)
    assert {proposal.version for proposal in by_status["draft"]} == {2}
    assert {each.superseded_by for each in by_status["closed"]} == {
        each.id for each in by_status["draft"]
    }


def test_a_crash_before_the_earlier_version_is_closed_is_made_good(store, monkeypatch) -> None:
    sealed(store)
    draft_closed_surveys(store)
    deliver(store, submitted("late", marks=(5, 2)))
    with monkeypatch.context() as patched:
        patched.setattr(Proposals, "update", lambda *_: pytest.fail("killed"))
        with pytest.raises(pytest.fail.Exception):
            draft_proposals(store, "careers", "s1")
    draft_proposals(store, "careers", "s1")
    assert len([each for each in stored(store) if each.status == "draft"]) == len(
        [each for each in stored(store) if each.status == "closed"]
    )


def test_drafting_again_from_the_same_answers_makes_nothing_new(store) -> None:
    sealed(store)
    draft_closed_surveys(store)
    before = stored(store)
    assert {each.id for each in draft_proposals(store, "careers", "s1")} == {e.id for e in before}
    assert stored(store) == before
    assert len(announced(store)) == 1


def test_answers_that_went_and_came_back_leave_scores_as_they_were(store) -> None:
    sealed(store)
    first = draft_proposals(store, "careers", "s1")
    deliver(store, response("r0", 2, side(5, 1), None), response("r0", 3, None, side(5, 1)))
    second = draft_proposals(store, "careers", "s1")
    assert [each.score.components[0].value for each in first] == [
        each.score.components[0].value for each in second
    ]


def test_new_evidence_leaves_a_decided_proposal_as_it_was(store) -> None:
    sealed(store)
    draft_closed_surveys(store)
    name = stored(store)[0].id
    decided = decide_proposal(
        store, "careers", name, decision="reject", reason="no", who="pat", check=any_state
    )
    deliver(store, submitted("late"))
    following = draft_proposals(store, "careers", "s1")
    assert store.proposals.get(name, "careers") == decided
    assert name in {each.supersedes for each in following}


def test_what_planners_wrote_stands_in_the_next_version(store) -> None:
    sealed(store)
    draft_closed_surveys(store)
    name = stored(store)[0].id
    change = {"owner": "kim"}
    edit_proposal(store, "careers", name, change, who="pat", check=any_state)
    deliver(store, submitted("late"))
    (following,) = [
        each for each in draft_proposals(store, "careers", "s1") if each.supersedes == name
    ]
    assert following.owner == "kim"
    assert store.proposals.get(name, "careers").status == "closed"


def test_drafting_reads_sums_and_no_answers(store, monkeypatch) -> None:
    """The only thing that it is given of a survey's responses is one packed document."""
    sealed(store)
    read = store.tables.head
    sizes = []

    def head(name):
        found = read(name)
        sizes.append(len(found.state))
        return found

    monkeypatch.setattr(store.tables, "head", head)
    draft_proposals(store, "careers", "s1")
    deliver(store, [submitted(f"more{i}") for i in range(200)])
    draft_proposals(store, "careers", "s1")
    assert sizes[1] < 2 * sizes[0]


def test_a_survey_that_cannot_be_drafted_does_not_hold_up_the_others(store, monkeypatch) -> None:
    sealed(store)
    monkeypatch.setattr(store.surveys, "due", lambda: ["missing", "s1"])
    read = store.surveys.get
    monkeypatch.setattr(
        store.surveys, "get", lambda name, *unit: read(name, *unit) if name == "s1" else 1 / 0
    )
    draft_closed_surveys(store)
    assert stored(store)
