"""LimeSurvey's definitions: .lss, and its table of tab-separated values (.txt)."""

import csv
import io
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any
from xml.etree.ElementTree import Element

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import ParseError, fromstring

from services.intake.domain.origin import OTHER
from services.intake.formats.expressions import Answer, Box, Count, NotTranslated, among, translated
from services.intake.formats.imported import Imported, UnreadableFile
from services.intake.formats.naming import Names, value_of
from services.intake.formats.plain_text import plain_text

Row = Mapping[str, str]
Texts = dict[str, str]

_OTHER = "-oth-"
_POINTS = {"5": (1, 5), "A": (1, 5), "B": (1, 10)}
_FIXED = {
    "Y": (("Y", "Yes"), ("N", "No")),
    "G": (("F", "Female"), ("M", "Male")),
    "C": (("Y", "Yes"), ("U", "Uncertain"), ("N", "No")),
    "E": (("I", "Increase"), ("S", "Same"), ("D", "Decrease")),
}
_ONE, _SEVERAL, _TEXT, _ARRAYS = set("L!O"), set("MP"), set("STU"), set("FHCE")
_NAMED = {
    "I": "a choice of language", "|": "an upload of files", "*": "a computed value",
    ";": "a table of texts", ":": "a table of numbers", "1": "a table with two scales",
}  # fmt: skip
_LOST = {
    "hidden": "that nobody sees it", "em_validation_q": "the rule that checks it",
    "em_validation_sq": "the rule that checks its rows", "default": "its answer to begin with",
    "array_filter": "that it asks only of what was chosen before",
    "array_filter_exclude": "that it asks only of what was not chosen before",
    "equals_num_value": "the sum that its numbers must have", "random_group": "its random order",
}  # fmt: skip
_PIPED = re.compile(r"\{([A-Za-z]\w*)(?:\.(?:shown|NAOK|value))*\}")
_EXPRESSION = re.compile(r"\{[^{}\s][^{}]*\}")
_SUFFIX = re.compile(r"\.(?:NAOK|shown|value|valueNAOK|code)$")
_SGQA = re.compile(r"^\d+(X\d+X)")  # survey X group X question
_IMPORTANT = re.compile(r"importan|wichtig|need", re.IGNORECASE)
_SATISFIED = re.compile(r"satisf|zufrieden|quality of", re.IGNORECASE)


@dataclass
class Part:
    """A sub-question, or an answer: its code, and its texts by language."""

    code: str
    scale: str
    texts: Texts = field(default_factory=dict)
    relevance: str = ""


@dataclass
class Question:
    """One question of the source."""

    id: str
    code: str
    kind: str
    group: str
    place: int
    texts: Texts = field(default_factory=dict)
    helps: Texts = field(default_factory=dict)
    relevance: str = ""
    mandatory: bool = False
    other: bool = False
    preg: str = ""
    parts: list[Part] = field(default_factory=list)
    answers: list[Part] = field(default_factory=list)
    attributes: dict[str, str] = field(default_factory=dict)


@dataclass
class Group:
    id: str
    place: int
    titles: Texts = field(default_factory=dict)
    texts: Texts = field(default_factory=dict)
    relevance: str = ""


@dataclass
class Source:
    """A survey as LimeSurvey has it, whichever file it came in."""

    languages: list[str]
    titles: Texts
    welcomes: Texts
    groups: list[Group]
    questions: list[Question]
    left: list[tuple[str, str]] = field(default_factory=list)


def read_lss(data: bytes) -> Imported:
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
    return _imported(_source(root))


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
        languages=[_language(each) for each in languages],
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


_TABLES = (
    "answers", "assessments", "conditions", "defaultvalues", "groups", "question_attributes",
    "question_l10ns", "questions", "quota", "subquestions", "surveys_languagesettings",
    "answer_l10ns", "group_l10ns",
)  # fmt: skip


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


def _language(code: str) -> str:
    return re.sub(r"-(informal|easy)$", "", code) or "en"


