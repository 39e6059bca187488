"""The planner's list of surveys."""

import re
from collections.abc import Callable
from contextlib import suppress
from hashlib import sha256
from uuid import uuid4

import orjson
from flask import Blueprint, redirect, render_template, request, url_for
from marshmallow import ValidationError
from werkzeug.wrappers import Response as HttpResponse

from services.intake.domain.definition import InvalidDefinition
from services.intake.domain.survey import Survey, SurveyNotDraft
from services.intake.pages.texts import speaking
from services.intake.schemas import DefinitionSchema
from services.intake.usecases.close_survey import close_survey
from services.intake.usecases.create_survey import create_survey
from services.intake.usecases.publish_survey import publish_survey
from shared import web
from shared.auth import page_for, reader
from shared.problems import flattened

pages = Blueprint("authoring", __name__, template_folder="../templates")

Page = str | HttpResponse | tuple[str, int]

_FORM = "application/x-www-form-urlencoded"
_MULTIPART = "multipart/form-data"
_OWN_ID = re.compile(r"[0-9a-f]{32}")
_MOST_SURVEYS = 500


@pages.get("/surveys")
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
        return redirect(url_for(".surveys", _anchor=name), 303)
    return _surveys_page(text.decode("utf-8", "replace"), errors), 422


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
    with suppress(SurveyNotDraft):
        change(web.store(), unit=reader().unit, name=name)
    return redirect(url_for(".surveys", _anchor=name), 303)


def _surveys_page(typed: str = "", errors: list[dict[str, str]] | None = None) -> str:
    found = web.store().surveys.page(reader().unit, None, _MOST_SURVEYS)
    newest = sorted(found, key=lambda each: each.created_at, reverse=True)
    listed = [(each, speaking(each)) for each in newest]
    fresh = {"typed": typed, "errors": errors or [], "new_id": uuid4().hex}
    return render_template("surveys.html", surveys=listed, **fresh)
