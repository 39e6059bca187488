"""What each message contributed: a row a member, a step a revision, and which batches folded it.

A member is what may be revised: a response, an outcome. Its row holds, for each revision that
came, the body and the batches that brought it. A batch that was folded leaves a manifest of the
steps it folded and the version it made; a step is done when a manifest of one of its batches lists
it, or the head's last batch does. Which revision stands follows from that alone: the highest that
is done. Nothing marks a row as done, so the common path, a new member, is one insert.

Rows keep bodies, so that heads can be folded again from the beginning. Those of a member that is
gone are forgotten: only that it was there, and in which revision it went, is kept.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from typing import Any

import orjson
from pymongo.database import Database
from pymongo.errors import DuplicateKeyError

from shared.chunks import FEW, LOOKUPS, chunks
from shared.documents import Document, insert_new

# The revision of an erasure: nothing that arrives after it can be newer.
ERASED = 2**31 - 1

Body = dict[str, Any]


@dataclass(frozen=True)
class Contribution:
    """What one revision of a member says to one head.

    `body` is JSON, or None when the member is gone from the head. `at` is when it was said.
    """

    head: str
    unit: str
    member: str
    revision: int
    at: str
    body: Body | None

    @cached_property
    def row(self) -> str:
        return _row(self.head, self.member)

    @property
    def step(self) -> str:
        return f"{self.row}:{self.revision}"

    def as_dict(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self.__dataclass_fields__}


@dataclass(frozen=True)
class Kept:
    """A step as its row keeps it. The body is None also when it was forgotten, and so is the name
    of a member that was erased."""

    row: str
    member: str | None
    revision: int
    at: str
    body: Body | None

    @property
    def step(self) -> str:
        return f"{self.row}:{self.revision}"


@dataclass(frozen=True)
class Departure:
    """A member whose body was in the head from version `since` on, and from `until` on no more."""

    row: str
    since: int
    until: int


@dataclass(frozen=True)
class Batch:
    """What one fold folded: its mark, the version it made, and the steps."""

    mark: str
    v: int
    steps: tuple[str, ...]


class Contributions:
    """The rows and manifests of one service."""

    def __init__(self, database: Database[Document]) -> None:
        self._rows = database["contributions"]
        self._manifests = database["folded_batches"]

    def ensure_indexes(self) -> None:
        self._manifests.create_index([("head", 1), ("v", 1)])

    def insert(self, batch: Sequence[Contribution], mark: str) -> set[int]:
        """Keep rows for members that have none; answers the positions of those that have one."""
        rows = [
            {
                "_id": c.row,
                "member": c.member,
                "steps": {str(c.revision): _step(c) | {"batches": [mark]}},
            }
            for c in batch
        ]
        return insert_new(self._rows, rows)

    def tag(self, contribution: Contribution, mark: str) -> None:
        """Keep the step in the row that is there, and that this batch brought it."""
        step = f"steps.{contribution.revision}"
        kept = {f"{step}.{name}": value for name, value in _step(contribution).items()}
        change = {"$set": kept, "$addToSet": {f"{step}.batches": mark}}
        self._rows.update_one({"_id": contribution.row}, change)

    def standing(
        self, rows: Iterable[str], last: Batch | None, before: int | None = None
    ) -> dict[str, Kept]:
        """What stands of each row, where something does, by the manifests and the `last` batch.

        With `before`, what stood when the head had not yet come to that version.
        """
        found: dict[str, Kept] = {}
        for some in chunks(sorted(set(rows)), FEW):
            documents = list(self._rows.find({"_id": {"$in": some}}))
            made = self._made(documents, last)
            if before is not None:
                made = {folded: v for folded, v in made.items() if v < before}
            found |= {d["_id"]: stands for d in documents if (stands := _standing(d, made))}
        return found

    def _made(
        self, documents: Sequence[Document], last: Batch | None
    ) -> dict[tuple[str, str], int]:
        """Which version of the head was made of which step, by mark and step."""
        marks = {m for d in documents for step in d["steps"].values() for m in step["batches"]}
        batches = self._manifests_of(marks) + ([last] if last else [])
        return {(batch.mark, step): batch.v for batch in batches for step in batch.steps}

    def held(self, heads: Sequence[str], member: str) -> Iterator[tuple[str, Kept]]:
        """What each head keeps of a member: (head, each revision that came)."""
        by_row = {_row(head, member): head for head in heads}
        for some in chunks(list(by_row), LOOKUPS):
            for document in self._rows.find({"_id": {"$in": list(some)}}):
                for revision in document["steps"]:
                    yield by_row[document["_id"]], _kept(document, int(revision))

    def _manifests_of(self, marks: set[str]) -> list[Batch]:
        return [
            _batch(document)
            for some in chunks(sorted(marks), FEW)
            for document in self._manifests.find({"_id": {"$in": some}})
        ]

    def of(self, batch: Batch) -> list[Kept]:
        """What a batch folded, in its order."""
        found = {}
        for some in chunks(sorted({step.partition(":")[0] for step in batch.steps}), FEW):
            for document in self._rows.find({"_id": {"$in": some}}):
                for revision in document["steps"]:
                    found[f"{document['_id']}:{revision}"] = _kept(document, int(revision))
        return [found[step] for step in batch.steps]

    def keep_manifest(self, head: str, batch: Batch) -> None:
        document = {"_id": batch.mark, "head": head, "v": batch.v, "ids": list(batch.steps)}
        try:
            self._manifests.insert_one(document)
        except DuplicateKeyError:
            return  # kept by an earlier folder of this head, which lost the race after

    def batches(self, head: str, after: int) -> Iterator[Batch]:
        """What was folded into a head since a version, in order, but for its last batch."""
        since = {"head": head, "v": {"$gt": after}}
        listed = sorted((m["v"], m["_id"]) for m in self._manifests.find(since, {"v": 1}))
        for _, mark in listed:
            document = self._manifests.find_one({"_id": mark})
            if document is not None:
                yield _batch(document)

    def withhold(self, rows: Iterable[str], last: Batch | None) -> list[str]:
        """Forget what was not folded yet of members that are gone by the highest revision that
        came; answers these steps. What was folded is needed to take it away."""
        withheld = []
        for some in chunks(sorted(set(rows)), FEW):
            documents = list(self._rows.find({"_id": {"$in": some}}))
            made = self._made(documents, last)
            for document in documents:
                overtaken = _overtaken(document, made)
                if overtaken:
                    nothing = {f"steps.{revision}.body": None for revision in overtaken}
                    self._rows.update_one({"_id": document["_id"]}, {"$set": nothing})
                withheld += [f"{document['_id']}:{revision}" for revision in overtaken]
        return withheld

    def departures(self, rows: Iterable[str], last: Batch | None) -> list[Departure]:
        """Of those rows the ones whose body was folded, is gone from the head and not forgotten
        yet. `last` is the head's last batch."""
        found = []
        for row in rows:
            (document,) = self._rows.find({"_id": row})
            versions = _versions(document, self._made([document], last))
            bodies = [r for r in versions if document["steps"][str(r)]["body"] is not None]
            if bodies and max(versions) not in bodies:
                since = min(versions[revision] for revision in bodies)
                found.append(Departure(row, since, versions[max(versions)]))
        return found

    def forget(self, rows: Iterable[str]) -> list[str]:
        """Drop the bodies of members that are gone, and the names of those that were erased;
        answers all steps until they went."""
        forgotten = []
        for row in rows:
            (document,) = self._rows.find({"_id": row})
            steps = {int(revision): step for revision, step in document["steps"].items()}
            went = max(revision for revision, step in steps.items() if step["body"] is None)
            until = {revision: step for revision, step in steps.items() if revision <= went}
            nothing = {f"steps.{r}.body": None for r, s in until.items() if s["body"] is not None}
            if ERASED in steps:
                nothing["member"] = None
            if nothing:
                self._rows.update_one({"_id": row}, {"$set": nothing})
            forgotten += [f"{row}:{revision}" for revision in until]
        return forgotten


