"""A planner looks at a survey as its respondents will, and sends test answers, kept apart."""

from uuid import uuid4

from flask import Blueprint, render_template, request, url_for
from werkzeug.wrappers import Response as HttpResponse

from services.intake.answer_fields import Typed
from services.intake.answer_form import AnswerForm
from services.intake.domain.definition import GROUP, compile_definition
from services.intake.domain.survey import Survey
from services.intake.pages.form import form_page
from services.intake.pages.texts import Speech
from services.intake.usecases.try_survey import try_survey
from shared import web
from shared.auth import page_for, reader

pages = Blueprint("trying", __name__, template_folder="../templates")

Page = str | HttpResponse | tuple[str, int]

_FORM = "application/x-www-form-urlencoded"
_OF_THE_PAGE = frozenset({"asked", "step", "form_token"})


@pages.get("/surveys/<name>/preview")
@web.takes_query("lang")
@page_for("planner")
def preview(name: str) -> Page:
    """What is being written, or else what is asked now."""
    survey = _survey(name)
    typed = Typed({"id": uuid4().hex, **request.args.to_dict()})
    form = _form(survey, typed, frozenset())
    return _shown(survey, form, form.asked)


@pages.post("/surveys/<name>/preview")
@web.accepts(_FORM)
@page_for("planner")
def send(name: str) -> Page:
    """As real answers go, up to where they would be stored."""
    survey = _survey(name)
    typed = Typed(each for each in request.form.items(multi=True) if each[0] not in _OF_THE_PAGE)
    form = _form(survey, typed, frozenset(request.form.getlist("asked")))
    if request.form.get("step") == "all":
        return _shown(survey, form, form.asked)
    errors = form.errors()
    if errors:
        page = form_page(survey, form, form.asked, errors, trial=_address(survey))
        return page, 422
    if form.unasked:
        return _shown(survey, form, form.unasked)
    content = try_survey(
        web.store(),
        unit=survey.unit, survey=name, name=typed["id"], group=typed[GROUP], profile={},
        answers=form.answers,
    )  # fmt: skip
    answers = {**content["profile"], **content["answers"]}
    return render_template(
        "tried.html",
        survey=survey,
        s=Speech(form.raw, {GROUP: content[GROUP], **answers}),
        items=[item for item in form.items.values() if item["id"] in answers],
    )


def _shown(survey: Survey, form: AnswerForm, items: list[str]) -> str:
    return form_page(survey, form, items, trial=_address(survey))


def _form(survey: Survey, typed: Typed, shown: frozenset[str]) -> AnswerForm:
    raw = survey.being_written
    if len(raw["groups"]) == 1:
        typed[GROUP] = raw["groups"][0]
    return AnswerForm(raw, compile_definition(raw), typed, shown)


def _address(survey: Survey) -> str:
    return url_for("trying.send", name=survey.id)


def _survey(name: str) -> Survey:
    found: Survey = web.store().surveys.get(reader().unit, name)
    return found
