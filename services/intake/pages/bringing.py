"""The first hour: somebody brings a table of answers, sees what its columns were taken for,
corrects it, and has a survey with these answers in it."""

from collections.abc import Iterator
from typing import Any

from flask import Blueprint, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as HttpResponse

from services.intake.domain.definition import InvalidDefinition, asked, can_be_ranked
from services.intake.domain.guess.columns import OUT, ROLES, SCALED, Column, Guess
from services.intake.domain.guess.correcting import (
    FOUND,
    NUMBERED,
    PERSON,
    TURNED,
    Correction,
    role_of,
)
from services.intake.domain.scales import Scale
from services.intake.domain.survey import SurveyNotOpen
from services.intake.formats.imported import UnreadableFile
from services.intake.pages.building import TYPE_NAMES
from services.intake.store.brought import Brought, NothingBrought, TooManyKinds
from services.intake.store.imports import Import
from services.intake.tables.reading import MOST_BYTES, UnreadableTable
from services.intake.tables.workbook import plain
from services.intake.usecases import bring_answers as bringing
from services.intake.usecases.bring_answers import LookedThrough
from services.intake.usecases.bring_definition import (
    add_answers,
    add_brought,
    bring_definition,
    is_definition,
    read_survey,
)
from services.intake.usecases.start_import import NotToImport
from shared import web
from shared.auth import page_for, reader
from shared.jobs import UNDER_WAY
from shared.problems import Problem

pages = Blueprint("bringing", __name__, template_folder="../templates")

Page = str | HttpResponse | tuple[str, int]

_FORM = "application/x-www-form-urlencoded"
_MULTIPART = "multipart/form-data"
_SLACK = 1_000_000  # what a form has beside its file
_LOOK_SECONDS = 1
_MOST_PARTNERS = 150  # columns to choose a need's other half from
# What a column can be taken for; the group is chosen among all columns.
_CHOICES = {role: words for role, words in ROLES.items() if role != "group"} | {
    PERSON: "something about the person"
}


@pages.get("/bring")
@page_for("planner")
def begin() -> str:
    """Asks for the file."""
    return render_template("bring.html", most=MOST_BYTES)


@pages.post("/bring")
@web.accepts(_MULTIPART)
@web.takes_uploads(MOST_BYTES + _SLACK)
@page_for("planner")
def bring() -> Page:
    """Look through it, or say why it cannot be read."""
    try:
        with web.upload() as upload:
            if is_definition(upload.stream, upload.filename):
                brought = _bring_definition(upload)
                return redirect(url_for(".definition", name=brought.id), 303)
            with plain(upload.stream) as file:
                brought = bringing.bring_answers(
                    web.store(), unit=reader().unit, file=file, filename=upload.filename
                )
    except (UnreadableTable, UnreadableFile, TooManyKinds) as error:
        return render_template("bring.html", most=MOST_BYTES, error=str(error)), 422
    except InvalidDefinition as error:
        return render_template("bring.html", most=MOST_BYTES, errors=error.errors), 422
    except Problem as error:
        if error.status != 422:
            raise
        return render_template("bring.html", most=MOST_BYTES, error="Choose a file first."), 422
    return redirect(url_for(".columns", name=brought.id), 303)


@pages.get("/bring/<name>")
@page_for("planner")
def columns(name: str) -> Page:
    """What each column was taken for, and what would come of it."""
    try:
        return _columns_page(_looked_through(name))
    except NothingBrought:
        return _gone()


@pages.post("/bring/<name>")
@web.accepts(_FORM)
@page_for("planner")
def decide(name: str) -> Page:
    """Keep what was corrected; then show again what it comes to, or make the survey."""
    try:
        looked = _looked_through(name)
        bringing.correct(
            web.store(),
            unit=reader().unit,
            name=name,
            title=request.form.get("title", "").strip() or looked.title,
            group=request.form.get("group"),
            corrections=dict(_corrections(looked)),
        )
        if request.form.get("do") != "go":
            return redirect(url_for(".columns", name=name), 303)
        looked = _looked_through(name)
        if looked.problems:
            return _columns_page(looked), 422
        job = bringing.make_survey(
            web.store(), looked, who=reader().name, closes="close" in request.form
        )
    except NothingBrought:
        return _gone()
    return redirect(url_for(".progress", name=job.id), 303)