def _row(head: str, member: str) -> str:
    """A hash: what is left of an erased member does not name it."""
    return sha256(f"{head}\x1f{member}".encode()).hexdigest()[:32]


def _step(contribution: Contribution) -> Document:
    body = contribution.body
    return {"at": contribution.at, "body": None if body is None else orjson.dumps(body)}


def _kept(document: Document, revision: int) -> Kept:
    step = document["steps"][str(revision)]
    body = None if step["body"] is None else orjson.loads(bytes(step["body"]))
    return Kept(document["_id"], document["member"], revision, step["at"], body)


def _standing(document: Document, made: Mapping[tuple[str, str], int]) -> Kept | None:
    revisions = _versions(document, made)
    return _kept(document, max(revisions)) if revisions else None


def _versions(document: Document, made: Mapping[tuple[str, str], int]) -> dict[int, int]:
    """Which version of the head each revision of a row made, of those that were folded."""
    return {
        int(revision): made[folded]
        for revision, step in document["steps"].items()
        for mark in step["batches"]
        if (folded := (mark, f"{document['_id']}:{revision}")) in made
    }


def _overtaken(document: Document, made: Mapping[tuple[str, str], int]) -> list[int]:
    """The revisions that were not folded before one came in which the member is gone."""
    revisions = sorted(map(int, document["steps"]))
    if document["steps"][str(revisions.pop())]["body"] is not None:
        return []
    folded = _versions(document, made)
    return [revision for revision in revisions if revision not in folded]


def _batch(document: Document) -> Batch:
    return Batch(document["_id"], document["v"], tuple(document["ids"]))
