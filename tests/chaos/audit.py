"""At the end: what was acknowledged, against what each service holds, computed plainly."""

import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import orjson
import pymongo
import requests

from shared import set_hash
from tests.bench.system import token
from tests.chaos.crowd import GROUPS, ITEMS, Content, Known, Ledger
from tests.chaos.system import System
from tests.chaos.watch import counted, heads

DRAIN_SECONDS = 60.0
_SEAL_SECONDS = 15.0
_QUIET_SECONDS = 1.0  # a batch in a consumer's hands shows in no queue of RabbitMQ


class Audit:
    def __init__(self, system: System, survey: str, ledger: Ledger) -> None:
        self._system, self._survey, self._ledger = system, survey, ledger
        self.under_way = (0, 0)  # documents whose events were not sent, and messages in queues

    def findings(self) -> Iterator[str]:
        """A sentence for each thing that is not as it was acknowledged."""
        ledger = self._ledger
        yield from (f"answered as nobody expects: {each}" for each in ledger.surprises)
        yield from (f"never acknowledged: {name}" for name in sorted(ledger.unsettled))
        yield from (f"ended by itself: {each}" for each in self._system.ended)
        with self._system.databases() as client:
            yield from self._intake(client["groundswell_intake"])
            yield from self._sets(client)
            yield from self._parked(client)
        try:
            yield from self._planning_figures()
            yield from self._snapshots()
        except requests.HTTPError as error:
            yield f"no figures: {error}"

    def drain(self) -> float | None:
        """Wait until nothing is under way; answers the seconds, None when they did not do."""
        began = time.monotonic()
        quiet_since, before = began, None
        with self._system.databases() as client:
            while (now := time.monotonic()) < began + DRAIN_SECONDS:
                state = (waiting(client), self._system.waiting_messages(), *self._counts(client))
                self.under_way = state[:2]
                if self.under_way != (0, 0) or state != before:
                    quiet_since, before = now, state
                elif now - quiet_since > _QUIET_SECONDS:
                    return quiet_since - began
                time.sleep(0.3)
        return None

    def close(self) -> bool:
        """Close the survey; answers whether planning says that it has the very answers that
        intake closed with."""
        name, planner = self._survey, "planner"
        call(self._system, "intake", planner, "POST", f"/surveys/{name}/close")
        deadline = time.monotonic() + _SEAL_SECONDS
        complete = None
        while complete is None and time.monotonic() < deadline:
            time.sleep(0.2)
            with suppress(requests.HTTPError):  # of a planning that was never told of the survey
                known = call(self._system, "planning", planner, "GET", f"/surveys/{name}")
                complete = known["complete"]
        return bool(complete)

    def lost_and_doubled(self) -> tuple[int, int]:
        """Responses, over all three services."""
        expected = len(self._ledger.contents())
        with self._system.databases() as client:
            found = [*self._counts(client), len(self._stored(client["groundswell_intake"]))]
        return (
            sum(max(0, expected - count) for count in found),
            sum(max(0, count - expected) for count in found),
        )

    def set_aside(self) -> int:
        with self._system.databases() as client:
            return len(list(self._parked(client)))

    def folded(self) -> dict[str, int]:
        with self._system.databases() as client:
            return counted(client, self._survey)

    def stored(self) -> int:
        with self._system.databases() as client:
            return len(self._stored(client["groundswell_intake"]))

    def _stored(self, intake: Any) -> dict[str, dict[str, Any]]:
        """By name, the responses that stand."""
        return {
            each["_id"]: each
            for each in intake["responses"].find({"survey": self._survey})
            if each["content"] is not None
        }

    def _counts(self, client: pymongo.MongoClient) -> list[int]:
        return list(counted(client, self._survey).values())

    def _intake(self, intake: Any) -> Iterator[str]:
        kept = {each["_id"]: each for each in intake["responses"].find({"survey": self._survey})}
        for name, known in self._ledger.stands.items():
            if name not in kept:
                yield f"lost in intake: {name}, acknowledged at revision {known.revision}"
            elif (held := _held(kept[name])) != known:
                yield f"otherwise in intake: {name} is {held}, acknowledged was {known}"
        for name in kept.keys() - self._ledger.stands.keys() - self._ledger.unsettled:
            why = "refused" if name in self._ledger.refused else "never sent"
            yield f"stored in intake, though {why}: {name}"

    def _sets(self, client: pymongo.MongoClient) -> Iterator[str]:
        members = [
            f"{name}:{known.revision}"
            for name, known in self._ledger.stands.items()
            if known.content is not None
        ]
        wanted = set_hash.combine(set_hash.EMPTY, came=members, went=[])
        for service, head in heads(client, self._survey).items():
            if head["count"] != len(members):
                missing = len(members) - head["count"]
                what = f"lost {missing}" if missing > 0 else f"counted {-missing} too many"
                yield f"{service} {what}: it holds {head['count']} responses of {len(members)}"
            elif head["set_hash"] != wanted:
                yield f"{service} holds as many responses, but others: its set hash is not theirs"

    def _parked(self, client: pymongo.MongoClient) -> Iterator[str]:
        for service in ("intake", "planning", "metrics"):
            for each in client[f"groundswell_{service}"]["parked_messages"].find():
                yield f"set aside by {service}, {each['state']}: {each['reason']}"

    def _planning_figures(self) -> Iterator[str]:
        for group in (None, *GROUPS):
            query = f"?group={group}" if group else ""
            path = f"/surveys/{self._survey}/needs{query}"
            needs = call(self._system, "planning", "planner", "GET", path)["needs"]
            found = {need["item"]: {name: need[name] for name in _FIGURES} for need in needs}
            wanted = expected_needs(self._ledger.contents(), group)
            if found != wanted:
                yield f"planning's needs of {group or 'all'}: {found}, expected {wanted}"

    def _snapshots(self) -> Iterator[str]:
        call(self._system, "metrics", "administrator", "POST", "/snapshots")
        path = "/snapshots?metric=intake.responses"
        answer = call(self._system, "metrics", "administrator", "GET", path)
        found = {
            each["segment"].get("group"): each["value"]
            for each in answer["snapshots"]
            if each["segment"]["survey"] == self._survey
        }
        wanted: Counter[str | None] = Counter(c["group"] for c in self._ledger.contents())
        wanted[None] = len(self._ledger.contents())
        if found != wanted:
            yield f"metrics' snapshots: {found}, expected {dict(wanted)}"


