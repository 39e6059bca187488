"""A client for scripts, of the Groundswell that runs on this machine."""

import json
import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Literal

import requests
from requests.adapters import HTTPAdapter
from urllib3.util import Retry

Json = dict[str, Any]
Role = Literal["planner", "administrator"]

CREATED, NOT_FOUND = 201, 404
WORKERS = 8
_AHEAD = 8 * WORKERS  # responses in hand, so that memory does not grow with their number
_TIMEOUT = (5, 60)
_LOOK_SECONDS = 0.25
# All requests may be sent again: whoever creates something chooses its id or Idempotency-Key.
_RETRY = Retry(
    total=10,
    backoff_factor=0.2,
    backoff_max=5,
    status_forcelist=(429, 503),
    allowed_methods=None,
    respect_retry_after_header=True,
    raise_on_status=False,
)


class NotRunning(Exception):
    """No Groundswell answers where its folder says."""

    def __init__(self, var: Path) -> None:
        super().__init__(f"No Groundswell runs in {var}. Start it with make run.")


class Refused(Exception):
    """The answer was a problem: what it says, and every field at fault."""

    def __init__(self, status: int, slug: str, detail: str, errors: list[dict[str, str]]) -> None:
        fields = [f"  {each['field']}: {each['message']}" for each in errors]
        super().__init__("\n".join([f"{detail} ({status})", *fields]))
        self.status = status
        self.slug = slug
        self.errors = errors


@dataclass(frozen=True)
class Settling:
    """How far a closed survey is: a share of a stage, in words."""

    stage: str
    done: int
    of: int


