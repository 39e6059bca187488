"""How many of those who could have answered did, without giving away anybody."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from services.intake.domain.invitation import Profile, pooled

Cell = tuple[str, tuple[tuple[str, str], ...]]


@dataclass(frozen=True)
class Rate:
    """`answered` of `of` in one part of the survey: all of it, a group, or those of a group with a
    value of a profile field. The group or value "" stands for all the others, of whom it is not
    known or who are too few each. Of fewer people than may be told of nothing is said."""

    group: str | None
    field: str | None
    value: str | None
    of: int | None
    answered: int | None
    rate: float | None
    suppressed: bool


@dataclass(frozen=True)
class People:
    """So many of one group and profile, of whom so many have answered."""

    group: str
    profile: Profile
    of: int
    answered: int


def rates(people: Sequence[People], fields: Iterable[str], least: int) -> list[Rate]:
    """The whole, each group, and each group by each profile field. Of parts with fewer than
    `least` people the figures are given together, so that no difference gives one away."""
    groups = _parts(people, lambda each: each.group, least)
    found = [_rate(None, None, None, people, least)]
    found += [_rate(group, None, None, part, least) for group, part in groups]
    for group, part in groups:
        for field in fields if group else ():
            values = _parts(part, partial(_value, field=field), least)
            found += [_rate(group, field, value, some, least) for value, some in values]
    return found


def _value(people: People, field: str) -> str:
    return people.profile.get(field, "")


def _parts(
    people: Sequence[People], key: Callable[[People], str], least: int
) -> list[tuple[str, list[People]]]:
    """Those that can be told apart, in the order of their names, and the others as "". Where none
    can, there is nothing to tell beside the whole."""
    sizes: Counter[str] = Counter()
    for each in people:
        sizes[key(each)] += each.of
    apart = pooled(sizes, least)
    parts: dict[str, list[People]] = {value: [] for value in sorted(apart)}
    for each in people:
        parts.setdefault(key(each) if key(each) in apart else "", []).append(each)
    return list(parts.items()) if apart else []


def _rate(
    group: str | None, field: str | None, value: str | None, people: Sequence[People], least: int
) -> Rate:
    of, answered = _of(people), sum(each.answered for each in people)
    if of < least:
        return Rate(group, field, value, None, None, None, suppressed=True)
    return Rate(group, field, value, of, answered, answered / of, suppressed=False)


def _of(people: Iterable[People]) -> int:
    return sum(each.of for each in people)


def counted(rows: Iterable[tuple[str, Mapping[str, str], bool]]) -> list[People]:
    """People of each group and profile, of rows that say whether one has answered."""
    of: Counter[Cell] = Counter()
    answered: Counter[Cell] = Counter()
    for group, profile, has in rows:
        cell = group, tuple(sorted(profile.items()))
        of[cell] += 1
        answered[cell] += has
    return [People(g, dict(p), of[g, p], answered[g, p]) for g, p in of]
