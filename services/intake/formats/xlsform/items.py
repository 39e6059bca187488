"""A row as an item: what items of all types have, and what each type has of its own."""

import re
from collections.abc import Mapping
from typing import Any

from services.intake.domain.definition import GROUP
from services.intake.formats.extras import OURS
from services.intake.formats.xlsform.choices import Lists
from services.intake.formats.xlsform.translation import Translation

_TRUE = {"yes", "true", "true()", "1"}
_FALSE = {"", "no", "false", "false()", "0"}
_READ = {
    "type", "name", "label", "hint", "relevant", "required", "constraint", "constraint_message",
    "appearance", "parameters", OURS, "",
}  # fmt: skip


def base_of(
    to: Translation,
    row: Mapping[str, Any],
    extras: Mapping[str, Any],
    around: list[dict[str, Any]],
    place: str,
) -> dict[str, Any]:
    """What items of all types have."""
    for key in sorted(row.keys() - _READ):
        to.imported.left_out(place, f"its {key}: {str(row[key])[:80]}")
    code = extras.get("id") or row.get("name") or "question"
    code = f"{code}_" if code == GROUP else code
    item: dict[str, Any] = {
        "id": to.names.take(code, place),
        "text": to.texts(row.get("label"), place) or to.said(row.get("name") or "…"),
    }
    hint = to.texts(row.get("hint"), place)
    if hint:
        item["hint"] = hint
    required = row.get("required", "").strip()
    if is_true(required):
        item["required"] = True
    elif required.casefold() not in _FALSE:
        to.condition(item, "required_if", required, place)
    rules = [rule for each in around for rule in each["rules"]]
    rules += [row["relevant"]] if row.get("relevant") else []
    for rule in rules:
        part: dict[str, Any] = {}
        to.condition(part, "visible_if", rule, place)
        if "visible_if" in part:
            before = item.get("visible_if")
            own = part["visible_if"]
            item["visible_if"] = own if before is None else {"and": [before, own]}
    return item


def is_true(text: str) -> bool:
    return text.strip().casefold() in _TRUE


def of_kind(  # noqa: PLR0911  # a return for each type
    to: Translation, lists: Lists, kind: str, words: list[str], row: Mapping[str, Any], place: str
) -> dict[str, Any] | None:
    """What its type adds; nothing where there is no such type here."""
    if kind in {"select_one", "select_multiple", "rank"}:
        return _chosen(lists, kind, words, row)
    if kind == "text":
        single = "multiline" not in row.get("appearance", "")
        return {"type": "text", **({"multiline": False} if single else {})}
    if kind in {"integer", "decimal"}:
        return {"type": "number", **({"decimals": 6} if kind == "decimal" else {})}
    if kind == "range":
        return _range(row.get("parameters", ""))
    if kind in {"date", "datetime", "dateTime", "time"}:
        if kind == "date":
            return {"type": "date"}
        to.imported.changed(place, f"A {kind} became a line of text.")
        return {"type": "text", "multiline": False}
    if kind in {"acknowledge", "trigger"}:
        return {"type": "single_choice", "choices": [{"value": "OK", "text": to.said("OK")}]}
    return None


def _chosen(
    lists: Lists, kind: str, words: list[str], row: Mapping[str, Any]
) -> dict[str, Any] | None:
    choices = [dict(each) for each in lists.get(words[0] if words else "", [])]
    if not choices:
        return None
    types = {
        "select_one": "single_choice",
        "select_multiple": "multiple_choice",
        "rank": "ranking",
    }
    item: dict[str, Any] = {"type": types[kind], "choices": choices}
    if "or_other" in words[1:] and kind != "rank":
        item["other"] = True
        item["choices"] = choices = [each for each in choices if each["value"] != "other"]
    if re.search(r"randomize\s*=\s*true", row.get("parameters", ""), re.IGNORECASE):
        item["random"] = True
    return item


def _range(parameters: str) -> dict[str, Any]:
    found = dict(re.findall(r"(start|end|step)\s*=\s*(-?\d+(?:\.\d+)?)", parameters))
    low, high = float(found.get("start", 1)), float(found.get("end", 10))
    step = float(found.get("step", 1))
    if step == 1 and low.is_integer() and high.is_integer() and 0 < high - low <= 10:
        return {"type": "rating", "scale": {"min": int(low), "max": int(high)}}
    whole = low.is_integer() and high.is_integer() and step.is_integer()
    bounds = {"min": int(low), "max": int(high)} if whole else {"min": low, "max": high}
    return {"type": "number", **bounds, **({} if whole else {"decimals": 6})}
