"""Intake's pages: surveys to answer, one's own answers, and the planner's list of surveys."""

import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial
from hashlib import sha256
from typing import Any
from uuid import uuid4

import orjson
from flask import Blueprint, redirect, render_template, request, url_for
from marshmallow import ValidationError
from werkzeug.wrappers import Response as HttpResponse

from services.intake.answer_form import AnswerForm, fields_of
from services.intake.domain.definition import InvalidDefinition, compile_definition
from services.intake.domain.survey import Survey, SurveyNotDraft, SurveyNotOpen
from services.intake.schemas import DefinitionSchema
from services.intake.store import NoSuchResponse, NoSuchSurvey, ResponseConflict
from services.intake.usecases import change_response
from services.intake.usecases.close_survey import close_survey
from services.intake.usecases.create_survey import create_survey
from services.intake.usecases.publish_survey import publish_survey
from services.intake.usecases.submit_response import submit_response
from shared import web
from shared.auth import page_for, reader
from shared.problems import flattened

pages = Blueprint("pages", __name__, template_folder="templates")

Page = str | HttpResponse | tuple[str, int]

_FORM = "application/x-www-form-urlencoded"
_MULTIPART = "multipart/form-data"
_OWN_ID = re.compile(r"[0-9a-f]{32}")
_MOST_SURVEYS = 500


@pages.get("/")
def open_surveys() -> str:
    """What can be answered today."""
    found = sorted(web.store().surveys.with_status("open"), key=lambda each: each.opened_at)
    return render_template("open_surveys.html", surveys=[(each, _say(each)) for each in found])


@pages.get("/s/<survey>")
def answer(survey: str) -> Page:
    """The form. It carries an id from the start, so that sending it twice is one response."""
    found = _survey(survey)
    if found is None or found.status != "open":
        return _not_open(found)
    form = AnswerForm(compile_definition(found.definition), {}, frozenset())
    return _form_page(found, form, {"id": uuid4().hex}, form.asked)


@pages.get("/s/<survey>/answers")
def begin(survey: str) -> HttpResponse:
    """Where a reload of what `send` shows leads."""
    return redirect(url_for("pages.answer", survey=survey))


@pages.post("/s/<survey>", endpoint="send_to_form")
@pages.post("/s/<survey>/answers")
@web.accepts(_FORM)
def send(survey: str) -> Page:
    """Ask again for what is wrong, then for what the answers make worth asking, then store.

    The form sends to an address of its own: a POST to the form's would have the browser forget
    the form, and the way back would lead to a new one with another id.
    """
    found = _survey(survey)
    if found is None or found.status == "draft":
        return _not_open(found)
    typed = {name: value for name, value in request.form.items() if name not in {"asked", "step"}}
    if not _OWN_ID.fullmatch(typed.get("id", "")):
        typed["id"] = uuid4().hex
    asked = frozenset(request.form.getlist("asked"))
    form = AnswerForm(compile_definition(found.definition), typed, asked)
    if request.form.get("step") == "all":
        return _form_page(found, form, typed, form.asked)
    errors = form.errors()
    if errors:
        return _form_page(found, form, typed, form.asked, errors), 422
    if form.unasked:
        return _form_page(found, form, typed, form.unasked)
    return _store(found, form, typed)


def _store(survey: Survey, form: AnswerForm, typed: Mapping[str, str]) -> Page:
    content: dict[str, Any] = {"group": typed["group"], "profile": {}, "answers": form.answers}
    name, receipt = typed["id"], typed.get("receipt", "").strip()
    try:
        if receipt:
            change_response.revise_response(web.store(), name=name, receipt=receipt, **content)
        else:
            submitted = submit_response(web.store(), survey=survey.id, name=name, **content)
            receipt = submitted.receipt
    except SurveyNotOpen:
        return _not_open(survey)
    except (ResponseConflict, NoSuchResponse) as error:
        wrong = "" if isinstance(error, ResponseConflict) else "This is not its receipt."
        page = render_template("answered_before.html", survey=survey, typed=typed, wrong=wrong)
        return page, 409
    left_out = 1 if form.left_out else None
    where = url_for("pages.thanks", survey=survey.id, name=name, receipt=receipt, left_out=left_out)
    return redirect(where, 303)


