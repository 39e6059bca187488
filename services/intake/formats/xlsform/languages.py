"""The names of languages, as a workbook's headers have them: `label::English (en)`."""

import re

_CODED = re.compile(r".*\(([A-Za-z]{2,3}(?:-[A-Za-z0-9]{2,8})*)\)")
_CODE = re.compile(r"[A-Za-z]{2,3}(?:-[A-Za-z0-9]{2,8})*")
_NAMED = {
    "arabic": "ar", "chinese": "zh", "dutch": "nl", "english": "en", "french": "fr",
    "francais": "fr", "français": "fr", "german": "de", "deutsch": "de", "hindi": "hi",
    "italian": "it", "italiano": "it", "portuguese": "pt", "russian": "ru", "spanish": "es",
    "espanol": "es", "español": "es", "swahili": "sw",
}  # fmt: skip


def code_of(language: str) -> str | None:
    """A language's code, of `English (en)`, `en` or `English`."""
    named = _CODED.fullmatch(language.strip()) or _CODE.fullmatch(language.strip())
    if named is not None and (named.lastindex or len(language.strip()) <= 3 or "-" in language):
        code = named[named.lastindex or 0]
        language_alone, joint, region = code.partition("-")
        return language_alone.lower() + joint + region
    return _NAMED.get(language.strip().casefold())


def name_of(code: str) -> str:
    names = {value: name.capitalize() for name, value in reversed(_NAMED.items())}
    return f"{names.get(code, code)} ({code})"
