"""How many of those who were invited, or of all there are, have answered."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from services.intake.domain.participation import ANONYMOUS
from services.intake.domain.rates import Cell, People, Rate, counted, rates
from services.intake.store import Store
from services.intake.usecases.invite import InvalidTable, group_named, without_groups
from shared import times

_MOST_CELLS = 5000


@dataclass(frozen=True)
class ResponseRates:
    """`base` is "invited", "population", or "unknown" where there is nothing to compare with."""

    base: str
    cells: list[Rate]
    counted_at: datetime


def response_rates(store: Store, *, unit: str, survey: str) -> ResponseRates:
    """As of the last few seconds. Raises NoSuchSurvey."""
    asked = store.surveys.get(unit, survey)
    definition = asked.definition
    anonymous = definition.get("participation", ANONYMOUS) == ANONYMOUS
    least = definition["minimum_group_size"] if anonymous else 1
    if definition.get("access") == "invited":
        at, people = store.invitations.tally(survey, counted)
        fields: Iterable[str] = store.invitations.fields(survey)
        return ResponseRates("invited", rates(people, list(fields), least), at)
    population = store.invitations.population(survey)
    if not population:
        return ResponseRates("unknown", [], times.now())
    fields = dict.fromkeys(name for each in population for name in each["profile"])
    people = _of_population(population, store.tallies.of(survey))
    return ResponseRates("population", rates(people, list(fields), least), times.now())


def keep_population(
    store: Store, *, unit: str, survey: str, rows: Sequence[Mapping[str, Any]]
) -> None:
    """Keep how many there are of each group and profile, in place of what was known.

    rows: {"line", "group", "profile", "count"}. Raises InvalidTable, NoSuchSurvey, ListBusy.
    """
    groups = store.surveys.get(unit, survey).definition["groups"]
    errors = without_groups(groups, rows)
    none_named = bool(errors)
    cells: Counter[Cell] = Counter()
    for row in rows:
        text = str(row["count"])
        group = group_named(groups, row["group"])
        if group is None and not none_named:
            message = f"Name one of: {', '.join(groups)}."
            errors.append({"line": row["line"], "field": "group", "message": message})
        if not (text.isascii() and text.isdecimal() and len(text) < 10):
            message = "Give how many there are, a whole number."
            errors.append({"line": row["line"], "field": "count", "message": message})
        if group is not None and not errors:
            cells[group, tuple(sorted(row["profile"].items()))] += int(text)
    if len(cells) > _MOST_CELLS:
        message = f"At most {_MOST_CELLS:,} different rows; leave a column out."
        errors.append({"line": 1, "field": "count", "message": message})
    if errors:
        raise InvalidTable(errors)
    population = [{"group": g, "profile": dict(p), "count": n} for (g, p), n in cells.items()]
    store.invitations.keep_population(unit, survey, population)


def _of_population(population: Sequence[Mapping[str, Any]], stands: Counter[Cell]) -> list[People]:
    """Who answered without saying what the population is divided by counts in the group alone."""
    fields = {name for each in population for name in each["profile"]}
    answered: Counter[Cell] = Counter()
    for (group, profile), count in stands.items():
        answered[group, tuple(pair for pair in profile if pair[0] in fields)] += count
    of = {
        (each["group"], tuple(sorted(each["profile"].items()))): each["count"]
        for each in population
    }
    cells = sorted({*of, *answered})
    return [People(g, dict(p), of.get((g, p), 0), answered[g, p]) for g, p in cells]
