"""What other tools have no word for stands in their files under a name of ours."""

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

OURS = "groundswell"
Keys = Mapping[str, Callable[[Any], bool]]

_ID = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_-]{0,63}")
_LANGUAGE = re.compile(r"[a-z]{2,3}(?:-[A-Za-z0-9]{2,8})*")


def is_as_written(found: Any, keys: Keys) -> bool:
    """Whether it can be what we wrote; somebody may have changed it since."""
    if not isinstance(found, dict):
        return False
    if not all(name in keys and keys[name](value) for name, value in found.items()):
        return False
    return found.get("type") != "need" or found.get("scale", {}).keys() >= {"min", "max"}


def _is_texts(value: Any) -> bool:
    return (
        isinstance(value, dict)
        and all(
            _LANGUAGE.fullmatch(language) and isinstance(words, str) and words.strip()
            for language, words in value.items()
        )
        and bool(value)
    )


def _is_scale(value: Any) -> bool:
    kinds = {"min": _is_whole, "max": _is_whole, "low": _is_texts, "high": _is_texts}
    return isinstance(value, dict) and all(
        name in kinds and kinds[name](each) for name, each in value.items()
    )


def _is_flag(value: Any) -> bool:
    return value is True or value is False


def _is_id(value: Any) -> bool:
    return isinstance(value, str) and _ID.fullmatch(value) is not None


def _is_whole(value: Any) -> bool:
    return type(value) is int and -100 <= value <= 100


def _is_count(value: Any) -> bool:
    return type(value) is int and 0 < value <= 30_000


def _is_rule(value: Any) -> bool:
    return value is not None


def _is_time(value: Any) -> bool:
    if value is None:
        return True
    try:
        return isinstance(value, str) and datetime.fromisoformat(value).tzinfo is not None
    except ValueError:
        return False


def _among(*values: str) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, str) and value in values


ITEM_KEYS: Keys = {
    "id": _is_id, "type": _among("need", "matrix", "nps"), "groups": _is_flag, "bare": _is_flag,
    "role": _among("profile", "overall_satisfaction", "first_destination"),
    "lens": _among("culture", "needs", "structure"), "hint": _is_texts, "support": _is_texts,
    "exclusive": lambda value: isinstance(value, list) and all(map(_is_id, value)),
    "no_basis": _is_flag, "multiline": _is_flag, "required": _is_flag, "random": _is_flag,
    "scale": _is_scale, "decimals": lambda value: type(value) is int and 0 <= value <= 6,
    "visible_if": _is_rule, "required_if": _is_rule, "valid_if": _is_rule,
    "valid_message": _is_texts,
}  # fmt: skip
SURVEY_KEYS: Keys = {
    "title": _is_texts, "contact": _is_texts, "consent": _is_texts, "draw": _is_texts,
    "minimum_group_size": lambda value: _is_count(value) and value <= 1_000,
    "participation": _among("anonymous", "confidential", "identified"),
    "access": _among("open", "invited"), "opens_at": _is_time, "closes_at": _is_time,
    "quotas": lambda value: isinstance(value, dict) and all(map(_is_count, value.values())),
    "retention_days": lambda value: value is None or _is_count(value), "synthetic": _is_flag,
    "outcome_period": lambda value: isinstance(value, str) and 0 < len(value) <= 20,
}  # fmt: skip