class Client:
    """Signs requests as the role they need. Usable from several threads."""

    def __init__(self, var: Path, url: str, tokens: Mapping[str, str]) -> None:
        self._var = var
        self.url = url
        self._tokens = tokens
        self._own = threading.local()

    @classmethod
    def of(cls, var: Path) -> "Client":
        """Of the local run in this folder. Raises NotRunning."""
        try:
            access = json.loads((var / "local.json").read_text())
        except FileNotFoundError as error:
            raise NotRunning(var) from error
        client = cls(var, access["url"], access["tokens"])
        try:
            requests.get(f"{client.url}/intake/ready", timeout=_TIMEOUT).raise_for_status()
        except requests.RequestException as error:
            raise NotRunning(var) from error
        return client

    def get(self, path: str, *, role: Role = "planner", **query: Any) -> Json:
        return self._send("GET", path, role, params=query)

    def post(
        self, path: str, body: Any = None, *, role: Role | None = "planner", key: str | None = None
    ) -> Json:
        """`key` is the Idempotency-Key; role None posts as anybody may."""
        headers = {} if key is None else {"Idempotency-Key": key}
        return self._send("POST", path, role, json=body, headers=headers)

    def patch(self, path: str, body: Any) -> Json:
        return self._send("PATCH", path, "planner", json=body)

    def pages(self, path: str, name: str, *, role: Role = "planner", **query: Any) -> Iterator[Any]:
        """Everything in a collection, `name` being what it calls its members."""
        cursor: str | None = None
        while True:
            at = query if cursor is None else {**query, "cursor": cursor}
            answer = self.get(path, role=role, limit=500, **at)
            yield from answer[name]
            cursor = answer["next"]
            if cursor is None:
                return

    def open_survey(self, definition: Json, key: str) -> Json:
        """Make and publish a survey, or find the one that this key made before."""
        survey = self.post("/intake/v1/surveys", definition, key=key)
        if survey["status"] != "draft":
            return survey
        path = f"/intake/v1/surveys/{survey['id']}"
        try:
            return self.post(f"{path}/publish")
        except Refused as error:
            if error.slug != "survey-not-draft":  # an answer got lost and publishing came twice
                raise
            return self.get(path)

    def put_responses(self, survey: str, responses: Iterable[Json]) -> Iterator[bool]:
        """Per response that is stored, in no order, whether it was new.

        Leaving the iteration drops what was not yet sent. Raises Refused at the first that is
        refused; those before it are stored.
        """
        path = f"/intake/v1/surveys/{survey}/responses"

        def put(response: Json) -> bool:
            return self._answer("POST", path, None, json=response).status_code == CREATED

        pool = ThreadPoolExecutor(WORKERS)
        waiting: set[Future[bool]] = set()
        try:
            for response in responses:
                waiting.add(pool.submit(put, response))
                if len(waiting) == _AHEAD:
                    done, waiting = wait(waiting, return_when=FIRST_COMPLETED)
                    yield from (each.result() for each in done)
            yield from (each.result() for each in waiting)
        finally:
            pool.shutdown(cancel_futures=True)

    def import_answers(self, survey: str, file: BinaryIO, mapping: str) -> Iterator[Json]:
        """How far the import of a table is, at each look, until it has ended."""
        path = f"/intake/v1/surveys/{survey}/responses/import"
        sent = {"files": {"file": file}, "data": {"mapping": mapping}}
        job = self._send("POST", path, "planner", **sent)
        while job["state"] in {"waiting", "running"}:
            yield job
            time.sleep(_LOOK_SECONDS)
            job = self.get(f"/intake/v1/imports/{job['id']}")
        yield job

    def settling(self, survey: str) -> Iterator[Settling]:
        """From closing until proposals are drafted and snapshots are stored: a step a look.

        Ends when planning holds the answers that intake closed with and has drafted from them,
        and the snapshots count the same.
        """
        path = f"/intake/v1/surveys/{survey}"
        while (seal := self.get(path)["seal"]) is None:
            yield Settling("Counting the answers", 0, 1)
            time.sleep(_LOOK_SECONDS)
        yield Settling("Counting the answers", 1, 1)
        count = seal["count"]
        for stage, look in (
            ("Adding up for planning", self._known_to_planning),
            ("Drafting proposals", self._drafted),
            ("Storing snapshots", self._counted_in_snapshots),
        ):
            settled = False
            while not settled:
                done, settled = look(survey, count)
                yield Settling(stage, done, count)
                time.sleep(0 if settled else _LOOK_SECONDS)

    def snapshots(self, survey: str) -> Iterator[Json]:
        """The latest snapshots of a survey."""
        segment = f"survey:{survey}"
        return self.pages(
            "/metrics/v1/snapshots", "snapshots", role="administrator", segment=segment
        )

    def _known_to_planning(self, survey: str, _: int) -> tuple[int, bool]:
        try:
            known = self.get(f"/planning/v1/surveys/{survey}")
        except Refused as error:
            if error.status != NOT_FOUND:
                raise
            return 0, False  # planning has not even heard of the survey yet
        return known["n"], bool(known["complete"])

    def _drafted(self, survey: str, count: int) -> tuple[int, bool]:
        known = self.pages("/planning/v1/surveys", "surveys")
        line = next(each for each in known if each["id"] == survey)
        drafted = bool((line["drafted"] or {}).get("seal"))
        return (count if drafted else 0), drafted

    def _counted_in_snapshots(self, survey: str, count: int) -> tuple[int, bool]:
        found = self.pages(
            "/metrics/v1/snapshots",
            "snapshots",
            role="administrator",
            metric="intake.responses",
            segment=f"survey:{survey}",
        )
        n = sum(each["n"] for each in found if "group" not in each["segment"])
        return n, n == count

    def _send(self, method: str, path: str, role: Role | None, **request: Any) -> Json:
        body: Json = self._answer(method, path, role, **request).json()
        return body

    def _answer(
        self, method: str, path: str, role: Role | None, **request: Any
    ) -> requests.Response:
        headers = request.pop("headers", {})
        if role is not None:
            headers = {**headers, "Authorization": f"Bearer {self._tokens[role]}"}
        try:
            answer = self._session().request(
                method, self.url + path, headers=headers, timeout=_TIMEOUT, **request
            )
        except requests.ConnectionError as error:
            raise NotRunning(self._var) from error
        if not answer.ok:
            raise _refused(answer)
        return answer

    def _session(self) -> requests.Session:
        session: requests.Session | None = getattr(self._own, "session", None)
        if session is None:
            session = self._own.session = requests.Session()
            session.trust_env = False  # no proxy stands between this machine and itself
            session.mount("http://", HTTPAdapter(max_retries=_RETRY))
        return session


def _refused(answer: requests.Response) -> Refused:
    try:
        problem = answer.json()
    except requests.JSONDecodeError:
        problem = {}
    slug = problem.get("type", "").rpartition(":")[2]
    detail = problem.get("detail") or answer.reason or "No reason was given."
    return Refused(answer.status_code, slug, detail, problem.get("errors", []))
