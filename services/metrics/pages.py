"""Metrics' pages: the administrator's query, outcomes, and a snapshot on demand."""

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, time
from itertools import islice
from typing import Any

from flask import Blueprint, Response, redirect, render_template, request, url_for
from markupsafe import Markup
from werkzeug.wrappers import Response as HttpResponse

from services.metrics import tables
from services.metrics.domain.definitions import dimensions, metric_named, metrics, outcome_kinds
from services.metrics.domain.period import Period
from services.metrics.store.surveys import Survey
from services.metrics.usecases.find_snapshots import Place, Query, cut_as_of, find_snapshots
from services.metrics.usecases.read_snapshot import ReadSnapshots
from services.metrics.usecases.record_outcomes import InvalidOutcomes, record_outcomes
from services.metrics.usecases.take_snapshots import complete_cuts, take_snapshots
from shared import paging, times, web
from shared.auth import page_for, reader
from shared.documents import Document
from shared.languages import said

pages = Blueprint("pages", __name__, template_folder="templates")

Page = str | HttpResponse | tuple[str, int]

READERS = ("planner", "administrator")
_FORM = "application/x-www-form-urlencoded"
_MULTIPART = "multipart/form-data"
_FILTERS = ("metric", "segment", "period", "recorded_at")
_LONG = 20
_PAIRS = re.compile(rf"\s*,\s*(?=(?:{'|'.join(sorted(dimensions()))}):)")
_LAST_MOMENT = time(23, 59, 59, 999_000, UTC)


class Asked:
    """The filters as typed, and what they ask for; `errors` by filter where one makes no sense."""

    def __init__(self, typed: Mapping[str, str]) -> None:
        self.typed = {name: typed.get(name, "").strip() for name in _FILTERS}
        self.errors: dict[str, str] = {}
        self.moment: datetime | None = self._read("recorded_at", _moment)
        self.query = Query(
            metric=self._read("metric", lambda name: metric_named(name).name),
            pairs=self._read("segment", _pairs) or (),
            year=self._read("period", lambda text: Period.parse(text).year),
        )

    def _read(self, name: str, how: Callable[[str], Any]) -> Any:
        try:
            return how(self.typed[name]) if self.typed[name] else None
        except (ValueError, LookupError) as error:
            self.errors[name] = str(error)
            return None

    def as_known(self) -> int:
        """The last cut that was known then; 0, with the error noted, for a time to come."""
        try:
            return cut_as_of(web.store(), reader().unit, self.moment)
        except ValueError as error:
            self.errors["recorded_at"] = str(error)
            return 0

    @property
    def set(self) -> dict[str, Any]:
        """The filters in use, as the query arguments of pages and API alike."""
        set_ = {name: text for name, text in self.typed.items() if text}
        if self.moment is not None:
            set_["recorded_at"] = times.rfc3339(self.moment)
        return set_


@pages.get("/")
@web.takes_query(*_FILTERS, "cursor", "taken")
@page_for(*READERS)
def snapshots() -> Page:
    """Any metric, segment and period, as known now or at any time."""
    asked, read = Asked(request.args), ReadSnapshots(web.store())
    start = paging.after(request.args.get("cursor"))
    last = start[0] if start else asked.as_known()
    found = _found(asked, last, Place(*start[1:]) if start else None) if not asked.errors else []
    page = paging.page(
        "snapshots",
        list(islice(found, _LONG + 1)),
        _LONG,
        lambda row: [last, row[0].key, row[0].seq],
        lambda row: read(row[1]),
    )
    shown = render_template(
        "snapshots.html",
        **page,
        asked=asked,
        metrics=metrics(),
        surveys=_surveys(page["snapshots"]),
        first=start is None,
        taken=request.args.get("taken"),
    )
    return (shown, 422) if asked.errors else shown


@pages.app_template_filter()
def title_of(survey: Survey) -> Markup:
    return said({survey.language: survey.title})


def _surveys(snapshots: list[dict[str, Any]]) -> dict[str, Survey]:
    """The surveys that the snapshots speak of, by id."""
    names = {each["segment"]["survey"] for each in snapshots if "survey" in each["segment"]}
    found = map(web.store().surveys.get, sorted(names))
    return {survey.id: survey for survey in found if survey is not None}


@pages.get("/snapshots.csv")
@web.takes_query(*_FILTERS)
@page_for(*READERS)
def table() -> Page:
    """The same query, whole, as CSV."""
    asked = Asked(request.args)
    last = asked.as_known()
    if asked.errors:
        return redirect(url_for("pages.snapshots", **asked.set))
    found = (row for _, row in _found(asked, last, None))
    lines = tables.write_snapshots(map(ReadSnapshots(web.store()), found))
    answer = Response(lines, content_type="text/csv; charset=utf-8")
    answer.headers["Content-Disposition"] = 'attachment; filename="snapshots.csv"'
    return answer


@pages.post("/snapshots")
@web.accepts(_FORM)
@page_for("administrator")
def take() -> HttpResponse:
    """Take snapshots now of all that changed."""
    unit = reader().unit
    before = complete_cuts(web.store(), unit)
    line = take_snapshots(web.store(), unit)
    cuts = range(before.seq + 1, line.seq + 1)
    made = [web.store().cuts.get(unit, seq) or {"snapshots": 0} for seq in cuts]
    return redirect(url_for("pages.snapshots", taken=sum(cut["snapshots"] for cut in made)), 303)


@pages.get("/outcomes")
@page_for(*READERS)
def outcomes() -> str:
    return _outcomes_page()


@pages.post("/outcomes")
@web.accepts(_FORM, _MULTIPART)
@page_for("administrator")
def record() -> Page:
    """Outcomes from a CSV table, as a file or pasted: all of them, or none and why."""
    file = request.files.get("file")
    sent = file.read() if file else request.form.get("table", "").encode()
    text = sent.decode("utf-8-sig", "replace")
    if not text.strip():
        return _outcomes_page(unreadable="Choose a file, or paste a table."), 422
    try:
        rows = tables.read_outcomes(text)
        done = record_outcomes(web.store(), reader().unit, rows)
    except tables.UnreadableTable as error:
        return _outcomes_page(typed=text, unreadable=str(error)), 422
    except InvalidOutcomes as error:
        return _outcomes_page(typed=text, errors=error.errors), 422
    return _outcomes_page(done=done)


def _found(asked: Asked, last: int, start: Place | None) -> Iterator[tuple[Place, Document]]:
    return find_snapshots(web.store(), reader().unit, asked.query, last, start)


def _outcomes_page(**more: Any) -> str:
    return render_template("outcomes.html", kinds=outcome_kinds().values(), **more)


def _pairs(text: str) -> tuple[str, ...]:
    pairs = tuple(_PAIRS.split(text))
    for pair in pairs:
        name, colon, value = pair.partition(":")
        if name not in dimensions() or not colon or not value:
            known = ", ".join(sorted(dimensions()))
            raise ValueError(f"Give dimension:value; the dimensions are {known}.")
    return pairs


def _moment(text: str) -> datetime:
    """A time, in UTC unless it says otherwise; of a day, its end."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise ValueError("Give a day such as 2026-11-23, or 2026-11-23T09:30Z.") from error
    if "T" not in text and ":" not in text:
        return datetime.combine(moment, _LAST_MOMENT)
    return moment.replace(tzinfo=moment.tzinfo or UTC).astimezone(UTC)
