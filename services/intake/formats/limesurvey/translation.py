"""What all questions need on their way into items: texts, names, conditions, and which column of
answers belongs to what."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from services.intake.formats.expressions import Answer, Box, Count, NotTranslated, among, translated
from services.intake.formats.imported import Imported
from services.intake.formats.limesurvey.source import Part, Question, Texts
from services.intake.formats.naming import Names, value_of
from services.intake.formats.plain_text import plain_text

_PIPED = re.compile(r"\{([A-Za-z]\w*)(?:\.(?:shown|NAOK|value))*\}")
_EXPRESSION = re.compile(r"\{[^{}\s][^{}]*\}")
_SUFFIX = re.compile(r"\.(?:NAOK|shown|value|valueNAOK|code)$")
_SGQA = re.compile(r"^\d+(X\d+X)")  # survey X group X question
_FIXED = {
    "Y": (("Y", "Yes"), ("N", "No")),
    "G": (("F", "Female"), ("M", "Male")),
    "C": (("Y", "Yes"), ("U", "Uncertain"), ("N", "No")),
    "E": (("I", "Increase"), ("S", "Same"), ("D", "Decrease")),
}


class Translation:
    """One survey on its way from theirs to ours."""

    def __init__(self, languages: Iterable[str]) -> None:
        self.imported = Imported()
        self.names = Names(self.imported)
        self.languages = list(dict.fromkeys(languages))
        self._answers: dict[str, Answer | Box] = {}

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

    def condition(self, part: dict[str, Any], key: str, text: str, place: str) -> None:
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
        return self.names.take(code, place)

    def answers_of(self, question: Question) -> list[Part]:
        """Those of some types are always the same, and in no file."""
        fixed = _FIXED.get(question.kind)
        if fixed is None:
            return question.answers
        return [Part(code, "0", dict.fromkeys(self.languages, text)) for code, text in fixed]

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
