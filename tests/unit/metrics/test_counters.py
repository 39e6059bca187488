import random
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.metrics.domain.answers import DIMENSIONS, answers_to, rated_items
from services.metrics.domain.counters import Counters
from services.metrics.domain.definitions import metric_named, outcome_kinds, value_of
from services.metrics.domain.outcome import outcomes_of

DESTINATION = outcome_kinds()["nace.first_destination"]
COUNT_ANSWERS = answers_to(["advising", "overall"])
AT = "2026-10-01T09:00:00.000Z"


def body(after=None, before=None, at=AT):
    return {"after": after, "before": before, "at": at}


def response(group="student", **answers):
    return {"group": group, "answers": answers}


def graduates(category, number, **segment):
    return [body(after={"segment": segment, "category": category})] * number


def figures(counters, name, within=None):
    return {
        tuple(sorted(figure.segment.items())): (figure.numerator, figure.denominator)
        for figure in counters.figures(metric_named(name), within or {})
    }


def rate(counters, name, **segment):
    return value_of(*figures(counters, name)[tuple(sorted(segment.items()))])


@pytest.fixture
def answers():
    return Counters(DIMENSIONS)


@pytest.fixture
def destinations():
    return Counters(DESTINATION.dimensions)


def test_needs_and_ratings_are_rated_and_nothing_else():
    items = [{"id": name, "type": name} for name in ("need", "rating", "nps", "text", "number")]
    assert rated_items({"items": items}) == ["need", "rating"]


def test_satisfaction_is_summed_by_item_and_by_group(answers):
    answers.apply(
        [
            body(response(advising={"importance": 5, "satisfaction": 2}, overall=7, year="first")),
            body(response(advising={"importance": 4, "satisfaction": 3})),
            body(response("staff", advising={"importance": 5, "use": "unaware"}, overall=1)),
        ],
        COUNT_ANSWERS,
    )
    within = {"survey": "s1"}
    assert figures(answers, "intake.responses", within) == {
        (("survey", "s1"),): (3, None),
        (("group", "student"), ("survey", "s1")): (2, None),
        (("group", "staff"), ("survey", "s1")): (1, None),
    }
    satisfaction = figures(answers, "intake.need_satisfaction", within)
    assert satisfaction[("item", "advising"), ("survey", "s1")] == (5, 2)
    assert satisfaction[("item", "overall"), ("survey", "s1")] == (8, 2)
    staff = (("group", "staff"), ("item", "overall"), ("survey", "s1"))
    assert satisfaction[staff] == (1, 1)
    assert (("group", "staff"), ("item", "advising"), ("survey", "s1")) not in satisfaction


def test_a_figure_is_synthetic_where_anything_that_it_counts_is(destinations):
    count = outcomes_of(DESTINATION)
    invented = {"segment": {"college": "Arts"}, "category": "unknown", "synthetic": True}
    real = {"segment": {"college": "Law"}, "category": "military", "synthetic": False}
    destinations.apply([body(after=invented), body(after=real)], count)

    def marked(name):
        found = destinations.figures(metric_named(name), {})
        return {",".join(figure.segment.values()) for figure in found if figure.synthetic}

    assert marked("nace.knowledge_rate") == {"", "Arts"}
    assert marked("nace.career_outcomes_rate") == set(), "whom nobody knows of is not in that rate"
    destinations.apply([body(before=invented, after={**invented, "synthetic": False})], count)
    assert marked("nace.knowledge_rate") == set()


def test_numbers_that_are_not_ratings_are_not_counted(answers):
    answers.apply([body(response(age=44, overall=True, advising={"importance": 5}))], COUNT_ANSWERS)
    assert figures(answers, "intake.need_satisfaction", {"survey": "s1"}) == {}


def test_a_withdrawn_response_leaves_a_mean_of_nobody(answers):
    given = response(overall=4)
    answers.apply([body(given)], COUNT_ANSWERS)
    answers.apply([body(None, before=given)], COUNT_ANSWERS)
    means = figures(answers, "intake.need_satisfaction", {"survey": "s1"})
    assert set(means.values()) == {(0, 0)}


