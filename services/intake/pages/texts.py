"""A survey's texts and the pages' own words in the reader's language."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from random import Random
from typing import Any

from flask import request
from markupsafe import Markup, escape

from services.intake.answer_form import Advice
from services.intake.domain.definition import GROUP, PIPED
from services.intake.domain.items import NO_BASIS, Raw
from services.intake.domain.participation import promise
from services.intake.domain.survey import Survey
from services.intake.wording import CATALOGUE, Wording, name_of
from shared.languages import PAGES, direction, marked

Texts = Mapping[str, str]
_UNANSWERED = "…"


def language_of(definition: Raw) -> str:
    """The one that was chosen by `lang`, else the browser's, else the survey's first."""
    languages = definition["languages"]
    chosen = request.values.get("lang")
    if chosen in languages:
        return str(chosen)
    return request.accept_languages.best_match(languages) or str(languages[0])


def speaking(survey: Survey) -> Callable[[Texts], Markup]:
    """Picks a text in the reader's language, or in the survey's first, for a page in English. What
    is in another language says so; in a title or an attribute, strip that off."""
    definition = survey.definition
    languages = (language_of(definition), definition["languages"][0])

    def say(texts: Texts) -> Markup:
        language = _language(texts, languages)
        text = escape(texts[language])
        return text if language.startswith(PAGES) else marked(text, language)

    return say


def _text(texts: Texts, languages: Sequence[str]) -> str:
    return texts[_language(texts, languages)]


def _language(texts: Texts, languages: Sequence[str]) -> str:
    return next((each for each in languages if each in texts), next(iter(texts)))


def promised(definition: Raw, words: Wording) -> list[Markup]:
    """What a survey promises, one sentence each."""
    least = definition.get("minimum_group_size", 10)
    return [words(key, least=least) for key in promise(definition)]


class Speech:
    """What one page says: `definition` in `language`, earlier `answers` told in words."""

    def __init__(self, definition: Raw, answers: Mapping[str, Any], language: str = "") -> None:
        self.language = language or language_of(definition)
        self.direction = direction(self.language)
        self.t = Wording(self.language)
        self._definition = definition
        self._languages = (self.language, definition["languages"][0])
        self._answers = answers
        self._items = {item["id"]: item for item in definition["items"]}

    def say(self, texts: Texts) -> str:
        """For a title or an attribute."""
        text = _text(texts, self._languages)
        return PIPED.sub(lambda found: self.in_words(found[1]), text)

    def __call__(self, texts: Texts) -> Markup:
        """As HTML, escaped; what comes from earlier answers is marked for the script, and a text
        that is in another language says so."""
        language = _language(texts, self._languages)
        said = Markup().join(self._pieces(texts[language]))
        return said if language == self.language else marked(said, language)

    def _pieces(self, text: str) -> Iterator[Markup]:
        for place, piece in enumerate(PIPED.split(text)):
            if place % 2:
                yield Markup('<span data-pipe="{}">{}</span>').format(piece, self.in_words(piece))
            else:
                yield escape(piece)

    def advice(self, advice: Advice) -> Markup:
        if advice.own:
            return self(advice.own)
        values = {
            name: self(value) if isinstance(value, Mapping) else value
            for name, value in advice.values.items()
        }
        return self.t(advice.key, **values)

    def group(self, name: str) -> Markup:
        titles = self._definition.get("group_titles") or {}
        return self(titles[name]) if name in titles else escape(_titled(name))

    def groups(self) -> Markup:
        """All of them, said to be in this language."""
        names = Markup(", ").join(map(self.group, self._definition["groups"]))
        return marked(names, self.language)

    def in_words(self, name: str) -> str:
        """The answer to an item as somebody would say it."""
        if name == GROUP:
            group = self._answers.get(GROUP)
            titles = self._definition.get("group_titles") or {}
            if group is None:
                return _UNANSWERED
            return self.say(titles[group]) if group in titles else _titled(group)
        if name not in self._items or self._answers.get(name) is None:
            return _UNANSWERED
        return self._told(self._items[name], self._answers[name])

    def _told(self, item: Raw, answer: Any) -> str:
        if answer == NO_BASIS:
            return self.t.plain("no_basis")
        kind = item["type"]
        if kind == "need":
            return self._need(answer)
        if kind == "matrix":
            cells = [
                f"{self._option(item['rows'], row)}: {self._option(item['choices'], value)}"
                for row, value in answer.items()
            ]
            return "; ".join(cells)
        if isinstance(answer, list) or "choices" in item:
            several = answer if isinstance(answer, list) else [answer]
            told = [self._option(item["choices"], each) for each in several]
            ranked = kind == "ranking"
            return ", ".join(f"{n}. {each}" if ranked else each for n, each in enumerate(told, 1))
        return str(answer)

    def _need(self, answer: Raw) -> str:
        if "use" in answer:
            second = self.t.plain(answer["use"]).lower()
        else:
            second = self.t.plain(
                "satisfaction_in_words", satisfaction=answer.get("satisfaction", _UNANSWERED)
            )
        importance = answer.get("importance", _UNANSWERED)
        return self.t.plain("need_in_words", importance=importance, second=second)

    def _option(self, options: Sequence[Raw], value: Any) -> str:
        if isinstance(value, Mapping):
            return str(value.get("other", ""))
        found = (option["text"] for option in options if option["value"] == value)
        return next(map(self.say, found), str(value))

    def promised(self) -> list[Markup]:
        """What the survey promises to those who answer, before anything is asked."""
        return promised(self._definition, self.t)

    def others(self) -> list[tuple[str, str]]:
        """The other languages that there are: code and name."""
        languages = self._definition["languages"]
        return [(each, name_of(each)) for each in languages if each != self.language]


def speech_of(survey: Survey | None) -> Speech:
    """For a page about a survey as it is now, or about none, in the languages that we have words
    in."""
    if survey is None:
        return Speech({"languages": ["en", *sorted(CATALOGUE.keys() - {"en"})], "items": []}, {})
    return Speech(survey.definition, {})


def in_order(item: Raw, key: str, seed: str) -> list[Raw]:
    """The item's choices, or its rows; where they come in random order, in one that a response
    keeps. What stands for itself stays last."""
    options = list(item[key])
    mixed = "rows" if item["type"] == "matrix" else "choices"
    if item.get("random") and key == mixed:
        Random(f"{seed}.{item['id']}").shuffle(options)  # noqa: S311  # nothing is secret here
    return sorted(options, key=lambda option: bool(option.get("exclusive")))


def _titled(group: str) -> str:
    return group.replace("_", " ").capitalize()
