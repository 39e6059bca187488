"""The letter that carries a link."""

import re
import unicodedata
from collections.abc import Mapping

LINK = "{link}"
_FIELDS = ("name", "link", "closes")
_FIELD = re.compile(r"\{([a-z]+)\}")
_ENDS_A_LINE = {"Cc", "Zl", "Zp"}
_IN_A_TEXT = {"\n", "\r", "\t"}


def template_errors(subject: str, text: str) -> list[dict[str, str]]:
    """What a planner's template lacks or misspells, one entry a field."""
    errors = [
        {"field": field, "message": f"There is no {{{name}}}; use {{name}}, {{link}}, {{closes}}."}
        for field, written in (("subject", subject), ("text", text))
        for name in _FIELD.findall(written)
        if name not in _FIELDS
    ]
    if LINK not in text:
        errors.append({"field": "text", "message": "Say where the link goes: {link}."})
    if LINK in subject:
        errors.append({"field": "subject", "message": "A link is no part of a subject."})
    if any(unicodedata.category(each) in _ENDS_A_LINE for each in subject):
        errors.append({"field": "subject", "message": "Give one line, without control characters."})
    if any(unicodedata.category(each) == "Cc" for each in set(text) - _IN_A_TEXT):
        errors.append({"field": "text", "message": "Take out the control characters."})
    return errors


def filled(template: str, values: Mapping[str, str]) -> str:
    """The template with its fields, each filled once: what a name says is no field."""
    return _FIELD.sub(lambda found: values.get(found[1], found[0]), template)