def _by_language(rows: Iterable[Row], language: str, text: str) -> Texts:
    return {_language(row.get(language, "en")): row.get(text, "") for row in rows}


def _groups(rows: Iterable[Row]) -> dict[str, Group]:
    groups: dict[str, Group] = {}
    for row in rows:
        group = groups.setdefault(row["gid"], Group(row["gid"], _whole(row.get("group_order"))))
        language = _language(row.get("language", "en"))
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
                row["qid"], row["title"], row["type"], row["gid"], _whole(row["question_order"])
            ),
        )
        language = _language(row.get("language", "en"))
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
    for row in sorted(rows, key=lambda row: _whole(row.get(order))):
        scale = row.get("scale_id", "0")
        part = parts.setdefault((row[code], scale), Part(row[code], scale))
        part.texts[_language(row.get("language", "en"))] = row.get(text, "")
        part.relevance = row.get("relevance", "")
    return list(parts.values())


def _whole(text: str | None) -> int:
    return int(text) if text and text.isdecimal() else 0


def read_tsv(data: bytes) -> Imported:
    """LimeSurvey's tab-separated structure. Raises UnreadableFile."""
    try:
        text = data.decode("utf-8-sig")
        rows = list(csv.DictReader(io.StringIO(text, newline=""), delimiter="\t"))
    except (UnicodeDecodeError, csv.Error) as error:
        raise UnreadableFile(f"This is no table in UTF-8 ({error}). Export it again.") from error
    if not rows or not {"class", "name", "text"} <= rows[0].keys():
        raise UnreadableFile(
            "This is no LimeSurvey table; its first columns are class, type, name."
        )
    return _imported(_source_of_table([{k: v or "" for k, v in row.items() if k} for row in rows]))


_OF_TABLE = {
    "id", "related_id", "class", "type/scale", "name", "relevance", "text", "help", "language",
    "validation", "mandatory", "other", "same_default",
}  # fmt: skip


def _source_of_table(rows: list[Row]) -> Source:
    source = Source([], {}, {}, [], [])
    groups: dict[str, Group] = {}
    questions: dict[str, Question] = {}
    group, question = "", ""
    for row in rows:
        kind, name, language = row["class"], row["name"], _language(row.get("language") or "en")
        if kind == "S" and name == "language":
            source.languages.append(_language(row["text"]))
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


def _imported(source: Source) -> Imported:
    return _Translation(source).whole()


