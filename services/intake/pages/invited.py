"""What somebody meets who was invited: the way in by a link, the way out of the list, the draw.

A link's secret comes after the # of the address and goes on in a form and a cookie of the survey's
own path, so that it stands in no address that a server or a proxy would log.
"""

from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from itsdangerous import BadSignature, URLSafeTimedSerializer
from werkzeug.wrappers import Response as HttpResponse

from services.intake.domain.invitation import (
    InvitationNeeded,
    InvitationUnknown,
    answer_name,
)
from services.intake.domain.survey import Survey
from services.intake.pages import device
from services.intake.pages.texts import speech_of
from services.intake.store.draws import DrawOver
from services.intake.store.invitations import Invitation
from services.intake.store.surveys import NoSuchSurvey
from services.intake.usecases.answer_invitation import answer_invitation, find_invitation
from services.intake.usecases.draw_prizes import InvalidAddress, NoDraw, enter_draw
from services.intake.usecases.remind import opt_out
from services.intake.usecases.submit_response import Submitted, submit_response
from shared import web

pages = Blueprint("invited", __name__, template_folder="../templates")

Page = str | HttpResponse | tuple[str, int]

_FORM = "application/x-www-form-urlencoded"
_TICKET_SECONDS = 24 * 3600


@pages.get("/i")
@web.takes_query("lang")
def entry() -> str:
    """Where links lead. A script hands on what stands after the #; without one it is pasted."""
    return render_template("invitation.html", s=speech_of(None), wrong=False)


@pages.post("/i")
@web.accepts(_FORM)
def enter() -> Page:
    """Go on to the survey that the link, or only what stands after its #, is for."""
    secret = request.form.get("link", "").strip().rpartition("#")[2]
    try:
        invitation = find_invitation(web.store(), secret)
    except InvitationUnknown:
        return render_template("invitation.html", s=speech_of(None), wrong=True), 403
    lang = request.form.get("lang")
    answer = redirect(url_for("answering.answer", survey=invitation.survey, lang=lang), 303)
    device.keep_link(answer, invitation.survey, secret)
    return answer


@pages.get("/opt-out/<token>")
@web.takes_query("lang")
def way_out(token: str) -> str:
    return _out(token)


@pages.post("/opt-out/<token>")
@web.accepts(_FORM, "multipart/form-data")
def go_out(token: str) -> Page:
    """Also at one click of a mail program."""
    try:
        opt_out(web.store(), key=web.settings().secret, token=token)
    except InvitationUnknown:
        return _out(token, wrong=True), 404
    return _out(token, done=True)


def _out(token: str, **said: bool) -> str:
    return render_template("opt_out.html", s=speech_of(None), token=token, **said)


@pages.post("/s/<survey>/draw")
@web.accepts(_FORM)
def take_part(survey: str) -> Page:
    """Leave an address, with the ticket that a thank-you page gave."""
    ticket, address = (request.form.get(name, "") for name in ("ticket", "address"))
    found = asked_now(survey)
    shown = {"survey": found, "s": speech_of(found), "ticket": ticket, "address": address}
    try:
        if _tickets().loads(ticket, max_age=_TICKET_SECONDS) != survey:
            raise BadSignature("of another survey")  # noqa: TRY301  # it is answered alike
        enter_draw(web.store(), survey=survey, address=address)
    except InvalidAddress:
        return render_template("draw.html", wrong=True, **shown), 422
    except (BadSignature, NoDraw, DrawOver):
        return render_template("draw.html", late=True, **shown), 409
    return render_template("draw.html", done=True, **shown)


def draw_ticket(survey: Survey) -> str | None:
    """For the page after an answer, where there is a draw. It says nothing of the answer."""
    return _tickets().dumps(survey.id) if survey.definition.get("draw") else None


def asked_now(name: str) -> Survey | None:
    """A survey as anybody may see it who has its address; None for a draft too."""
    store = web.store()
    try:
        found: Survey = store.surveys.get(store.surveys.for_answering(name).unit, name)
    except NoSuchSurvey:
        return None
    return found


def by_invitation(survey: Survey) -> bool:
    return survey.definition.get("access") == "invited"


def invitation_here(survey: Survey) -> Invitation | None:
    """Whose link was opened in this browser."""
    try:
        invitation = find_invitation(web.store(), device.link())
    except InvitationUnknown:
        return None
    return invitation if invitation.survey == survey.id else None


def submit(survey: Survey, name: str, content: dict[str, Any]) -> Submitted:
    """Store what a form sent, with the link of this browser where the survey is by invitation.

    Raises InvitationNeeded, InvitationSpent, and as `submit_response`.
    """
    if not by_invitation(survey):
        return submit_response(web.store(), survey=survey.id, name=name, **content)
    secret = device.link()
    if answer_name(secret) != name:
        raise InvitationNeeded(
            "This browser has opened another invitation since, or forgotten yours. Open your own "
            "link again; nothing was stored."
        )
    return answer_invitation(web.store(), survey=survey.id, secret=secret, **content)


def _tickets() -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(web.settings().secret, salt="draw")
