"""A mapping says what the columns of somebody's CSV mean."""

import json
import re
from pathlib import Path

import pytest
from marshmallow import Schema, fields

from services.intake.domain.definition import compile_definition
from services.intake.schemas import DefinitionSchema
from services.intake.tables.mapping import (
    InvalidMapping,
    MappingSchema,
    identifier,
    normal,
    read_mapping,
)
from tests.unit.intake.tables.small_table import MAPPING, RATING

DOCUMENT = Path(__file__).parents[4] / "docs" / "mapping.md"
EXAMPLES = [
    json.loads(text) for text in re.findall(r"```json\n(.*?)```", DOCUMENT.read_text(), re.DOTALL)
]


def keys(schema: Schema) -> set[str]:
    """Every key that a schema takes, however deep."""
    nested = [
        each.inner if isinstance(each, fields.List) else each for each in schema.fields.values()
    ]
    inner = [each.schema for each in nested if isinstance(each, fields.Nested)]
    return set(schema.fields).union(*map(keys, inner))


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda each: each.get("id") or each.get("title"))
def test_each_example_of_the_reference_makes_a_survey_that_intake_takes(read, example):
    mapping = read(**example if "items" in example else {"items": [example]})
    loaded = DefinitionSchema().load(mapping.definition(["student"]))
    assert compile_definition(loaded).items


def test_the_reference_shows_each_key_and_each_type():
    shown = set(re.findall(r'"(\w+)":', DOCUMENT.read_text()))
    assert keys(MappingSchema()) - shown == set()
    kinds = MappingSchema().fields["items"].inner.schema.fields["type"].validate.choices
    items = [item for each in EXAMPLES for item in each.get("items", [each])]
    assert {item["type"] for item in items} == set(kinds)


@pytest.fixture
def read():
    return lambda **changes: read_mapping(json.dumps({**MAPPING, **changes}))


def test_survey_of_a_mapping_is_one_that_intake_takes(read):
    definition = read().definition(["student", "staff"])
    loaded = DefinitionSchema().load(definition)
    assert set(compile_definition(loaded).items) == {"advising", "overall", "year", "why"}
    assert loaded["synthetic"] is True


def test_labels_become_group_ids(read):
    labels = {"1": "Faculty 1", 2: "École d'art"}
    found = read(group={"column": "who", "labels": labels})
    assert found.groups == {"1": "faculty-1", "2": "ecole-d-art"}


def test_one_group_can_stand_for_all_rows(read):
    found = read(group="Alumni")
    assert found.groups == {"": "alumni"}
    assert "who" not in found.columns


def test_two_labels_that_become_one_id_are_refused(read):
    with pytest.raises(InvalidMapping, match="become 'a-b'"):
        read(group={"column": "who", "labels": {"1": "A b", "2": "a-B"}})


def test_two_codes_may_share_a_label(read):
    found = read(group={"column": "who", "labels": {"1": "Staff", "2": "Staff"}})
    assert found.groups == {"1": "staff", "2": "staff"}


def test_every_mistake_is_named_by_its_place(read):
    with pytest.raises(InvalidMapping) as caught:
        read(items=[{"id": "a b", "text": "A", "type": "rating"}], minimum_group_size=0, colour=1)
    text = str(caught.value)
    assert "items.0.id: Use letters" in text
    assert "minimum_group_size:" in text
    assert "colour: Unknown field." in text


def test_item_needs_the_columns_of_its_type(read):
    need = {"id": "a", "text": "A", "type": "need", "column": "a", "importance": "i"}
    with pytest.raises(InvalidMapping) as caught:
        read(items=[need])
    text = str(caught.value)
    assert "items.0.satisfaction: A need needs this." in text
    assert "items.0.scale: A need needs this." in text
    assert "items.0.column: A need has no column." in text


def test_one_id_for_two_items_is_refused(read):
    with pytest.raises(InvalidMapping, match="'overall' is used twice"):
        read(items=[RATING, RATING])


def test_choices_that_make_no_id_are_numbered(read):
    choices = {"ja": "Ja", "+": "Plus", "-": "Minus"}
    item = {"id": "c", "text": "C", "type": "single_choice", "column": "c", "choices": choices}
    assert read(items=[item]).items[0].codes == {"ja": "ja", "+": "choice-2", "-": "choice-3"}


@pytest.mark.parametrize("text", [b"{", b"\xff\xfe", b"[" * 100_000, b"3", b"[]"])
def test_what_is_no_mapping_is_refused(text):
    with pytest.raises(InvalidMapping, match="Mend the mapping"):
        read_mapping(text)


def test_several_answers_stand_in_one_cell_or_in_columns_of_their_own(read):
    several = {"id": "c", "text": "C", "type": "multiple_choice", "choices": {"A": "A", "B": "B"}}
    assert read(items=[several | {"column": "c"}]).items[0].columns == {"column": "c"}
    marks = read(items=[several | {"columns": {"A": "c1", "B": "c2"}}]).items[0]
    assert marks.columns == {"a": "c1", "b": "c2"}
    with pytest.raises(InvalidMapping, match="Give one column and its divider, or"):
        read(items=[several])


def test_matrix_has_its_rows_from_its_columns(read):
    matrix = {"id": "m", "text": "M", "type": "matrix", "columns": {"On site": "m1"},
              "choices": {"1": "Yes", "2": "No"}}  # fmt: skip
    [item] = read(items=[matrix]).items
    assert item.columns == {"on-site": "m1"}
    assert item.definition["rows"] == [{"value": "on-site", "text": "On site"}]


@pytest.mark.parametrize(
    ("cell", "same"), [(" 5 ", "5"), ("5.0", "5"), ("5.5", "5.5"), ("05", "05"), ("a.0", "a.0")]
)
def test_cells_are_compared_without_their_dress(cell, same):
    assert normal(cell) == same


def test_identifier_is_never_too_long():
    assert len(identifier("x" * 100)) == 64
