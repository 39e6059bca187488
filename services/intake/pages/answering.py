"""The pages of somebody who answers: the open surveys, the form, the receipt, one's own answers."""

import re
from collections.abc import Collection, Mapping
from typing import Any
from uuid import uuid4

from flask import Blueprint, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as HttpResponse

from services.intake.answer_fields import Typed, fields_of
from services.intake.answer_form import CONSENT, Advice, AnswerForm, limits
from services.intake.domain.definition import GROUP, asked
from services.intake.domain.invitation import InvitationNeeded, InvitationSpent, answer_name
from services.intake.domain.items import Raw
from services.intake.domain.length import minutes
from services.intake.domain.survey import OPEN, GroupFull, Survey, SurveyNotOpen
from services.intake.pages import device
from services.intake.pages.device import Sent
from services.intake.pages.invited import (
    asked_now,
    by_invitation,
    draw_ticket,
    invitation_here,
    submit,
)
from services.intake.pages.model import model_of
from services.intake.pages.texts import Speech, in_order, speech_of
from services.intake.store.responses import (
    NoSuchResponse,
    Response,
    ResponseConflict,
    ResponseErased,
    response_key,
)
from services.intake.usecases import change_response
from services.intake.usecases.count_visits import note_completion, note_progress
from services.intake.usecases.save_partial import save_partial
from shared import times, web

pages = Blueprint("answering", __name__, template_folder="../templates")

Page = str | HttpResponse | tuple[str, int]

_FORM = "application/x-www-form-urlencoded"
_OWN_ID = re.compile(r"[0-9a-f]{32}")
# What a form says about itself, and no page has to hand on.
_OF_THE_PAGE = frozenset({"asked", "step"})
_WHY_NOT: Mapping[type[Exception], str] = {GroupFull: "full", InvitationNeeded: "invited"}
# In the address of a form where more than one person answers on a device.
_SEVERAL = frozenset({"another", "shared"})


@pages.get("/")
@web.takes_query("lang")
def open_surveys() -> str:
    """What can be answered today."""
    to_all = (
        each
        for each in web.store().surveys.with_status(OPEN)
        if not by_invitation(each) and _hindrance(each) is None
    )
    found = sorted(to_all, key=lambda each: each.opened_at)
    listed = [(each, speech_of(each), minutes(each.definition)) for each in found]
    return render_template("open_surveys.html", s=speech_of(None), surveys=listed)


@pages.get("/s/<survey>")
@web.takes_query("another", "lang", "shared", "id")
def answer(survey: str) -> Page:
    """The form. It carries an id from the start, so that sending it twice is one response."""
    found = asked_now(survey)
    if found is None or _hindrance(found) is not None:
        return _not_open(found)
    sent = None if _SEVERAL & request.args.keys() else device.sent_from_here()
    if sent is not None:
        return _answered(found, sent)
    if not by_invitation(found):
        return _to_go_back_to(_whole_form(found, _kept_query({"id": request.args.get("id", "")})))
    invitation, secret = invitation_here(found), device.link()
    if invitation is None:
        return redirect(url_for("invited.entry", lang=request.args.get("lang")))
    if invitation.spent:
        return _answered(found)
    first = _kept_query({"id": answer_name(secret), "group": invitation.group})
    return _to_go_back_to(_whole_form(found, _begun(found, secret) or first))


@pages.get("/s/<survey>/mine")
@web.takes_query("lang")
def change(survey: str) -> Page:
    """What was sent from this browser, to be changed."""
    found = asked_now(survey)
    if found is None or _hindrance(found) is not None:
        return _not_open(found)
    sent = device.sent_from_here()
    if sent is None:
        return redirect(url_for(".own_answers", lang=request.args.get("lang")))
    response = change_response.read_response(web.store(), name=sent.name, receipt=sent.receipt)
    return _whole_form(found, _as_sent(found, response, sent))


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
        return _not_open(found)
    typed = Typed(each for each in request.form.items(multi=True) if each[0] not in _OF_THE_PAGE)
    form = _form(found, typed, frozenset(request.form.getlist("asked")))
    step = request.form.get("step")
    if step == "all":
        return form_page(found, form, form.asked)
    if step == "later":
        return _keep(found, typed)
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
    if _OWN_ID.fullmatch(visit):
        note_progress(web.store(), survey=survey, visit=visit, item=item)
    return HttpResponse(status=204)


