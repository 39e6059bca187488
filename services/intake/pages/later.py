"""A form that was begun is kept, and gone on with later by a link."""

from flask import Blueprint, render_template, request, url_for
from werkzeug.wrappers import Response as HttpResponse

from services.intake.answer_fields import Typed
from services.intake.domain.survey import Survey
from services.intake.pages import device
from services.intake.pages.form import hindrance, not_open, whole_form
from services.intake.pages.invited import asked_now, by_invitation
from services.intake.pages.texts import speech_of
from services.intake.usecases.save_partial import save_partial
from shared import times, web

pages = Blueprint("later", __name__, template_folder="../templates")

Page = str | HttpResponse | tuple[str, int]

_FORM = "application/x-www-form-urlencoded"


@pages.get("/s/<survey>/later")
@web.takes_query("lang")
def later(survey: str) -> Page:
    """Where a link to go on with leads. A script hands on what stands after its #."""
    found = asked_now(survey)
    if found is None or hindrance(found) is not None:
        return not_open(found)
    return render_template("later.html", survey=found, s=speech_of(found), gone=False)


@pages.post("/s/<survey>/later")
@web.accepts(_FORM)
def go_on(survey: str) -> Page:
    """The form as it was left."""
    found = asked_now(survey)
    if found is None or hindrance(found) is not None:
        return not_open(found)
    secret = request.form.get("link", "").strip().rpartition("#")[2]
    typed = begun(found, secret)
    if typed is None:
        return render_template("later.html", survey=found, s=speech_of(found), gone=True), 404
    typed["later"] = secret
    return whole_form(found, typed)


def keep(survey: Survey, typed: Typed) -> Page:
    """Keep what was typed for later, and say where to go on."""
    invited = by_invitation(survey)
    secret = device.link() if invited else typed.pop("later", "")
    fields = list(typed.items(multi=True))
    secret, until = save_partial(
        web.store(), survey=survey.id, secret=secret, name=typed["id"], fields=fields
    )
    place = (
        url_for("invited.entry")
        if invited
        else url_for("later.later", survey=survey.id, lang=typed.get("lang"))
    )
    link = f"{web.settings().url}{place}#{secret}"
    return render_template(
        "kept.html",
        survey=survey, s=speech_of(survey), link=link, secret=secret, until=until.date(),
        by_invitation=invited,
    )  # fmt: skip


def begun(survey: Survey, secret: str) -> Typed | None:
    """What was typed when somebody asked to go on later."""
    fields = web.store().partials.fields(survey.id, secret, times.now())
    return None if fields is None else Typed(fields)
