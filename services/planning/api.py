"""Planning over HTTP: ranked needs, proposals, decisions, the institution's goals."""

from dataclasses import asdict
from typing import Any

from services.planning.domain.goal import InstitutionalGoal, UnknownGoal
from services.planning.domain.measures import UnfitMeasures
from services.planning.domain.proposal import (
    AlreadyDecided,
    NotAccepted,
    NotReadyToAccept,
    Proposal,
)
from services.planning.schemas import (
    DecisionSchema,
    EditSchema,
    InstitutionalGoalSchema,
    NeedsQuerySchema,
    ProposalsQuerySchema,
)
from services.planning.store.proposals import NoSuchProposal, place
from services.planning.store.surveys import KnownSurvey, NoSuchSurvey
from services.planning.usecases.add_institutional_goal import GoalExists, add_institutional_goal
from services.planning.usecases.adopt_goal import adopt_goal
from services.planning.usecases.decide_proposal import decide_proposal
from services.planning.usecases.draft_proposals import draft_proposals
from services.planning.usecases.edit_proposal import edit_proposal
from services.planning.usecases.rank_needs import UnknownGroup, rank_needs
from services.planning.usecases.read_evidence import EvidenceNow, read_evidence
from shared import paging, times
from shared.auth import reader, requires
from shared.paging import PageSchema
from shared.problems import Problem, Rules, invalid, not_found
from shared.web import Blueprint, check_if_match, creation_id, store

blueprint = Blueprint("planning", __name__, url_prefix="/v1", description=__doc__)

RULES: Rules = {
    NoSuchProposal: lambda _: not_found("proposal"),
    NoSuchSurvey: lambda _: not_found("survey"),
    AlreadyDecided: lambda error: Problem(409, "already-decided", str(error)),
    NotAccepted: lambda error: Problem(409, "not-accepted", str(error)),
    NotReadyToAccept: lambda error: Problem(409, "not-ready-to-accept", str(error)),
    UnfitMeasures: lambda error: invalid(error.errors),
    UnknownGoal: lambda error: _at_fault("institutional_goals", error),
    UnknownGroup: lambda error: _at_fault("group", error),
    GoalExists: lambda error: Problem(422, "idempotency-key-reused", str(error)),
}

READERS = ("planner", "administrator")
Json = dict[str, Any]


@blueprint.get("/surveys")
@requires(*READERS)
@blueprint.arguments(PageSchema(), location="query")
def list_surveys(query: Json) -> Json:
    """Surveys that planning knows of."""
    surveys = store().surveys.page(
        reader().unit, after=paging.after(query["cursor"]), limit=query["limit"] + 1
    )
    return paging.page("surveys", surveys, query["limit"], lambda each: each.id, _survey_line)


@blueprint.get("/surveys/<survey_id>")
@requires(*READERS)
def get_survey(survey_id: str) -> Json:
    """What planning holds of a survey, and whether that is what intake closed with."""
    return _survey_json(read_evidence(store(), reader().unit, survey_id))


@blueprint.get("/surveys/<survey_id>/needs")
@requires(*READERS)
@blueprint.arguments(NeedsQuerySchema(), location="query")
def list_needs(query: Json, survey_id: str) -> Json:
    """Ranked needs with their evidence, for everybody or for one group."""
    unit = reader().unit
    needs = rank_needs(store(), unit, survey_id, query["group"])
    synthetic = read_evidence(store(), unit, survey_id).survey.synthetic
    return {"needs": [asdict(need) for need in needs], "synthetic": synthetic, "next": None}


@blueprint.post("/surveys/<survey_id>/proposals")
@requires("planner")
def draft_now(survey_id: str) -> Json:
    """Draft proposals from the answers that are there now."""
    proposals = draft_proposals(store(), reader().unit, survey_id)
    return {"proposals": [_proposal_json(each) for each in proposals], "next": None}


@blueprint.get("/proposals")
@requires(*READERS)
@blueprint.arguments(ProposalsQuerySchema(), location="query")
def list_proposals(query: Json) -> Json:
    """Proposals, highest priority first."""
    limit, after = query.pop("limit"), paging.after(query.pop("cursor"))
    found = store().proposals.page(reader().unit, query, after=after, limit=limit + 1)
    return paging.page("proposals", found, limit, place, _proposal_json)


