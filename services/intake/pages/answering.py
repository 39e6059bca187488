"""Surveys are answered: the list of those that are open, the form, and what it sends."""

from collections.abc import Collection, Mapping
from typing import Any

from flask import Blueprint, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as HttpResponse

from services.intake.answer_fields import Typed
from services.intake.answer_form import AnswerForm
from services.intake.domain.definition import GROUP
from services.intake.domain.invitation import InvitationNeeded, InvitationSpent, answer_name
from services.intake.domain.length import minutes
from services.intake.domain.survey import OPEN, GroupFull, Survey, SurveyNotOpen
from services.intake.pages import device
from services.intake.pages.device import Sent
from services.intake.pages.form import (
    OWN_ID,
    SEVERAL,
    form_of,
    form_page,
    hindrance,
    kept_query,
    not_open,
    whole_form,
)
from services.intake.pages.invited import asked_now, by_invitation, invitation_here, submit
from services.intake.pages.later import begun, keep
from services.intake.pages.receipts import withdrawn
from services.intake.pages.texts import speech_of
from services.intake.store.responses import (
    NoSuchResponse,
    ResponseConflict,
    ResponseErased,
    response_key,
)
from services.intake.usecases import change_response
from services.intake.usecases.count_visits import note_completion, note_progress
from shared import web

pages = Blueprint("answering", __name__, template_folder="../templates")

Page = str | HttpResponse | tuple[str, int]

_FORM = "application/x-www-form-urlencoded"
# What a form says about itself, and no page has to hand on.
_OF_THE_PAGE = frozenset({"asked", "step"})
_WHY_NOT: Mapping[type[Exception], str] = {GroupFull: "full", InvitationNeeded: "invited"}


@pages.get("/")
@web.takes_query("lang")
def open_surveys() -> str:
    """What can be answered today."""
    to_all = (
        each
        for each in web.store().surveys.with_status(OPEN)
        if not by_invitation(each) and hindrance(each) is None
    )
    found = sorted(to_all, key=lambda each: each.opened_at)
    listed = [(each, speech_of(each), minutes(each.definition)) for each in found]
    return render_template("open_surveys.html", s=speech_of(None), surveys=listed)


@pages.get("/s/<survey>")
@web.takes_query("another", "lang", "shared", "id")
def answer(survey: str) -> Page:
    """The form. It carries an id from the start, so that sending it twice is one response."""
    found = asked_now(survey)
    if found is None or hindrance(found) is not None:
        return not_open(found)
    sent = None if SEVERAL & request.args.keys() else device.sent_from_here()
    if sent is not None:
        return _answered(found, sent)
    if not by_invitation(found):
        return _to_go_back_to(whole_form(found, kept_query({"id": request.args.get("id", "")})))
    invitation, secret = invitation_here(found), device.link()
    if invitation is None:
        return redirect(url_for("invited.entry", lang=request.args.get("lang")))
    if invitation.spent:
        return _answered(found)
    first = kept_query({"id": answer_name(secret), "group": invitation.group})
    return _to_go_back_to(whole_form(found, begun(found, secret) or first))


@pages.get("/s/<survey>/answers")
@web.takes_query("lang", "shared")
def begin(survey: str) -> HttpResponse:
    """Where a reload of what `send` shows leads."""
    kept = {name: request.args.get(name) for name in ("lang", "shared")}
    return redirect(url_for(".answer", survey=survey, **kept))  # type: ignore[arg-type]


@pages.post("/s/<survey>", endpoint="send_to_form")
@pages.post("/s/<survey>/answers")
@web.accepts(_FORM)
def send(survey: str) -> Page:
    """Ask again for what is wrong, then for what the answers make worth asking, then store.

    The form sends to an address of its own: a POST to the form's would have the browser forget
    the form, and the way back would lead to a new one with another id.
    """
    found = asked_now(survey)
    if found is None:
        return not_open(found)
    typed = Typed(each for each in request.form.items(multi=True) if each[0] not in _OF_THE_PAGE)
    form = form_of(found, typed, frozenset(request.form.getlist("asked")))
    step = request.form.get("step")
    if step == "all":
        return form_page(found, form, form.asked)
    if step == "later":
        return keep(found, typed)
    errors = form.errors()
    if errors:
        return form_page(found, form, form.asked, errors), 422
    if form.unasked:
        return form_page(found, form, form.unasked)
    return _store(found, form)


