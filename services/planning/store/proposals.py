"""Proposals, every version of them, and what was done with each."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict
from itertools import chain, combinations

from pymongo.database import Database

from services.planning.domain.proposal import Entry, Evidence, Measure, Proposal
from services.planning.domain.refusal import Refusal
from services.planning.domain.score import Component, Score
from shared.documents import AlreadyThere, Document, Documents, NotThere
from shared.event import Event

SCHEMA = 1
FILTERS = {"survey": "evidence.survey", "group": "group", "status": "status"}


class NoSuchProposal(Refusal):
    """Missing, or another unit's, which looks the same from outside."""


def place(proposal: Proposal) -> str:
    """Where it stands in the order of priority, as text that sorts; unique."""
    return f"{100 - proposal.score.total:020.15f}:{proposal.id}"


class Proposals:
    """Every version of a proposal is a document of its own. Read by priority, highest first."""

    def __init__(self, database: Database[Document]) -> None:
        self.documents = Documents(database["proposals"])

    def ensure_indexes(self) -> None:
        """One for each way to filter: an index must cover the whole of a filter to be used."""
        subsets = (combinations(FILTERS.values(), size) for size in range(len(FILTERS) + 1))
        self.documents.ensure_indexes(
            *(("unit", *names, "order") for names in chain.from_iterable(subsets)),
            ("unit", "evidence.survey", "group", "item", "-version"),
        )

    def add(self, proposal: Proposal) -> None:
        """Store it. Does nothing if this version is there already."""
        document = {"_id": proposal.id, "schema": SCHEMA, **_fields(proposal)}
        try:
            self.documents.insert(document)
        except AlreadyThere:
            return

    def get(self, name: str, unit: str) -> Proposal:
        """Raises NoSuchProposal."""
        document = self.documents.get(name)
        if document is None or document["unit"] != unit:
            raise NoSuchProposal
        return _proposal(document)

    def latest(self, unit: str, survey: str, group: str | None, item: str) -> Proposal | None:
        wanted = {"unit": unit, "evidence.survey": survey, "group": group, "item": item}
        found = self.documents.collection.find(wanted).sort("version", -1).limit(1)
        return next(map(_proposal, found), None)

    def page(
        self, unit: str, wanted: Mapping[str, str | None], *, after: str | None, limit: int
    ) -> list[Proposal]:
        """Those with the `wanted` survey, group and status (None: any), after a `place`."""
        query: Document = {"unit": unit, "order": {"$gt": after or ""}}
        query |= {FILTERS[name]: value for name, value in wanted.items() if value is not None}
        found = self.documents.collection.find(query).sort("order", 1).limit(limit)
        return [_proposal(each) for each in found]

    def update(
        self,
        name: str,
        unit: str,
        change: Callable[[Proposal], Proposal],
        announce: Callable[[Proposal], Iterable[Event]] = lambda _: (),
    ) -> Proposal:
        """Read, apply the rule, store with the events.

        Raises NoSuchProposal, and what the rule raises.
        """
        changed: list[Proposal] = []

        def edit(document: Document) -> Sequence[Event]:
            if document["unit"] != unit:
                raise NoSuchProposal
            before = _proposal(document)
            after = change(before)
            changed[:] = [after]
            if after == before:
                return ()
            document.update(_fields(after))
            return tuple(announce(after))

        try:
            self.documents.update(name, edit)
        except NotThere:
            raise NoSuchProposal from None
        return changed[0]


def _fields(proposal: Proposal) -> Document:
    fields = asdict(proposal)
    del fields["id"]
    return {**fields, "revision": proposal.revision, "order": place(proposal)}


def _proposal(document: Document) -> Proposal:
    fields = {name: document[name] for name in Proposal.__dataclass_fields__ if name != "id"}
    score = fields["score"]
    sensitivity = score["sensitivity"]
    evidence = fields["evidence"]
    fields |= {
        "score": Score(
            **{
                **score,
                "components": tuple(_component(each) for each in score["components"]),
                "sensitivity": None if sensitivity is None else tuple(sensitivity),
            }
        ),
        "evidence": Evidence(
            **{
                **evidence,
                "items": tuple(evidence["items"]),
                "dissenting_groups": tuple(evidence["dissenting_groups"]),
                "pools": tuple(evidence.get("pools", ())),
            }
        ),
        "measures": tuple(Measure(**each) for each in fields["measures"]),
        "institutional_goals": tuple(fields["institutional_goals"]),
        "initiatives": tuple(fields["initiatives"]),
        "history": tuple(Entry(**each) for each in fields["history"]),
    }
    return Proposal(id=document["_id"], **fields)


def _component(fields: Document) -> Component:
    ends = fields["value_ci95"]
    return Component(**{**fields, "value_ci95": None if ends is None else tuple(ends)})
