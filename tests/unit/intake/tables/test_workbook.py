"""A workbook is read as its first sheet's rows; what would take too much is refused."""

import zipfile
from datetime import datetime
from io import BytesIO
from tempfile import TemporaryFile

import openpyxl
import pytest

from services.intake.tables import workbook
from services.intake.tables.reading import UnreadableTable, layout_of, rows_of

DAY = datetime(2024, 3, 1)  # noqa: DTZ001  # as a workbook has it
SHEET = "xl/worksheets/sheet1.xml"


def made(*rows):
    book, data = openpyxl.Workbook(), BytesIO()
    for row in rows:
        book.active.append(row)
    book.save(data)
    return data.getvalue()


def read(data):
    with TemporaryFile() as file:
        file.write(data)
        with workbook.plain(file) as text:
            return [row.cells for row in rows_of(text, layout_of(text))]


def with_sheet(xml):
    """A workbook whose sheet says what nobody would write."""
    data = BytesIO()
    with (
        zipfile.ZipFile(BytesIO(made(["a"]))) as whole,
        zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as changed,
    ):
        for part in whole.namelist():
            changed.writestr(part, xml if part == SHEET else whole.read(part))
    return data.getvalue()


def sheet(rows):
    return (
        '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">'
        f"<sheetData>{rows}</sheetData></worksheet>"
    )


def test_cells_are_read_as_they_are_seen_and_a_formula_as_its_text():
    rows = [
        ["who", "rating", "when", "formula", "sure", "none"],
        ["Büro", 5.0, DAY, "=1+1", True, None],
        [],
        ["short", 4.5],
    ]
    assert read(made(*rows)) == [
        rows[0],
        ["Büro", "5", "2024-03-01", "=1+1", "Yes", ""],
        ["short", "4.5", "", "", "", ""],
    ]


def test_sheets_are_named_without_reading_them():
    assert workbook.sheet_names(BytesIO(made(["a"]))) == ["Sheet"]


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"PK\3\4 and nothing more", "damaged"),
        (made(["a"])[:900], "damaged"),
        (with_sheet("<not closed"), "damaged"),
        (
            with_sheet(
                '<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]>'
                + sheet('<row r="1"><c t="str"><v>&b;</v></c></row>')
            ),
            "damaged",
        ),
        (with_sheet(sheet('<row r="1">' + "<c/>" * 3_100_000 + "</row>")), "more than is read"),
        (with_sheet(sheet('<row r="99999999"><c r="A99999999"><v>1</v></c></row>')), "more than"),
        (with_sheet(sheet('<row r="1"><c r="ZZZ1"><v>1</v></c></row>')), "more than is read"),
    ],
)
def test_hostile_workbook_is_refused(data, said):
    with pytest.raises(UnreadableTable, match=said):
        workbook._write(BytesIO(data), BytesIO())


def test_workbook_that_unpacks_to_too_much_is_not_unpacked(monkeypatch):
    monkeypatch.setattr(workbook, "_MOST_UNPACKED", 10_000)
    with pytest.raises(UnreadableTable, match="more than is read"):
        workbook._write(BytesIO(with_sheet(sheet(" " * 10_000))), BytesIO())


def test_refusal_comes_out_of_the_process_that_reads_it():
    with pytest.raises(UnreadableTable, match="damaged"):
        read(b"PK\3\4 and nothing more")


def test_process_that_is_stopped_for_what_it_takes_is_a_refusal(monkeypatch):
    monkeypatch.setattr(workbook, "_MOST_SECONDS", 0)
    with pytest.raises(UnreadableTable, match="more than is read"):
        read(made(["a"]))
