"""What a respondent's browser keeps of a survey: the link that was opened in it, and the receipt of
the answer that was sent from it. Both are cookies of the survey's own path."""

from typing import NamedTuple

from flask import request, url_for
from werkzeug.wrappers import Response as HttpResponse

from services.intake.domain.invitation import answer_name
from services.intake.store.responses import NoSuchResponse
from services.intake.usecases.change_response import read_response
from shared import web

_LINK, _SENT = "groundswell_link", "groundswell_sent"
_SENT_SECONDS = 180 * 24 * 3600


class Sent(NamedTuple):
    """An answer that was sent: its id and its receipt."""

    name: str
    receipt: str


def link() -> str:
    """The secret of the link that was opened in this browser, or ""."""
    return request.cookies.get(_LINK, "")


def keep_link(answer: HttpResponse, survey: str, secret: str) -> None:
    _set_cookie(answer, _LINK, secret, survey)


def sent_from_here() -> Sent | None:
    """The answer that was sent from this browser, with the link that is opened in it if there is
    one, and stands; None where there is none."""
    name, _, receipt = request.cookies.get(_SENT, "").partition(".")
    if link() and answer_name(link()) != name:
        return None
    try:
        read_response(web.store(), name=name, receipt=receipt)
    except NoSuchResponse:
        return None
    return Sent(name, receipt)


def keep_sent(answer: HttpResponse, survey: str, sent: Sent) -> None:
    """All that is kept against a second answer by mistake, and only in the browser."""
    _set_cookie(answer, _SENT, ".".join(sent), survey, _SENT_SECONDS)


def forget_sent(answer: HttpResponse, survey: str) -> None:
    _set_cookie(answer, _SENT, "", survey, 0)


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
