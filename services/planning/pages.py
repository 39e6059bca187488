"""Planning's pages: ranked needs in plain words, proposals and decisions on them, goals."""

from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any
from uuid import uuid4

from flask import Blueprint, redirect, render_template, request, url_for
from marshmallow import ValidationError
from werkzeug.wrappers import Response

from services.planning import plain
from services.planning.domain.draft import pooled, told_together
from services.planning.domain.goal import InstitutionalGoal, UnknownGoal
from services.planning.domain.measures import UnfitMeasures
from services.planning.domain.proposal import (
    AlreadyDecided,
    NotAccepted,
    NotReadyToAccept,
    Proposal,
)
from services.planning.schemas import DecisionSchema, EditSchema, InstitutionalGoalSchema
from services.planning.store.proposals import place
from services.planning.usecases.add_institutional_goal import add_institutional_goal
from services.planning.usecases.adopt_goal import adopt_goal
from services.planning.usecases.decide_proposal import decide_proposal
from services.planning.usecases.draft_proposals import draft_proposals
from services.planning.usecases.edit_proposal import edit_proposal
from services.planning.usecases.rank_needs import rank_needs
from services.planning.usecases.read_evidence import evidence_of, read_evidence
from shared import paging
from shared.auth import page_for, reader
from shared.problems import flattened
from shared.web import accepts, store, takes_query

pages = Blueprint("pages", __name__, template_folder="templates")

Page = str | Response | tuple[str, int]

READERS = ("planner", "administrator")
_FORM = "application/x-www-form-urlencoded"
_LONG = 10
_TOP = 3
_MOST = 500
_REFUSALS = (AlreadyDecided, NotAccepted, NotReadyToAccept, UnknownGoal)


class SomebodyWasFaster(Exception):
    """The form was filled in before somebody else's change."""

    def __init__(self) -> None:
        super().__init__("Somebody changed this meanwhile. Look at it again, then send once more.")


for each in (
    plain.label,
    plain.naming,
    plain.ordinal,
    plain.percent,
    plain.place,
    plain.title_of,
    plain.together,
    plain.words,
):
    pages.add_app_template_filter(each)


@pages.get("/")
@takes_query("cursor")
@page_for(*READERS)
def surveys() -> str:
    """Surveys that planning knows of."""
    after = paging.after(request.args.get("cursor"))
    known = store().surveys.page(reader().unit, after=after, limit=_LONG + 1)
    page = paging.page("surveys", known, _LONG, lambda each: each.id, lambda each: each)
    listed = [evidence_of(store(), each, each.survey) for each in page["surveys"] if each.survey]
    return render_template(
        "planning_surveys.html", surveys=listed, next=page["next"], first=after is None
    )


@pages.get("/surveys/<survey_id>")
@takes_query("group")
@page_for(*READERS)
def survey(survey_id: str) -> Response:
    """Ranked needs, for everybody or for one group. Of a survey that has closed, the page looks
    again until proposals were drafted."""
    unit, group = reader().unit, request.args.get("group") or None
    evidence = read_evidence(store(), unit, survey_id)
    needs = [asdict(each) for each in rank_needs(store(), unit, survey_id, group)]
    tables = evidence.tables
    sizes = {name: tables.stratum(name).respondents for name in evidence.survey.groups}
    wanted = {"survey": survey_id, "status": "draft", "group": None}
    drafting = evidence.seal is not None and evidence.drafted_for != evidence.seal.number
    shown = render_template(
        "needs.html",
        drafts=store().proposals.page(unit, wanted, after=None, limit=_TOP),
        drafting=drafting,
        evidence=evidence,
        survey=evidence.survey,
        synthetic=evidence.survey.synthetic,
        items={item.id: item for item in evidence.survey.items},
        pools=told_together(pooled(evidence.survey, tables), evidence.survey.minimum_group_size),
        needs=needs,
        bars=plain.bars(needs),
        group=group,
        sizes=sizes,
    )
    return Response(shown, headers={"Refresh": "1"} if drafting else None, mimetype="text/html")


@pages.post("/surveys/<survey_id>/proposals")
@accepts(_FORM)
@page_for("planner")
def draft_now(survey_id: str) -> Response:
    """Draft proposals from the answers that are there now."""
    draft_proposals(store(), reader().unit, survey_id)
    return redirect(url_for("pages.proposals", survey=survey_id), 303)


@pages.get("/proposals")
@takes_query("survey", "status", "cursor")
@page_for(*READERS)
def proposals() -> str:
    """Proposals, highest priority first."""
    unit, args = reader().unit, request.args
    wanted = {name: args.get(name) or None for name in ("survey", "status")}
    after = paging.after(args.get("cursor"))
    found = store().proposals.page(unit, {**wanted, "group": None}, after=after, limit=_LONG + 1)
    page = paging.page("proposals", found, _LONG, place, lambda each: each)
    known = store().surveys.page(unit, after=None, limit=_MOST)
    surveys = {each.id: each.survey for each in known if each.survey is not None}
    return render_template(
        "proposals.html",
        **page,
        first=after is None,
        wanted=wanted,
        surveys=surveys,
        item_of=plain.item_of,
        statuses=plain.STATUSES,
    )