@pages.get("/s/<survey>/later")
@web.takes_query("lang")
def later(survey: str) -> Page:
    """Where a link to go on with leads. A script hands on what stands after its #."""
    found = asked_now(survey)
    if found is None or _hindrance(found) is not None:
        return _not_open(found)
    return render_template("later.html", survey=found, s=speech_of(found), gone=False)


@pages.post("/s/<survey>/later")
@web.accepts(_FORM)
def go_on(survey: str) -> Page:
    """The form as it was left."""
    found = asked_now(survey)
    if found is None or _hindrance(found) is not None:
        return _not_open(found)
    secret = request.form.get("link", "").strip().rpartition("#")[2]
    begun = _begun(found, secret)
    if begun is None:
        return render_template("later.html", survey=found, s=speech_of(found), gone=True), 404
    begun["later"] = secret
    return _whole_form(found, begun)


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
        return _not_open(None)
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
            answer = make_response(_withdrawn())
            device.forget_sent(answer, receipt.partition(".")[0])
            return answer
        response = change_response.read_response(web.store(), name=name, receipt=receipt)
    except NoSuchResponse:
        return _own_answers(name, receipt, wrong=True), 404
    except SurveyNotOpen:
        return _not_open(asked_now(receipt.partition(".")[0]))
    survey, content = asked_now(response.survey), response.content or {}
    if survey is None:
        return _not_open(None)
    raw = survey.published[response.survey_version - 1]
    answers = {**content["profile"], **content["answers"]}
    speech = Speech(raw, {GROUP: content[GROUP], **answers})
    return render_template(
        "own_answers.html",
        id=name, receipt=receipt, survey=survey, s=speech, group=content[GROUP],
        items=[item for item in asked(raw) if item["id"] in answers],
        typed=_as_sent(survey, response, Sent(name, receipt)), is_open=_hindrance(survey) is None,
    )  # fmt: skip


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
        return _not_open(survey, _WHY_NOT.get(type(error), ""))
    except InvitationSpent:
        return _answered(survey)
    except (ResponseConflict, ResponseErased, NoSuchResponse):
        return _again(survey, typed)
    if not stands:
        return _again(survey, typed, sent) if _hindrance(survey) is None else _not_open(survey)
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
    if sent is None or (_SEVERAL & typed.keys() and sent.name != name):
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
        return _withdrawn()
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
        ".thanks", survey=survey.id, **sent._asdict(),
        left_out=1 if left_out else None, lang=typed.get("lang"), shared=typed.get("shared"),
    )  # fmt: skip


def _answered(survey: Survey, sent: Sent | None = None) -> str:
    """For somebody who has answered: `sent` from this browser, or with their invitation."""
    shown = {"survey": survey, "s": speech_of(survey), "sent": sent}
    return render_template("answered_here.html", by_invitation=by_invitation(survey), **shown)


def _as_sent(survey: Survey, response: Response, sent: Sent) -> Typed:
    """The fields of a form that was sent, to send it again changed."""
    raw, content = survey.published[response.survey_version - 1], response.content or {}
    answers = {**content["profile"], **content["answers"]}
    own = {"id": sent.name, "receipt": sent.receipt, GROUP: content[GROUP], CONSENT: "yes"}
    typed = _kept_query({**own, "version": str(response.survey_version)})
    typed.update(fields_of(asked(raw), answers))
    return typed


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
    if _OWN_ID.fullmatch(visit) and "receipt" not in typed:
        note_completion(web.store(), survey=survey.id, visit=visit, seconds=seconds)


def _keep(survey: Survey, typed: Typed) -> Page:
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
        else url_for(".later", survey=survey.id, lang=typed.get("lang"))
    )
    link = f"{web.settings().url}{place}#{secret}"
    return render_template(
        "kept.html",
        survey=survey, s=speech_of(survey), link=link, secret=secret, until=until.date(),
        by_invitation=invited,
    )  # fmt: skip


def _begun(survey: Survey, secret: str) -> Typed | None:
    """What was typed when somebody asked to go on later."""
    fields = web.store().partials.fields(survey.id, secret, times.now())
    return None if fields is None else Typed(fields)


