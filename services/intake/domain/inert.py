"""Cells that a spreadsheet would take for formulas are text."""

import re

_STARTS = "=+-@\t\r\n＝＋－＠"  # noqa: RUF001  # their full-width forms work as they do
_NUMBER = re.compile(r"[-+]?\d+(?:\.\d+)?", re.ASCII)


def inert(text: str) -> str:
    """`text`, with an apostrophe before what a spreadsheet would work out. A number stays one.

    https://owasp.org/www-community/attacks/CSV_Injection
    """
    if text[:1] not in _STARTS or not text or _NUMBER.fullmatch(text):
        return text
    return f"'{text}"


def meant(text: str) -> str:
    """What was made inert."""
    return text[1:] if text[:1] == "'" and inert(text[1:]) == text else text
