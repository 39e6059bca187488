"""What a proposal says in plain words."""

from datetime import datetime, timedelta

from services.planning.domain.need import Need
from services.planning.domain.proposal import Measure
from services.planning.domain.survey import Item

METRIC = "intake.need_satisfaction"
GAP_TO_CLOSE = 0.3  # what a measure of medium effect closes; the planner may set another target
TERM = timedelta(days=365)


def title(item: Item, group: str | None) -> str:
    return f"Meet the need: {item.label}" + (f" ({group})" if group else "")


def measure(item: Item, need: Need, *, survey: str, cut_off: datetime) -> Measure:
    """Mean satisfaction, from where it is to closing GAP_TO_CLOSE of the gap within a year.

    Under derived importance the gap is that to the top of the scale.
    """
    baseline = need.satisfaction_mean
    target = None
    if baseline is not None:
        wanted = item.high if need.importance_mean is None else need.importance_mean
        target = baseline + GAP_TO_CLOSE * (wanted - baseline)
    segment = {"survey": survey, "item": item.id}
    return Measure(
        metric=METRIC,
        segment=segment if need.group is None else segment | {"group": need.group},
        baseline=baseline,
        target=target,
        due=(cut_off + TERM).date().isoformat(),
    )


def objective(item: Item, need: Need, goal: Measure) -> str:
    who = f"the group {need.group}" if need.group else "all respondents"
    return (
        f"Raise mean satisfaction with {item.label!r} among {who} from {goal.baseline:.2f} to "
        f"{goal.target:.2f} (scale {item.low} to {item.high}) by {goal.due}."
    )


def rationale(need: Need, dissenting: list[str]) -> str:
    """For instance: Important to 82 %, satisfied 41 %, n = 312, tied 1st to 3rd."""
    facts = [] if need.important_share is None else [f"important to {need.important_share:.0%}"]
    if need.derived_importance and need.derived_importance.beta is not None:
        beta = need.derived_importance.beta
        facts.append(f"moves overall satisfaction (standardised coefficient {beta:.2f})")
    facts += [f"satisfied {need.satisfied_share:.0%}", f"n = {need.n}", _place(need)]
    text = ", ".join(facts).replace("%", " %")
    sentences = [text[0].upper() + text[1:] + "."]
    if need.unaware or need.unused:
        sentences.append(f"{need.unaware} did not know of it, {need.unused} have not used it.")
    if dissenting:
        sentences.append(f"Seen otherwise by {', '.join(dissenting)}.")
    return " ".join(sentences)


def _place(need: Need) -> str:
    low, high = need.rank_interval or (0, 0)
    return f"tied {_ordinal(low)} to {_ordinal(high)}" if low < high else f"ranked {_ordinal(low)}"


def _ordinal(number: int) -> str:
    teen = number % 100 in {11, 12, 13}
    return f"{number}{'th' if teen else {1: 'st', 2: 'nd', 3: 'rd'}.get(number % 10, 'th')}"
