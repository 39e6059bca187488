"""Contributions and a versioned head: each message takes effect exactly once.

A head is one document with the packed result of all contributions folded into it. Each member of
it counts with its highest revision, so messages may come in any order, twice, or not at all when a
later one says the same. The steps of one fold:

1. read the head at version v;
2. insert the rows, tagged with this batch; where a row exists, add the step and the tag to it;
3. of those that existed, see what stands, and leave out what is older;
4. store the manifest of the head's last batch, then set the new state, v + 1 and this batch with
   one compare-and-set on v.

Who loses the race in 4 starts again at 1 and asks again what stands: whoever folded a step tagged
it before its own 4, and so before the version that 1 now reads. A process that dies between 2 and
4 acknowledged nothing; the broker delivers again and 3 finds the step undone. No row is ever
updated on the common path, which is most of what an embedded database would charge for.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice

import orjson
from bson import Binary
from pymongo.database import Database
from pymongo.errors import ConnectionFailure, DuplicateKeyError

from shared import set_hash
from shared.chunks import LOOKUPS, chunks
from shared.contributions import Batch, Body, Contribution, Contributions, Kept
from shared.documents import Document, insert_new, stamp

# A head keeps the steps of its last batch, so hours of waiting must not become one batch.
_MOST_WOKEN = 200


@dataclass(frozen=True)
class Change:
    """A member's body before and after; None where it was not, or is no longer, there."""

    at: str
    before: Body | None
    after: Body | None


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
    last: Batch | None

    def result(self) -> tuple[bytes, int, str, int]:
        """What is computed from the contributions alone."""
        return bytes(self.state or b""), self.count, self.set_hash, self.folded


Step = Callable[[str, bytes | None, list[Change]], bytes | None]


