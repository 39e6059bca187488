"""Count recorded outcomes in the years to which they belong: as each is told of, or all again from
their documents."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

from services.metrics.domain.period import Period
from services.metrics.store import Store
from services.metrics.store.heads import outcomes_head
from services.metrics.store.outcomes import content_of
from shared import times
from shared.chunks import INSERTS
from shared.contributions import Contribution
from shared.documents import Document


def fold_outcomes(store: Store, said: Sequence[tuple[str, str, Mapping[str, Any]]]) -> None:
    """What was said of outcomes: unit, id, and {metric, revision, at, before, after}. When this
    returns, its effect is durable; what was folded before changes nothing."""
    store.heads.fold.apply(part for each in said for part in _contributions(*each))


def fold_outcomes_again(store: Store) -> int:
    """Fold what the documents say, as if it had never been told; answers how many there are."""
    documents, folded = store.outcomes.all(), 0
    while some := list(islice(documents, INSERTS)):
        fold_outcomes(store, [said for document in some for said in _as_said(document)])
        folded += len(some)
    return folded


def _contributions(unit: str, name: str, said: Mapping[str, Any]) -> Iterator[Contribution]:
    """One a head: a graduate whose class was corrected leaves one and joins one."""
    years = {
        Period.parse(said[part]["period"]).year: said[part] if part == "after" else None
        for part in ("before", "after")
        if said[part]
    }
    for year, content in years.items():
        yield Contribution(
            head=outcomes_head(unit, said["metric"], year),
            unit=unit,
            member=name,
            revision=said["revision"],
            at=said["at"],
            body=content,
        )


def _as_said(document: Document) -> Iterator[tuple[str, str, dict[str, Any]]]:
    said = {"metric": document["metric"], "at": times.rfc3339(document["recorded_at"])}
    now = said | {"revision": document["revision"], "before": None, "after": content_of(document)}
    yield document["unit"], document["_id"], now
    for left in document.get("left", ()):
        gone = said | {"revision": left["revision"], "before": left, "after": None}
        yield document["unit"], document["_id"], gone
