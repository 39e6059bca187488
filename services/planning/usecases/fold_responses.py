"""Add responses to a survey's sums."""

from functools import partial
from typing import Any

from services.planning.domain.tables import Answers, Change, Tables
from services.planning.store.surveys import Surveys
from shared import fold


def folding(surveys: Surveys) -> fold.Step:
    """The fold's step over these surveys."""
    return partial(fold_responses, surveys)


def fold_responses(
    surveys: Surveys, survey: str, state: bytes | None, changes: list[fold.Change]
) -> bytes | None:
    """The packed sums with these responses, or None while a version they answer is unknown.

    A body is {survey_version, group, answers}.
    """
    known = surveys.get(survey)
    if known is None or known.survey is None:
        return None
    if not known.versions.issuperset(body["survey_version"] for body in fold.bodies_of(changes)):
        return None
    tables = Tables() if state is None else Tables.unpack(state)
    tables.cover(known.survey.items)
    tables.apply(Change(_answers(each.before), _answers(each.after)) for each in changes)
    return tables.pack()


def _answers(body: dict[str, Any] | None) -> Answers | None:
    return None if body is None else Answers(body["group"], body["answers"])