@pages.post("/s/<survey>/reached")
@web.accepts(_FORM)
def reached(survey: str) -> HttpResponse:
    """How far a page was answered: an item's id, and nothing of what was said."""
    visit, item = (request.form.get(name, "") for name in ("visit", "item"))
    if OWN_ID.fullmatch(visit):
        note_progress(web.store(), survey=survey, visit=visit, item=item)
    return HttpResponse(status=204)


def _store(survey: Survey, form: AnswerForm) -> Page:
    typed = form.typed
    content: dict[str, Any] = {
        GROUP: typed[GROUP],
        "profile": {},
        "answers": form.answers,
        "version": int(typed["version"]),
    }
    try:
        sent, stands = _send(survey, typed, content)
    except (SurveyNotOpen, InvitationNeeded) as error:
        return not_open(survey, _WHY_NOT.get(type(error), ""))
    except InvitationSpent:
        return _answered(survey)
    except (ResponseConflict, ResponseErased, NoSuchResponse):
        return _again(survey, typed)
    if not stands:
        return _again(survey, typed, sent) if hindrance(survey) is None else not_open(survey)
    _tidy(survey, typed)
    answer = redirect(_thanks(survey, sent, typed, left_out=form.left_out), 303)
    if "shared" not in typed:
        device.keep_sent(answer, survey.id, sent)
    return answer


def _send(survey: Survey, typed: Typed, content: dict[str, Any]) -> tuple[Sent, bool]:
    """The answer that is stored, and whether it is this one: what was sent before is changed with
    its receipt alone."""
    name, receipt = typed["id"], typed.get("receipt", "").strip()
    if receipt:
        change_response.revise_response(web.store(), name=name, receipt=receipt, **content)
        return Sent(name, receipt), True
    sent = device.sent_from_here()
    if sent is None or (SEVERAL & typed.keys() and sent.name != name):
        submitted = submit(survey, name, content)
        sent = Sent(name, submitted.receipt)
        if submitted.new:
            return sent, True
    return sent, change_response.stands(web.store(), **sent._asdict(), **content)


def _again(survey: Survey, typed: Typed, sent: Sent | None = None) -> Page:
    """Somebody who has answered sends other answers: they may take the place of those that were
    `sent`, or are what is left of one that was taken back."""
    is_gone = sent is None and _is_gone(survey, typed["id"])
    if is_gone and by_invitation(survey):
        return withdrawn()
    wrong = sent is None and not is_gone and "receipt" in typed
    page = render_template(
        "answered_before.html",
        survey=survey, s=speech_of(survey), typed=typed, sent=sent, wrong=wrong, gone=is_gone,
        keep=sent and _thanks(survey, sent, typed),
    )  # fmt: skip
    return page, 422 if wrong else 200


def _is_gone(survey: Survey, name: str) -> bool:
    try:
        return web.store().responses.remains(survey.id, name).content is None
    except NoSuchResponse:
        return False


def _thanks(survey: Survey, sent: Sent, typed: Typed, *, left_out: Collection[str] = ()) -> str:
    return url_for(
        "receipts.thanks", survey=survey.id, **sent._asdict(),
        left_out=1 if left_out else None, lang=typed.get("lang"), shared=typed.get("shared"),
    )  # fmt: skip


def _answered(survey: Survey, sent: Sent | None = None) -> str:
    """For somebody who has answered: `sent` from this browser, or with their invitation."""
    shown = {"survey": survey, "s": speech_of(survey), "sent": sent}
    return render_template("answered_here.html", by_invitation=by_invitation(survey), **shown)


def _to_go_back_to(form: str) -> HttpResponse:
    """The way back from the thanks leads to this very form, with what was typed into it, though
    the browser has another cookie since. Whoever opens the address anew is asked about first."""
    answer = make_response(form)
    answer.headers["Vary"] = "Accept-Language"
    answer.headers["Cache-Control"] = "private, no-cache"
    return answer


def _tidy(survey: Survey, typed: Typed) -> None:
    """What was begun is sent, and how long it took is counted apart from it."""
    web.store().partials.forget_about(response_key(survey.id, typed["id"]), None)
    visit, seconds = typed.get("visit", ""), typed.get("seconds", "")
    if OWN_ID.fullmatch(visit) and "receipt" not in typed:
        note_completion(web.store(), survey=survey.id, visit=visit, seconds=seconds)