class Fold:
    """Heads of one service. `step(head, state, changes)` answers the new packed state, or None
    when it cannot know yet what the bodies mean: they wait, and `wake` tries them again."""

    def __init__(self, database: Database[Document], step: Step) -> None:
        self._heads = database["heads"]
        self._waiting = database["waiting_contributions"]
        self._departures = database["departures"]
        self._contributions = Contributions(database)
        self._step = step
        self._seen: dict[str, Head] = {}

    def ensure_indexes(self) -> None:
        self._waiting.create_index([("head", 1)])
        self._heads.create_index([("unit", 1)])
        self._departures.create_index([("head", 1)])
        self._contributions.ensure_indexes()

    def head(self, name: str) -> Head | None:
        document = self._heads.find_one({"_id": name})
        return None if document is None else _head(document)

    def heads(self, unit: str) -> list[Head]:
        return [_head(document) for document in self._heads.find({"unit": unit})]

    def units(self) -> list[str]:
        return list(self._heads.distinct("unit"))

    def names(self) -> list[str]:
        return [document["_id"] for document in self._heads.find({}, {"_id": 1})]

    def held(self, member: str) -> list[tuple[str, Kept]]:
        """(head, what it keeps) of a member, folded or waiting; nothing once it is gone."""
        heads = {*self.names(), *self._waiting.distinct("head")}
        found = list(self._contributions.held(sorted(heads), member))
        waiting = {
            row["_id"]: _unpacked(row["body"]).body
            for some in chunks([kept.step for _, kept in found], LOOKUPS)
            for row in self._waiting.find({"_id": {"$in": list(some)}})
        }
        whole = [(head, replace(k, body=k.body or waiting.get(k.step))) for head, k in found]
        return [(head, kept) for head, kept in whole if kept.body is not None]

    def apply(self, contributions: Iterable[Contribution]) -> None:
        """Fold them; when this returns, their effect is durable and their messages may be
        acknowledged. What was folded before, or is older than what was, changes nothing."""
        by_head: dict[str, list[Contribution]] = {}
        for contribution in contributions:
            by_head.setdefault(contribution.head, []).append(contribution)
        for name, batch in by_head.items():
            self._fold(name, _newest(batch))

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
            changes = [Change(c.at, None, c.body) for c in batch]
            too_early = self._step(name, head.state, changes) is None
            if too_early or not self._fold(name, _newest(batch)):
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
            self._waiting.delete_many({"_id": {"$in": [c.step for c in batch]}})

    def _fold(self, name: str, batch: list[Contribution]) -> bool:
        """Whether they are folded; False when they wait."""
        mark = stamp()
        head = self._seen.pop(name, None) or self._read(name, batch[0].unit)
        standing: dict[str, Kept] = {}
        existed = self._contributions.insert(batch, mark)
        if existed:
            known = [batch[position] for position in sorted(existed)]
            standing = self._contributions.standing((c.row for c in known), head.last)
            newer = self._newer(known, standing, head)
            for contribution in newer:
                self._contributions.tag(contribution, mark)
            batch = [c for i, c in enumerate(batch) if i not in existed] + newer
        while batch:
            state = self._step(name, head.state, _changes(batch, standing))
            if state is None:
                self._postpone(head, batch)
                return False
            after = self._advance(head, state, batch, standing, mark)
            if after is not None:
                self._seen[name] = after
                self._let_go(after, [c.row for c in batch if c.body is None])
                return True
            head = self._read(name, batch[0].unit)
            standing = self._contributions.standing((c.row for c in batch), head.last)
            batch = self._newer(batch, standing, head)
        return True

    def _newer(
        self, batch: list[Contribution], standing: dict[str, Kept], head: Head
    ) -> list[Contribution]:
        """Those that are newer than what stands. What a crash or a race left of the bodies of a
        member that is gone is forgotten on the way."""
        newer = []
        for contribution in batch:
            stands = standing.get(contribution.row)
            if stands is None or stands.revision < contribution.revision:
                newer.append(contribution)
            elif stands.body is None:
                self._let_go(head, [stands.row])
        return newer

    def _let_go(self, head: Head, rows: Sequence[str]) -> None:
        """Forget the bodies of members that are gone, also those that wait, and note from when to
        when they counted."""
        left = self._contributions.departures(rows, head.last)
        if left:
            noted = [
                {"_id": f"{each.row}:{each.until}", "head": head.id, **vars(each)} for each in left
            ]
            insert_new(self._departures, noted)
        forgotten = self._contributions.forget(rows)
        for some in chunks(forgotten, LOOKUPS):
            self._waiting.delete_many({"_id": {"$in": list(some)}})

    def departures(self, name: str) -> list[tuple[int, int]]:
        """Of each member whose body was folded into a head and is forgotten: the version from
        which it counted, and the one from which it did not. What those between were made of is
        not known in full any more."""
        found = self._departures.find({"head": name})
        return [(each["since"], each["until"]) for each in found]

    def _read(self, name: str, unit: str) -> Head:
        return self.head(name) or _empty(name, unit)

    def _advance(
        self,
        head: Head,
        state: bytes,
        batch: list[Contribution],
        standing: dict[str, Kept],
        mark: str,
    ) -> Head | None:
        """The head after the batch, or None when another folder came first."""
        if head.last is not None:
            self._contributions.keep_manifest(head.id, head.last)
        last = Batch(mark, head.v + 1, tuple(c.step for c in batch))
        after = _after(head, state, batch, standing, last)
        return after if self._compare_and_set(head.v, after) else None

    def _compare_and_set(self, v: int, after: Head) -> bool:
        last = after.last and {**vars(after.last), "steps": list(after.last.steps)}
        fields = {**vars(after), "state": Binary(after.state or b""), "last": last}
        name = fields.pop("id")
        if v == 0:
            try:
                self._heads.insert_one({"_id": name, "schema": 1, **fields})
            except DuplicateKeyError:
                return False
            return True
        written = self._heads.update_one({"_id": name, "v": v}, {"$set": fields})
        return bool(written.matched_count)

    def _postpone(self, head: Head, batch: list[Contribution]) -> None:
        """Keep them until somebody wakes them, but no body of a member that is gone by then."""
        waiting = [
            {"_id": c.step, "head": c.head, "body": orjson.dumps(c.as_dict())} for c in batch
        ]
        insert_new(self._waiting, waiting)
        overtaken = self._contributions.withhold((c.row for c in batch), head.last)
        self._waiting.delete_many({"_id": {"$in": overtaken}})

    def history(self, name: str) -> Iterator[Head]:
        """The head as it was after each of its batches, computed anew from the contributions.

        Members that were forgotten since are missing from what was before they went. Raises
        LookupError for a head that is not there.
        """
        now = self._there(name)
        return self._since(_empty(name, now.unit), now)

    def replay(self, name: str) -> bool:
        """Fold a head again from its contributions and put the result in its place, in one write,
        while others go on folding; answers whether it differed from what was there.

        Raises LookupError for a head that is not there.
        """
        now = self._there(name)
        then = _empty(name, now.unit)
        while True:
            for later in self._since(then, now):
                then = later
            if then.result() == now.result():
                return False
            rebuilt = Head(name, now.unit, now.v + 1, *then.result(), last=now.last)
            if self._compare_and_set(now.v, rebuilt):
                self._seen.pop(name, None)
                return True
            now = self._there(name)

    def _there(self, name: str) -> Head:
        head = self.head(name)
        if head is None:
            raise LookupError(f"there is no head {name}")
        return head

    def _since(self, then: Head, now: Head) -> Iterator[Head]:
        """`then` after each of the batches that made `now` of it."""
        for batch in self._contributions.batches(now.id, then.v):
            then = self._again(then, batch)
            yield then
        if now.last is not None and now.last.v > then.v:
            yield self._again(then, now.last)

    def _again(self, head: Head, batch: Batch) -> Head:
        kept = self._contributions.of(batch)
        standing = self._contributions.standing((k.row for k in kept), None, before=batch.v)
        state = self._step(head.id, head.state, _changes(kept, standing))
        if state is None:
            raise LookupError(f"{head.id}: what its contributions mean is not known any more")
        return _after(head, state, kept, standing, batch)


