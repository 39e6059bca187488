"""What a person says of guessed columns, and what still stands in the way of a survey."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from services.intake.domain.guess.columns import OUT, SCALED, SURE, Column, Guess
from services.intake.domain.guess.others import divider_of
from services.intake.domain.guess.ratings import read_contents
from services.intake.domain.scales import Scale, numbers_from, scale_of

FOUND, TURNED = "found", "turned"
NUMBERED = {f"{low}-{high}": (low, high) for low, high in
            [(1, 3), (1, 4), (1, 5), (1, 6), (1, 7), (1, 10), (0, 4), (0, 5), (0, 10)]}  # fmt: skip
PERSON = "person"
"""A role that a person chooses: what is said here describes who answered."""
_NOTHING_TO_RANK = (
    "Nothing can be ranked yet: say which columns are importance and satisfaction of the same "
    "thing, or which are ratings and which one is overall satisfaction."
)


@dataclass(frozen=True)
class Correction:
    """`scale` is FOUND, TURNED (the least is the best) or one of NUMBERED; `about` is what is
    asked, where it was guessed otherwise."""

    role: str
    partner: str | None = None
    scale: str = FOUND
    about: str = ""


def role_of(guessed: Guess) -> str:
    return PERSON if guessed.profile else guessed.role


def corrected(
    columns: Sequence[Column],
    guesses: Sequence[Guess],
    corrections: Mapping[str, Correction],
    group: str | None,
) -> list[Guess]:
    """`group` names the column of the group, or is "" for none, or None for the guessed one."""
    by_name = {column.name: column for column in columns}
    chosen = [
        _chosen(by_name[each.column], each, corrections.get(each.column), group) for each in guesses
    ]
    partners = {each.partner: each for each in chosen if each.role == "importance"}
    return [_beside(each, partners.get(each.column)) for each in chosen]


def _chosen(column: Column, guessed: Guess, said: Correction | None, group: str | None) -> Guess:
    if group == column.name or (group is None and guessed.role == "group"):
        return replace(guessed, role="group", about=column.text, profile=False)
    if guessed.role == "group":  # and is not any more
        guessed = replace(guessed, role="choice", profile=True)
    if said is None:
        return guessed
    guessed = replace(guessed, about=said.about or guessed.about)
    if (said.role, said.partner, said.scale) == (role_of(guessed), guessed.partner, FOUND):
        return guessed
    wanted = _same_in(column) if said.role == PERSON else said.role
    reason = guessed.reason if wanted == guessed.role else "You said so."
    changed = replace(
        guessed, role=wanted, confidence=SURE, reason=reason, profile=said.role == PERSON,
        about=guessed.about or column.part or column.text,
        partner=said.partner if wanted == "importance" else None,
    )  # fmt: skip
    return (
        _scaled(column, changed, said.scale) if wanted in SCALED else replace(changed, scale=None)
    )


def _same_in(column: Column) -> str:
    if divider_of(column):
        return "choices"
    return "number" if column.is_number(more_than=12) else "choice" if column.complete else "text"


def _scaled(column: Column, guessed: Guess, named: str) -> Guess:
    points, uses, none = read_contents(column)
    scale: Scale | None
    if named in NUMBERED:
        scale = numbers_from(points, *NUMBERED[named])
    else:
        scale = guessed.scale or scale_of(points)
    if scale is not None and named == TURNED:
        scale = scale.turned()
    unread = (*none, *(cell for cell in points if scale is None or cell not in scale.points))
    if guessed.role != "satisfaction":
        unread, uses = (*unread, *uses), {}
    return replace(guessed, scale=scale, unread=unread, uses=uses)


def _beside(guessed: Guess, importance: Guess | None) -> Guess:
    """The other half of a need is what its importance says; without one it is a rating."""
    if importance is not None and guessed.role in SCALED | {OUT}:
        if guessed.role == "satisfaction":
            return replace(guessed, partner=importance.column, about=importance.about)
        return replace(guessed, role="satisfaction", partner=importance.column,
                       about=importance.about)  # fmt: skip
    if guessed.role == "satisfaction":
        unread = (*guessed.unread, *guessed.uses)
        return replace(guessed, role="rating", partner=None, unread=unread, uses={})
    return guessed


def problems(guesses: Sequence[Guess]) -> Iterator[tuple[str, str]]:
    """(column, what to do about it), of everything that stands in the way."""
    by_name = {each.column: each for each in guesses}
    taken: set[str] = set()
    for each in guesses:
        if each.role in SCALED and each.scale is None:
            yield each.column, "What stands here is no scale. Choose one, or another meaning."
        if each.role != "importance":
            continue
        other = by_name.get(each.partner or "")
        if other is None or other.role != "satisfaction":
            yield each.column, "Choose the column that says how satisfied people are with it."
        elif other.column in taken:
            yield each.column, f"“{other.column}” is the other half of two needs."
        elif each.scale and other.scale and _span(each.scale) != _span(other.scale):
            yield each.column, f"Choose the same scale here and for “{other.column}”."
        taken.add(each.partner or "")
    if not can_rank(guesses):
        yield "", _NOTHING_TO_RANK


def can_rank(guesses: Sequence[Guess]) -> bool:
    roles = [each.role for each in guesses]
    return "importance" in roles or ("overall" in roles and "rating" in roles)


def _span(scale: Scale) -> tuple[int, int]:
    return scale.low, scale.high
