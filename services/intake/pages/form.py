"""A survey's form as a page, and the page in its place where it cannot be answered now."""

import re
from collections.abc import Collection, Mapping
from typing import Any
from uuid import uuid4

from flask import render_template, request

from services.intake.answer_fields import Typed
from services.intake.answer_form import CONSENT, Advice, AnswerForm, limits
from services.intake.domain.definition import GROUP
from services.intake.domain.items import Raw
from services.intake.domain.length import minutes
from services.intake.domain.survey import Survey, why_not_now
from services.intake.pages.invited import by_invitation
from services.intake.pages.model import model_of
from services.intake.pages.texts import Speech, in_order, speech_of
from shared import times, web

OWN_ID = re.compile(r"[0-9a-f]{32}")
# In the address of a form where more than one person answers on a device.
SEVERAL = frozenset({"another", "shared"})


def form_of(survey: Survey, typed: Typed, shown: frozenset[str]) -> AnswerForm:
    """The form for the version that was before the respondent's eyes, or else the last one."""
    if not OWN_ID.fullmatch(typed.get("id", "")):
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


def whole_form(survey: Survey, typed: Typed) -> str:
    form = form_of(survey, typed, frozenset())
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


def kept_query(fields: Mapping[str, str]) -> Typed:
    """These fields, with what the page's address says of language and device."""
    named = {name: request.values[name] for name in ("lang", *SEVERAL) if name in request.values}
    return Typed({**fields, **named})


def not_open(survey: Survey | None, why: str = "") -> tuple[str, int]:
    """A kind word instead of a form."""
    if survey is None:
        shown = render_template("not_open.html", survey=None, s=speech_of(None), why="unknown")
        return shown, 404
    why = why or hindrance(survey) or "closed"
    status = {"closed": 410, "full": 409}.get(why, 403)
    return render_template("not_open.html", survey=survey, s=speech_of(survey), why=why), status


def hindrance(survey: Survey) -> str | None:
    """Why it cannot be answered now."""
    return why_not_now(survey.status, survey.definition, times.now())