def _form(survey: Survey, typed: Typed, shown: frozenset[str]) -> AnswerForm:
    """The form for the version that was before the respondent's eyes, or else the last one."""
    if not _OWN_ID.fullmatch(typed.get("id", "")):
        typed["id"] = uuid4().hex
    said = typed.get("version", "")
    known = {str(number) for number in range(1, survey.version + 1)}
    typed["version"] = said if said in known else str(survey.version)
    version = int(typed["version"])
    definition = web.store().surveys.for_answering(survey.id, version).definition
    raw = survey.published[version - 1]
    if len(raw["groups"]) == 1:
        typed[GROUP] = raw["groups"][0]
    return AnswerForm(raw, definition, typed, shown)


def _whole_form(survey: Survey, typed: Typed) -> str:
    form = _form(survey, typed, frozenset())
    return form_page(survey, form, form.asked)


def form_page(
    survey: Survey,
    form: AnswerForm,
    items: Collection[str],
    errors: Mapping[str, Advice] | None = None,
    trial: str | None = None,
) -> str:
    """`items` to fill in; everything else that was typed goes along unseen. `trial` is where test
    answers are sent."""
    follow = items is form.unasked and bool(items)
    conditional = [item.id for item in form.visible if item.visible_if is not None]
    speech = Speech(form.raw, {GROUP: form.typed.get(GROUP), **form.answers})
    return render_template(
        "answer.html",
        survey=survey,
        trial=trial,
        raw=form.raw,
        s=speech,
        form=form,
        typed=form.typed,
        sections=_sections(form, items, follow=follow),
        items=items,
        unseen=list(_unseen(form, items, follow=follow)),
        asked=[name for name in conditional if name in items or name in form.asked],
        errors=errors or {},
        follow=follow,
        left_out=[form.items[name] for name in form.left_out],
        minutes=minutes(form.raw),
        limits=limits,
        by_invitation=by_invitation(survey),
        in_order=lambda item, key: in_order(item, key, form.typed["id"]),
        model=model_of(form.raw, speech),
    )


def _sections(
    form: AnswerForm, items: Collection[str], *, follow: bool
) -> list[tuple[Raw | None, list[Raw]]]:
    """Each section with its items, the first those of none. On the whole page there are the hidden
    ones too, for the script to ask in place."""
    named: dict[Any, list[Raw]] = {None: []} | {each["id"]: [] for each in form.raw["sections"]}
    for item in form.items.values():
        if item["id"] in items or not follow:
            named[item.get("section")].append(item)
    sections: list[Raw | None] = [None, *form.raw["sections"]]
    return [(each, found) for each in sections if (found := named[each and each["id"]])]


def _unseen(
    form: AnswerForm, items: Collection[str], *, follow: bool
) -> Collection[tuple[str, str]]:
    """The fields that are not on the page to fill in."""
    seen = set() if follow else {GROUP, CONSENT}
    return [
        (name, value)
        for name, value in form.typed.items(multi=True)
        if name not in seen and (not name.startswith("a.") or name.split(".")[1] not in items)
    ]


def _own_answers(name: str, receipt: str = "", *, wrong: bool = False) -> str:
    shown = {"id": name, "receipt": receipt, "wrong": wrong, "s": speech_of(None)}
    return render_template("own_answers.html", **shown)


def _withdrawn() -> str:
    return render_template("withdrawn.html", s=speech_of(None))


def _kept_query(fields: Mapping[str, str]) -> Typed:
    """These fields, with what the page's address says of language and device."""
    named = {name: request.values[name] for name in ("lang", *_SEVERAL) if name in request.values}
    return Typed({**fields, **named})


def _not_open(survey: Survey | None, why: str = "") -> Page:
    """A kind word instead of a form."""
    if survey is None:
        shown = render_template("not_open.html", survey=None, s=speech_of(None), why="unknown")
        return shown, 404
    why = why or _hindrance(survey) or "closed"
    status = {"closed": 410, "full": 409}.get(why, 403)
    return render_template("not_open.html", survey=survey, s=speech_of(survey), why=why), status


def _hindrance(survey: Survey) -> str | None:
    """Why it cannot be answered now."""
    opens_at, closes_at = (
        survey.definition.get(key) and times.parse(survey.definition[key])
        for key in ("opens_at", "closes_at")
    )
    if survey.status == OPEN and opens_at and times.now() < opens_at:
        return "early"
    return "closed" if survey.status != OPEN or (closes_at and times.now() >= closes_at) else None
