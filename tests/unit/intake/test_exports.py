"""Answers as tables: columns that never shift, cells that are inert, formats that are read back."""

import csv
import io
import json

import openpyxl
import pyarrow.parquet as pq
import pyreadstat
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.intake.domain.columns import NUMBER, Column, Table, TooManyRows
from services.intake.domain.inert import inert
from services.intake.exports import delimited, json_lines, parquet, spss, workbook

OPTIONS = [{"value": value, "text": {"en": value.title()}} for value in ("a", "b")]


def item(name, kind, **more):
    return {"id": name, "type": kind, "text": {"en": name.title()}, **more}


def version(*items):
    return {"languages": ["en"], "groups": ["student"], "sections": [], "items": list(items)}


ALL = version(
    item("need", "need", scale={"min": 1, "max": 5}),
    item("rate", "rating", scale={"min": 1, "max": 5, "high": {"en": "Best"}}, no_basis=True),
    item("one", "single_choice", choices=OPTIONS, other=True),
    item("many", "multiple_choice", choices=OPTIONS, other=True),
    item("order", "ranking", choices=OPTIONS),
    item("grid", "matrix", rows=OPTIONS, choices=OPTIONS),
    item("number", "number"),
    item("day", "date"),
    item("why", "text"),
    item("a-b", "text"),
)
ANSWERS = {
    "need": {"importance": 5, "use": "unused"},
    "rate": {"no_basis": True},
    "one": {"other": "My own"},
    "many": ["b", {"other": "+ more"}],
    "order": ["b", "a"],
    "grid": {"b": "a"},
    "number": -5,
    "day": "2026-02-28",
    "why": "=1+1",
}
CELLS = {
    "response": "r1", "group": "student", "survey_version": 1, "at": "2026-03-01",
    "need.importance": 5, "need.satisfaction": None, "need.use": "unused",
    "rate": None, "rate.no_basis": 1,
    "one": "other", "one.other": "My own",
    "many.a": 0, "many.b": 1, "many.other": "+ more",
    "order.a": 2, "order.b": 1,
    "grid.a": None, "grid.b": "a",
    "number": -5, "day": "2026-02-28", "why": "=1+1", "a-b": None,
}  # fmt: skip


def table(*published, answers=ANSWERS, responses=1):
    made = Table(published)
    content = {"group": "student", "profile": {}, "answers": answers}
    rows = [made.row(f"r{n}", 1, "2026-03-01", content) for n in range(1, responses + 1)]
    return made.columns, rows


def test_every_type_has_its_columns_and_every_answer_its_cells():
    columns, [row] = table(ALL)
    assert {c.name: cell for c, cell in zip(columns, row, strict=True)} == CELLS


def test_columns_of_all_versions_are_united_and_never_shift():
    first = version(item("many", "multiple_choice", choices=OPTIONS), item("gone", "text"))
    later = version(
        item("new", "text"),
        item("many", "multiple_choice", choices=[OPTIONS[1], {"value": "c", "text": {"en": "C"}}]),
    )
    columns, [row] = table(first, later, answers={"many": ["a"], "gone": "x"})
    names = [column.name for column in columns[4:]]
    assert names == ["many.a", "many.b", "many.c", "gone", "new"]
    assert row[4:] == [1, 0, None, "x", None]  # c was not there to be chosen


def test_an_item_that_is_called_as_a_column_of_the_response_is_kept_apart_from_it():
    own = [*OPTIONS, {"value": "other", "text": {"en": "Other"}}]
    first = version(item("at", "text"), item("many", "multiple_choice", choices=own))
    later = version(item("at", "text"), item("many", "multiple_choice", choices=own, other=True))
    answers = {"at": "noon", "many": ["other", {"other": "mine"}]}
    columns, [row] = table(first, later, answers=answers)
    cells = {column.name: cell for column, cell in zip(columns, row, strict=True)}
    assert (cells["at"], cells["at_2"]) == ("2026-03-01", "noon")
    assert (cells["many.other"], cells["many.other_2"]) == (1, "mine")


def test_points_of_a_scale_and_groups_have_their_words():
    scale = {"min": 1, "max": 5, "low": {"en": "Never"}}
    asked = {
        **version(item("rate", "rating", scale=scale)),
        "group_titles": {"student": {"en": "S"}},
    }
    columns, _ = table(asked)
    assert {column.name: column.codes for column in columns if column.codes} == {
        "group": {"student": "S"},
        "rate": {"1": "Never"},
    }


@given(st.text(max_size=20))
def test_no_text_begins_as_a_formula_does_unless_it_is_a_number(text):
    made = inert(text)
    assert made in {text, f"'{text}"}
    if made and made[0] in "=+-@\t\r\n＝＋－＠":  # noqa: RUF001
        float(made)


