"""What the domain's names and numbers are called on a page."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup, escape

from services.planning.domain.goal import Goals
from services.planning.domain.proposal import OUTCOMES, UNDECIDED, Entry, Proposal
from services.planning.domain.score import Score
from services.planning.domain.survey import Item, Survey
from shared.languages import said

STATUSES = tuple(sorted({*UNDECIDED, *OUTCOMES.values(), "active", "closed"}))
_WORDS = {
    "concentrate_here": "concentrate here",
    "possible_overkill": "well supplied",
    "buy_in": "buy-in",
    "score": "priority",
    "edit": "edited",
    "draft": "draft",
    "supersede": "replaced by a newer version",
    "adopt": "adopted",
    "accept": "accepted",
    "reject": "rejected",
    "defer": "deferred",
    "request_changes": "asked for changes",
}
_WIDTH = 160


@dataclass(frozen=True)
class Bar:
    """An interval and its middle, as x in 0..WIDTH of one scale that all bars share."""

    low: float
    mean: float
    high: float
    zero: float
    width: int = _WIDTH


def words(name: str) -> str:
    """How a name of the API reads on a page."""
    return _WORDS.get(name, name.replace("_", " "))


def ordinal(number: int) -> str:
    """1st, 2nd, 3rd, 4th."""
    teen = number % 100 in {11, 12, 13}
    return f"{number}{'th' if teen else {1: 'st', 2: 'nd', 3: 'rd'}.get(number % 10, 'th')}"


def percent(share: float) -> str:
    """82 %, which no line break divides."""
    return f"{100 * share:.0f}\N{NO-BREAK SPACE}%"


def place(need: Mapping[str, Any]) -> str:
    """The rank, for instance tied 1st to 3rd."""
    if need["rank"] is None:
        return "not ranked"
    low, high = need["rank_interval"] or (need["rank"], need["rank"])
    return f"tied {ordinal(low)} to {ordinal(high)}" if low < high else ordinal(low)


def title_of(survey: Survey) -> Markup:
    return said(survey.title)


def label(item: Item) -> Markup:
    return said(item.text)


def naming(text: str, item: Item | None) -> Markup:
    """A text that names an item: where that is in another language, it says so."""
    if item is None:
        return escape(text)
    return Markup(escape(text).replace(escape(item.label), label(item)))  # noqa: S704  # escaped


def item_of(proposal: Proposal, survey: Survey | None) -> Item | None:
    items = survey.items if survey else ()
    return next((item for item in items if item.id == proposal.item), None)


def together(pool: Mapping[str, Any]) -> str:
    """Why groups are shown as one."""
    groups, few = pool["groups"], pool["too_few"]
    number = "Two" if len(groups) == 2 else str(len(groups))
    who = "each" if few == groups else " and ".join(map(words, few))
    have = "have" if who != "each" and len(few) > 1 else "has"
    why = f"{who} {have} fewer than {pool['minimum']} answers"
    return f"{number} groups shown as one, because {why}."


def unknown_parts(score: Score) -> str:
    """Which parts of a score are not known yet, and what became of their weights."""
    unknown = [each.name for each in score.components if each.value is None]
    if not unknown:
        return ""
    names = " and ".join(map(words, unknown)).capitalize()
    weights = " and ".join(percent(score.weights[name]) for name in unknown)
    if len(unknown) == 1:
        return f"{names} is not known yet: its weight of {weights} is shared out among the others."
    return f"{names} are not known yet: their weights of {weights} are shared out among the others."


def moved_by_goals(score: Score) -> str:
    """What the institutional goals that a proposal serves, or could serve, do to its total."""
    others = score.aligned(None).total
    alignment = next(each.value for each in score.components if each.name == "alignment")
    if alignment is None:
        return (
            "As soon as institutional goals are chosen, alignment counts as well. The total goes "
            f"up if they carry more than {percent(others / 100)} of the weight of all goals, and "
            "down if they carry less."
        )
    side, way = ("below", "down") if 100 * alignment < others else ("above", "up")
    return (
        f"Without alignment the other parts come to {others:.1f} of 100. The goals that the "
        f"proposal serves carry {percent(alignment)} of the weight of all goals, which is {side} "
        f"that, so counting alignment moves the total {way}, from {others:.1f} to "
        f"{score.total:.1f}. The more of that weight a proposal serves, the higher its total."
    )


def bars(needs: Sequence[Mapping[str, Any]]) -> list[Bar | None]:
    """One bar a need, None where there is no interval."""
    spans = [_span(each) for each in needs]
    known = [span for span in spans if span is not None]
    if not known:
        return [None] * len(spans)
    left = min(0.0, *(low for low, _, _ in known))
    right = max(0.0, *(high for _, _, high in known))
    unit = (_WIDTH - 8) / ((right - left) or 1)

    def x(value: float) -> float:
        return round(4 + (value - left) * unit, 1)

    return [
        span and Bar(low=x(span[0]), mean=x(span[1]), high=x(span[2]), zero=x(0)) for span in spans
    ]


def _span(need: Mapping[str, Any]) -> tuple[float, float, float] | None:
    derived = need["derived_importance"]
    middle = derived["priority"] if derived else need["mwds"]
    interval = derived["priority_ci95"] if derived else need["mwds_ci95"]
    return None if interval is None or middle is None else (interval[0], middle, interval[1])


def entry(line: Entry, goals: Goals) -> dict[str, Any]:
    """A line of the history with its changes in words."""
    return {
        "at": line.at,
        "who": line.who,
        "action": "drafted" if line.action == "draft" else words(line.action),
        "reason": line.reason,
        "changes": [
            (words(name), *(_said(name, side, goals) for side in sides))
            for name, sides in line.diff.items()
        ],
    }


def _said(name: str, value: Any, goals: Goals) -> str:
    if value is None or value == []:
        return "nothing"
    if name == "institutional_goals":
        return ", ".join(goals[each].title if each in goals else each for each in value)
    if name == "measures":
        return ", ".join(f"target {each['target']} by {each['due']}" for each in value)
    if isinstance(value, float):
        return f"{value:.1f}"
    return words(value) if name == "status" else str(value)
