"""What conditions mean. The browser's test holds the page's script to the same table."""

import json
from pathlib import Path

import pytest

from services.intake.domain.conditions import NotACondition, compile_condition, variables

TABLE = json.loads((Path(__file__).parents[2] / "conditions.json").read_text())


@pytest.mark.parametrize("case", TABLE, ids=lambda case: json.dumps(case["rule"]))
def test_a_condition_comes_to_what_the_table_says(case):
    value = compile_condition(case["rule"])(case["answers"])
    assert value == case["value"]
    assert type(value) is type(case["value"]) or not isinstance(value, bool)


@pytest.mark.parametrize(
    "rule",
    [
        {"map": [{"var": "a"}, 1]},
        {"==": [1]},
        {"<": [1, 2, 3, 4]},
        {"var": ""},
        {"var": 3},
        {"==": [1, 1], "!=": [1, 2]},
        {},
    ],
)
def test_what_the_page_and_the_server_could_not_both_work_out_is_no_condition(rule):
    with pytest.raises(NotACondition):
        compile_condition(rule)


def test_a_condition_goes_only_so_deep():
    rule: object = {"var": "a"}
    for _ in range(30):
        rule = {"!": [rule]}
    with pytest.raises(NotACondition, match="deep"):
        compile_condition(rule)


def test_the_items_that_a_condition_asks_about_are_known_by_id():
    rule = {
        "and": [{"<": [{"var": "need.importance"}, 3]}, {"missing": ["year"]}, {"var": ["x", 1]}]
    }
    assert set(variables(rule)) == {"need", "year", "x"}
