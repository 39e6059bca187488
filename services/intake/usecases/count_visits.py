"""How many begin to answer, where they leave, and how long it takes those who finish."""

from dataclasses import dataclass
from statistics import quantiles

from services.intake.domain.definition import asked
from services.intake.store import Store

_LONGEST_SECONDS = 4 * 3600
_STEP_SECONDS = 5


@dataclass(frozen=True)
class DropOff:
    """`left_at` in the order of the items; `quartiles` are the seconds within which a quarter, half
    and three quarters of those finished whose page measured it, None for fewer than two."""

    started: int
    completed: int
    left_at: list[tuple[str, int]]
    timed: int
    quartiles: tuple[float, float, float] | None


def note_progress(store: Store, *, survey: str, visit: str, item: str) -> bool:
    """A page was answered as far as `item`; False where the survey has no such item. Raises
    NoSuchSurvey."""
    found = store.surveys.for_answering(survey)
    if item not in found.definition.items:
        return False
    store.visits.reach(found.unit, survey, visit, item)
    return True


def note_completion(store: Store, *, survey: str, visit: str, seconds: str) -> None:
    """Its answer is stored. `seconds` as the page says, rounded so that it tells nobody apart;
    what cannot be is not kept."""
    unit = store.surveys.for_answering(survey).unit
    store.visits.complete(unit, survey, visit, _seconds(seconds))


def _seconds(said: str) -> int | None:
    if not (said.isascii() and said.isdigit() and len(said) < 6):
        return None
    taken = int(said)
    return round(taken / _STEP_SECONDS) * _STEP_SECONDS if 0 < taken <= _LONGEST_SECONDS else None


def drop_off(store: Store, *, unit: str, survey: str) -> DropOff:
    """Raises NoSuchSurvey."""
    found = store.surveys.get(unit, survey)
    seen = store.visits.seen(survey)
    order = dict.fromkeys(item["id"] for each in found.published for item in asked(each))
    left_at = [(item, seen.left_at[item]) for item in order if seen.left_at[item]]
    times = sorted(seen.seconds.elements())
    return DropOff(
        started=seen.completed + seen.left_at.total(),
        completed=seen.completed,
        left_at=left_at,
        timed=len(times),
        quartiles=_quartiles(times),
    )


def _quartiles(times: list[int]) -> tuple[float, float, float] | None:
    if len(times) < 2:
        return None
    first, second, third = quantiles(times, n=4, method="inclusive")
    return first, second, third
