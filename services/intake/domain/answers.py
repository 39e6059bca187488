"""Which answers a definition takes."""

from collections.abc import Mapping
from typing import Any

import orjson

from services.intake.domain.definition import GROUP, Definition, Error

# A revision goes out as one event of at most 64 KiB, with the answers before it and after it.
MOST_BYTES = 30_000


class InvalidAnswers(Exception):
    """Nothing of the response is stored; `errors` has one entry a field."""

    def __init__(self, errors: list[Error]) -> None:
        super().__init__("The answers do not fit the survey.")
        self.errors = errors


def check_response(
    definition: Definition, group: Any, profile: Mapping[str, Any], answers: Mapping[str, Any]
) -> dict[str, Any]:
    """The response as it is kept: `{"group", "profile", "answers"}`.

    A profile item may be answered in either place and is kept in `profile`. Raises InvalidAnswers
    for an unknown group or item, a wrong type, a value out of range, a missing required answer,
    an answer to an item that the other answers hide, and answers that are too long altogether.
    """
    given = {**profile, **answers}
    errors = [] if group in definition.groups else [_wrong_group(definition)]
    items = definition.items
    if not given.keys() <= items.keys():
        errors += [
            _error(name, "The survey has no such item.") for name in given if name not in items
        ]
    errors += [
        _error(name, "Not a profile item; send it in answers.")
        for name in profile
        if name in items and not items[name].profile
    ]
    shown: dict[str, Any] = {GROUP: group}
    for name, item in items.items():
        if item.visible_if is not None and not item.visible_if(shown):
            if name in given:
                errors.append(_error(name, "This item is hidden by the other answers."))
        elif name in given:
            value = given[name]
            message = item.check(value) or item.contradiction(value, shown)
            if message is None:
                shown[name] = value
            else:
                errors.append(_error(name, message))
        elif item.needed(shown):
            errors.append(_error(name, "This item needs an answer."))
    del shown[GROUP]
    described = {name: shown.pop(name) for name in definition.profile if name in shown}
    kept = {"group": group, "profile": described, "answers": shown}
    errors = errors or _too_long(kept)
    if errors:
        raise InvalidAnswers(errors)
    return kept


def _too_long(kept: Mapping[str, Any]) -> list[Error]:
    """Named at the longest answer, which is the one to shorten."""
    size = len(orjson.dumps(kept))
    if size <= MOST_BYTES:
        return []
    given = {**kept["profile"], **kept["answers"]}
    longest = max(given, key=lambda name: len(orjson.dumps(given[name])))
    excess = f"Your answers are {size:,} bytes altogether, at most {MOST_BYTES:,} are taken"
    return [_error(longest, f"{excess}: shorten this one.")]


def _wrong_group(definition: Definition) -> Error:
    return {"field": "group", "message": f"Name one of: {', '.join(definition.groups)}."}


def _error(name: str, message: str) -> Error:
    return {"field": f"answers.{name}", "message": message}