def test_csv_is_read_back_with_formulas_inert_and_negative_numbers_as_they_are():
    columns, rows = table(ALL, responses=1200)
    text = b"".join(delimited.lines(columns, iter(rows))).decode("utf-8-sig")
    read = list(csv.DictReader(io.StringIO(text)))
    assert len(read) == 1200
    assert (read[0]["number"], read[0]["why"], read[0]["many.other"]) == ("-5", "'=1+1", "'+ more")
    assert read[0]["need.satisfaction"] == ""


def test_a_csv_of_no_answers_has_its_header():
    columns, _ = table(ALL)
    assert b"".join(delimited.lines(columns, iter([]))).startswith("\ufeffresponse,group".encode())


def test_json_lines_say_what_was_answered():
    columns, rows = table(ALL, responses=3)
    lines = b"".join(json_lines.lines(columns, iter(rows))).splitlines()
    assert [json.loads(line)["response"] for line in lines] == ["r1", "r2", "r3"]
    assert json.loads(lines[0]) == CELLS


def test_a_workbook_holds_answers_and_what_the_columns_mean(tmp_path):
    columns, rows = table(ALL, answers={**ANSWERS, "why": "a\x01b"})
    workbook.write(columns, iter(rows), tmp_path / "x.xlsx")
    book = openpyxl.load_workbook(tmp_path / "x.xlsx")
    header, row = book["answers"].iter_rows(values_only=True)
    cells = dict(zip(header, row, strict=True))
    assert (cells["number"], cells["many.other"], cells["why"]) == (-5, "'+ more", "ab")
    meanings = list(book["columns"].iter_rows(values_only=True))
    assert ("one", "One", "code", "a = A; b = B; other = Other") in meanings


def test_parquet_has_types_and_labels(tmp_path):
    columns, rows = table(ALL, responses=2)
    parquet.write(columns, iter(rows), tmp_path / "x.parquet")
    read = pq.read_table(tmp_path / "x.parquet")
    assert str(read.schema.field("day").type) == "date32[day]"
    assert read.schema.field("one").metadata[b"label"] == b"One"
    assert read.column("number").to_pylist() == [-5.0, -5.0]


def test_spss_has_labels_of_variables_and_values(tmp_path):
    columns, rows = table(ALL, responses=2)
    spss.write(columns, iter(rows), tmp_path / "x.sav")
    data, meta = pyreadstat.read_sav(str(tmp_path / "x.sav"), output_format="dict")
    assert data["need.use"] == [2.0, 2.0]
    assert meta.variable_value_labels["need.use"] == {
        1.0: "Did not know of it",
        2.0: "Have not used it",
    }
    assert meta.variable_value_labels["rate"] == {5.0: "Best"}
    assert meta.column_names_to_labels["need.importance"] == "Need: importance"
    assert meta.column_names_to_labels["a_b"] == "[a-b] A-B"
    assert data["why"] == ["=1+1", "=1+1"]
    assert str(data["day"][0]) == "2026-02-28"


def test_spss_knows_the_measure_of_each_variable(tmp_path):
    columns, rows = table(ALL)
    spss.write(columns, iter(rows), tmp_path / "x.sav")
    _, meta = pyreadstat.read_sav(str(tmp_path / "x.sav"), metadataonly=True, output_format="dict")
    measured = {
        "nominal": ["response", "group", "need.use", "one", "one.other", "grid.a", "why"],
        "ordinal": ["need.importance", "need.satisfaction", "rate"],
        "scale": ["number", "day", "survey_version", "many.a"],
    }
    for measure, names in measured.items():
        assert {meta.variable_measure[name] for name in names} == {measure}


def test_an_spss_file_of_many_rows_has_them_all_and_one_of_none_has_its_variables(tmp_path):
    for responses in (0, 4500):
        columns, rows = table(ALL, responses=responses)
        spss.write(columns, iter(rows), tmp_path / "x.sav")
        data, meta = pyreadstat.read_sav(str(tmp_path / "x.sav"), output_format="dict")
        assert data["response"] == [f"r{n}" for n in range(1, responses + 1)]
        assert len(meta.column_names) == len(columns)


def test_spss_names_are_legal_and_different_whatever_their_case():
    names = ["1st", "With", "a-b", "a_b", "A_B", "x" * 70, "end."]
    made = spss.variable_names([Column(name, "", NUMBER) for name in names])
    assert made == ["v1st", "With_2", "a_b", "a_b_2", "A_B_3", "x" * 64, "end"]


def test_more_than_a_format_holds_is_said_and_not_cut(tmp_path, monkeypatch):
    monkeypatch.setattr(spss, "_MOST_CELLS", 2 * len(CELLS))
    columns, rows = table(ALL, responses=3)
    with pytest.raises(TooManyRows, match="Parquet"):
        spss.write(columns, iter(rows), tmp_path / "x.sav")
