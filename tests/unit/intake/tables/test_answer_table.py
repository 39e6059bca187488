"""A table is checked as a whole before anything of it is sent."""

import json
from io import BytesIO

import pytest

from services.intake.tables.answer_table import AnswerTable
from services.intake.tables.mapping import read_mapping
from services.intake.tables.reading import UnreadableTable
from tests.unit.intake.tables.small_table import HEADER, MAPPING


def table(*lines, header=HEADER, encoding="utf-8", **changes):
    mapping = read_mapping(json.dumps({**MAPPING, **changes}))
    return AnswerTable.open(BytesIO("\n".join([header, *lines]).encode(encoding)), mapping)


def mistakes(table):
    return {
        (line, column): (text, count)
        for (column, text), (line, count) in table.check().mistakes.items()
    }


def first(table):
    return next(table.rows()).answered


def test_row_becomes_a_response():
    response = first(table("Student,5,2,4.0,1,So it is"))
    assert response.group == "student"
    assert response.profile == {"year": "1"}
    assert response.answers == {
        "advising": {"importance": 5, "satisfaction": 2},
        "overall": 4,
        "why": "So it is",
    }


def test_codes_say_that_a_service_was_not_known():
    response = first(table("student,5,8,,,"))
    assert response.answers == {"advising": {"importance": 5, "use": "unaware"}}


def test_missing_codes_leave_no_answer():
    found = table("student,0,0,0,,")
    assert first(found).answers == {}
    assert found.check().halves == {}


def test_half_a_need_is_left_out_and_counted():
    found = table("student,5,,4,,", "student,,3,4,,")
    assert found.check().halves == {"advising": 2}
    assert all("advising" not in row.answered.answers for row in found.rows())


def test_same_mistake_is_told_once_with_its_count():
    found = mistakes(table("student,5,7,4,,", "student,5,7,4,,", "student,5,x,4,,"))
    assert found == {
        (2, "sat"): ("7 is outside 1 to 5", 2),
        (4, "sat"): ("'x' is not a whole number", 1),
    }


def test_values_out_of_scale_are_missing_where_the_mapping_says_so():
    found = table("student,5,7,9,6,", out_of_range="missing")
    findings = found.check()
    assert findings.mistakes == {}
    assert findings.blanked == {("sat", "7"): 1, ("all", "9"): 1, ("year", "6"): 1}
    assert first(found).answers == {}


def test_word_where_a_number_belongs_is_a_mistake_even_then():
    found = mistakes(table("student,5,two,4,,", out_of_range="missing"))
    assert found == {(2, "sat"): ("'two' is not a whole number", 1)}


@pytest.mark.parametrize("number", ["1_0", "1e0", "4.5", "٣", "9" * 5000])
def test_only_plain_whole_numbers_are_taken(number):
    ((_, column),) = mistakes(table(f"student,,,{number},,"))
    assert column == "all"


def test_unknown_choice_and_long_text_are_mistakes():
    found = mistakes(table(f"student,,,,3,{'x' * 21}"))
    assert found == {
        (2, "year"): ("'3' is none of the choices", 1),
        (2, "why"): ("more than 20 characters", 1),
    }


def test_row_without_a_group_is_a_mistake():
    assert mistakes(table(" ,5,5,5,1,")) == {(2, "who"): ("no group stands here", 1)}


def test_group_without_a_label_is_a_mistake_where_there_are_labels():
    group = {"column": "who", "labels": {"s": "Student"}}
    found = mistakes(table("s,,,,,", "t,,,,,", group=group))
    assert found == {(3, "who"): ("'t' has no label in the mapping", 1)}


def test_column_of_names_is_no_group():
    lines = [f"person {number},,,,," for number in range(201)]
    assert mistakes(table(*lines)) == {(1, "who"): ("more than 200 groups: is this the group?", 1)}


def test_line_is_that_of_the_file_although_texts_have_lines_of_their_own():
    found = mistakes(table('student,,,,,"two\nlines"', "", "student,,,7,,"))
    assert found == {(5, "all"): ("7 is outside 1 to 5", 1)}


def test_row_of_the_wrong_length_is_a_mistake():
    found = mistakes(table("student,5,2"))
    assert found == {(2, "(all)"): ("the line has 3 cells, the header 6", 1)}


def test_quote_that_never_ends_is_said_with_its_line():
    with pytest.raises(UnreadableTable, match="Line 2: not CSV from here on"):
        table('student,5,2,4,1,"so').check()


def identities(table):
    return [row.identity for row in table.rows()]


def test_rows_have_the_same_identity_in_any_file_and_differ_in_one():
    one, other = "student,5,2,4,1,", "staff,5,2,4,1,"
    found = identities(table(one, other, one))
    assert len(set(found)) == 3
    assert identities(table(other, one, one)) == [found[1], found[0], found[2]]
    assert identities(table(one, title="Another")) == found[:1]


def test_row_with_an_id_keeps_its_identity_when_it_changes():
    header = HEADER + ",matric"
    before, after = (table(f"s,5,{n},,,,m-4711", header=header, id="matric") for n in (1, 2))
    assert identities(before) == identities(after)
    assert "4711" not in identities(before)[0]


def test_id_that_comes_twice_or_is_empty_is_a_mistake():
    rows = ("s,,,,,,1", "s,,,,,,1", "s,,,,,,")
    found = mistakes(table(*rows, header=HEADER + ",matric", id="matric"))
    assert found == {
        (3, "matric"): ("this id stood here before", 1),
        (4, "matric"): ("no id stands here", 1),
    }


def test_other_mapping_or_file_has_another_key():
    key = table("student,5,2,4,1,").key
    assert table("student,5,2,4,1,").key == key
    assert table("student,5,2,4,1,", title="Another").key != key
    assert table("student,5,2,4,2,").key != key


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16", "utf-16-le"])
def test_encoding_is_found(encoding):
    response = first(table("student,,,,,Büro", encoding=encoding))
    assert response.answers["why"] == "Büro"


def test_unknown_columns_are_named():
    said = r"no column sat, why\. The file has: who, imp, all, year\."
    with pytest.raises(UnreadableTable, match=said):
        table("student,5,4,1", header="who,imp,all,year")


@pytest.mark.parametrize("delimiter", [";", "\t", "|"])
def test_separator_is_found(delimiter):
    lines = ["student,5,2,4,1,so", "staff,4,3,3,2,"]
    found = table(*(line.replace(",", delimiter) for line in lines),
                  header=HEADER.replace(",", delimiter))  # fmt: skip
    assert first(found).answers["overall"] == 4


def test_semicolons_separate_where_the_mapping_says_so():
    found = table("student;5;2;4;1;", header=HEADER.replace(",", ";"), delimiter=";")
    assert first(found).answers["overall"] == 4


def test_column_that_comes_twice_is_refused():
    with pytest.raises(UnreadableTable, match="same name: who"):
        table(header=HEADER + ",who")


def test_columns_that_are_not_read_are_known():
    assert table(header=HEADER + ",shoe size").unread == ("shoe size",)
