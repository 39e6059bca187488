"""The words of the pages that respondents see, in the languages that we have them in.

One JSON file a language, read alike by the pages and, where it needs them, by the script. Not
gettext: its catalogues have to be compiled before a first run, and no sentence here needs plurals.
"""

from collections.abc import Mapping
from pathlib import Path

import orjson
from markupsafe import Markup, escape

from shared.languages import marked

CATALOGUE: Mapping[str, Mapping[str, str]] = {
    file.stem: orjson.loads(file.read_bytes())
    for file in sorted((Path(__file__).parent / "wording").glob("*.json"))
}
_OTHERWISE = "en"


class Wording:
    """The words for a page in `language`, English where we have no others."""

    def __init__(self, language: str) -> None:
        base = language.partition("-")[0]
        self.is_known = base in CATALOGUE
        self._words = CATALOGUE[base if self.is_known else _OTHERWISE]

    def raw(self, key: str) -> str:
        """With its places for values unfilled."""
        return self._words[key]

    def plain(self, key: str, **values: object) -> str:
        """For a title or an attribute."""
        return self._words[key].format(**values)

    def __call__(self, key: str, **values: object) -> Markup:
        """As HTML, `values` escaped; English on a page in another language says that it is."""
        words = escape(self._words[key]).format(**values)
        return words if self.is_known else marked(words, _OTHERWISE)


def name_of(language: str) -> str:
    """As its speakers call it; its code where we do not know."""
    known = CATALOGUE.get(language.partition("-")[0])
    return known["language"] if known else language
