"""The planner's builder: a survey's parts one by one, without writing its JSON."""

from collections.abc import Callable, Iterator

from flask import Blueprint, redirect, render_template, request, url_for
from marshmallow import ValidationError
from werkzeug.wrappers import Response as HttpResponse

from services.intake.builder_form import (
    LINES,
    RULES,
    WrongField,
    item_of,
    section_of,
    settings_of,
)
from services.intake.domain import builder
from services.intake.domain.condition_form import COMPARISONS, askable, lines_of
from services.intake.domain.definition import InvalidDefinition, asked
from services.intake.domain.items import TYPES
from services.intake.domain.length import advice, minutes
from services.intake.domain.survey import Survey, SurveyNotDraft
from services.intake.pages.texts import speaking
from services.intake.schemas import DefinitionSchema
from services.intake.usecases.build_survey import build_survey
from shared import web
from shared.auth import page_for, reader
from shared.problems import flattened

pages = Blueprint("building", __name__, template_folder="../templates")

Page = str | HttpResponse | tuple[str, int]
Errors = list[dict[str, str]]

_FORM = "application/x-www-form-urlencoded"
_SPARE_OPTIONS = 3
TYPE_NAMES = {
    "need": "Need: importance and satisfaction",
    "rating": "Rating",
    "nps": "Would recommend, 0 to 10",
    "single_choice": "One choice",
    "multiple_choice": "Several choices",
    "ranking": "Ranking",
    "matrix": "Table of choices",
    "number": "Number",
    "date": "Date",
    "text": "Open question",
}


@pages.get("/surveys/<name>/build")
@page_for("planner")
def build(name: str) -> str:
    """Everything that is asked, in order, with what can be done to each part."""
    return _build_page(_survey(name))


@pages.post("/surveys/<name>/build")
@web.accepts(_FORM)
@page_for("planner")
def change(name: str) -> Page:
    """Add, move, duplicate or remove one part."""
    part, verb = request.form.get("part", ""), request.form.get("do", "")
    section = request.form.get("section") or None
    made = ""

    def edit(definition: builder.Definition) -> builder.Definition:
        nonlocal made
        if verb == "add" and part in TYPES:
            item = builder.starter(definition, part, section)
            made = item["id"]
            return builder.add_item(definition, item)
        if verb == "add_section":
            made = builder.fresh_id(definition, "section")
            title = {definition["languages"][0]: part.strip() or "A new section"}
            return builder.add_section(definition, {"id": made, "title": title})
        return _EDITS[verb](definition, part) if verb in _EDITS else definition

    return _edited(name, edit, lambda survey: _to_part(survey, made or part, is_new=verb == "add"))


_EDITS: dict[str, Callable[[builder.Definition, str], builder.Definition]] = {
    "duplicate": builder.duplicate_item,
    "remove": builder.remove_item,
    "up": lambda definition, part: builder.move_item(definition, part, -1),
    "down": lambda definition, part: builder.move_item(definition, part, 1),
    "remove_section": builder.remove_section,
    "section_up": lambda definition, part: builder.move_section(definition, part, -1),
    "section_down": lambda definition, part: builder.move_section(definition, part, 1),
}


@pages.get("/surveys/<name>/items/<part>")
@page_for("planner")
def item(name: str, part: str) -> Page:
    """One question."""
    survey = _survey(name)
    found = _part_of(survey, "items", part)
    return _item_page(survey, part, found) if found else _gone(survey)


@pages.post("/surveys/<name>/items/<part>")
@web.accepts(_FORM)
@page_for("planner")
def save_item(name: str, part: str) -> Page:
    """Write it over."""
    survey = _survey(name)
    try:
        typed = item_of(_typed(), survey.being_written)
    except WrongField as error:
        found = _part_of(survey, "items", part) or {}
        errors = [{"field": error.field, "message": str(error)}]
        return _item_page(survey, part, found, errors), 422

    def edit(definition: builder.Definition) -> builder.Definition:
        before = _found(definition["items"], part)
        for field, key in RULES.items():  # a rule that no form can say stays as it is
            if request.form.get(f"{field}.keep") and before and key in before:
                typed[key] = before[key]
        return builder.replace_item(definition, part, typed)

    return _edited(
        name,
        edit,
        lambda _: redirect(url_for(".build", name=name, _anchor=typed.get("id", part)), 303),
        lambda errors: _item_page(survey, part, typed, errors),
    )


@pages.get("/surveys/<name>/sections/<part>")
@page_for("planner")
def section(name: str, part: str) -> Page:
    """One section."""
    survey = _survey(name)
    found = _part_of(survey, "sections", part)
    return _section_page(survey, part, found) if found else _gone(survey)


@pages.post("/surveys/<name>/sections/<part>")
@web.accepts(_FORM)
@page_for("planner")
def save_section(name: str, part: str) -> Page:
    survey = _survey(name)
    try:
        typed = section_of(_typed(), survey.being_written)
    except WrongField as error:
        found = _part_of(survey, "sections", part) or {}
        errors = [{"field": error.field, "message": str(error)}]
        return _section_page(survey, part, found, errors), 422
    typed["id"] = part
    return _edited(
        name,
        lambda definition: builder.replace_section(definition, part, typed),
        lambda _: redirect(url_for(".build", name=name, _anchor=part), 303),
        lambda errors: _section_page(survey, part, typed, errors),
    )


@pages.get("/surveys/<name>/settings")
@page_for("planner")
def settings(name: str) -> Page:
    """Who is asked, when, and what they are told first."""
    survey = _survey(name)
    return _settings_page(survey, survey.being_written)


