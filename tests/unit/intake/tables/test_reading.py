"""Any file is read as rows, or refused with what to do, in bounded time and memory."""

from io import BytesIO

import pytest

from services.intake.tables.reading import MOST_COLUMNS, UnreadableTable, layout_of, rows_of


def rows(data):
    stream = BytesIO(data)
    return [row.cells for row in rows_of(stream, layout_of(stream))]


TEXT = 'name,why\nAnna,"Büro, 2\nfloors"\n\nJosé,=1+1\n'
ROWS = [["name", "why"], ["Anna", "Büro, 2\nfloors"], ["José", "=1+1"]]


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16", "utf-16-le", "utf-16-be"]
)
def test_encoding_is_found_and_a_formula_is_its_text(encoding):
    assert rows(TEXT.encode(encoding)) == ROWS


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_delimiter_is_found_although_others_stand_in_cells(delimiter, newline):
    lines = [["a", "b", "c"], ["1, 2; 3", "x", ""], ["one, two", "y", "z"]]
    text = newline.join(delimiter.join(f'"{cell}"' for cell in line) for line in lines)
    assert rows(text.encode()) == lines


def test_row_is_numbered_as_a_spreadsheet_does_and_by_its_line():
    stream = BytesIO(TEXT.encode())
    found = [(row.number, row.line) for row in rows_of(stream, layout_of(stream))]
    assert found == [(1, 1), (2, 2), (4, 5)]


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "empty"),
        (b"a,b\n\xff\xfe\x81", "Save it as 'CSV UTF-8'"),
        (b"a,b\nx\0y,1", "This is no table"),
        (b"a,b\n" + b"x,1\n" * 1_000 + b"\0", "This is no table"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "Export the answers as CSV or .xlsx"),
        (b"\xff\xd8\xff\xe0\0\x10JFIF\0", "This is no table"),
        (b"%PDF-1.7\n1 0 obj\n", "This is no table"),
        (b"GIF89a,b\n1,2\n", "This is no table"),
        (b"\xff\xfea\0,", "Save it as 'CSV UTF-8'"),
        (b'a,b\n"x', "Line 2: not CSV"),
        (b'a,b\n"x"y,1', "Line 2: not CSV"),
        (b"a,b\n" + b"x" * 200_000, "field larger"),
        (b"a\n" + b"," * MOST_COLUMNS, "1,001 columns; at most 1,000"),
        (b"a" * 1_100_000, "more than 1,000,000 characters"),
        (b"a,b\n" + b'"a\n",' * 400_000, "more than 1,000,000 characters"),
    ],
)
def test_what_is_no_table_is_refused_with_what_to_do(data, said):
    with pytest.raises(UnreadableTable, match=said):
        rows(data)


def test_file_that_is_too_large_is_not_read_to_its_end(monkeypatch):
    monkeypatch.setattr("services.intake.tables.reading.MOST_BYTES", 3_000_000)

    class Endless(BytesIO):
        taken = 0

        def read(self, size=-1):
            self.taken += size
            return b"x," * (size // 2)

    endless = Endless()
    with pytest.raises(UnreadableTable, match="at most 3,000,000 bytes"):
        layout_of(endless)
    assert endless.taken <= 4 << 20
