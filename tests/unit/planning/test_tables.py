"""The sums are those of the final answers, whatever happened on the way to them."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from services.planning.domain.tables import Answers, Change, Tables
from tests.unit.planning.builders import (
    correlated_pairs,
    folded,
    need,
    pair,
    rating,
    submission,
    survey,
)

ASKED = survey(need("advising", high=3), need("events", high=4), rating("overall", high=3))

a_need = st.one_of(
    st.builds(pair, st.integers(1, 3), st.integers(1, 3)),
    st.builds(
        lambda importance, use: {"importance": importance, "use": use},
        st.integers(1, 3),
        st.sampled_from(["unaware", "unused"]),
    ),
)
some_answers = st.builds(
    Answers,
    st.sampled_from(["student", "staff", "faculty"]),
    st.fixed_dictionaries(
        {}, optional={"advising": a_need, "events": a_need, "overall": st.integers(1, 3)}
    ),
)
a_life = st.tuples(st.lists(some_answers, min_size=1, max_size=4), st.booleans())


def changes_of(states: list[Answers], *, withdrawn: bool) -> list[Change]:
    after = [*states, *([None] if withdrawn else [])]
    return [Change(old, new) for old, new in zip([None, *after], after, strict=False)]


def same_sums(one: Tables, other: Tables) -> bool:
    groups = sorted({*one.groups, *other.groups})
    return all(
        np.array_equal(getattr(left, field), getattr(right, field))
        for left, right in ((one.stratum(group), other.stratum(group)) for group in groups)
        for field in ("respondents", "misread", "cells", "pairs", "sums", "products")
    )


@settings(deadline=None)
@given(st.lists(a_life, max_size=6), st.randoms(), st.integers(1, 5))
def test_any_interleaving_gives_what_the_final_answers_give(lives, random, batch) -> None:
    changes = [change for life in lives for change in changes_of(life[0], withdrawn=life[1])]
    random.shuffle(changes)
    tables = folded(ASKED, [])
    for start in range(0, len(changes), batch):
        tables.apply(changes[start : start + batch])
        tables = Tables.unpack(tables.pack())
    final = [Change(None, states[-1]) for states, withdrawn in lives if not withdrawn]
    assert same_sums(tables, folded(ASKED, final))


def test_a_pair_counts_in_its_cell_and_non_use_beside_it() -> None:
    everyone = folded(
        ASKED,
        [
            submission("student", {"advising": pair(3, 1), "overall": 2}),
            submission("staff", {"advising": {"importance": 3, "use": "unaware"}, "overall": 2}),
        ],
    ).stratum()
    assert everyone.joint("advising").tolist() == [[0, 0, 0], [0, 0, 0], [1, 0, 0]]
    assert everyone.non_use("advising").tolist() == [[0, 0], [0, 0], [1, 0]]
    assert everyone.histogram("overall").tolist() == [0, 2, 0]
    assert everyone.respondents == 2


def test_moments_are_those_of_the_respondents_who_answered_both() -> None:
    answers = correlated_pairs(["advising", "events", "other"], 200, seed=4)
    asked = survey(need("advising"), need("events"), need("other"))
    stratum = folded(asked, [submission("student", given) for given in answers]).stratum()
    n, means, covariances = stratum.moments(["events", "advising"])
    both = np.array(
        [
            [given[item][part] for item in ("events", "advising") for part in given[item]]
            for given in answers
            if "events" in given and "advising" in given
        ]
    )
    assert n[0, 3] == len(both)
    assert np.isclose(covariances[0, 3], np.cov(both.T, bias=True)[0, 3])
    own = [given["events"]["satisfaction"] for given in answers if "events" in given]
    assert np.isclose(means[1], np.mean(own))
    assert np.isclose(covariances[1, 1], np.var(own))


def test_an_item_and_a_group_that_appear_later_leave_the_sums_as_they_were() -> None:
    early = submission("student", {"advising": pair(3, 1)})
    late = submission("employer", {"advising": pair(2, 2), "events": pair(4, 4)})
    grown = folded(survey(need("advising", high=3)), [early])
    grown.cover(ASKED.items)
    grown.apply([late])
    assert same_sums(grown, folded(ASKED, [early, late]))


def test_answers_outside_their_scale_are_counted_apart() -> None:
    everyone = folded(
        ASKED,
        [
            submission("student", {"advising": pair(9, 1), "overall": [1], "events": pair(1, 1)}),
            submission("student", {"advising": {"importance": 2}, "why": "so"}),
        ],
    ).stratum()
    assert (everyone.respondents, everyone.misread) == (2, 3)
    assert everyone.joint("advising").sum() == 0
    assert everyone.joint("events").sum() == 1


def test_a_revision_ahead_of_its_submission_shows_no_negative_count() -> None:
    old, new = (Answers("student", {"advising": pair(n, n)}) for n in (1, 2))
    tables = folded(ASKED, [Change(old, new)])
    assert tables.stratum().joint("advising").min() == 0
    tables.apply([Change(None, old)])
    assert tables.stratum().joint("advising")[1, 1] == 1
    assert tables.stratum().respondents == 1


def test_sums_survive_packing() -> None:
    tables = folded(ASKED, [submission("staff", {"events": pair(4, 1), "overall": 3})])
    unpacked = Tables.unpack(tables.pack())
    assert same_sums(unpacked, tables)
    assert unpacked.pack() == tables.pack()
