"""The words by which columns and scales of somebody's table are known, one JSON file a language.

Words are regular expressions in lower case, and whole: in them `*` stands for further letters. What
is written with an accent is found without it too.
"""

import json
import re
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

VOCABULARIES: Mapping[str, Mapping[str, Any]] = {
    file.stem: json.loads(file.read_text(encoding="utf-8"))
    for file in sorted((Path(__file__).parent / "vocabulary").glob("*.json"))
}
_ACCENTS = {
    accented: f"[{accented}{plain}]"
    for accented, plain in zip("áàâéèêëíîïóôúùûñç", "aaaeeeeiiioouuunc", strict=True)
} | {"ä": "(?:ä|ae|a)", "ö": "(?:ö|oe|o)", "ü": "(?:ü|ue|u)", "œ": "(?:œ|oe)"}
_TRANSLATED = str.maketrans(_ACCENTS | {"*": r"\w*"})


def either(words: Iterable[str]) -> str:
    """A regular expression for any of these words."""
    return rf"(?:{'|'.join(words)})".casefold().translate(_TRANSLATED)


def pattern(words: Iterable[str]) -> re.Pattern[str]:
    return re.compile(rf"(?<!\w){either(words)}(?!\w)")


def all_words(*path: str | int) -> list[str]:
    """What stands at this place in every language."""
    return [word for vocabulary in VOCABULARIES.values() for word in _at(vocabulary, path)]


def _at(vocabulary: Any, path: Iterable[str | int]) -> Any:
    for key in path:
        vocabulary = vocabulary[key]
    return vocabulary


@cache
def known(*path: str | int) -> re.Pattern[str]:
    """Finds any of the words that stand at this place in any language."""
    return pattern(all_words(*path))
