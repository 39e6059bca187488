"""What follows with a receipt: the thanks, one's own answers seen, changed and taken back."""

from flask import Blueprint, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as HttpResponse

from services.intake.answer_fields import Typed, fields_of
from services.intake.answer_form import CONSENT
from services.intake.domain.definition import GROUP, asked
from services.intake.domain.survey import Survey, SurveyNotOpen
from services.intake.pages import device
from services.intake.pages.device import Sent
from services.intake.pages.form import hindrance, kept_query, not_open, whole_form
from services.intake.pages.invited import asked_now, draw_ticket
from services.intake.pages.texts import Speech, speech_of
from services.intake.store.responses import NoSuchResponse, Response
from services.intake.usecases import change_response
from shared import web

pages = Blueprint("receipts", __name__, template_folder="../templates")

Page = str | HttpResponse | tuple[str, int]

_FORM = "application/x-www-form-urlencoded"


@pages.get("/s/<survey>/thanks/<name>")
@web.takes_query("receipt", "left_out", "lang", "shared")
def thanks(survey: str, name: str) -> Page:
    """The receipt, and what it is good for."""
    receipt = request.args.get("receipt", "")
    try:
        change_response.read_response(web.store(), name=name, receipt=receipt)
    except NoSuchResponse:
        return _own_answers(name, wrong=True), 404
    found = asked_now(survey)
    if found is None:
        return not_open(None)
    return render_template(
        "thanks.html",
        survey=found, s=speech_of(found), id=name, receipt=receipt,
        left_out="left_out" in request.args, shared="shared" in request.args,
        ticket=draw_ticket(found),
    )  # fmt: skip


@pages.get("/mine")
@web.takes_query("id", "receipt", "lang")
def own_answers() -> str:
    """Asks for the receipt."""
    return _own_answers(request.args.get("id", ""), request.args.get("receipt", ""))


@pages.post("/mine")
@web.accepts(_FORM)
def use_receipt() -> Page:
    """Show one's own answers, or take them back."""
    name, receipt = (request.form.get(field, "").strip() for field in ("id", "receipt"))
    try:
        if request.form.get("do") == "withdraw":
            change_response.withdraw_response(web.store(), name=name, receipt=receipt)
            answer = make_response(withdrawn())
            device.forget_sent(answer, receipt.partition(".")[0])
            return answer
        response = change_response.read_response(web.store(), name=name, receipt=receipt)
    except NoSuchResponse:
        return _own_answers(name, receipt, wrong=True), 404
    except SurveyNotOpen:
        return not_open(asked_now(receipt.partition(".")[0]))
    survey, content = asked_now(response.survey), response.content or {}
    if survey is None:
        return not_open(None)
    raw = survey.published[response.survey_version - 1]
    answers = {**content["profile"], **content["answers"]}
    speech = Speech(raw, {GROUP: content[GROUP], **answers})
    return render_template(
        "own_answers.html",
        id=name, receipt=receipt, survey=survey, s=speech, group=content[GROUP],
        items=[item for item in asked(raw) if item["id"] in answers],
        typed=_as_sent(survey, response, Sent(name, receipt)), is_open=hindrance(survey) is None,
    )  # fmt: skip


@pages.get("/s/<survey>/mine")
@web.takes_query("lang")
def change(survey: str) -> Page:
    """What was sent from this browser, to be changed."""
    found = asked_now(survey)
    if found is None or hindrance(found) is not None:
        return not_open(found)
    sent = device.sent_from_here()
    if sent is None:
        return redirect(url_for(".own_answers", lang=request.args.get("lang")))
    response = change_response.read_response(web.store(), name=sent.name, receipt=sent.receipt)
    return whole_form(found, _as_sent(found, response, sent))


def _as_sent(survey: Survey, response: Response, sent: Sent) -> Typed:
    """The fields of a form that was sent, to send it again changed."""
    raw, content = survey.published[response.survey_version - 1], response.content or {}
    answers = {**content["profile"], **content["answers"]}
    own = {"id": sent.name, "receipt": sent.receipt, GROUP: content[GROUP], CONSENT: "yes"}
    typed = kept_query({**own, "version": str(response.survey_version)})
    typed.update(fields_of(asked(raw), answers))
    return typed


def _own_answers(name: str, receipt: str = "", *, wrong: bool = False) -> str:
    shown = {"id": name, "receipt": receipt, "wrong": wrong, "s": speech_of(None)}
    return render_template("own_answers.html", **shown)


def withdrawn() -> str:
    return render_template("withdrawn.html", s=speech_of(None))
