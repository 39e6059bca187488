"""Codes of other tools as ids of ours, which never clash."""

import re

from services.intake.domain.definition import GROUP
from services.intake.formats.imported import Imported

_UNFIT = re.compile(r"[^A-Za-z0-9_-]+")
LONGEST_ID = 64


def value_of(code: str) -> str:
    """The value of a choice or row; no two codes that differ by a minus alone become one."""
    return re.sub(r"^-", "_", _UNFIT.sub("_", code))[:LONGEST_ID] or "_"


class Names:
    """Ids for codes, each given once."""

    def __init__(self, imported: Imported, reserved: tuple[str, ...] = (GROUP,)) -> None:
        self._imported = imported
        self._taken = {name.casefold() for name in reserved}
        self._ids: dict[str, str] = {}

    def take(self, code: str, place: str) -> str:
        """The id for a code; the report says where it differs."""
        stem = _UNFIT.sub("_", code).lstrip("-")[:LONGEST_ID] or "item"
        name, number = stem, 1
        while name.casefold() in self._taken:
            number += 1
            name = f"{stem[: LONGEST_ID - len(str(number)) - 1]}_{number}"
        self._taken.add(name.casefold())
        self._ids.setdefault(code, name)
        if name != code:
            self._imported.changed(place, f"Its name {code!r} became {name!r}.")
        return name

    def known(self, code: str) -> str | None:
        return self._ids.get(code)