@pages.get("/bring/<name>/survey")
@page_for("planner")
def definition(name: str) -> Page:
    """What became of another tool's survey, item by item."""
    try:
        return _definition_page(web.store().brought.get(reader().unit, name))
    except NothingBrought:
        return _gone()


@pages.post("/bring/<name>/survey")
@web.accepts(_FORM)
@page_for("planner")
def add_draft(name: str) -> Page:
    """Keep it as a draft, to ask it here."""
    try:
        brought = web.store().brought.get(reader().unit, name)
        survey = add_brought(web.store(), brought, who=reader().name)
    except NothingBrought:
        return _gone()
    return redirect(url_for("building.build", name=survey.id), 303)


@pages.post("/bring/<name>/answers")
@web.accepts(_MULTIPART)
@web.takes_uploads(MOST_BYTES + _SLACK)
@page_for("planner")
def bring_its_answers(name: str) -> Page:
    """Publish it with the answers that were given to it elsewhere."""
    try:
        brought = web.store().brought.get(reader().unit, name)
        with web.upload() as upload, plain(upload.stream) as file:
            job = add_answers(
                web.store(), brought, who=reader().name, file=file, filename=upload.filename,
                lenient="lenient" in request.form, closes="close" in request.form,
            )  # fmt: skip
    except NothingBrought:
        return _gone()
    except (UnreadableTable, NotToImport, SurveyNotOpen) as error:
        return _definition_page(brought, str(error)), 422
    except Problem as error:
        if error.status != 422:
            raise
        return _definition_page(brought, "Choose a file first."), 422
    return redirect(url_for(".progress", name=job.id), 303)


@pages.post("/bring/<name>/erase")
@web.accepts(_FORM)
@page_for("planner")
def erase(name: str) -> Page:
    """Forget the file now, rather than in a day."""
    try:
        web.store().brought.get(reader().unit, name)
    except NothingBrought:
        return _gone()
    web.store().brought.erase(name)
    return redirect(url_for(".begin"), 303)


@pages.get("/imports/<name>")
@page_for("planner")
def progress(name: str) -> HttpResponse:
    """How far it is. The page looks again by itself, also without script, and leads on to the
    needs when everything was taken and counted."""
    job = web.store().imports.get(reader().unit, name)
    survey = web.store().surveys.get(reader().unit, job.survey)
    settled = job.state not in UNDER_WAY and (not job.closes or survey.status != "closing")
    ranked = can_be_ranked(survey.definition)
    shown = url_for("watching.watch", name=job.survey)
    onwards = f"/planning/surveys/{job.survey}" if ranked else shown
    page = make_response(
        render_template(
            "import.html", job=job, survey=survey, settled=settled,
            under_way=job.state in UNDER_WAY, ranked=ranked, onwards=onwards,
        )
    )  # fmt: skip
    if not settled:
        page.headers["Refresh"] = str(_LOOK_SECONDS)
    elif _is_smooth(job):
        page.headers["Refresh"] = f"{_LOOK_SECONDS}; url={onwards}"
    return page


@pages.post("/imports/<name>/cancel")
@web.accepts(_FORM)
@page_for("planner")
def cancel(name: str) -> HttpResponse:
    """Answers that were taken stay."""
    web.store().imports.cancel(reader().unit, name)
    return redirect(url_for(".progress", name=name), 303)


def _is_smooth(job: Import) -> bool:
    """Nothing happened that somebody should read first; what is left out of a table that was looked
    through was shown before."""
    told = job.keeps_file or not job.left_out
    return job.state == "done" and not job.refusals and told


def _looked_through(name: str) -> LookedThrough:
    """Raises NothingBrought."""
    return bringing.look_through(web.store().brought.get(reader().unit, name))