@pages.get("/s/<survey>/thanks/<name>")
@web.takes_query("receipt", "left_out")
def thanks(survey: str, name: str) -> Page:
    """The receipt, and what it is good for."""
    receipt = request.args.get("receipt", "")
    try:
        change_response.read_response(web.store(), name=name, receipt=receipt)
    except NoSuchResponse:
        return render_template("own_answers.html", id=name, receipt="", wrong=True), 404
    found = _survey(survey)
    if found is None:
        return _not_open(None)
    say, language = _say(found), _language(found)
    left_out = "left_out" in request.args
    return render_template(
        "thanks.html",
        survey=found, say=say, language=language, synthetic=found.definition.get("synthetic"),
        id=name, receipt=receipt, left_out=left_out,
    )  # fmt: skip


@pages.get("/mine")
@web.takes_query("id", "receipt")
def own_answers() -> str:
    """Asks for the receipt."""
    given = {name: request.args.get(name, "") for name in ("id", "receipt")}
    return render_template("own_answers.html", **given)


@pages.post("/mine")
@web.accepts(_FORM)
def use_receipt() -> Page:
    """Show one's own answers, or take them back."""
    name, receipt = (request.form.get(field, "").strip() for field in ("id", "receipt"))
    try:
        if request.form.get("do") == "withdraw":
            change_response.withdraw_response(web.store(), name=name, receipt=receipt)
            return render_template("withdrawn.html")
        response = change_response.read_response(web.store(), name=name, receipt=receipt)
    except NoSuchResponse:
        return render_template("own_answers.html", id=name, receipt=receipt, wrong=True), 404
    except SurveyNotOpen:
        return _not_open(_survey(receipt.partition(".")[0]))
    survey, content = _survey(response.survey), response.content or {}
    if survey is None:
        return _not_open(None)
    answers = {**content["profile"], **content["answers"]}
    typed = {"id": name, "receipt": receipt, "group": content["group"], **dict(fields_of(answers))}
    return render_template(
        "own_answers.html",
        id=name, receipt=receipt, survey=survey, say=_say(survey), language=_language(survey),
        synthetic=survey.definition.get("synthetic"),
        group=content["group"], answers=answers, typed=typed,
    )  # fmt: skip


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
        return redirect(url_for("pages.surveys", _anchor=name), 303)
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
    return redirect(url_for("pages.surveys", _anchor=name), 303)


def _surveys_page(typed: str = "", errors: list[dict[str, str]] | None = None) -> str:
    found = web.store().surveys.page(reader().unit, None, _MOST_SURVEYS)
    newest = sorted(found, key=lambda each: each.created_at, reverse=True)
    listed = [(each, _say(each)) for each in newest]
    fresh = {"typed": typed, "errors": errors or [], "new_id": uuid4().hex}
    return render_template("surveys.html", surveys=listed, **fresh)


def _form_page(
    survey: Survey,
    form: AnswerForm,
    typed: Mapping[str, str],
    items: list[str],
    errors: Mapping[str, str] | None = None,
) -> str:
    """`items` to fill in; everything else that was typed goes along unseen."""
    seen = {f"a.{name}{part}" for name in items for part in ("", ".importance", ".satisfaction")}
    follow = items == form.unasked and bool(items)
    seen |= set() if follow else {"group"}
    conditional = [item.id for item in form.visible if item.visible_if is not None]
    asked = [name for name in conditional if name in items or name in form.asked]
    return render_template(
        "answer.html",
        survey=survey,
        synthetic=survey.definition.get("synthetic"),
        say=_say(survey),
        language=_language(survey),
        items=[item for item in survey.definition["items"] if item["id"] in items],
        typed=typed,
        unseen=[(name, value) for name, value in typed.items() if name not in seen],
        asked=asked,
        errors=errors or {},
        follow=follow,
        left_out=[i for i in survey.definition["items"] if i["id"] in form.left_out],
    )


def _not_open(survey: Survey | None) -> Page:
    """A kind word instead of a form."""
    if survey is None or survey.status == "draft":
        return render_template("not_open.html", survey=None), 404
    return render_template("not_open.html", survey=survey, say=_say(survey)), 410


def _survey(name: str) -> Survey | None:
    """As anybody may see it who has its address; None for a draft too."""
    store = web.store()
    try:
        found: Survey = store.surveys.get(store.surveys.for_answering(name).unit, name)
    except NoSuchSurvey:
        return None
    return found


def _language(survey: Survey) -> str:
    languages = survey.definition["languages"]
    return request.accept_languages.best_match(languages) or str(languages[0])


def _say(survey: Survey) -> Callable[[Mapping[str, str]], str]:
    """Picks a text in the reader's language, or in the survey's first."""
    first = survey.definition["languages"][0]
    return partial(_text, languages=(_language(survey), first))


def _text(texts: Mapping[str, str], languages: tuple[str, ...]) -> str:
    found = (texts[language] for language in languages if language in texts)
    return next(found, next(iter(texts.values())))