@pages.post("/surveys/<name>/settings")
@web.accepts(_FORM)
@page_for("planner")
def save_settings(name: str) -> Page:
    survey = _survey(name)
    typed = settings_of(_typed(), survey.being_written)

    def edit(definition: builder.Definition) -> builder.Definition:
        kept = {k: definition[k] for k in ("items", "sections", "synthetic") if k in definition}
        return typed | kept

    return _edited(
        name,
        edit,
        lambda _: redirect(url_for(".build", name=name), 303),
        lambda errors: _settings_page(survey, typed, errors),
    )


def _edited(
    name: str,
    edit: builder.Edit,
    then: Callable[[Survey], HttpResponse],
    again: Callable[[Errors], str] | None = None,
) -> Page:
    """Apply `edit`, or show `again` with what is wrong; nothing is half changed."""

    def checked(definition: builder.Definition) -> builder.Definition:
        loaded: builder.Definition = DefinitionSchema().load(edit(definition))
        return loaded

    try:
        saved = build_survey(web.store(), unit=reader().unit, name=name, edit=checked)
    except ValidationError as error:
        errors = flattened(error.messages)
    except InvalidDefinition as error:
        errors = error.errors
    except builder.NoSuchPart as error:
        errors = [{"field": "", "message": str(error)}]
    except SurveyNotDraft as error:
        errors = [{"field": "", "message": str(error)}]
    else:
        return then(saved)
    page = again or (lambda wrong: _build_page(_survey(name), wrong))
    return page(errors), 422


def _to_part(survey: Survey, part: str, *, is_new: bool) -> HttpResponse:
    if is_new:
        return redirect(url_for(".item", name=survey.id, part=part), 303)
    return redirect(url_for(".build", name=survey.id, _anchor=part), 303)


def _gone(survey: Survey) -> Page:
    return redirect(url_for(".build", name=survey.id), 303)


def _typed() -> Iterator[tuple[str, str]]:
    return ((name, value) for name, value in request.form.items() if name != "form_token")


def _build_page(survey: Survey, errors: Errors | None = None) -> str:
    definition = survey.being_written
    named: dict[str, list[builder.Raw]] = {"": []}
    named |= {section["id"]: [] for section in definition["sections"]}
    for each in asked(definition):
        named[each.get("section") or ""].append(each)
    return render_template(
        "build.html",
        survey=survey,
        definition=definition,
        say=speaking(survey),
        by_section=named,
        types=TYPE_NAMES,
        minutes=minutes(definition),
        advice=advice(definition),
        errors=errors or [],
    )


def _item_page(survey: Survey, part: str, item: builder.Raw, errors: Errors | None = None) -> str:
    definition = survey.being_written
    order = [each["id"] for each in asked(definition)]
    before = asked(definition)[: order.index(part) if part in order else len(order)]
    published = any(_found(each["items"], part) for each in survey.published)
    conditions = {
        "visible": ("Show it only if", lines_of(item.get("visible_if"))),
        "required_when": ("Needs an answer if", lines_of(item.get("required_if"))),
        "valid": ("Take its answer only if", lines_of(item.get("valid_if"))),
    }
    named = askable(definition, before)
    return render_template(
        "build_item.html",
        survey=survey,
        definition=definition,
        say=speaking(survey),
        part=part,
        item=item,
        published=published,
        spare=_SPARE_OPTIONS,
        types=TYPE_NAMES,
        conditions=conditions,
        askable=named,
        askable_here=[*named, *askable(definition, [item])[1:]] if item.get("id") else named,
        comparisons=COMPARISONS,
        lines=LINES,
        errors=_by_field(definition, part, errors),
    )


def _section_page(
    survey: Survey, part: str, section: builder.Raw, errors: Errors | None = None
) -> str:
    definition = survey.being_written
    first = next((i for i, e in enumerate(asked(definition)) if e.get("section") == part), None)
    return render_template(
        "build_section.html",
        survey=survey,
        definition=definition,
        say=speaking(survey),
        part=part,
        section=section,
        conditions={"visible": ("Show it only if", lines_of(section.get("visible_if")))},
        askable=askable(definition, asked(definition)[:first]),
        comparisons=COMPARISONS,
        lines=LINES,
        errors=_by_field(definition, part, errors),
    )


def _settings_page(survey: Survey, definition: builder.Raw, errors: Errors | None = None) -> str:
    return render_template(
        "build_settings.html",
        survey=survey,
        definition=definition,
        say=speaking(survey),
        errors={each["field"]: each["message"] for each in errors or ()},
    )


def _by_field(definition: builder.Raw, part: str, errors: Errors | None) -> dict[str, str]:
    """What is wrong with this part by its form's field; with another, by that one's path."""
    named = {}
    for error in errors or ():
        kind, _, rest = error["field"].partition(".")
        number, _, key = rest.partition(".")
        own = kind in {"items", "sections"} and number.isdecimal()
        of = (
            definition[kind][int(number)]["id"]
            if own and int(number) < len(definition[kind])
            else ""
        )
        named[key if of == part else error["field"]] = error["message"]
    return named


def _part_of(survey: Survey, kind: str, part: str) -> builder.Raw | None:
    return _found(survey.being_written[kind], part)


def _found(parts: list[builder.Raw], part: str) -> builder.Raw | None:
    return next((each for each in parts if each["id"] == part), None)


def _survey(name: str) -> Survey:
    found: Survey = web.store().surveys.get(reader().unit, name)
    return found
