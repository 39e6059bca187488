"""Metrics over HTTP: the administrator's query, cuts, outcomes and definitions."""

import re
from collections.abc import Callable, Iterator
from dataclasses import asdict
from datetime import UTC, datetime, time
from itertools import islice
from typing import Any, TypeVar

from flask import Response, request
from werkzeug.exceptions import BadRequest

from services.metrics import schemas, tables
from services.metrics.domain.definitions import (
    dimensions,
    metric_named,
    metrics,
    outcome_kind_named,
)
from services.metrics.domain.period import Period
from services.metrics.store.cuts import cut_id
from services.metrics.store.outcomes import content_of
from services.metrics.usecases.find_snapshots import (
    NotYetRecorded,
    Place,
    Query,
    cut_as_of,
    find_page,
    find_snapshots,
)
from services.metrics.usecases.read_snapshot import ReadSnapshots
from services.metrics.usecases.record_outcomes import InvalidOutcomes, record_outcomes
from services.metrics.usecases.take_snapshots import complete_cuts, take_snapshots
from shared import times, web
from shared.auth import reader, requires
from shared.documents import Document
from shared.paging import after, page
from shared.problems import Problem, Rules, invalid, not_found
from shared.web import Blueprint

T = TypeVar("T")

_PAIR = re.compile(rf",(?=(?:{'|'.join(sorted(dimensions()))}):)")
_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_LAST_MOMENT = time(23, 59, 59, 999_000, UTC)

RULES: Rules = {
    NotYetRecorded: lambda error: _wrong("recorded_at", error),
    InvalidOutcomes: lambda error: invalid(
        [
            {"field": f"outcomes.{position}.{name}", "message": text}
            for position, errors in sorted(error.errors.items())
            for name, text in errors.items()
        ],
        str(error),
    ),
    tables.UnreadableTable: lambda error: _wrong("body", error),
}

blueprint = Blueprint("metrics", __name__, url_prefix="/v1", description=__doc__)


@blueprint.get("/metrics")
@blueprint.response(200, schemas.MetricPageSchema)
@requires("administrator", "planner")
def list_metrics() -> Any:
    """The definitions: what is divided by what, and at which segments."""
    return {"metrics": [asdict(metric) for _, metric in sorted(metrics().items())], "next": None}


@blueprint.get("/snapshots")
@blueprint.arguments(schemas.SnapshotQuerySchema(), location="query")
@blueprint.response(200, schemas.SnapshotPageSchema)
@requires("administrator", "planner")
def list_snapshots(args: dict[str, Any]) -> Any:
    """The latest snapshot of each metric, segment and period, or their history; as known now, or
    as of `recorded_at`. With `Accept: text/csv` all of them as a table."""
    store, unit = web.store(), reader().unit
    query, read = _query(args), ReadSnapshots(store)
    start = after(args["cursor"])
    last = start[0] if start else cut_as_of(store, unit, _moment("recorded_at", args))
    place = Place(*start[1:]) if start else None
    if request.accept_mimetypes.best_match(["application/json", "text/csv"]) == "text/csv":
        found = find_snapshots(store, unit, query, last, place)
        found = found if "limit" not in request.args else islice(found, args["limit"])
        return _table(read(row) for _, row in found)
    return page(
        "snapshots",
        find_page(store, unit, query, last, place, args["limit"] + 1),
        args["limit"],
        lambda row: [last, row[0].key, row[0].seq],
        lambda row: read(row[1]),
    )


@blueprint.get("/snapshots/<name>")
@blueprint.response(200, schemas.SnapshotSchema)
@requires("administrator", "planner")
def read_snapshot(name: str) -> Any:
    """One snapshot, by its id or its hash."""
    store = web.store()
    found = store.snapshots.get(reader().unit, name)
    if found is None:
        raise not_found("snapshot")
    return ReadSnapshots(store)(found)


@blueprint.post("/snapshots")
@blueprint.response(201, schemas.CutSchema)
@blueprint.alt_response(200, schema=schemas.CutSchema, description="Nothing had changed since.")
@requires("administrator")
def cut() -> Any:
    """Take snapshots now of all that changed since the last cut."""
    store, unit = web.store(), reader().unit
    before = complete_cuts(store, unit)
    line = take_snapshots(store, unit)
    made = store.cuts.get(unit, line.seq) or {"snapshots": 0}
    answer = {
        "id": cut_id(unit, line.seq),
        "seq": line.seq,
        "recorded_at": times.rfc3339(line.recorded_at),
        "snapshots": made["snapshots"],
    }
    return answer, 201 if line.seq > before.seq else 200


