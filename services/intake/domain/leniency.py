"""Answers that were given elsewhere, to other rules: as much of them as fits."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from services.intake.domain.answers import InvalidAnswers, check_response
from services.intake.domain.definition import Definition, Error

_PREFIX = "answers."


def relaxed(definition: Definition) -> Definition:
    """The same, with nothing that must be answered."""
    items = {
        name: replace(item, required=False, required_if=None)
        for name, item in definition.items.items()
    }
    return replace(definition, items=items)


def fitting(
    definition: Definition, group: Any, profile: Mapping[str, Any], answers: Mapping[str, Any]
) -> tuple[dict[str, Any], list[Error]]:
    """The response as it is kept, without what a `relaxed` definition does not take, and why.

    Raises InvalidAnswers where that is not for single answers.
    """
    profile, answers = dict(profile), dict(answers)
    left_out: list[Error] = []
    while True:
        try:
            return check_response(definition, group, profile, answers), left_out
        except InvalidAnswers as error:
            named = {each["field"].removeprefix(_PREFIX): each for each in error.errors}
            unfit = named.keys() & (profile.keys() | answers.keys())
            if unfit != named.keys():
                raise
            left_out += named.values()
            for name in unfit:
                profile.pop(name, None)
                answers.pop(name, None)