@given(st.integers(0, 2**32))
def test_sums_do_not_depend_on_the_order_or_the_batches_of_events(seed):
    rng = random.Random(seed)
    states = [response(rng.choice("ab"), overall=rng.randint(1, 7)) for _ in range(12)]
    bodies = []
    for first, second in zip(states[::2], states[1::2], strict=True):
        bodies += [body(first), body(second, before=first)]
        bodies += [body(None, before=second)] * rng.randint(0, 1)
    straight, shuffled = Counters(DIMENSIONS), Counters(DIMENSIONS)
    straight.apply(bodies, COUNT_ANSWERS)
    rng.shuffle(bodies)
    for start in range(0, len(bodies), 3):
        shuffled.apply(bodies[start : start + 3], COUNT_ANSWERS)

    def kept(counters):
        return {
            (cell, name): amount
            for cell, counts in counters.cells.items()
            for name, amount in counts.items()
            if amount
        }

    assert kept(straight) == kept(shuffled)


def test_packed_counters_come_back_the_same(destinations):
    destinations.apply(
        graduates("military", 2, college='Arts, "Letters" & Ü'), outcomes_of(DESTINATION)
    )
    again = Counters.unpack(destinations.pack())
    assert again == destinations
    assert again.pack() == destinations.pack()
    assert again.latest == AT


def test_nace_rates_agree_with_the_published_ones_of_wsu_tri_cities_2015(destinations):
    """WSU Tri-Cities, first-destination report of the class of 2015.

    Its columns: full-time and part-time employed, continuing education, and two ways of still
    seeking. "Seeking study" (seeking_education) and "seeking work" (seeking_employment) are both
    NACE's "still seeking"; who is missing from all five did not answer (unknown).
    """
    rows = [
        ("Arts and Sciences", 68, (38, 5, 5, 5, 3), 82.4, 85.7),
        ("CAHNRS", 5, (5, 0, 0, 0, 0), 100, 100),
    ]
    columns = (
        "employed_full_time", "employed_part_time", "continuing_education",
        "seeking_education", "seeking_employment",
    )  # fmt: skip
    for college, total, counts, *_ in rows:
        numbers = dict(zip(columns, counts, strict=True)) | {"unknown": total - sum(counts)}
        for category, number in numbers.items():
            destinations.apply(
                graduates(category, number, college=college), outcomes_of(DESTINATION)
            )
    for college, _, _, knowledge, outcomes in rows:
        known = rate(destinations, "nace.knowledge_rate", college=college)
        assert round(100 * known, 1) == knowledge
        placed = rate(destinations, "nace.career_outcomes_rate", college=college)
        assert round(100 * placed, 1) == outcomes
    total = figures(destinations, "nace.career_outcomes_rate")[()]
    assert total == (48 + 5, 56 + 5)


def test_not_seeking_is_known_but_no_part_of_the_career_outcomes_rate(destinations):
    destinations.apply(
        graduates("not_seeking", 1) + graduates("volunteer_service", 1), outcomes_of(DESTINATION)
    )
    assert figures(destinations, "nace.knowledge_rate") == {(): (2, 2)}
    assert figures(destinations, "nace.career_outcomes_rate") == {(): (1, 1)}


def test_rate_of_a_total_is_never_the_mean_of_its_parts(destinations):
    """The trap in figures: fivethirtyeight's recent graduates have 5,396,348 employed and 418,025
    unemployed, pooled .0718951; the mean over majors of their rates is .0681908, and wrong.
    """
    pooled = Fraction(418_025, 418_025 + 5_396_348)
    assert round(float(pooled), 7) == 0.0718951
    counts = {"big": (5_396_000, 418_025), "small": (348, 0)}
    for major, (employed, seeking) in counts.items():
        destinations.cells[None, major, None] = {
            "employed_full_time": employed,
            "seeking_employment": seeking,
        }
    parts = [rate(destinations, "nace.career_outcomes_rate", major=major) for major in counts]
    total = rate(destinations, "nace.career_outcomes_rate")
    assert 1 - total == pytest.approx(float(pooled), abs=1e-12)
    assert total != pytest.approx(sum(parts) / 2, abs=0.01)


def test_each_graduate_counts_in_every_crossing_of_what_is_known_of_them(destinations):
    destinations.apply(
        graduates("military", 1, college="Arts", major="Music")
        + graduates("unknown", 1, college="Arts"),
        outcomes_of(DESTINATION),
    )
    assert figures(destinations, "nace.knowledge_rate") == {
        (): (1, 2),
        (("college", "Arts"),): (1, 2),
        (("major", "Music"),): (1, 1),
        (("college", "Arts"), ("major", "Music")): (1, 1),
    }