@blueprint.post("/outcomes")
@web.accepts("application/json", "text/csv")
@blueprint.doc(requestBody=schemas.OUTCOMES_BODY)
@blueprint.response(201, schemas.RecordedSchema)
@blueprint.alt_response(200, schema=schemas.RecordedSchema, description="All was known before.")
@requires("administrator")
def record() -> Any:
    """Record outcomes, or correct them: the same source and key is the same outcome."""
    done = record_outcomes(web.store(), reader().unit, _rows())
    return asdict(done), 201 if done.recorded or done.corrected else 200


@blueprint.get("/outcomes")
@blueprint.arguments(schemas.OutcomeQuerySchema(), location="query")
@blueprint.response(200, schemas.OutcomePageSchema)
@requires("administrator", "planner")
def list_outcomes(args: dict[str, Any]) -> Any:
    """Recorded outcomes, of one class or of all."""
    kind = _read("metric", outcome_kind_named, args["metric"])
    year = args["period"] and _read("period", Period.parse, args["period"]).year
    found = web.store().outcomes.after(
        reader().unit, kind.metric, year, after(args["cursor"]) or "", args["limit"] + 1
    )
    return page("outcomes", found, args["limit"], lambda row: row["_id"], _outcome)


def _query(args: dict[str, Any]) -> Query:
    if args["metric"] is not None:
        _read("metric", metric_named, args["metric"])
    pairs = [pair for text in args["segment"] for pair in _PAIR.split(text) if pair]
    for pair in pairs:
        name, colon, value = pair.partition(":")
        if name not in dimensions() or not colon or not value:
            known = ", ".join(sorted(dimensions()))
            raise _wrong("segment", f"Give dimension:value; the dimensions are {known}.")
    return Query(
        metric=args["metric"],
        pairs=tuple(pairs),
        total_only=bool(args["segment"]) and not pairs,
        year=args["period"] and _read("period", Period.parse, args["period"]).year,
        valid_at=_moment("valid_at", args),
        history=args["history"],
    )


def _moment(name: str, args: dict[str, Any]) -> datetime | None:
    """An instant, or the end of a day."""
    given = args[name]
    if given is None:
        return None
    if _DAY.fullmatch(given):
        return _read(
            name, lambda day: datetime.combine(datetime.fromisoformat(day), _LAST_MOMENT), given
        )
    # In a query an unescaped "+" of the offset arrives as a space.
    return _read(name, times.parse, given.replace(" ", "+") if "T" in given else given)


def _read(name: str, how: Callable[[str], T], given: str) -> T:
    try:
        return how(given)
    except (ValueError, LookupError) as error:
        raise _wrong(name, error) from error


def _wrong(field: str, error: object) -> Problem:
    return invalid([{"field": field, "message": str(error)}])


def _rows() -> list[dict[str, Any]]:
    if request.mimetype == "text/csv":
        try:
            return tables.read_outcomes(request.get_data().decode("utf-8-sig"))
        except UnicodeDecodeError as error:
            raise BadRequest("The table is not UTF-8.") from error
    body = request.get_json()
    rows = body.get("outcomes") if isinstance(body, dict) else None
    if not isinstance(rows, list) or body.keys() != {"outcomes"}:
        raise _wrong("outcomes", 'Send {"outcomes": [...]}, and nothing beside it.')
    odd = [position for position, row in enumerate(rows) if not isinstance(row, dict)]
    if odd:
        raise _wrong(f"outcomes.{odd[0]}", "Give an object.")
    return rows


def _table(snapshots: Iterator[dict[str, Any]]) -> Response:
    lines = tables.write_snapshots(snapshots)
    answer = Response(lines, content_type="text/csv; charset=utf-8")
    answer.headers["Content-Disposition"] = 'attachment; filename="snapshots.csv"'
    answer.headers["Vary"] = "Authorization, Cookie, Accept"
    return answer


def _outcome(document: Document) -> dict[str, Any]:
    names = ("metric", "source", "key", "revision")
    return {
        "id": document["_id"],
        **{name: document[name] for name in names},
        **content_of(document),
        "recorded_at": times.rfc3339(document["recorded_at"]),
    }
