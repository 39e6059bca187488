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
from services.intake.store.draws import DrawOver
from services.intake.usecases.answer_invitation import answer_invitation, find_invitation
from services.intake.usecases.draw_prizes import InvalidAddress, NoDraw, enter_draw
from services.intake.usecases.remind import opt_out
from services.intake.usecases.submit_response import Submitted, submit_response
from shared import web

pages = Blueprint("invited", __name__, template_folder="../templates")

Page = str | HttpResponse | tuple[str, int]

_FORM = "application/x-www-form-urlencoded"
_LINK, _ANSWERED = "groundswell_link", "groundswell_answered"
_ANSWERED_SECONDS = 180 * 24 * 3600
_TICKET_SECONDS = 24 * 3600


@pages.get("/i")
def entry() -> str:
    """Where links lead. A script hands on what stands after the #; without one it is pasted."""
    return render_template("invitation.html", wrong="")


@pages.post("/i")
@web.accepts(_FORM)
def enter() -> Page:
    """Go on to the survey that the link, or only what stands after its #, is for."""
    secret = request.form.get("link", "").strip().rpartition("#")[2]
    try:
        invitation = find_invitation(web.store(), secret)
    except InvitationUnknown as error:
        return render_template("invitation.html", wrong=str(error)), 403
    answer = redirect(url_for("answering.answer", survey=invitation.survey), 303)
    _set_cookie(answer, _LINK, secret, invitation.survey)
    return answer


@pages.get("/opt-out/<token>")
def way_out(token: str) -> str:
    return render_template("opt_out.html", token=token, done=False)


@pages.post("/opt-out/<token>")
@web.accepts(_FORM, "multipart/form-data")
def go_out(token: str) -> Page:
    """Also at one click of a mail program."""
    try:
        opt_out(web.store(), key=web.settings().secret, token=token)
    except InvitationUnknown:
        return render_template("opt_out.html", token=token, done=False, wrong=True), 404
    return render_template("opt_out.html", token=token, done=True)


@pages.post("/s/<survey>/draw")
@web.accepts(_FORM)
def take_part(survey: str) -> Page:
    """Leave an address, with the ticket that a thank-you page gave."""
    ticket, address = (request.form.get(name, "") for name in ("ticket", "address"))
    shown = {"survey_id": survey, "ticket": ticket, "address": address}
    try:
        if _tickets().loads(ticket, max_age=_TICKET_SECONDS) != survey:
            raise BadSignature("of another survey")  # noqa: TRY301  # it is answered alike
        enter_draw(web.store(), survey=survey, address=address)
    except InvalidAddress as error:
        return render_template("draw.html", wrong=str(error), **shown), 422
    except (BadSignature, NoDraw, DrawOver):
        return render_template("draw.html", late=True, **shown), 409
    return render_template("draw.html", done=True, **shown)


def draw_ticket(survey: Survey) -> str | None:
    """For the page after an answer, where there is a draw. It says nothing of the answer."""
    return _tickets().dumps(survey.id) if survey.definition.get("draw") else None


def by_invitation(survey: Survey) -> bool:
    return survey.definition.get("access") == "invited"


def first_fields(survey: Survey) -> dict[str, str] | None:
    """The answer's id and the group, from the link that was opened in this browser; None where
    there is none."""
    secret = link_here()
    try:
        invitation = find_invitation(web.store(), secret)
    except InvitationUnknown:
        return None
    if invitation.survey != survey.id:
        return None
    return {"id": answer_name(secret), "group": invitation.group}


def link_here() -> str:
    """The secret of the link that was opened in this browser, or ""."""
    return request.cookies.get(_LINK, "")


def submit(survey: Survey, name: str, content: dict[str, Any]) -> Submitted:
    """Store what a form sent, with the link of this browser where the survey is by invitation.

    Raises InvitationNeeded, InvitationSpent, and as `submit_response`.
    """
    if not by_invitation(survey):
        return submit_response(web.store(), survey=survey.id, name=name, **content)
    secret = link_here()
    if answer_name(secret) != name:
        raise InvitationNeeded(
            "This browser has opened another invitation since, or forgotten yours. Open your own "
            "link again; nothing was stored."
        )
    return answer_invitation(web.store(), survey=survey.id, secret=secret, **content)


def answered_here(survey: Survey) -> bool:
    """Whether this browser sent an answer before, to a survey that is open to everybody."""
    return _ANSWERED in request.cookies and not by_invitation(survey)


def note_answered(answer: HttpResponse, survey: Survey) -> None:
    """All that is kept against a second answer by mistake, and only in the browser: that there was
    one, not which."""
    _set_cookie(answer, _ANSWERED, "1", survey.id, _ANSWERED_SECONDS)


def _set_cookie(
    answer: HttpResponse, name: str, value: str, survey: str, seconds: int | None = None
) -> None:
    answer.set_cookie(
        name,
        value,
        max_age=seconds,
        path=url_for("answering.answer", survey=survey),
        secure=request.is_secure,
        httponly=True,
        samesite="Lax",
    )


def _tickets() -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(web.settings().secret, salt="draw")
