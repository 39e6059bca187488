"""What the columns of somebody's table of answers mean, guessed from their names and contents.

Nothing here is certain: each guess says how sure it is and why, in words, and a person corrects it.
What may say who somebody is, is left out unless that person wants it.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from services.intake.domain.guess import others, people, personal, ratings
from services.intake.domain.guess.columns import SAMPLES, Column, Guess, cut

Step = Callable[[Sequence[Column], int], Iterable[Guess]]

_STEPS: tuple[Step, ...] = (
    personal.personal,
    others.marks,
    others.empty,
    people.group,
    people.described,
    ratings.ratings,
    others.others,
)


def guess(columns: Sequence[Column], rows: int) -> list[Guess]:
    """One guess a column, in their order; `rows` is how many answers there are."""
    found: dict[str, Guess] = {}
    for step in _STEPS:
        rest = [column for column in columns if column.name not in found]
        found |= {each.column: each for each in step(rest, rows)}
    return [_shown(column, found[column.name]) for column in columns]


def _shown(column: Column, guessed: Guess) -> Guess:
    if guessed.personal:
        return guessed
    often = sorted(column.contents, key=lambda cell: -column.contents[cell])[:SAMPLES]
    return replace(guessed, samples=tuple(map(cut, often)))
