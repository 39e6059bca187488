"""The sheet of choices. Beside its value a choice keeps the name that it has there, until its item
is done."""

from collections.abc import Iterable, Mapping
from typing import Any

from services.intake.formats.naming import value_of
from services.intake.formats.xlsform.translation import Translation

Lists = Mapping[str, list[dict[str, Any]]]  # by their names


def lists_of(to: Translation, rows: Iterable[Mapping[str, Any]]) -> Lists:
    lists: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        options = lists.setdefault(row.get("list_name") or row.get("list name") or "", [])
        name = row.get("name") or row.get("value") or ""
        value = value_of(name)
        if not name or any(option["value"] == value for option in options):
            to.imported.left_out(f"row {row.get('', '?')} of choices", f"a second {name!r}")
            continue
        if value != name:
            to.imported.changed(f"choice {name}", f"Its name became {value!r}.")
        text = to.texts(row.get("label"), f"choice {name}") or to.said(name)
        options.append({"value": value, "text": text, "name": name})
    return lists


def bare(options: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{key: each[key] for key in each.keys() - {"name"}} for each in options]