class _Translation:
    """One survey on its way from theirs to ours."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self.imported = Imported()
        self._names = Names(self.imported)
        self._answers: dict[str, Answer | Box] = {}
        self.languages = list(dict.fromkeys(source.languages))
        self._pairs = _pairs(source.questions)

    def whole(self) -> Imported:
        source, imported = self._source, self.imported
        sections, items = [], []
        groups = sorted(source.groups, key=lambda group: group.place)
        for group in groups:
            section: dict[str, Any] = {
                "id": self._names.take(f"group_{group.id}", f"group {group.id}"),
                "title": self.texts(group.titles, f"group {group.id}") or self.said("…"),
            }
            text = self.texts(group.texts, f"group {group.id}")
            self._condition(section, "visible_if", group.relevance, f"group {group.id}")
            asked = [each for each in source.questions if each.group == group.id]
            for question in sorted(asked, key=lambda question: question.place):
                for item in self._items(question):
                    if item["type"] == "display":
                        text = _longer(text, item["text"])
                    else:
                        items.append({**item, "section": section["id"]})
            sections.append({**section, **({"text": text} if text else {})})
        for place, what in source.left:
            imported.left_out(place, what)
        imported.changed("survey", "It has no groups of people: everybody is a respondent.")
        imported.definition = {
            "title": self.texts(source.titles, "survey") or self.said("A survey"),
            "languages": self.languages,
            "groups": ["respondent"],
            "sections": sections,
            "items": items,
        }
        welcome = self.texts(source.welcomes, "welcome")
        if welcome:
            imported.definition["introduction"] = welcome
        return imported

    def said(self, text: str) -> Texts:
        return {self.languages[0]: text}

    def texts(self, texts: Mapping[str, str], place: str) -> Texts:
        """Without markup; what an expression would put in stands as an earlier answer, where it
        is one."""
        found: Texts = {}
        for language in self.languages:
            text, lost = plain_text(texts.get(language, ""))
            for what in dict.fromkeys(lost):
                self.imported.left_out(place, f"{what} in its text")
            text = _PIPED.sub(lambda name: self._piped(name, place), text)
            for expression in _EXPRESSION.findall(text.replace("{{", "").replace("}}", "")):
                self.imported.changed(place, f"{expression} in its text stands as it is.")
            if text:
                found[language] = text[:5000]
        return found

    def _piped(self, name: re.Match[str], place: str) -> str:
        known = self._answers.get(name[1])
        if isinstance(known, Answer):
            return f"{{{{{known.item}}}}}"
        self.imported.changed(place, f"{name[0]} in its text stands as it is.")
        return name[0]

    def _items(self, question: Question) -> list[dict[str, Any]]:
        place = f"question {question.code}"
        if question.kind == "X":
            text = self.texts(question.texts, place)
            return [{"type": "display", "text": text}] if text else []
        if question.kind in _NAMED:
            self.imported.left_out(place, f"{_NAMED[question.kind]} (type {question.kind})")
            return []
        base = self._base(question, place)
        if question.id in self._pairs:
            return _needs(self, question, self._pairs[question.id], base, place)
        if question.id in {satisfaction.id for satisfaction in self._pairs.values()}:
            return []
        build = _BUILDERS.get(question.kind)
        if build is None:
            self.imported.left_out(place, f"a question of type {question.kind}")
            return []
        return build(self, question, base, place)

    def _base(self, question: Question, place: str) -> dict[str, Any]:
        """What an item of any type has."""
        if question.preg:
            self.imported.left_out(place, f"the pattern {question.preg} that answers must have")
        for attribute, what in _LOST.items():
            if question.attributes.get(attribute, "").strip() not in {"", "0", "N"}:
                self.imported.left_out(place, what)
        base: dict[str, Any] = {}
        hint = self.texts(question.helps, place)
        if hint:
            base["hint"] = {language: text[:1000] for language, text in hint.items()}
        if question.mandatory:
            base["required"] = True
        self._condition(base, "visible_if", question.relevance, place)
        for part in question.parts:
            if part.relevance not in {"", "1"}:
                self.imported.left_out(f"{place}, {part.code}", f"its condition {part.relevance}")
        return base

    def _condition(self, part: dict[str, Any], key: str, text: str, place: str) -> None:
        if text.strip() in {"", "1"}:
            return
        try:
            part[key] = translated(text, self._name)
        except NotTranslated as why:
            self.imported.left_out(place, f"its condition {text}: {why}")

    def _name(self, name: str) -> Answer | Box | Count:
        code = _SGQA.sub(r"\1", _SUFFIX.sub("", name))
        return among(self._answers)(code)

    def know(self, question: Question, answer: Answer | Box, suffix: str = "") -> None:
        """What conditions may call it: by its code, or by survey, group and question."""
        joint = "_" if suffix else ""
        self._answers[f"{question.code}{joint}{suffix}"] = answer
        self._answers.setdefault(f"{question.code}{suffix}", answer)
        self._answers[f"X{question.group}X{question.id}{suffix}"] = answer

    def column(self, header: str, item: str, part: str = "") -> None:
        self.imported.columns[header] = (item, part)

    def take(self, question: Question, place: str, suffix: str = "") -> str:
        code = f"{question.code}_{suffix}" if suffix else question.code
        return self._names.take(code, place)

    def options(self, parts: list[Part], place: str) -> list[dict[str, Any]]:
        """Choices or rows, their codes as values."""
        options: dict[str, dict[str, Any]] = {}
        for part in parts:
            value = value_of(part.code)
            if value in options:
                self.imported.left_out(place, f"a second {part.code!r}")
                continue
            text = self.texts(part.texts, f"{place}, {part.code}") or self.said(part.code)
            options[value] = {"value": value, "text": {k: v[:500] for k, v in text.items()}}
        return list(options.values())

    def text_of(self, question: Question, place: str, part: Part | None = None) -> Texts:
        whole = self.texts(question.texts, place)
        if part is None:
            return whole or self.said(question.code)
        own = self.texts(part.texts, f"{place}, {part.code}")
        if not own:
            return whole or self.said(part.code)
        return {
            language: f"{whole[language]}\n{text}" if whole.get(language) else text
            for language, text in own.items()
        }


def _longer(one: Texts, other: Texts) -> Texts:
    return {k: "\n".join(filter(None, (one.get(k), other.get(k)))) for k in {**one, **other}}


Build = Callable[[_Translation, Question, dict[str, Any], str], list[dict[str, Any]]]


def _single(to: _Translation, question: Question, base: dict[str, Any], place: str) -> Any:
    fixed = _FIXED.get(question.kind)
    parts = (
        [Part(code, "0", dict.fromkeys(to.languages, text)) for code, text in fixed]
        if fixed
        else question.answers
    )
    choices = to.options(parts, place)
    if not choices:
        to.imported.left_out(place, "a choice without choices")
        return []
    name = to.take(question, place)
    if question.kind == "O":
        to.imported.left_out(place, "the comment beside the choice")
    to.column(question.code, name)
    values = {part.code: each["value"] for part, each in zip(parts, choices, strict=False)}
    item = {
        "id": name, "type": "single_choice", "text": to.text_of(question, place),
        "choices": choices, **base,
    }  # fmt: skip
    if question.other:
        item["other"] = True
        to.column(f"{question.code}[other]", name, "other")
        _rename_other(to, choices, values, place)
        to.imported.codes[name] = {**values, _OTHER: OTHER}
    if question.attributes.get("random_order") == "1":
        item["random"] = True
    to.know(question, Answer(name, values, other=_OTHER if question.other else ""))
    return [item]


def _rename_other(
    to: _Translation, choices: list[dict[str, Any]], values: dict[str, Any], place: str
) -> None:
    for choice in choices:
        if choice["value"] == "other":
            choice["value"] = "other_"
            values["other"] = "other_"
            to.imported.changed(place, "Its choice 'other' became 'other_'.")


def _several(to: _Translation, question: Question, base: dict[str, Any], place: str) -> Any:
    choices = to.options(question.parts, place)
    if not choices:
        to.imported.left_out(place, "a choice without choices")
        return []
    name = to.take(question, place)
    alone = set(question.attributes.get("exclude_all_others", "").split(";"))
    values = {}
    for part, choice in zip(question.parts, choices, strict=False):
        if part.code in alone:
            choice["exclusive"] = True
        values[part.code] = choice["value"]
        to.column(f"{question.code}[{part.code}]", name, choice["value"])
        to.know(question, Box(name, choice["value"], "Y"), part.code)
    item: dict[str, Any] = {
        "id": name, "type": "multiple_choice", "text": to.text_of(question, place),
        "choices": choices, **base,
    }  # fmt: skip
    if question.kind == "P":
        to.imported.left_out(place, "the comments beside the choices")
    if question.other:
        item["other"] = True
        to.column(f"{question.code}[other]", name, "other")
        _rename_other(to, choices, values, place)
    for attribute, key in (("min_answers", "min_choices"), ("max_answers", "max_choices")):
        count = _whole(question.attributes.get(attribute))
        if count:
            item[key] = min(count, len(choices))
    to.know(question, Answer(name, values, several=True))
    return [item]


def _text(to: _Translation, question: Question, base: dict[str, Any], place: str) -> Any:
    name = to.take(question, place)
    to.column(question.code, name)
    to.know(question, Answer(name))
    item = {"id": name, "type": "text", "text": to.text_of(question, place), **base}
    longest = _whole(question.attributes.get("maximum_chars"))
    if longest:
        item["max_length"] = min(longest, 10_000)
    if question.kind == "S":
        item["multiline"] = False
    return [item]


def _number(to: _Translation, question: Question, base: dict[str, Any], place: str) -> Any:
    name = to.take(question, place)
    to.column(question.code, name)
    to.know(question, Answer(name, number=True))
    return [_number_item(question, name, to.text_of(question, place), base)]


def _number_item(
    question: Question, name: str, text: Texts, base: dict[str, Any], prefix: str = ""
) -> dict[str, Any]:
    item: dict[str, Any] = {"id": name, "type": "number", "text": text, **base}
    integer = question.attributes.get("num_value_int_only") == "1"
    item["decimals"] = 0 if integer else 6
    for key in ("min", "max"):
        names = (f"{prefix}{key}", f"{key}_num_value_n", f"{key}_num_value")
        bound = next((question.attributes[n] for n in names if n in question.attributes), "")
        if re.fullmatch(r"-?\d+(\.\d+)?", bound):
            item[key] = float(bound) if "." in bound else int(bound)
    return item


def _each_part(to: _Translation, question: Question, base: dict[str, Any], place: str) -> Any:
    """Several short texts or numbers: an item each."""
    items = []
    for part in question.parts:
        name = to.take(question, f"{place}, {part.code}", part.code)
        to.column(f"{question.code}[{part.code}]", name)
        texts = {k: v.split("|")[0] for k, v in part.texts.items()}
        text = to.text_of(question, place, Part(part.code, part.scale, texts))
        if texts != part.texts:
            to.imported.changed(
                f"{place}, {part.code}", "The labels at the ends of its slider are left out."
            )
        if question.kind == "K":
            to.know(question, Answer(name, number=True), part.code)
            items.append(_number_item(question, name, text, base, "slider_"))
        else:
            to.know(question, Answer(name), part.code)
            items.append({"id": name, "type": "text", "text": text, "multiline": False, **base})
    return items


def _date(to: _Translation, question: Question, base: dict[str, Any], place: str) -> Any:
    name = to.take(question, place)
    to.column(question.code, name)
    to.know(question, Answer(name))
    shape = question.attributes.get("date_format", "")
    if re.search(r"[Hhi]", shape):
        to.imported.left_out(place, "the time of day that goes with the date")
    return [{"id": name, "type": "date", "text": to.text_of(question, place), **base}]


def _scale(question: Question) -> tuple[int, int] | None:
    """The ends of a scale whose answers are whole numbers in a row."""
    if question.kind in _POINTS:
        return _POINTS[question.kind]
    texts = [next(iter(part.texts.values()), "").strip() for part in question.answers]
    if question.kind not in "FH" or not texts or not all(text.isdecimal() for text in texts):
        return None
    points = sorted(map(int, texts))
    low, high = points[0], points[-1]
    return (low, high) if points == list(range(low, high + 1)) and 0 < high - low <= 10 else None


def _pairs(questions: list[Question]) -> dict[str, Question]:
    """The table of satisfactions by the id of the table of importances over the same things."""
    scaled = [each for each in questions if each.parts and _scale(each)]
    pairs: dict[str, Question] = {}
    for one in scaled:
        for other in scaled:
            alike = _scale(one) == _scale(other) and _named_parts(one) == _named_parts(other)
            if one is not other and alike and _says(_IMPORTANT, one) and _says(_SATISFIED, other):
                pairs.setdefault(one.id, other)
    return pairs


def _named_parts(question: Question) -> list[str]:
    return sorted(next(iter(part.texts.values()), part.code) for part in question.parts)


def _says(words: re.Pattern[str], question: Question) -> bool:
    return any(words.search(text) for text in question.texts.values())


def _needs(
    to: _Translation, question: Question, satisfaction: Question, base: dict[str, Any], place: str
) -> list[dict[str, Any]]:
    """Two tables of the same things, how important and how good: a need each."""
    low, high = _scale(question) or (1, 5)
    by_text = {next(iter(p.texts.values()), p.code): p.code for p in satisfaction.parts}
    items = []
    for part in question.parts:
        name = to.take(question, f"{place}, {part.code}", part.code)
        to.column(f"{question.code}[{part.code}]", name, "importance")
        text = next(iter(part.texts.values()), part.code)
        to.column(f"{satisfaction.code}[{by_text[text]}]", name, "satisfaction")
        own = to.texts(part.texts, f"{place}, {part.code}") or to.said(part.code)
        scale = {"min": low, "max": high}
        items.append({"id": name, "type": "need", "text": own, "scale": scale, **base})
    to.imported.changed(
        place, f"Together with question {satisfaction.code} it became {len(items)} needs."
    )
    return items


def _points(to: _Translation, question: Question, base: dict[str, Any], place: str) -> Any:
    """Answers in equal steps: a rating each."""
    low, high = _scale(question) or (1, 5)
    items = []
    parts: list[Part | None] = [*question.parts] or [None]
    for part in parts:
        where = f"{place}, {part.code}" if part else place
        suffix = part.code if part else ""
        name = to.take(question, where, suffix)
        to.column(f"{question.code}[{suffix}]" if suffix else question.code, name)
        to.know(question, Answer(name, number=True), suffix)
        item = {
            "id": name, "type": "rating", "text": to.text_of(question, place, part),
            "scale": {"min": low, "max": high}, **base,
        }  # fmt: skip
        items.append(item)
    return items


def _array(to: _Translation, question: Question, base: dict[str, Any], place: str) -> Any:
    if _scale(question):
        return _points(to, question, base, place)
    fixed = _FIXED.get(question.kind)
    parts = (
        [Part(code, "0", dict.fromkeys(to.languages, text)) for code, text in fixed]
        if fixed
        else question.answers
    )
    rows, choices = to.options(question.parts, place), to.options(parts, place)
    if not rows or not choices:
        to.imported.left_out(place, "a table without rows or columns")
        return []
    name = to.take(question, place)
    for part, row in zip(question.parts, rows, strict=False):
        to.column(f"{question.code}[{part.code}]", name, row["value"])
        codes = {p.code: c["value"] for p, c in zip(parts, choices, strict=False)}
        to.know(question, Answer(f"{name}.{row['value']}", codes), part.code)
    item = {
        "id": name, "type": "matrix", "text": to.text_of(question, place), "rows": rows,
        "choices": choices, **base,
    }  # fmt: skip
    if question.attributes.get("random_order") == "1":
        item["random"] = True
    return [item]


def _ranking(to: _Translation, question: Question, base: dict[str, Any], place: str) -> Any:
    parts = question.answers or question.parts
    choices = to.options(parts, place)
    if not choices:
        to.imported.left_out(place, "a ranking of nothing")
        return []
    name = to.take(question, place)
    for number in range(1, len(choices) + 1):
        to.column(f"{question.code}[{number}]", name, str(number))
    item: dict[str, Any] = {
        "id": name, "type": "ranking", "text": to.text_of(question, place), "choices": choices,
        **base,
    }  # fmt: skip
    most = _whole(question.attributes.get("max_answers"))
    if most:
        item["max_choices"] = min(most, len(choices))
    item["min_choices"] = max(1, min(_whole(question.attributes.get("min_answers")), len(choices)))
    return [item]


_BUILDERS: dict[str, Build] = {
    **dict.fromkeys("L!OYG", _single),
    **dict.fromkeys("MP", _several),
    **dict.fromkeys("STU", _text),
    **dict.fromkeys("QK", _each_part),
    **dict.fromkeys("5AB", _points),
    **dict.fromkeys("FHCE", _array),
    "N": _number,
    "D": _date,
    "R": _ranking,
}
