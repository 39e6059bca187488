import pytest

from services.metrics.domain.answers import DIMENSIONS as ANSWER_DIMENSIONS
from services.metrics.domain.answers import RECORDS
from services.metrics.domain.definitions import (
    UnknownMetric,
    metric_named,
    metrics,
    outcome_kinds,
    value_of,
)


def test_the_shipped_metrics_are_these_four():
    assert set(metrics()) == {
        "intake.responses",
        "intake.need_satisfaction",
        "nace.knowledge_rate",
        "nace.career_outcomes_rate",
    }


def test_unknown_metric_names_the_known_ones():
    with pytest.raises(UnknownMetric, match=r"no metric 'x'; choose.*nace\.knowledge_rate"):
        metric_named("x")


@pytest.mark.parametrize("metric", metrics().values(), ids=lambda metric: metric.name)
def test_every_lattice_point_is_made_of_dimensions_that_its_records_have(metric):
    kind = outcome_kinds().get(metric.counts)
    has = set(kind.dimensions) if kind else {*ANSWER_DIMENSIONS, "survey"}
    assert all(set(point) <= has for point in metric.lattice)
    assert len(set(metric.lattice)) == len(metric.lattice)
    assert kind or metric.counts == RECORDS


@pytest.mark.parametrize("name", ["nace.knowledge_rate", "nace.career_outcomes_rate"])
def test_rates_name_only_categories_that_can_be_recorded(name):
    metric = metric_named(name)
    categories = set(outcome_kinds()[metric.counts].categories)
    assert set(metric.numerator) < set(metric.denominator) <= categories


def test_no_figure_of_a_class_is_published_under_65_percent_known():
    published = metric_named("nace.career_outcomes_rate").publish_from
    assert (published.metric, published.value) == ("nace.knowledge_rate", 0.65)


def test_rate_of_nobody_is_unknown_and_a_count_of_nobody_is_zero():
    assert value_of(0, 0) is None
    assert value_of(0, None) == 0
    assert value_of(1, 4) == 0.25
