from datetime import UTC, datetime

import orjson

from services.metrics.domain.answers import DIMENSIONS, RECORDS, answers_to
from services.metrics.domain.counters import Counters
from services.metrics.domain.cut import Head, Mark, Part, plan
from services.metrics.domain.definitions import metrics_counting
from services.metrics.domain.period import Period

NOW = datetime(2026, 10, 2, tzinfo=UTC)
LATEST = datetime(2026, 10, 1, tzinfo=UTC)
PERIOD = Period.containing(LATEST, "academic_year")


def head(*groups, version=1, latest=LATEST, synthetic=False):
    counters = Counters(DIMENSIONS)
    bodies = [
        {"after": {"group": group, "answers": {"overall": 4}}, "before": None, "at": ""}
        for group in groups
    ]
    counters.apply(bodies, answers_to(["overall"]))
    within = {"survey": "s1"}
    return Head(
        "survey/s1", version, len(groups), "0" * 64, PERIOD, within, counters, latest, synthetic
    )


def planned(head, mark, now=NOW, most=1000):
    return plan(head, mark, metrics_counting(RECORDS), now, most)


def written(part):
    return {
        (row.metric, *row.segment.values()): (row.numerator, row.denominator, row.is_new)
        for row in part.rows
    }


def test_the_first_cut_begins_every_series():
    part = planned(head("student"), Mark())
    assert written(part) == {
        ("intake.responses", "s1"): (1, None, True),
        ("intake.responses", "s1", "student"): (1, None, True),
        ("intake.need_satisfaction", "s1", "overall"): (4, 1, True),
        ("intake.need_satisfaction", "s1", "overall", "student"): (4, 1, True),
    }
    assert part.complete


def test_every_figure_of_a_synthetic_survey_is_synthetic():
    part = planned(head("student", synthetic=True), Mark())
    assert {snapshot.synthetic for _, snapshot in part.snapshots(NOW)} == {True}
    assert not any(row.synthetic for row in planned(head("student"), Mark()).rows)


def test_only_figures_that_changed_are_written_again():
    mark = planned(head("student"), Mark()).marked(Mark())
    part = planned(head("student", "staff", version=2), mark)
    assert written(part) == {
        ("intake.responses", "s1"): (2, None, False),
        ("intake.responses", "s1", "staff"): (1, None, True),
        ("intake.need_satisfaction", "s1", "overall"): (8, 2, False),
        ("intake.need_satisfaction", "s1", "overall", "staff"): (4, 1, True),
    }
    assert (part.lineage.from_version, part.lineage.to_version) == (1, 2)


def test_an_unchanged_head_writes_nothing_but_its_version_is_marked():
    mark = planned(head("student"), Mark()).marked(Mark())
    part = planned(head("student", version=2), mark)
    assert part.rows == []
    assert part.marked(mark).version == 2


def test_what_is_too_much_for_one_cut_is_left_for_the_next():
    whole = head("student", "staff", version=3)
    mark, rows = Mark(), []
    while mark.version < 3:
        part = planned(whole, mark, most=4)
        mark = part.marked(mark)
        rows.append(len(part.rows))
    assert rows == [4, 2]
    assert planned(whole, mark).rows == []


def test_a_stored_part_writes_the_same_snapshots_again():
    part = planned(head("student"), Mark())
    again = Part.of_dict(orjson.loads(orjson.dumps(part.as_dict())))
    assert again == part
    first, second = (
        [snapshot.content() for _, snapshot in each.snapshots(NOW)] for each in (part, again)
    )
    assert first == second


def test_validity_never_goes_back():
    mark = planned(head("student"), Mark()).marked(Mark())
    earlier = head("student", "student", version=2, latest=datetime(2026, 9, 1, tzinfo=UTC))
    assert planned(earlier, mark).valid_at == LATEST


def test_a_passed_year_is_valid_at_its_end():
    later = datetime(2027, 7, 1, tzinfo=UTC)
    assert planned(head("student"), Mark(), now=later).valid_at == PERIOD.last_moment
