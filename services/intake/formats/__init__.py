"""Surveys of other tools as definitions of ours, and ours as theirs. Everything that is not as it
was is in the report, item by item."""

import codecs
from collections.abc import Callable

from services.intake.formats import limesurvey, qualtrics, surveyjs, xlsform
from services.intake.formats.imported import Imported, UnreadableFile
from services.intake.formats.settling import settle

MOST_BYTES = 8_000_000
_ZIP, _OLD_WORKBOOK = b"PK\3\4", b"\xd0\xcf\x11\xe0"
_WIDE = (codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_KINDS = (
    "XLSForm (.xlsx), LimeSurvey (.lss, or .txt with tabs), Qualtrics (.qsf) or SurveyJS (.json)"
)
_MOST_VALUES = 500_000  # in a file of JSON


def read_definition(data: bytes, filename: str) -> Imported:
    """What it is, is told by what it holds; `filename` only names it in messages.

    Raises UnreadableFile.
    """
    if len(data) > MOST_BYTES:
        raise UnreadableFile(
            f"{filename[-80:]} has {len(data):,} bytes; a survey has at most {MOST_BYTES:,} here."
        )
    imported = _reader(data)(data)
    settle(imported)
    return imported


def _reader(data: bytes) -> Callable[[bytes], Imported]:
    start = _text(data[:4_000]).lstrip("\ufeff \t\r\n")
    if data.startswith(_ZIP):
        return xlsform.read
    if data.startswith(_OLD_WORKBOOK):
        raise UnreadableFile("This is an old workbook (.xls). Save it as .xlsx.")
    if start.startswith("<"):
        return limesurvey.read_lss
    if start.startswith("{"):
        return _json_reader(data)
    if "\t" in start.partition("\n")[0]:
        return limesurvey.read_tsv
    raise UnreadableFile(f"This is no survey that is known here. Bring one of {_KINDS}.")


def _json_reader(data: bytes) -> Callable[[bytes], Imported]:
    if data.count(b"[") + data.count(b"{") > _MOST_VALUES:
        raise UnreadableFile("This has more parts than a survey has. Export it again.")
    return qualtrics.read if b'"SurveyElements"' in data else surveyjs.read


def _text(data: bytes) -> str:
    wide = next((mark for mark in _WIDE if data.startswith(mark)), b"")
    encoding = {4: "utf-32", 2: "utf-16"}.get(len(wide), "utf-8")
    return data.decode(encoding, "replace")
