"""Add responses to a survey's sums."""

from functools import partial
from typing import Any

from services.planning.domain.tables import Answers, Change, Tables
from services.planning.store.surveys import Surveys
from shared.fold import Step


def folding(surveys: Surveys) -> Step:
    """The fold's step over these surveys."""
    return partial(fold_responses, surveys)


def fold_responses(
    surveys: Surveys, survey: str, state: bytes | None, bodies: list[dict[str, Any]]
) -> bytes | None:
    """The packed sums with these responses, or None while a version they answer is unknown.

    A body is {survey_version, before, after}, where the latter two are {group, answers} or None.
    """
    known = surveys.get(survey)
    if known is None or known.survey is None:
        return None
    if not known.versions.issuperset(body["survey_version"] for body in bodies):
        return None
    tables = Tables() if state is None else Tables.unpack(state)
    tables.cover(known.survey.items)
    tables.apply(Change(_answers(body["before"]), _answers(body["after"])) for body in bodies)
    return tables.pack()


def _answers(side: dict[str, Any] | None) -> Answers | None:
    return None if side is None else Answers(side["group"], side["answers"])
