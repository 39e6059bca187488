"""Contributions and a versioned head: each message takes effect exactly once.

A head is one document with the packed result of all contributions folded into it. A contribution
leaves one small row, `_id` = its id, tagged with the batch that brought it; a batch that was folded
leaves a manifest of the ids it folded. A contribution is done when some batch in its row's tags
lists it, or the head's last batch does. The steps of one fold:

1. read the head at version v;
2. insert the rows, tagged with this batch; where a row exists, add the tag to it;
3. of those that existed, leave out what is done;
4. store the manifest of the head's last batch, then set the new state, v + 1 and this batch with
   one compare-and-set on v.

Who loses the race in 4 starts again at 1 and asks again what is done: whoever folded a row tagged
it before its own 4, and so before the version that 1 now reads. A process that dies between 2 and
4 acknowledged nothing; the broker delivers again and 3 finds the row undone. No row is ever
updated on the common path, which is most of what an embedded database would charge for.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

import bson
import orjson
from bson import Binary
from bson.raw_bson import RawBSONDocument
from pymongo.database import Database
from pymongo.errors import ConnectionFailure, DuplicateKeyError

from shared import set_hash
from shared.documents import Document, insert_new, stamp

# A head keeps the ids of its last batch, so hours of waiting must not become one batch.
_MOST_WOKEN = 200


@dataclass(frozen=True)
class Contribution:
    """What one message adds to one head.

    `body` is JSON. `came` and `went` name the members that join and leave the set which the head
    counts and hashes.
    """

    id: str
    head: str
    unit: str
    body: dict[str, Any]
    came: str | None = None
    went: str | None = None


@dataclass(frozen=True)
class Head:
    """The folded result: packed `state` at version `v`, over a set of `count` members."""

    id: str
    unit: str
    v: int
    state: bytes | None
    count: int
    set_hash: str
    folded: int
    last: dict[str, Any] | None


Step = Callable[[str, bytes | None, list[dict[str, Any]]], bytes | None]


class Fold:
    """Heads of one service. `step(head, state, bodies)` answers the new packed state, or None when
    it cannot know yet what the bodies mean: they wait, and `wake` tries them again."""

    def __init__(self, database: Database[Document], step: Step) -> None:
        self._heads = database["heads"]
        self._rows = database["contributions"]
        self._manifests = database["folded_batches"]
        self._waiting = database["waiting_contributions"]
        self._step = step
        self._seen: dict[str, Head] = {}

    def ensure_indexes(self) -> None:
        self._waiting.create_index([("head", 1)])
        self._heads.create_index([("unit", 1)])

    def head(self, name: str) -> Head | None:
        document = self._heads.find_one({"_id": name})
        return None if document is None else _head(document)

    def heads(self, unit: str) -> list[Head]:
        return [_head(document) for document in self._heads.find({"unit": unit})]

    def apply(self, contributions: Iterable[Contribution]) -> None:
        """Fold them; when this returns, their effect is durable and their messages may be
        acknowledged. Contributions that were folded before change nothing."""
        by_head: dict[str, dict[str, Contribution]] = {}
        for contribution in contributions:
            by_head.setdefault(contribution.head, {})[contribution.id] = contribution
        for name, batch in by_head.items():
            self._fold(name, list(batch.values()))

    def wake(self, name: str) -> None:
        """Fold what waited for `name`; does nothing when nothing did or it is still too early.

        One that cannot be folded goes on waiting without the others, and is told of at the end:
        raises ExceptionGroup.
        """
        _raise_all(self._wake(name))

    def wake_all(self) -> None:
        names = self._waiting.distinct("head")
        _raise_all(error for name in names for error in self._wake(name))

    def _wake(self, name: str) -> Iterator[Exception]:
        rows = iter(self._waiting.find({"head": name}))
        while batch := [_unpacked(row["body"]) for row in islice(rows, _MOST_WOKEN)]:
            yield from self._fold_waiting(name, batch)

    def _fold_waiting(self, name: str, batch: list[Contribution]) -> Iterator[Exception]:
        try:
            head = self._read(name, batch[0].unit)
            # Asked before anything is written: too early is what it is at most looks.
            too_early = self._step(name, head.state, [c.body for c in batch]) is None
            if too_early or not self._fold(name, batch):
                return
        except ConnectionFailure:
            raise
        except Exception as error:  # noqa: BLE001  # one of them is at fault; find it, keep it
            if len(batch) == 1:
                yield error
                return
            middle = len(batch) // 2
            yield from self._fold_waiting(name, batch[:middle])
            yield from self._fold_waiting(name, batch[middle:])
        else:
            self._waiting.delete_many({"_id": {"$in": [c.id for c in batch]}})

    def _fold(self, name: str, batch: list[Contribution]) -> bool:
        mark = stamp()
        head = self._seen.pop(name, None) or self._read(name, batch[0].unit)
        existed = self._insert_rows(batch, mark)
        undone = batch if not existed else self._undone(head, batch)
        while undone:
            state = self._step(name, head.state, [c.body for c in undone])
            if state is None:
                self._postpone(undone)
                return False
            after = self._advance(head, state, undone, mark)
            if after is not None:
                self._seen[name] = after
                return True
            head = self._read(name, batch[0].unit)
            undone = self._undone(head, batch)
        return True

    def _read(self, name: str, unit: str) -> Head:
        return self.head(name) or Head(name, unit, 0, None, 0, set_hash.EMPTY, 0, None)

    def _insert_rows(self, batch: list[Contribution], mark: str) -> list[str]:
        rows = [RawBSONDocument(bson.encode({"_id": c.id, "batches": [mark]})) for c in batch]
        existed = [batch[i].id for i in insert_new(self._rows, rows)]
        for name in existed:
            self._rows.update_one({"_id": name}, {"$addToSet": {"batches": mark}})
        return existed

    def _undone(self, head: Head, batch: Sequence[Contribution]) -> list[Contribution]:
        """Those that no batch up to the head's version folded. The head is read before."""
        rows = self._rows.find({"_id": {"$in": [c.id for c in batch]}})
        tags = {row["_id"]: row["batches"] for row in rows}
        marks = sorted({mark for marks in tags.values() for mark in marks})
        folded = {m["_id"]: set(m["ids"]) for m in self._manifests.find({"_id": {"$in": marks}})}
        if head.last is not None:
            folded[head.last["batch"]] = set(head.last["ids"])
        nothing: set[str] = set()
        return [c for c in batch if not any(c.id in folded.get(m, nothing) for m in tags[c.id])]

    def _advance(
        self, head: Head, state: bytes, batch: list[Contribution], mark: str
    ) -> Head | None:
        """The head after the batch, or None when another folder came first."""
        if head.last is not None:
            self._keep_manifest(head.last)
        came = [c.came for c in batch if c.came is not None]
        went = [c.went for c in batch if c.went is not None]
        after = Head(
            id=head.id,
            unit=head.unit,
            v=head.v + 1,
            state=state,
            count=head.count + len(came) - len(went),
            set_hash=set_hash.combine(head.set_hash, came=came, went=went),
            folded=head.folded + len(batch),
            last={"batch": mark, "ids": [c.id for c in batch]},
        )
        fields = {**vars(after), "state": Binary(state)}
        name = fields.pop("id")
        if head.v == 0:
            try:
                self._heads.insert_one({"_id": name, "schema": 1, **fields})
            except DuplicateKeyError:
                return None
            return after
        written = self._heads.update_one({"_id": name, "v": head.v}, {"$set": fields})
        return after if written.matched_count else None

    def _keep_manifest(self, last: dict[str, Any]) -> None:
        try:
            self._manifests.insert_one({"_id": last["batch"], "ids": last["ids"]})
        except DuplicateKeyError:
            return  # kept by an earlier folder of this head, which lost the race after

    def _postpone(self, batch: list[Contribution]) -> None:
        waiting = [
            RawBSONDocument(
                bson.encode({"_id": c.id, "head": c.head, "body": orjson.dumps(vars(c))})
            )
            for c in batch
        ]
        insert_new(self._waiting, waiting)


def _head(document: Document) -> Head:
    names = ("unit", "v", "state", "count", "set_hash", "folded", "last")
    return Head(id=document["_id"], **{name: document[name] for name in names})


def _raise_all(errors: Iterable[Exception]) -> None:
    found = list(errors)
    if found:
        raise ExceptionGroup("some contributions cannot be folded", found)


def _unpacked(body: bytes) -> Contribution:
    return Contribution(**orjson.loads(body))
