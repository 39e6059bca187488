"""A planner tries a survey, before and after it opens."""

from collections.abc import Mapping
from typing import Any

from services.intake.domain.answers import check_response
from services.intake.domain.definition import compile_definition
from services.intake.store import Store


def try_survey(
    store: Store,
    *,
    unit: str,
    survey: str,
    name: str,
    group: Any,
    profile: Mapping[str, Any],
    answers: Mapping[str, Any],
) -> dict[str, Any]:
    """Check test answers as real ones are, against what is being written or else asked now, and
    keep them apart. Raises NoSuchSurvey, InvalidAnswers."""
    found = store.surveys.get(unit, survey)
    definition = compile_definition(found.being_written)
    content = check_response(definition, group, profile, answers)
    store.trials.keep(unit, survey, name, content)
    return content
