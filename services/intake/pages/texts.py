"""A survey's texts in the reader's language."""

from collections.abc import Callable, Mapping
from functools import partial

from flask import request

from services.intake.domain.survey import Survey


def language_of(survey: Survey) -> str:
    languages = survey.definition["languages"]
    return request.accept_languages.best_match(languages) or str(languages[0])


def speaking(survey: Survey) -> Callable[[Mapping[str, str]], str]:
    """Picks a text in the reader's language, or in the survey's first."""
    first = survey.definition["languages"][0]
    return partial(_text, languages=(language_of(survey), first))


def _text(texts: Mapping[str, str], languages: tuple[str, ...]) -> str:
    found = (texts[language] for language in languages if language in texts)
    return next(found, next(iter(texts.values())))
