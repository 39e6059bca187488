"""A survey in LimeSurvey's own terms, before anything of it becomes ours."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

Row = Mapping[str, str]
Texts = dict[str, str]


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


def language_of(code: str) -> str:
    """Its informal and its easy form are taken for the language itself."""
    return re.sub(r"-(informal|easy)$", "", code) or "en"


def whole_number(text: str | None) -> int:
    return int(text) if text and text.isdecimal() else 0