@pages.get("/proposals/<proposal_id>")
@page_for(*READERS)
def proposal(proposal_id: str) -> str:
    return _proposal_page(store().proposals.get(proposal_id, reader().unit))


@pages.post("/proposals/<proposal_id>/edit")
@accepts(_FORM)
@page_for("planner")
def edit(proposal_id: str) -> Page:
    """Owner, institutional goals, objective, and the first measure's target and day."""

    def change() -> None:
        form = request.form
        found = store().proposals.get(proposal_id, reader().unit)
        fields: dict[str, Any] = {
            "objective": form.get("objective", ""),
            "owner": form.get("owner", "").strip() or None,
            "institutional_goals": form.getlist("institutional_goals"),
        }
        if found.measures:
            fields["measures"] = _measures(found)
        edit_proposal(
            store(), reader().unit, proposal_id, EditSchema().load(fields),
            who=reader().name, check=_unchanged,
        )  # fmt: skip

    return _tried(proposal_id, "edit", change)


def _measures(found: Proposal) -> list[dict[str, Any]]:
    """With the first one's target and day as typed. The form shows a target to two decimals:
    sending that back leaves it as exact as it is."""
    first, *others = map(asdict, found.measures)
    target = request.form.get("target", "")
    if first["target"] is None or target != f"{first['target']:.2f}":
        first["target"] = target or None
    return [first | {"due": request.form.get("due", "")}, *others]


@pages.post("/proposals/<proposal_id>/decision")
@accepts(_FORM)
@page_for("planner")
def decide(proposal_id: str) -> Page:
    def change() -> None:
        fields = {name: request.form.get(name, "") for name in ("decision", "reason")}
        said = DecisionSchema().load(fields)
        decide_proposal(
            store(), reader().unit, proposal_id, **said, who=reader().name, check=_unchanged
        )

    return _tried(proposal_id, "decision", change)


@pages.post("/proposals/<proposal_id>/adoption")
@accepts(_FORM)
@page_for("planner")
def adopt(proposal_id: str) -> Page:
    def change() -> None:
        adopt_goal(store(), reader().unit, proposal_id, who=reader().name, check=_unchanged)

    return _tried(proposal_id, "adoption", change)


@pages.get("/goals")
@page_for(*READERS)
def goals() -> str:
    return _goals_page()


@pages.post("/goals")
@accepts(_FORM)
@page_for("planner")
def add_goal() -> Page:
    """The form carries the goal's id, so that sending it twice adds one goal."""
    fields = {name: request.form.get(name, "") for name in ("title", "weight", "period")}
    try:
        loaded = InstitutionalGoalSchema().load(fields)
    except ValidationError as error:
        return _goals_page(flattened(error.messages)), 422
    name = request.form.get("id", "")[:32] or uuid4().hex
    add_institutional_goal(store(), InstitutionalGoal(unit=reader().unit, id=name, **loaded))
    return redirect(url_for("pages.goals"), 303)


def _unchanged(found: Proposal) -> None:
    if str(found.revision) != request.form.get("revision"):
        raise SomebodyWasFaster


def _tried(proposal_id: str, form: str, change: Callable[[], None]) -> Page:
    """On to the proposal, or back to the form with what is missing and all that was typed."""
    try:
        change()
    except ValidationError as error:
        wrong = flattened(error.messages)
    except UnfitMeasures as error:
        wrong = [{"field": "", "message": each["message"]} for each in error.errors]
    except (*_REFUSALS, SomebodyWasFaster) as error:
        wrong = [{"field": "", "message": str(error)}]
    else:
        return redirect(url_for("pages.proposal", proposal_id=proposal_id, _anchor=form), 303)
    found = store().proposals.get(proposal_id, reader().unit)
    return _proposal_page(found, form, wrong, request.form), 422


def _proposal_page(
    found: Proposal,
    form: str = "",
    wrong: list[dict[str, str]] | None = None,
    typed: Mapping[str, Any] | None = None,
) -> str:
    unit = found.unit
    known = store().surveys.get(found.evidence.survey, unit)
    survey = known.survey if known else None
    goals = store().goals.all(unit)
    rows = found.evidence.items
    return render_template(
        "proposal.html",
        proposal=found,
        survey=survey,
        item=plain.item_of(found, survey),
        synthetic=found.evidence.synthetic,
        survey_title=plain.title_of(survey) if survey else found.evidence.survey,
        pools={each["group"]: each for each in found.evidence.pools},
        unknown_parts=plain.unknown_parts(found.score),
        moved_by_goals=plain.moved_by_goals(found.score),
        goals=goals,
        served=[goals[name].title for name in found.institutional_goals if name in goals],
        rows=rows,
        bars=plain.bars(rows),
        history=[plain.entry(each, goals) for each in reversed(found.history)],
        form=form,
        wrong=wrong or [],
        typed=typed or {},
    )


def _goals_page(errors: list[dict[str, str]] | None = None) -> str:
    found = sorted(
        store().goals.all(reader().unit).values(), key=lambda each: (each.period, -each.weight)
    )
    totals: dict[str, float] = {}
    for each in found:
        totals[each.period] = totals.get(each.period, 0) + each.weight
    return render_template(
        "goals.html", goals=found, totals=totals, errors=errors or [], new_id=uuid4().hex
    )
