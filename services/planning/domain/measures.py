"""Which measures a planner may set."""

from collections.abc import Sequence
from datetime import date

from services.planning.domain.proposal import Measure
from services.planning.domain.refusal import Refusal
from services.planning.domain.statement import METRIC
from services.planning.domain.survey import Item, Survey


class UnfitMeasures(Refusal):
    """`errors` has field and message of each thing that is wrong."""

    def __init__(self, errors: Sequence[dict[str, str]]) -> None:
        super().__init__(" ".join(each["message"] for each in errors))
        self.errors = errors


def check_measures(
    before: Sequence[Measure], after: Sequence[Measure], *, survey: Survey | None, today: date
) -> None:
    """Of those that are new or changed. Raises UnfitMeasures.

    A target is held against a scale only where the metric is a mean on it: what another one can be
    is not known here.
    """
    errors = []
    for place, measure in enumerate(after):
        if measure in before:
            continue
        if date.fromisoformat(measure.due) < today:
            message = f"The due date {measure.due} is past: give {today} or a later day."
            errors.append({"field": f"measures.{place}.due", "message": message})
        item = _item_of(measure, survey)
        target = measure.target
        if item and target is not None and not item.low <= target <= item.high:
            message = (
                f"The target {target:g} is beyond the scale of {item.label!r}: give one "
                f"from {item.low} to {item.high}."
            )
            errors.append({"field": f"measures.{place}.target", "message": message})
    if errors:
        raise UnfitMeasures(errors)


def _item_of(measure: Measure, survey: Survey | None) -> Item | None:
    """What the measure is a mean of, if `survey` asks it."""
    if survey is None or measure.metric != METRIC or measure.segment.get("survey") != survey.id:
        return None
    name = measure.segment.get("item")
    return next((item for item in survey.items if item.id == name), None)