@blueprint.get("/proposals/<proposal_id>")
@requires(*READERS)
def get_proposal(proposal_id: str) -> Json:
    """One version of a proposal, with all it rests on."""
    return _proposal_json(store().proposals.get(proposal_id, reader().unit))


@blueprint.patch("/proposals/<proposal_id>")
@requires("planner")
@blueprint.arguments(EditSchema)
def edit(change: Json, proposal_id: str) -> Json:
    """Set owner, institutional goals, title, objective or measures before a decision."""
    return _proposal_json(
        edit_proposal(
            store(), reader().unit, proposal_id, change, who=reader().name, check=_as_last_seen
        )
    )


@blueprint.post("/proposals/<proposal_id>/decisions")
@requires("planner")
@blueprint.arguments(DecisionSchema)
def decide(decision: Json, proposal_id: str) -> Json:
    """Accept, reject, defer or request changes, with the reason."""
    return _proposal_json(
        decide_proposal(
            store(),
            reader().unit,
            proposal_id,
            decision=decision["decision"],
            reason=decision["reason"],
            who=reader().name,
            check=_as_last_seen,
        )
    )


@blueprint.post("/proposals/<proposal_id>/adoption")
@requires("planner")
def adopt(proposal_id: str) -> Json:
    """Adopt an accepted proposal as a goal."""
    return _proposal_json(
        adopt_goal(store(), reader().unit, proposal_id, who=reader().name, check=_as_last_seen)
    )


@blueprint.get("/proposals/<proposal_id>/history")
@requires(*READERS)
def get_history(proposal_id: str) -> Json:
    """Who did what, when and why, oldest first."""
    proposal = store().proposals.get(proposal_id, reader().unit)
    return {"history": _proposal_json(proposal)["history"], "next": None}


@blueprint.post("/institutional-goals")
@requires("planner")
@blueprint.arguments(InstitutionalGoalSchema)
def add_goal(goal: Json) -> tuple[Json, int]:
    """Add a goal of the institution, with its weight among the goals of its period."""
    added = InstitutionalGoal(unit=reader().unit, id=creation_id(), **goal)
    return _goal_json(add_institutional_goal(store(), added)), 201


@blueprint.get("/institutional-goals")
@requires(*READERS)
@blueprint.arguments(PageSchema(), location="query")
def list_goals(query: Json) -> Json:
    """Goals of the institution."""
    goals = store().goals.page(
        reader().unit, after=paging.after(query["cursor"]), limit=query["limit"] + 1
    )
    name = "institutional_goals"
    return paging.page(name, goals, query["limit"], lambda each: each.id, _goal_json)


def _at_fault(field: str, error: Exception) -> Problem:
    return invalid([{"field": field, "message": str(error)}])


def _as_last_seen(proposal: Proposal) -> None:
    check_if_match(_proposal_json(proposal))


def _survey_line(known: KnownSurvey) -> Json:
    survey, seal = known.survey, known.seal
    return {
        "id": known.id,
        "version": survey.version if survey else None,
        "title": survey.title if survey else None,
        "synthetic": survey.synthetic if survey else None,
        "closed_at": times.rfc3339(seal.closed_at) if seal else None,
        "drafted": dict(known.drafted) or None,
    }


def _survey_json(evidence: EvidenceNow) -> Json:
    survey, seal, tables = evidence.survey, evidence.seal, evidence.tables
    groups = dict.fromkeys((*survey.groups, *tables.groups))
    return {
        "id": survey.id,
        "version": survey.version,
        "title": survey.title,
        "synthetic": survey.synthetic,
        "minimum_group_size": survey.minimum_group_size,
        "n": evidence.count,
        "n_by_group": {group: tables.stratum(group).respondents for group in groups},
        "misread_answers": tables.stratum().misread,
        "evidence_hash": evidence.hash,
        "expected": seal.count if seal else None,
        "closed_at": times.rfc3339(seal.closed_at) if seal else None,
        "complete": evidence.complete if seal else None,
    }


def _proposal_json(proposal: Proposal) -> Json:
    fields = asdict(proposal)
    del fields["unit"]
    fields["revision"] = proposal.revision
    fields["evidence"]["cut_off"] = times.rfc3339(proposal.evidence.cut_off)
    for entry, shown in zip(proposal.history, fields["history"], strict=True):
        shown["at"] = times.rfc3339(entry.at)
    return fields


def _goal_json(goal: InstitutionalGoal) -> Json:
    return {"id": goal.id, "title": goal.title, "weight": goal.weight, "period": goal.period}
