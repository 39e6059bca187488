"""What the columns of a sheet are called, and in which languages: `label::English (en)`."""

import re
from collections.abc import Mapping
from typing import Any

from services.intake.formats.imported import Imported
from services.intake.formats.workbook import Sheet
from services.intake.formats.xlsform.languages import code_of

Row = Mapping[str, str]

_HEADER = re.compile(r"([^:]+?)\s*(?:::?\s*(.+))?")
_TRANSLATED = {"label", "hint", "constraint_message", "guidance_hint", "required_message"}


class Columns:
    def __init__(self, found: Mapping[str, Sheet], settings: Row, imported: Imported) -> None:
        self._first = code_of(settings.get("default_language") or "en") or "en"
        self.languages = self._languages(found, settings, imported)

    def _languages(
        self, found: Mapping[str, Sheet], settings: Row, imported: Imported
    ) -> list[str]:
        named = dict.fromkeys(
            match[2] for rows in found.values() for row in rows for name in row
            if (match := _HEADER.fullmatch(name)) and match[2]
            and _key(match[1]) in _TRANSLATED
        )  # fmt: skip
        codes: dict[str, None] = {}
        for name in named:
            code = code_of(name)
            if code is None:
                imported.left_out("survey", f"what is in {name!r}, whose code is not known")
            else:
                codes[code] = None
        plain = any("label" in map(_key, row) for row in found["survey"])
        if codes and not plain and not settings.get("default_language"):
            self._first = next(iter(codes))
        return list(dict.fromkeys([self._first, *codes]))

    def row(self, row: Row) -> dict[str, Any]:
        """{column: text, or {language: text} where it is translated}."""
        named: dict[str, Any] = {}
        for name, cell in row.items():
            match = _HEADER.fullmatch(name)
            key, language = (_key(match[1]), match[2]) if match else ("", None)
            if key not in _TRANSLATED:
                named[_key(name)] = cell
                continue
            code = self._first if language is None else code_of(language)
            if code is not None:
                named.setdefault(key, {})[code] = cell
        return named


def settings_of(rows: Sheet) -> dict[str, str]:
    return {_key(name): cell for name, cell in rows[0].items()}


def _key(name: str) -> str:
    return "_".join(name.strip().casefold().split())
