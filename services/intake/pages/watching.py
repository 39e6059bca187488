"""The planner watches a survey: who has answered, what they said so far, and what can be done."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, render_template

from services.intake.domain.definition import GROUP, asked, united
from services.intake.domain.items import NPS, USES, Raw
from services.intake.domain.rates import Rate
from services.intake.domain.survey import Survey
from services.intake.pages.texts import speaking
from services.intake.usecases.count_visits import drop_off
from services.intake.usecases.response_rates import ResponseRates, response_rates
from shared import web
from shared.auth import page_for, reader

pages = Blueprint(
    "watching",
    __name__,
    template_folder="../templates",
    static_folder="../static",
    static_url_path="/own",  # beside what all services share
)

Counted = Mapping[str, Mapping[str, int]]

_PARTS = {
    "importance": "Importance",
    "satisfaction": "Satisfaction",
    "use": "Neither known nor used",
}
_USES = {"unaware": "Did not know of it", "unused": "Have not used it"}


@dataclass(frozen=True)
class Bar:
    """`share` is in per cent of the longest bar of its chart."""

    label: str
    count: int
    share: int


@dataclass(frozen=True)
class Chart:
    """One part of an item: its bars, in the order of its choices."""

    title: str
    bars: list[Bar]


@pages.get("/surveys/<name>")
@page_for("planner", "administrator")
def watch(name: str) -> str:
    """As it was counted a moment ago."""
    survey: Survey = web.store().surveys.get(reader().unit, name)
    summary = web.store().summaries.get(name)
    counts = summary.counts if summary else {}
    visits = drop_off(web.store(), unit=survey.unit, survey=name)
    ever = united(survey.published or [survey.definition])
    named = {item["id"]: speaking(survey)(item["text"]) for item in ever}
    groups = [
        Bar(group, counts.get(GROUP, {}).get(f".{group}", 0), 0)
        for group in survey.definition["groups"]
    ]
    return render_template(
        "watch.html",
        survey=survey,
        say=speaking(survey),
        synthetic=survey.definition.get("synthetic"),
        summary=summary,
        groups=_scaled(groups),
        rate=_whole(response_rates(web.store(), unit=survey.unit, survey=name)),
        visits=visits,
        left=_scaled([Bar(named.get(item, item), count, 0) for item, count in visits.left_at]),
        items=[
            (item, counts.get(item["id"], {}).get("answered", 0), _charts(item, counts, survey))
            for item in _answerable(survey, ever, counts)
        ],
    )


def _answerable(survey: Survey, ever: Sequence[Raw], counts: Counted) -> list[Raw]:
    """The items that are asked now, and after them what earlier versions asked and somebody
    answered; each with its options in the same order. `ever` are those of all versions."""
    now = {item["id"]: item for item in asked(survey.definition)}
    before = {item["id"]: item for item in ever}
    gone = [item for name, item in before.items() if name not in now and name in counts]
    return [*(_with_answered(item, before[name], counts) for name, item in now.items()), *gone]


def _with_answered(now: Raw, ever: Raw, counts: Counted) -> Raw:
    found = counts.get(now["id"], {})
    # What is counted is `part.value`: in a table of choices a row is a part.
    parts = {each.rpartition(".")[0] for each in found}
    values = {each.rpartition(".")[2] for each in found}
    return {
        **now,
        "choices": _offered_or(values, now, ever, "choices"),
        "rows": _offered_or(parts, now, ever, "rows"),
        **{key: now.get(key) or (ever.get(key) and key in values) for key in ("other", "no_basis")},
    }


def _offered_or(answered: Collection[str], now: Raw, ever: Raw, key: str) -> list[Raw]:
    offered = {option["value"]: option for option in now.get(key) or ()}
    gone = [each for each in ever[key] if each["value"] not in offered]
    return [*offered.values(), *(each for each in gone if each["value"] in answered)]


def _whole(rates: ResponseRates) -> Rate | None:
    """Of everybody together, where it is known and there are enough of them."""
    return next((each for each in rates.cells if each.group is None and each.of), None)


def _charts(item: Raw, counts: Counted, survey: Survey) -> list[Chart]:
    found = counts.get(item["id"], {})
    say = speaking(survey)
    if item["type"] == "need":
        points = _points(item["scale"]["min"], item["scale"]["max"])
        rated = [
            Chart(_PARTS[part], _bars(found, part, points))
            for part in ("importance", "satisfaction")
        ]
        return [
            *rated,
            Chart(_PARTS["use"], _bars(found, "use", {use: _USES[use] for use in USES})),
        ]
    if item["type"] == "matrix":
        choices = _options(item["choices"], say)
        return [
            Chart(say(row["text"]), _bars(found, row["value"], choices)) for row in item["rows"]
        ]
    values = _values(item, say)
    if not values:
        return []
    if item.get("other"):
        values["other"] = "Own answer"
    if item.get("no_basis"):
        values["no_basis"] = "No basis to answer"
    return [Chart("", _bars(found, "", values))]


def _values(item: Raw, say: Any) -> dict[str, str]:
    if item["type"] == "rating":
        return _points(item["scale"]["min"], item["scale"]["max"])
    if item["type"] == "nps":
        return _points(NPS[0], NPS[-1])
    return _options(item.get("choices", ()), say)


def _points(low: int, high: int) -> dict[str, str]:
    return {str(point): str(point) for point in range(low, high + 1)}


def _options(options: Any, say: Any) -> dict[str, str]:
    return {option["value"]: say(option["text"]) for option in options}


def _bars(found: Mapping[str, int], part: str, labels: Mapping[str, str]) -> list[Bar]:
    return _scaled(
        [Bar(label, found.get(f"{part}.{value}", 0), 0) for value, label in labels.items()]
    )


def _scaled(bars: list[Bar]) -> list[Bar]:
    longest = max((bar.count for bar in bars), default=0) or 1
    return [Bar(bar.label, bar.count, round(100 * bar.count / longest)) for bar in bars]
