"""The table of tab-separated values (.txt): a row for each setting, group, question and part, the
parts of a question below it."""

import csv
import io

from services.intake.formats.imported import UnreadableFile
from services.intake.formats.limesurvey.source import (
    Group,
    Part,
    Question,
    Row,
    Source,
    language_of,
)

_OF_TABLE = {
    "id", "related_id", "class", "type/scale", "name", "relevance", "text", "help", "language",
    "validation", "mandatory", "other", "same_default",
}  # fmt: skip


def source_of_tsv(data: bytes) -> Source:
    """Raises UnreadableFile."""
    try:
        text = data.decode("utf-8-sig")
        rows = list(csv.DictReader(io.StringIO(text, newline=""), delimiter="\t"))
    except (UnicodeDecodeError, csv.Error) as error:
        raise UnreadableFile(f"This is no table in UTF-8 ({error}). Export it again.") from error
    if not rows or not {"class", "name", "text"} <= rows[0].keys():
        raise UnreadableFile(
            "This is no LimeSurvey table; its first columns are class, type, name."
        )
    return _source([{k: v or "" for k, v in row.items() if k} for row in rows])


def _source(rows: list[Row]) -> Source:
    source = Source([], {}, {}, [], [])
    groups: dict[str, Group] = {}
    questions: dict[str, Question] = {}
    group, question = "", ""
    for row in rows:
        kind, name, language = row["class"], row["name"], language_of(row.get("language") or "en")
        if kind == "S" and name == "language":
            source.languages.append(language_of(row["text"]))
        elif kind == "SL" and name == "surveyls_title":
            source.titles[language] = row["text"]
        elif kind == "SL" and name == "surveyls_welcometext":
            source.welcomes[language] = row["text"]
        elif kind == "G":
            group = row.get("type/scale") or name
            found = groups.setdefault(group, Group(group, len(groups)))
            found.titles[language], found.texts[language] = name, row["text"]
            found.relevance = row.get("relevance", "")
        elif kind == "Q":
            question = name
            asked = questions.setdefault(
                name, Question(name, name, row.get("type/scale", "T"), group, len(questions))
            )
            asked.texts[language], asked.helps[language] = row["text"], row.get("help", "")
            asked.relevance, asked.preg = row.get("relevance", ""), row.get("validation", "")
            asked.mandatory = row.get("mandatory") in {"Y", "S"}
            asked.other = row.get("other") == "Y"
            asked.attributes |= {k: v for k, v in row.items() if v and k not in _OF_TABLE}
        elif kind in {"SQ", "A"} and question in questions:
            parts = questions[question].parts if kind == "SQ" else questions[question].answers
            _add_part(parts, row, language)
    source.languages = source.languages or sorted(source.titles) or ["en"]
    source.groups, source.questions = list(groups.values()), list(questions.values())
    return source


def _add_part(parts: list[Part], row: Row, language: str) -> None:
    scale = row.get("type/scale") or "0"
    for part in parts:
        if (part.code, part.scale) == (row["name"], scale):
            part.texts[language] = row["text"]
            return
    parts.append(Part(row["name"], scale, {language: row["text"]}, row.get("relevance", "")))
