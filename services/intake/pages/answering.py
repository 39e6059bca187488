"""The pages of somebody who answers: the open surveys, the form, the receipt, one's own answers."""

import re
from collections.abc import Mapping
from typing import Any
from uuid import uuid4

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as HttpResponse

from services.intake.answer_form import AnswerForm, fields_of
from services.intake.domain.definition import compile_definition
from services.intake.domain.survey import Survey, SurveyNotOpen
from services.intake.pages.texts import language_of, speaking
from services.intake.store.responses import NoSuchResponse, ResponseConflict
from services.intake.store.surveys import NoSuchSurvey
from services.intake.usecases import change_response
from services.intake.usecases.submit_response import submit_response
from shared import web

pages = Blueprint("answering", __name__, template_folder="../templates")

Page = str | HttpResponse | tuple[str, int]

_FORM = "application/x-www-form-urlencoded"
_OWN_ID = re.compile(r"[0-9a-f]{32}")


@pages.get("/")
def open_surveys() -> str:
    """What can be answered today."""
    found = sorted(web.store().surveys.with_status("open"), key=lambda each: each.opened_at)
    return render_template("open_surveys.html", surveys=[(each, speaking(each)) for each in found])


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
    return redirect(url_for(".answer", survey=survey))


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
    where = url_for(".thanks", survey=survey.id, name=name, receipt=receipt, left_out=left_out)
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
    say, language = speaking(found), language_of(found)
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
        id=name, receipt=receipt, survey=survey, say=speaking(survey), language=language_of(survey),
        synthetic=survey.definition.get("synthetic"),
        group=content["group"], answers=answers, typed=typed,
    )  # fmt: skip


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
        say=speaking(survey),
        language=language_of(survey),
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
    return render_template("not_open.html", survey=survey, say=speaking(survey)), 410


def _survey(name: str) -> Survey | None:
    """As anybody may see it who has its address; None for a draft too."""
    store = web.store()
    try:
        found: Survey = store.surveys.get(store.surveys.for_answering(name).unit, name)
    except NoSuchSurvey:
        return None
    return found