def _bring_definition(upload: web.Upload) -> Brought:
    imported = read_survey(upload.stream, upload.filename)
    return bring_definition(
        web.store(), unit=reader().unit, imported=imported, file=upload.stream,
        filename=upload.filename,
    )  # fmt: skip


def _definition_page(brought: Brought, error: str = "") -> str:
    definition = brought.about["definition"]
    return render_template(
        "bring_survey.html", brought=brought, definition=definition, types=TYPE_NAMES, error=error,
        asked=asked(definition), report=brought.about["report"], first=definition["languages"][0],
        most=MOST_BYTES,
    )  # fmt: skip


def _gone() -> tuple[str, int]:
    said = "This file was erased, or is older than a day. Bring it again."
    return render_template("bring.html", most=MOST_BYTES, error=said), 404


def _columns_page(looked: LookedThrough) -> str:
    about = looked.brought.about
    guesses = {each.column: each for each in looked.guesses}
    scaled = [each.column for each in looked.guesses if each.role in SCALED or each.scale]
    return render_template(
        "bring_columns.html",
        looked=looked,
        name=looked.brought.id,
        trial=bringing.try_out(web.store(), looked),
        tried=bringing.TRIED,
        rows=[
            (column, guesses[column.name], _scales(column, guesses[column.name], about))
            for column in looked.columns
        ],
        role_of=role_of,
        roles=_CHOICES,
        partners=scaled[:_MOST_PARTNERS],
        group=next((each.column for each in looked.guesses if each.role == "group"), ""),
        personal=[each.column for each in looked.guesses if each.personal and each.role == OUT],
        problem_of=dict(looked.problems),
        asked=_asked(looked),
    )


def _scales(column: Column, guessed: Guess, about: dict[str, Any]) -> list[tuple[str, str, bool]]:
    """(name, words, whether it is chosen) of the scales that a rated column may have."""
    if guessed.role not in SCALED:
        return []
    named = about["corrections"].get(column.name, {}).get("scale", FOUND)
    scale = guessed.scale.turned() if guessed.scale and named == TURNED else guessed.scale
    offered = {FOUND: _scale_words(scale), TURNED: _scale_words(scale, turned=True)}
    offered |= {key: f"{low} to {high}" for key, (low, high) in NUMBERED.items()}
    return [(key, words, key == named) for key, words in offered.items() if words]


def _scale_words(scale: Scale | None, *, turned: bool = False) -> str:
    """How the least and the greatest point are written: an end that nobody chose is its number as
    the scale was found."""
    if scale is None:
        return ""
    written = {point: cell for cell, point in scale.points.items()}
    ends = [written.get(point, str(point)) for point in (scale.low, scale.high)]
    low, high = reversed(ends) if turned else ends
    return f"{scale.high - scale.low + 1} points, from {low} to {high}"


def _asked(looked: LookedThrough) -> dict[str, list[str]]:
    """What the survey would ask, by kind."""
    shown = {"importance": "needs", "rating": "ratings", "overall": "overall"}
    asked: dict[str, list[str]] = {"needs": [], "ratings": [], "overall": [], "others": []}
    for each in looked.guesses:
        if each.role not in {OUT, "group", "satisfaction"}:
            asked[shown.get(each.role, "others")].append(each.about)
    return {kind: list(dict.fromkeys(abouts)) for kind, abouts in asked.items()}


def _corrections(looked: LookedThrough) -> Iterator[tuple[str, Correction]]:
    """What a person said that was not guessed."""
    for place, (column, first) in enumerate(zip(looked.columns, looked.guessed, strict=True)):
        role = request.form.get(f"role.{place}", role_of(first))
        partner = request.form.get(f"with.{place}", first.partner or "") or None
        scale = request.form.get(f"scale.{place}", FOUND)
        about = request.form.get(f"about.{place}", "").strip()
        said = Correction(
            role if role in _CHOICES else role_of(first),
            partner if role in {"importance", "satisfaction"} else None,
            scale if scale in {FOUND, TURNED, *NUMBERED} else FOUND,
            about if about != first.about else "",
        )
        if said != Correction(role_of(first), first.partner):
            yield column.name, said
