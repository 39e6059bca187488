"""What a survey promises to those who answer, and what follows for how answers are kept."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

ANONYMOUS, CONFIDENTIAL, IDENTIFIED = "anonymous", "confidential", "identified"
_ANYBODY = """
Your answers are anonymous. Nothing is stored that says who you are: no name, no address, and
nothing that your device tells.
"""
_INVITED = """
Your answers are anonymous. Your link opens the survey for one answer; from what is stored nobody
can tell which invitation it came from, not even who runs the server.

With your answers we keep the day, your group, and of what the centre knows about you only what is
the same for at least {least} invited people.

The centre learns in steps of {least} answers who has not answered yet, so that it can remind them.

The promise does not cover somebody who watches the server while you answer, or who reads your
mail.
"""
_VAULT = """
Your answers are confidential. They are stored without your name and address.

A vault, kept apart, says which invitation an answer came from. It is opened only for a stated
reason, and each time it is recorded who opened it, when and why.
"""
_NAMED = """
Your answers are stored with your name: this survey asks where your way has led you.

What you do after graduating is counted among the outcomes of your class, without your name.
"""
_EVERYBODY = """
No result is shown for fewer than {least} people.

With the receipt that you get at the end you can see, change or withdraw your answers until the
survey closes.
"""


def promise(definition: Mapping[str, Any]) -> list[str]:
    """The sentences to show before anything is asked; `definition` as it was published."""
    said = _WORDS[_way(definition)] + _EVERYBODY
    told = said.format(least=definition.get("minimum_group_size", 10))
    return [" ".join(part.split()) for part in told.split("\n\n")]


def the_day_of(moment: datetime) -> datetime:
    """All that is kept of an answer's time where a list of who was invited is at hand: the first
    instant of its day in UTC."""
    return moment.replace(hour=0, minute=0, second=0, microsecond=0)


def _way(definition: Mapping[str, Any]) -> str:
    participation = definition.get("participation", ANONYMOUS)
    if participation != ANONYMOUS:
        return str(participation)
    return f"{ANONYMOUS} {definition.get('access', 'open')}"


_WORDS = {
    "anonymous open": _ANYBODY,
    "anonymous invited": _INVITED,
    CONFIDENTIAL: _VAULT,
    IDENTIFIED: _NAMED,
}
