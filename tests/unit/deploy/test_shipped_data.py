"""What is shipped to start from fits the system that ships with it."""

from pathlib import Path

import pytest

from deploy import demo_data
from services.intake.domain.answers import check_response
from services.intake.domain.definition import compile_definition
from services.intake.schemas import DefinitionSchema
from services.intake.tables.answer_table import AnswerTable
from services.intake.tables.mapping import read_mapping
from services.metrics.domain.outcome import Outcome

EXAMPLES = Path(__file__).parents[3] / "docs" / "examples"


@pytest.fixture(scope="module")
def survey():
    return DefinitionSchema().load(demo_data.definition())


def texts(node):
    """All {language: text} in a definition."""
    if isinstance(node, list):
        return [text for part in node for text in texts(part)]
    if not isinstance(node, dict):
        return []
    if "en" in node:
        return [node]
    return [text for part in node.values() for text in texts(part)]


def test_every_text_of_the_shipped_survey_is_there_in_both_languages(survey):
    found = texts(survey)
    assert len(found) > 20
    assert all(text.keys() == set(survey["languages"]) for text in found)


def test_shipped_survey_looks_through_each_lens(survey):
    lens = {section["id"]: section["lens"] for section in survey["sections"]}
    used = {lens[item["section"]] for item in survey["items"] if item["type"] == "need"}
    assert used == {"culture", "needs", "structure"}


def test_invented_answers_fit_the_shipped_survey(survey):
    definition = compile_definition(survey)
    answers = list(demo_data.responses())
    for response in answers:
        check_response(definition, response["group"], response["profile"], response["answers"])
    assert len({response["id"] for response in answers}) == len(answers)
    assert {response["group"] for response in answers} == set(survey["groups"])


def test_same_people_are_invented_each_time():
    assert list(demo_data.responses()) == list(demo_data.responses())
    assert demo_data.outcomes() == demo_data.outcomes()


def test_invented_outcomes_are_ones_that_metrics_takes_and_say_what_they_are():
    for row in demo_data.outcomes():
        assert Outcome.read(row).synthetic


def test_invented_answers_fit_the_survey_that_stays_open():
    definition = DefinitionSchema().load(demo_data.open_definition())
    compiled = compile_definition(definition)
    for response in demo_data.open_responses():
        check_response(compiled, response["group"], {}, response["answers"])
    assert definition["synthetic"]


def test_example_has_no_mistakes():
    mapping = read_mapping((EXAMPLES / "mapping.json").read_text(encoding="utf-8"))
    with (EXAMPLES / "answers.csv").open("rb") as file:
        findings = AnswerTable.open(file, mapping).check()
    assert findings.mistakes == {}
    assert findings.rows == 12
    assert mapping.synthetic
