"""What all rows need on their way into items: texts, conditions, and what stands in our column."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from services.intake.formats.expressions import Answer, Box, NotTranslated, among, translated
from services.intake.formats.extras import OURS, Keys, is_as_written
from services.intake.formats.imported import Imported
from services.intake.formats.naming import Names
from services.intake.formats.plain_text import plain_text

Texts = dict[str, str]

_PIPED = re.compile(r"\$\{([^{}]*)\}")


class Translation:
    """`own` says that we wrote the workbook ourselves, so that its texts have no markup."""

    def __init__(self, imported: Imported, languages: Sequence[str], *, own: bool) -> None:
        self.imported = imported
        self.languages = list(languages)
        self.names = Names(imported, ())
        self.known: dict[str, Answer | Box] = {}
        self.ids: dict[str, str] = {}  # of items, by the names of their questions
        self._own = own

    def said(self, words: str) -> Texts:
        return {self.languages[0]: words}

    def texts(self, found: Any, place: str) -> Texts:
        texts: Texts = {}
        for language, words in (found or {}).items():
            plain, lost = (words, []) if self._own else plain_text(words)
            for what in lost:
                self.imported.left_out(place, f"{what} in its text")
            if plain and language in self.languages:
                texts[language] = _PIPED.sub(lambda name: self._piped(name, place), plain)
        return texts

    def _piped(self, name: re.Match[str], place: str) -> str:
        known = self.ids.get(name[1].strip())
        if known is None:
            self.imported.changed(place, f"{name[0]} in its text stands as it is.")
            return name[0]
        return f"{{{{{known}}}}}"

    def condition(
        self, part: dict[str, Any], key: str, text: str, place: str,
        known: Mapping[str, Answer | Box] | None = None,
    ) -> None:  # fmt: skip
        if not text:
            return
        try:
            part[key] = translated(text, among(self.known if known is None else known))
        except NotTranslated as why:
            self.imported.left_out(place, f"its condition {text}: {why}")
        else:
            self.imported.translated(place, f"its condition {text}")

    def extras(self, text: str, place: str, keys: Keys) -> dict[str, Any]:
        if not text:
            return {}
        try:
            found: dict[str, Any] = orjson.loads(text)
        except orjson.JSONDecodeError:
            found = {"": None}
        if is_as_written(found, keys):
            return found
        self.imported.left_out(place, f"its column {OURS}, which is not as it was written")
        return {}
