"""JSON of other tools, read as strictly as requests are."""

from typing import Any

import orjson

from services.intake.formats.imported import UnreadableFile


def read_object(data: bytes, tool: str) -> dict[str, Any]:
    """Raises UnreadableFile."""
    try:
        found = orjson.loads(data.removeprefix(b"\xef\xbb\xbf"))
    except orjson.JSONDecodeError as error:
        raise UnreadableFile(f"This is not JSON in UTF-8: {error}. Export it again.") from error
    if not isinstance(found, dict):
        raise UnreadableFile(f"This is no survey of {tool}: it is not one JSON object.")
    return found


def objects(found: Any) -> list[dict[str, Any]]:
    """The objects of a list; whatever else somebody put there is passed over."""
    return [each for each in found if isinstance(each, dict)] if isinstance(found, list) else []


def text(found: Any) -> str:
    return found if isinstance(found, str) else ""
