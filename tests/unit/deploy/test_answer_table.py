"""A table is checked as a whole before anything of it is sent."""

import json

import pytest

from deploy.answer_table import AnswerTable, UnreadableTable
from deploy.mapping import read_mapping
from tests.unit.deploy.tables import HEADER, MAPPING


@pytest.fixture
def table(tmp_path):
    def table(*lines, header=HEADER, encoding="utf-8", **changes):
        mapping, answers = tmp_path / "mapping.json", tmp_path / "answers.csv"
        mapping.write_text(json.dumps({**MAPPING, **changes}))
        answers.write_bytes("\n".join([header, *lines]).encode(encoding))
        return AnswerTable.open(answers, read_mapping(mapping))

    return table


def mistakes(table):
    return {
        (line, column): (text, count)
        for (column, text), (line, count) in table.check().mistakes.items()
    }


def first(table):
    return next(table.responses())


def test_row_becomes_a_response(table):
    response = first(table("Student,5,2,4.0,1,So it is"))
    assert response["group"] == "student"
    assert response["profile"] == {"year": "1"}
    assert response["answers"] == {
        "advising": {"importance": 5, "satisfaction": 2},
        "overall": 4,
        "why": "So it is",
    }


def test_codes_say_that_a_service_was_not_known(table):
    response = first(table("student,5,8,,,"))
    assert response["answers"] == {"advising": {"importance": 5, "use": "unaware"}}


def test_missing_codes_leave_no_answer(table):
    found = table("student,0,0,0,,")
    assert first(found)["answers"] == {}
    assert found.check().halves == {}


def test_half_a_need_is_left_out_and_counted(table):
    found = table("student,5,,4,,", "student,,3,4,,")
    assert found.check().halves == {"advising": 2}
    assert all("advising" not in response["answers"] for response in found.responses())


def test_same_mistake_is_told_once_with_its_count(table):
    found = mistakes(table("student,5,7,4,,", "student,5,7,4,,", "student,5,x,4,,"))
    assert found == {
        (2, "sat"): ("7 is outside 1 to 5", 2),
        (4, "sat"): ("'x' is not a whole number", 1),
    }


def test_values_out_of_scale_are_missing_where_the_mapping_says_so(table):
    found = table("student,5,7,9,6,", out_of_range="missing")
    findings = found.check()
    assert findings.mistakes == {}
    assert findings.blanked == {("sat", "7"): 1, ("all", "9"): 1, ("year", "6"): 1}
    assert first(found)["answers"] == {}


def test_word_where_a_number_belongs_is_a_mistake_even_then(table):
    found = mistakes(table("student,5,two,4,,", out_of_range="missing"))
    assert found == {(2, "sat"): ("'two' is not a whole number", 1)}


@pytest.mark.parametrize("number", ["1_0", "1e0", "4.5", "٣", "9" * 5000])
def test_only_plain_whole_numbers_are_taken(table, number):
    ((_, column),) = mistakes(table(f"student,,,{number},,"))
    assert column == "all"


def test_unknown_choice_and_long_text_are_mistakes(table):
    found = mistakes(table(f"student,,,,3,{'x' * 21}"))
    assert found == {
        (2, "year"): ("'3' is none of the choices in the mapping", 1),
        (2, "why"): ("more than 20 characters", 1),
    }


def test_row_without_a_group_is_a_mistake(table):
    assert mistakes(table(" ,5,5,5,1,")) == {(2, "who"): ("no group stands here", 1)}


def test_group_without_a_label_is_a_mistake_where_there_are_labels(table):
    group = {"column": "who", "labels": {"s": "Student"}}
    found = mistakes(table("s,,,,,", "t,,,,,", group=group))
    assert found == {(3, "who"): ("'t' has no label in the mapping", 1)}


def test_column_of_names_is_no_group(table):
    lines = [f"person {number},,,,," for number in range(201)]
    assert mistakes(table(*lines)) == {(1, "who"): ("more than 200 groups: is this the group?", 1)}


def test_line_is_that_of_the_file_although_texts_have_lines_of_their_own(table):
    found = mistakes(table('student,,,,,"two\nlines"', "", "student,,,7,,"))
    assert found == {(5, "all"): ("7 is outside 1 to 5", 1)}


def test_row_of_the_wrong_length_is_a_mistake(table):
    found = mistakes(table("student,5,2"))
    assert found == {(2, "(all)"): ("the line has 3 cells, the header 6", 1)}


def test_quote_that_never_ends_is_a_mistake(table):
    ((_, column),) = mistakes(table('student,5,2,4,1,"so'))
    assert column == "(all)"


def test_row_ids_are_the_same_each_time_and_differ_by_row(table):
    found = table("student,5,2,4,1,", "student,5,2,4,1,")
    names = [response["id"] for response in found.responses()]
    assert names == [response["id"] for response in found.responses()]
    assert len(set(names)) == 2


def test_id_column_does_not_leave_the_file(table):
    response = first(table("s,,,,,,m-4711", header=HEADER + ",matric", id="matric"))
    assert "4711" not in json.dumps(response)


def test_id_that_comes_twice_or_is_empty_is_a_mistake(table):
    rows = ("s,,,,,,1", "s,,,,,,1", "s,,,,,,")
    found = mistakes(table(*rows, header=HEADER + ",matric", id="matric"))
    assert found == {
        (3, "matric"): ("this id stood here before", 1),
        (4, "matric"): ("no id stands here", 1),
    }


def test_other_mapping_or_file_has_another_key(table):
    key = table("student,5,2,4,1,").key
    assert table("student,5,2,4,1,").key == key
    assert table("student,5,2,4,1,", title="Another").key != key
    assert table("student,5,2,4,2,").key != key


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252"])
def test_encoding_is_found(table, encoding):
    response = first(table("student,,,,,Büro", encoding=encoding))
    assert response["answers"]["why"] == "Büro"


def test_utf_16_is_refused_with_what_to_do(table):
    with pytest.raises(UnreadableTable, match="Save it as 'CSV UTF-8'"):
        table("student,,,,,", encoding="utf-16")


def test_unknown_columns_are_named(table):
    said = r"has no column sat, why\. It has: who, imp, all, year\."
    with pytest.raises(UnreadableTable, match=said):
        table("student,5,4,1", header="who,imp,all,year")


def test_wrong_separator_is_guessed(table):
    with pytest.raises(UnreadableTable, match='"delimiter": ";"'):
        table(header=HEADER.replace(",", ";"))


def test_semicolons_separate_where_the_mapping_says_so(table):
    found = table("student;5;2;4;1;", header=HEADER.replace(",", ";"), delimiter=";")
    assert first(found)["answers"]["overall"] == 4


def test_column_that_comes_twice_is_refused(table):
    with pytest.raises(UnreadableTable, match="two columns of the name who"):
        table(header=HEADER + ",who")


def test_columns_that_are_not_read_are_known(table):
    assert table(header=HEADER + ",shoe size").unread == ("shoe size",)
