"""Texts in several languages on pages in one."""

from collections.abc import Mapping

from markupsafe import Markup, escape

PAGES = "en"  # the language of every page that does not say otherwise
_FROM_THE_RIGHT = frozenset({"ar", "fa", "he", "ur"})


def direction(language: str) -> str:
    return "rtl" if language.partition("-")[0] in _FROM_THE_RIGHT else "ltr"


def marked(text: str, language: str) -> Markup:
    """`text` said to be in another language than the page around it; escaped unless it is HTML."""
    return Markup('<span lang="{}" dir="{}">{}</span>').format(language, direction(language), text)


def language_in(texts: Mapping[str, str]) -> str:
    """The language in which a page says this: its own where there is one, else the first."""
    return PAGES if PAGES in texts else next(iter(texts))


def said(texts: Mapping[str, str]) -> Markup:
    """The text that a page shows, as HTML that says where it is in another language."""
    language = language_in(texts)
    text = texts[language]
    return escape(text) if language.partition("-")[0] == PAGES else marked(text, language)
