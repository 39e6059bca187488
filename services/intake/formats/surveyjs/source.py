"""What SurveyJS's JSON is made of: objects with their properties, texts in several languages,
choices, and questions in panels."""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from services.intake.formats.extras import OURS
from services.intake.formats.imported import Imported
from services.intake.formats.json_file import objects, text

_LANGUAGE = re.compile(r"[a-z]{2,3}(?:-[A-Za-z0-9]{2,8})*")
_DEEPEST = 20  # panels in panels
_TEXTS = {"title", "description", "text", "html", "minRateDescription", "maxRateDescription"}


class Object:
    """One of its objects. What nobody asked for is left, to be reported."""

    def __init__(self, raw: Mapping[str, Any]) -> None:
        self._raw = raw
        self._seen = {"type", "name"}
        self.name = text(raw.get("name"))

    def get(self, key: str) -> Any:
        self._seen.add(key)
        return self._raw.get(key)

    def text(self, key: str) -> str:
        return text(self.get(key))

    def whole(self, key: str) -> int | None:
        found = self.get(key)
        return found if type(found) is int and abs(found) < 1_000_000 else None

    def any(self, *keys: str) -> bool:
        return any([self.get(key) is True for key in keys])  # noqa: C419 all of them are seen

    def close(self) -> None:
        """It has been reported."""
        self._seen |= self._raw.keys()

    def left(self) -> Iterator[tuple[str, Any]]:
        for key in sorted(map(str, self._raw.keys() - self._seen)):
            if self._raw[key] not in (None, "", [], {}, False):
                yield key, self._raw[key]


def report(imported: Imported, source: Object, place: str) -> None:
    """What is left of an object goes with its place into the report."""
    for key, value in source.left():
        if isinstance(value, list):
            for each in value[:50]:
                imported.left_out(place, f"its {key}: {str(each)[:80]}")
        else:
            imported.left_out(place, f"its {key}: {str(value)[:80]}")


def languages_of(survey: Mapping[str, Any]) -> list[str]:
    """The survey's own, and those of all its texts."""
    first = text(survey.get("locale"))
    found = {first if _LANGUAGE.fullmatch(first) else "en": None}
    parts: list[Any] = [survey]
    while parts:
        part = parts.pop()
        if isinstance(part, dict):
            for key in _TEXTS & part.keys():
                words = part[key] if isinstance(part[key], dict) else {}
                found |= dict.fromkeys(sorted(code for code in words if _LANGUAGE.fullmatch(code)))
            parts += [each for key, each in part.items() if key != OURS]
        elif isinstance(part, list):
            parts += part
    return list(found)


def texts_of(found: Any) -> dict[str, Any]:
    """{language: text}; "default" is the survey's first, whatever that is."""
    return found if isinstance(found, dict) else {"default": found}


def words_of(texts: Mapping[str, Any]) -> dict[str, str]:
    return {language: words for language, words in texts.items() if isinstance(words, str)}


def elements_of(
    page: Mapping[str, Any], too_deep: Callable[[Mapping[str, Any]], None] | None = None
) -> Iterator[tuple[dict[str, Any], list[Object]]]:
    """Questions in their order, panels opened up, with the panels that each stands in."""
    waiting = [(each, list[Object]()) for each in reversed(inside_of(page))]
    while waiting:
        element, around = waiting.pop()
        if element.get("type") != "panel" or OURS in element:
            yield element, around
        elif len(around) < _DEEPEST:
            panels = [*around, Object(element)]
            waiting += [(each, panels) for each in reversed(inside_of(element))]
        elif too_deep is not None:
            too_deep(element)


def inside_of(part: Mapping[str, Any]) -> list[dict[str, Any]]:
    return objects(part.get("elements")) or objects(part.get("questions"))


def codes_of(found: Any) -> list[tuple[str, dict[str, Any]]]:
    """(code, texts) of choices, which are values or objects."""
    codes = []
    for each in found if isinstance(found, list) else []:
        raw = each if isinstance(each, dict) else {"value": each}
        value = raw.get("value", raw.get("name"))
        code = str(value).lower() if isinstance(value, bool) else value
        if isinstance(code, float) and code.is_integer():
            code = int(code)
        if isinstance(code, str | int | float):
            codes.append((str(code), texts_of(raw.get("text") or raw.get("title") or str(code))))
    return codes


def options_of(found: Any) -> list[tuple[str, dict[str, str]]]:
    return [(code, words_of(texts)) for code, texts in codes_of(found)]