def _empty(name: str, unit: str) -> Head:
    return Head(name, unit, 0, None, 0, set_hash.EMPTY, 0, None)


def _after(
    head: Head,
    state: bytes,
    said: Sequence[Contribution | Kept],
    standing: dict[str, Kept],
    last: Batch,
) -> Head:
    """The head after a batch. Members leave the set at the revision that stood, and join it at
    the one that they say now."""
    stood = [standing[s.row] for s in said if s.row in standing]
    went = [f"{s.member}:{s.revision}" for s in stood if s.body is not None]
    came = [f"{s.member}:{s.revision}" for s in said if s.body is not None]
    return Head(
        id=head.id,
        unit=head.unit,
        v=last.v,
        state=state,
        count=head.count + len(came) - len(went),
        set_hash=set_hash.combine(head.set_hash, came=came, went=went),
        folded=head.folded + len(said),
        last=last,
    )


def bodies_of(changes: Iterable[Change]) -> list[Body]:
    """All that are taken away or added."""
    return [body for change in changes for body in (change.before, change.after) if body]


def _newest(batch: list[Contribution]) -> list[Contribution]:
    newest: dict[str, Contribution] = {}
    for contribution in batch:
        known = newest.get(contribution.row)
        if known is None or known.revision < contribution.revision:
            newest[contribution.row] = contribution
    return list(newest.values())


def _changes(said: Sequence[Contribution | Kept], standing: dict[str, Kept]) -> list[Change]:
    before = {row: stands.body for row, stands in standing.items()}
    return [Change(s.at, before.get(s.row), s.body) for s in said]


def _head(document: Document) -> Head:
    names = ("unit", "v", "state", "count", "set_hash", "folded")
    last = document["last"]
    batch = None if last is None else Batch(last["mark"], last["v"], tuple(last["steps"]))
    return Head(id=document["_id"], last=batch, **{name: document[name] for name in names})


def _raise_all(errors: Iterable[Exception]) -> None:
    found = list(errors)
    if found:
        raise ExceptionGroup("some contributions cannot be folded", found)


def _unpacked(body: bytes) -> Contribution:
    return Contribution(**orjson.loads(body))