_FIGURES = ("n", "importance_mean", "satisfaction_mean", "unaware")


def expected_needs(contents: list[Content], group: str | None) -> dict[str, dict[str, Any]]:
    """By item: pairs, their means, and how many did not know of it; added up one by one."""
    wanted = {}
    for item in ITEMS:
        answers = [
            content["answers"][item]
            for content in contents
            if item in content["answers"] and group in {None, content["group"]}
        ]
        pairs = [answer for answer in answers if "satisfaction" in answer]
        n = len(pairs)
        wanted[item] = {
            "n": n,
            "importance_mean": sum(p["importance"] for p in pairs) / n if n else None,
            "satisfaction_mean": sum(p["satisfaction"] for p in pairs) / n if n else None,
            "unaware": len(answers) - n,
        }
    return wanted


def waiting(client: pymongo.MongoClient) -> int:
    """Waits for events that the relays have not sent yet, or for a write that was killed."""
    collections = {
        "intake": ("surveys", "responses"),
        "planning": ("surveys", "proposals"),
        "metrics": ("cuts",),
    }
    return sum(
        client[f"groundswell_{service}"][f"{name}.waits"].count_documents({})
        for service, names in collections.items()
        for name in names
    )


def call(
    system: System, service: str, role: str, method: str, path: str, body: Any = None
) -> dict[str, Any]:
    """What the service answers to that role; it is asked again for a while when it is away."""
    headers = {"Authorization": f"Bearer {token(role)}"}
    url = f"{system.url(service)}/v1{path}"

    def once() -> requests.Response:
        return requests.request(method, url, json=body, headers=headers, timeout=20)

    answer = _patiently(once)
    answer.raise_for_status()
    return answer.json()


def _patiently(once: Callable[[], requests.Response], seconds: float = 20) -> requests.Response:
    deadline = time.monotonic() + seconds
    while True:
        try:
            answer = once()
        except requests.RequestException:
            if time.monotonic() > deadline:
                raise
        else:
            if answer.status_code < 500 or time.monotonic() > deadline:
                return answer
        time.sleep(0.2)


def _held(document: dict[str, Any]) -> Known:
    packed = document["content"]
    content = None if packed is None else orjson.loads(packed)
    if content is not None and not content["profile"]:
        del content["profile"]
    return Known(content, document["revision"])
