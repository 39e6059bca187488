"""The planner's page of who answers: whom to invite, how many have answered, letters, the draw."""

from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as HttpResponse

from services.intake.address_table import (
    UnreadableTable,
    as_text,
    links_file,
    read_addresses,
    read_population,
)
from services.intake.domain.invitation import NotByInvitation
from services.intake.domain.survey import Survey, SurveyNotOpen
from services.intake.pages.texts import promised, speaking
from services.intake.store.draws import DrawOver
from services.intake.store.mailings import UNDER_WAY, Mailing
from services.intake.usecases import invite, remind
from services.intake.usecases.draw_prizes import draw_prizes
from services.intake.usecases.response_rates import keep_population, response_rates
from services.intake.wording import Wording, name_of
from shared import web
from shared.auth import page_for, reader
from shared.documents import stamp
from shared.mail import MailServer
from shared.problems import by_field

pages = Blueprint("inviting", __name__, template_folder="../templates")

Page = str | HttpResponse | tuple[str, int]

_FORM, _MULTIPART = "application/x-www-form-urlencoded", "multipart/form-data"
_MOST_SHOWN = 50


@pages.get("/surveys/<name>/people")
@page_for("planner", "administrator")
def people(name: str) -> str:
    """Who answers a survey."""
    return _page(_survey(name))


@pages.post("/surveys/<name>/people")
@web.accepts(_MULTIPART)
@page_for("planner")
def upload(name: str) -> Page:
    """A table of addresses, or of how many there are."""
    found = _survey(name)
    file = request.files.get("table")
    what: dict[str, Any] = {"unit": found.unit, "survey": found.id}
    try:
        text = as_text(file.read() if file else b"")
        if found.definition.get("access") == "invited":
            done = invite.invite(web.store(), rows=read_addresses(text), **what)
            told = f"{done.invited} invited, {done.changed} changed, {done.unchanged} as before."
        else:
            keep_population(web.store(), rows=read_population(text), **what)
            told = "The population is known now."
    except invite.InvalidTable as error:
        return _page(found, wrong=error.errors), 422
    except UnreadableTable as error:
        return _page(found, wrong=[{"line": 1, "field": "", "message": str(error)}]), 422
    return _page(found, told=told)


@pages.post("/surveys/<name>/people/links")
@web.accepts(_FORM)
@page_for("planner")
def links(name: str) -> Page:
    """Fresh links for all who have not answered, as a file."""
    asked = invite.by_invitation(web.store(), reader().unit, name)
    invite.settle(web.store(), asked)
    made = list(invite.make_links(web.store(), asked))
    if not made:
        return _page(asked, told="Nobody gets a link now.")
    return links_file(made, web.settings().url)


@pages.post("/surveys/<name>/people/mail")
@web.accepts(_FORM)
@page_for("planner")
def mail(name: str) -> Page:
    """A letter to all who have not answered."""
    found = _survey(name)
    names = ("subject", "text", "language")
    letter = {field: request.form.get(field, "").strip() for field in names}
    try:
        remind.mail_unanswered(
            web.store(), MailServer.configured(),
            unit=found.unit, survey=found.id, name=request.form.get("id") or stamp(),
            who=reader().name, **letter,
        )  # fmt: skip
    except remind.InvalidLetter as error:
        return _page(found, letter=letter, letter_errors=by_field(error.errors)), 422
    return redirect(url_for(".people", name=name, _anchor="mail"), 303)


@pages.post("/surveys/<name>/people/mail/<mailing>/cancel")
@web.accepts(_FORM)
@page_for("planner")
def cancel(name: str, mailing: str) -> Page:
    remind.cancel_mailing(web.store(), unit=reader().unit, name=mailing)
    return redirect(url_for(".people", name=name, _anchor="mail"), 303)


@pages.post("/surveys/<name>/people/draw")
@web.accepts(_FORM)
@page_for("planner")
def draw(name: str) -> Page:
    """Draw the winners; everybody else is forgotten."""
    found = _survey(name)
    winners, seed = request.form.get("winners", ""), request.form.get("seed", "").strip()
    if not winners.isdecimal() or not 0 < int(winners) <= 1000 or not seed:
        return _page(found, draw_error="Say how many win, and with which seed."), 422
    try:
        draw_prizes(
            web.store(),
            unit=found.unit, survey=name, winners=int(winners), seed=seed, who=reader().name,
        )  # fmt: skip
    except (DrawOver, SurveyNotOpen) as error:
        return _page(found, draw_error=str(error)), 409
    return redirect(url_for(".people", name=name, _anchor="draw"), 303)


def _survey(name: str) -> Survey:
    found: Survey = web.store().surveys.get(reader().unit, name)
    if found.status == "draft":
        raise NotByInvitation("Publish the survey first; then see who answers.")
    return found


def _page(survey: Survey, **said: Any) -> str:
    store = web.store()
    mailings = [_told(each) for each in store.mailings.of(survey.id)]
    language = survey.definition["languages"][0]
    by_invitation = survey.definition.get("access") == "invited"
    wrong = said.pop("wrong", [])
    return render_template(
        "people.html",
        survey=survey,
        say=speaking(survey),
        synthetic=survey.definition.get("synthetic"),
        by_invitation=by_invitation,
        withheld=store.invitations.withheld(survey.id),
        promised=promised(survey.definition, Wording("en")),
        rates=response_rates(store, unit=survey.unit, survey=survey.id),
        mailings=mailings,
        going=any(each["mailing"].status in UNDER_WAY for each in mailings),
        languages=[(each, name_of(each)) for each in survey.definition["languages"]],
        first_letter=Wording(language).raw("letter"),
        can_mail=MailServer.configured() is not None,
        new_id=stamp(),
        drawn=store.draws.get(survey.id),
        wrong=wrong[:_MOST_SHOWN],
        more=len(wrong) - _MOST_SHOWN,
        **said,
    )


def _told(mailing: Mailing) -> dict[str, Any]:
    """A mailing as the page shows it: its progress, and whom it did not reach for sure."""
    store = web.store()
    progress = store.mailings.progress(mailing.id)
    missed = []
    if mailing.status not in UNDER_WAY:  # before, a letter in hand looks like an uncertain one
        found = store.mailings.undelivered(mailing.id, _MOST_SHOWN)
        people = store.invitations.among([each.invitation for each in found])
        still_known = [each for each in found if each.invitation in people]
        missed = [(people[each.invitation].email, each) for each in still_known]
    of = sum(progress.values())
    return {"mailing": mailing, "progress": progress, "of": of, "missed": missed}
