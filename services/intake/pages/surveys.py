"""The planner's list of surveys."""

import json
import re
from collections.abc import Callable
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from uuid import uuid4

import orjson
from flask import Blueprint, redirect, render_template, request, url_for
from marshmallow import ValidationError
from werkzeug.wrappers import Response as HttpResponse

from services.intake.domain import builder
from services.intake.domain.definition import InvalidDefinition
from services.intake.domain.survey import ARCHIVED, Survey, SurveyInUse, SurveyNotDraft
from services.intake.pages.texts import speaking
from services.intake.schemas import DefinitionSchema
from services.intake.usecases.archive_survey import archive_survey, restore_survey
from services.intake.usecases.close_survey import close_survey
from services.intake.usecases.create_survey import create_survey
from services.intake.usecases.discard_draft import discard_draft, drop_correction
from services.intake.usecases.duplicate_survey import duplicate_survey
from services.intake.usecases.publish_survey import publish_survey
from shared import paging, web
from shared.auth import page_for, reader
from shared.problems import flattened

pages = Blueprint("authoring", __name__, template_folder="../templates")

Page = str | HttpResponse | tuple[str, int]

_FORM = "application/x-www-form-urlencoded"
_MULTIPART = "multipart/form-data"
_OWN_ID = re.compile(r"[0-9a-f]{32}")
_GROUPS = "student, faculty, staff, employer"
_MOST_SURVEYS = 500
_LONG = 10
_SHIPPED = Path(__file__).parents[1] / "starters" / "career_services_needs.json"


@pages.get("/surveys")
@web.takes_query("cursor")
@page_for("planner", "administrator")
def surveys() -> str:
    """Every survey of the unit, newest first, and a form for another one."""
    return _surveys_page()


@pages.post("/surveys")
@web.accepts(_FORM, _MULTIPART)
@page_for("planner")
def add_survey() -> Page:
    """Write a survey down from its JSON definition, as a file or pasted."""
    file = request.files.get("file")
    text = file.read() if file else request.form.get("definition", "").encode()
    name = request.form.get("id", "")
    if not _OWN_ID.fullmatch(name):
        name = uuid4().hex
    try:
        definition = DefinitionSchema().load(orjson.loads(text))
        create_survey(
            web.store(),
            unit=reader().unit, name=name, who=reader().name, definition=definition,
            digest=sha256(text).hexdigest(),
        )  # fmt: skip
    except orjson.JSONDecodeError as error:
        errors = [{"field": "definition", "message": f"This is not JSON: {error}."}]
    except ValidationError as error:
        errors = flattened(error.messages)
    except InvalidDefinition as error:
        errors = error.errors
    else:
        return redirect(url_for("watching.watch", name=name), 303)
    return _surveys_page(text.decode("utf-8", "replace"), errors), 422


@pages.post("/surveys/new")
@web.accepts(_FORM)
@page_for("planner")
def begin_survey() -> Page:
    """A draft to build on: the shipped questions, or one question to write over."""
    title, groups = (request.form.get(field, "").strip() for field in ("title", "groups"))
    name = request.form.get("id", "")
    if not _OWN_ID.fullmatch(name):
        name = uuid4().hex
    begun = json.loads(_SHIPPED.read_text(encoding="utf-8"))
    if request.form.get("begin") != "shipped":
        begun = {"languages": ["en"], "sections": [], "items": []}
        begun["items"] = [builder.starter(begun, "need", None)]
    if title:
        begun["title"] = {begun["languages"][0]: title}
    if groups:
        begun["groups"] = [each.strip().replace(" ", "_") for each in groups.split(",")]
    try:
        definition = DefinitionSchema().load(begun)
        create_survey(
            web.store(),
            unit=reader().unit, name=name, who=reader().name, definition=definition,
            digest=sha256(repr(sorted(request.form.items())).encode()).hexdigest(),
        )  # fmt: skip
    except ValidationError as error:
        return _surveys_page(errors=flattened(error.messages), title=title, groups=groups), 422
    except InvalidDefinition as error:
        return _surveys_page(errors=error.errors, title=title, groups=groups), 422
    return redirect(url_for("building.build", name=name), 303)


@pages.post("/surveys/<name>/duplicate")
@web.accepts(_FORM)
@page_for("planner")
def duplicate(name: str) -> HttpResponse:
    """A draft with the same questions, to be changed."""
    who, copy = reader(), uuid4().hex
    duplicate_survey(web.store(), unit=who.unit, name=name, copy=copy, who=who.name, digest="")
    return redirect(url_for("building.build", name=copy), 303)


@pages.post("/surveys/<name>/discard")
@web.accepts(_FORM)
@page_for("planner")
def discard(name: str) -> HttpResponse:
    """Whoever finds it published meanwhile sees that."""
    try:
        discard_draft(web.store(), unit=reader().unit, name=name)
    except SurveyInUse:
        return redirect(url_for("watching.watch", name=name), 303)
    return redirect(url_for(".surveys"), 303)


@pages.post("/surveys/<name>/correction/discard")
@web.accepts(_FORM)
@page_for("planner")
def discard_correction(name: str) -> HttpResponse:
    return _changed(name, drop_correction)


@pages.post("/surveys/<name>/archive")
@web.accepts(_FORM)
@page_for("planner")
def archive(name: str) -> HttpResponse:
    return _changed(name, archive_survey)


@pages.post("/surveys/<name>/restore")
@web.accepts(_FORM)
@page_for("planner")
def restore(name: str) -> HttpResponse:
    return _changed(name, restore_survey)


@pages.post("/surveys/<name>/publish")
@web.accepts(_FORM)
@page_for("planner")
def publish(name: str) -> HttpResponse:
    return _changed(name, publish_survey)


@pages.post("/surveys/<name>/close")
@web.accepts(_FORM)
@page_for("planner")
def close(name: str) -> HttpResponse:
    return _changed(name, close_survey)


def _changed(name: str, change: Callable[..., Survey]) -> HttpResponse:
    """Doing twice what was meant once is no error to a person."""
    with suppress(SurveyNotDraft, SurveyInUse):
        change(web.store(), unit=reader().unit, name=name)
    return redirect(url_for("watching.watch", name=name), 303)


def _newest_first(survey: Survey) -> tuple[float, str]:
    return -survey.created_at.timestamp(), survey.id


def _surveys_page(
    typed: str = "", errors: list[dict[str, str]] | None = None, title: str = "", groups: str = ""
) -> str:
    found = web.store().surveys.page(reader().unit, None, _MOST_SURVEYS)
    newest = sorted(found, key=_newest_first)
    after = paging.after(request.args.get("cursor"))
    rest = [
        each
        for each in newest
        if each.status != ARCHIVED and (after is None or _newest_first(each) > tuple(after))
    ]
    page = paging.page("surveys", rest, _LONG, _newest_first, lambda each: (each, speaking(each)))
    return render_template(
        "surveys.html",
        **page,
        first=after is None,
        archived=[(each, speaking(each)) for each in newest if each.status == ARCHIVED],
        typed=typed,
        title=title,
        groups=groups or _GROUPS,
        at_fault="groups" if title or groups else "definition",
        errors=errors or [],
        new_id=uuid4().hex,
        begun_id=uuid4().hex,
    )
