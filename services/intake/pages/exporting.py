"""The planner takes the answers away: formats, and how far a file is."""

from uuid import uuid4

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as HttpResponse

from services.intake.downloads import fetched, streamed
from services.intake.exports import STREAMED, WRITTEN
from services.intake.pages.texts import speaking
from shared import web
from shared.auth import page_for, reader
from shared.jobs import UNDER_WAY
from shared.problems import not_found

pages = Blueprint("exporting", __name__, template_folder="../templates")

_FORM = "application/x-www-form-urlencoded"


@pages.get("/surveys/<name>/answers")
@page_for("planner")
def formats(name: str) -> str:
    """What there is to choose from."""
    survey = web.store().surveys.get(reader().unit, name)
    return render_template(
        "export_formats.html",
        survey=survey,
        say=speaking(survey),
        streamed=STREAMED,
        written=WRITTEN,
        new_id=uuid4().hex,
    )


@pages.get("/surveys/<name>/answers.<any(csv, jsonl):kind>")
@page_for("planner")
def stream(name: str, kind: str) -> HttpResponse:
    return streamed(name, kind)


@pages.post("/surveys/<name>/answers")
@web.accepts(_FORM)
@page_for("planner")
def ask(name: str) -> HttpResponse:
    """Have a file made."""
    store, unit = web.store(), reader().unit
    store.surveys.get(unit, name)
    kind = request.form.get("format", "")
    if kind not in WRITTEN:
        raise not_found("format")
    job = store.exports.ask(unit, request.form.get("id") or uuid4().hex, name, kind)
    return redirect(url_for(".progress", name=job["_id"]), 303)


@pages.get("/exports/<name>")
@page_for("planner")
def progress(name: str) -> str:
    """How far it is; where to fetch it."""
    job = web.store().exports.jobs.get(reader().unit, name)
    survey = web.store().surveys.get(reader().unit, job["survey"])
    return render_template(
        "export.html",
        survey=survey,
        say=speaking(survey),
        job=job,
        made=WRITTEN[job["kind"]],
        under_way=job["state"] in UNDER_WAY,
    )


@pages.post("/exports/<name>/cancel")
@web.accepts(_FORM)
@page_for("planner")
def cancel(name: str) -> HttpResponse:
    web.store().exports.jobs.cancel(reader().unit, name)
    return redirect(url_for(".progress", name=name), 303)


@pages.get("/exports/<name>/file")
@page_for("planner")
def fetch(name: str) -> HttpResponse:
    return fetched(name)
