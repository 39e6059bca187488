"""The .lss file, which is XML: a table of rows for each table of LimeSurvey's database."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from xml.etree.ElementTree import Element

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import ParseError, fromstring

from services.intake.formats.imported import UnreadableFile
from services.intake.formats.limesurvey.source import (
    Group,
    Part,
    Question,
    Row,
    Source,
    Texts,
    language_of,
    whole_number,
)

_TABLES = (
    "answers", "assessments", "conditions", "defaultvalues", "groups", "question_attributes",
    "question_l10ns", "questions", "quota", "subquestions", "surveys_languagesettings",
    "answer_l10ns", "group_l10ns",
)  # fmt: skip


def source_of_lss(data: bytes) -> Source:
    """Raises UnreadableFile."""
    try:
        root = fromstring(data, forbid_dtd=True)
    except DefusedXmlException as error:
        raise UnreadableFile(
            "The file declares entities of its own, which no export does. Export it again."
        ) from error
    except (ParseError, ValueError, LookupError) as error:
        raise UnreadableFile(
            f"This is not a whole .lss file ({error}). Export it again."
        ) from error
    if root.tag != "document" or root.findtext("LimeSurveyDocType") != "Survey":
        raise UnreadableFile(
            "This is no LimeSurvey survey; export it as a survey structure (.lss)."
        )
    return _source(root)


def _source(root: Element) -> Source:
    rows = {name: _rows(root, name) for name in _TABLES}
    rows["groups"] = _worded(rows["groups"], rows["group_l10ns"], ("gid",))
    for name in ("questions", "subquestions"):
        rows[name] = _worded(rows[name], rows["question_l10ns"], ("qid",))
    key = ("aid",) if any("aid" in row for row in rows["answer_l10ns"]) else ("qid", "code")
    rows["answers"] = _worded(rows["answers"], rows["answer_l10ns"], key)
    languages = [each.text or "en" for each in root.iterfind("languages/language")] or ["en"]
    settings = rows["surveys_languagesettings"]
    source = Source(
        languages=[language_of(each) for each in languages],
        titles=_by_language(settings, "surveyls_language", "surveyls_title"),
        welcomes=_by_language(settings, "surveyls_language", "surveyls_welcometext"),
        groups=list(_groups(rows["groups"]).values()),
        questions=[],
    )
    questions = _questions(rows)
    source.questions = list(questions.values())
    for name in ("quota", "assessments", "defaultvalues"):
        if rows[name]:
            source.left.append((name, f"{len(rows[name])} rows of {name}"))
    random = {row.get("gid", "") for row in rows["groups"] if row.get("randomization_group")}
    source.left += [(f"group {name}", "its place at random") for name in sorted(random)]
    conditions = Counter(row.get("qid", "") for row in rows["conditions"])
    source.left += [
        (f"question {questions[name].code}", f"{count} conditions in the form of older versions")
        for name, count in conditions.items()
        if name in questions and questions[name].relevance.strip() in {"", "1"}
    ]
    return source


def _rows(root: Element, table: str) -> list[Row]:
    return [
        {cell.tag: cell.text or "" for cell in row} for row in root.iterfind(f"{table}/rows/row")
    ]


def _worded(rows: list[Row], texts: list[Row], key: tuple[str, ...]) -> list[Row]:
    """Since version 4 texts stand in a table of their own: a row for each language."""
    worded: dict[tuple[str, ...], list[Row]] = defaultdict(list)
    for text in texts:
        worded[tuple(text.get(name, "") for name in key)].append(text)
    return [
        {**row, **{name: cell for name, cell in text.items() if cell or name not in row}}
        for row in rows
        for text in worded.get(tuple(row.get(name, "") for name in key)) or [{}]
    ]


def _by_language(rows: Iterable[Row], language: str, text: str) -> Texts:
    return {language_of(row.get(language, "en")): row.get(text, "") for row in rows}


def _groups(rows: Iterable[Row]) -> dict[str, Group]:
    groups: dict[str, Group] = {}
    for row in rows:
        group = groups.setdefault(
            row["gid"], Group(row["gid"], whole_number(row.get("group_order")))
        )
        language = language_of(row.get("language", "en"))
        group.titles[language] = row.get("group_name", "")
        group.texts[language] = row.get("description", "")
        group.relevance = row.get("grelevance", "")
    return groups


def _questions(rows: Mapping[str, list[Row]]) -> dict[str, Question]:
    questions: dict[str, Question] = {}
    for row in rows["questions"]:
        question = questions.setdefault(
            row["qid"],
            Question(
                row["qid"],
                row["title"],
                row["type"],
                row["gid"],
                whole_number(row["question_order"]),
            ),
        )
        language = language_of(row.get("language", "en"))
        question.texts[language] = row.get("question", "")
        question.helps[language] = row.get("help", "")
        question.relevance = row.get("relevance", "")
        question.mandatory = row.get("mandatory") in {"Y", "S"}
        question.other = row.get("other") == "Y"
        question.preg = row.get("preg", "")
    parts: dict[str, list[Row]] = defaultdict(list)
    for row in rows["subquestions"]:
        parts[row["parent_qid"]].append(row)
    answers: dict[str, list[Row]] = defaultdict(list)
    for row in rows["answers"]:
        answers[row["qid"]].append(row)
    for row in rows["question_attributes"]:
        if row["qid"] in questions and row.get("value"):
            questions[row["qid"]].attributes[row["attribute"]] = row["value"]
    for name, question in questions.items():
        question.parts = _parts(parts[name], "title", "question", "question_order")
        question.answers = _parts(answers[name], "code", "answer", "sortorder")
    return questions


def _parts(rows: list[Row], code: str, text: str, order: str) -> list[Part]:
    parts: dict[tuple[str, str], Part] = {}
    for row in sorted(rows, key=lambda row: whole_number(row.get(order))):
        scale = row.get("scale_id", "0")
        part = parts.setdefault((row[code], scale), Part(row[code], scale))
        part.texts[language_of(row.get("language", "en"))] = row.get(text, "")
        part.relevance = row.get("relevance", "")
    return list(parts.values())
