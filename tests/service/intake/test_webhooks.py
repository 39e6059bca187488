"""Webhooks: what a real receiver on this machine is told, and what becomes of it."""

import json
import re
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from services.intake.consumer import handlers
from services.intake.events import SurveyPublished
from services.intake.store import open_store
from services.intake.store.webhooks import Webhooks
from services.intake.usecases.deliver_webhooks import DeliverWebhooks
from shared import times
from shared.auth import COOKIE
from shared.bus import Publisher, load_topology, subscribe
from shared.outbox import Relay
from shared.parking import Parking
from shared.worker import Inbox
from tests.integration.deadline import until
from tests.service.callers import caller
from tests.service.intake.conftest import DEFINITION

ROOT = Path(__file__).parents[3]
KEY = "a secret that is long enough"
GOING_ON = threading.Event()
ANSWER = {
    "id": "r1",
    "group": "student",
    "answers": {"advising": {"importance": 5, "satisfaction": 2}},
}
ALL = ["survey.published", "survey.closed", "response.submitted"]


class Receiver:
    """An HTTP server, what it was told, how it answers: (status, headers) each, then 204; and what
    happens before it answers."""

    def __init__(self):
        self.told, self.answers, self.meanwhile = [], [], lambda: None
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                receiver.told.append((self.path, dict(self.headers), body))
                receiver.meanwhile()
                status, headers = receiver.answers.pop(0) if receiver.answers else (204, {})
                self.send_response(status)
                for header in headers.items():
                    self.send_header(*header)
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, args=(0.01,)).start()

    def kinds(self) -> list[str]:
        return [json.loads(body)["type"] for _, _, body in self.told]


@pytest.fixture
def receiver():
    made = Receiver()
    yield made
    made.server.shutdown()
    made.server.server_close()


@pytest.fixture(autouse=True)
def _private(monkeypatch):
    monkeypatch.setenv("GROUNDSWELL_WEBHOOK_PRIVATE", "true")


@pytest.fixture
def store(database):
    return open_store(database, KEY)


@pytest.fixture
def send(store):
    """What the worker's loop does in a turn."""
    with ThreadPoolExecutor(2) as pool:
        yield lambda: DeliverWebhooks(store, private=True).send_some(GOING_ON, pool)


@pytest.fixture
def hook(planner, receiver):
    """A webhook of the receiver for all that is told here."""
    body = {"url": f"{receiver.url}/hook", "events": ALL}
    added = planner("POST", "/webhooks", json=body)
    assert added.status_code == 201, added.json
    return added.json


@pytest.fixture
def hear(database, tmp_path, store):
    """What was said reaches intake through the broker, as in its worker."""
    topology = load_topology(Path("deploy/topology.json"))
    url = f"sqlite:///{tmp_path}/messages.sqlite"

    def hear() -> None:
        outboxes = [store.surveys.documents, store.responses.documents]
        publisher, stop = Publisher(url, topology), threading.Event()
        inbox = Inbox(handlers(store), Parking(database))
        with subscribe(url, "intake", topology) as subscription:
            relay = threading.Thread(target=Relay(outboxes, publisher.publish).run, args=(stop,))
            relay.start()
            until(lambda: not any(o.waits.find_one({}) for o in outboxes), "all is said")
            stop.set()
            relay.join()
            publisher.close()
            while batch := subscription.next_batch(0.1):
                inbox.receive([bytes(each.body) for each in batch])
                subscription.acknowledge(batch)
        assert not database["parked"].find_one({})

    return hear


def deliveries(planner, hook) -> list[dict]:
    return planner("GET", f"/webhooks/{hook['id']}/deliveries").json["deliveries"]


def make_due(database) -> None:
    past = {"$set": {"due": times.now() - timedelta(seconds=1)}}
    database["webhook_deliveries"].update_many({}, past)


def ping(planner, hook):
    return planner("POST", f"/webhooks/{hook['id']}/test")


def test_what_happens_is_told_signed_until_it_is_taken(
    hook, receiver, respondent, draft, planner, hear, send, database
):
    planner("POST", f"/surveys/{draft}/publish")
    respondent("POST", f"/surveys/{draft}/responses", json=ANSWER)
    hear()
    receiver.answers = [(500, {}), (503, {"Retry-After": "7200"})]
    send()
    (first, other) = sorted(deliveries(planner, hook), key=lambda each: -each["tries"])
    assert (first["state"], first["answer"], first["tries"]) == ("waiting", 500, 1)
    assert other["tries"] == 0
    make_due(database)
    send()
    refused = [each for each in deliveries(planner, hook) if each["answer"] == 503]
    assert times.parse(refused[0]["next_try"]) > times.now() + timedelta(minutes=110)
    make_due(database)
    send()
    assert {each["state"] for each in deliveries(planner, hook)} == {"delivered"}
    assert sorted(set(receiver.kinds())) == ["response.submitted", "survey.published"]
    assert len(receiver.told) == 4
    ids = {headers["webhook-id"] for _, headers, _ in receiver.told}
    assert len(ids) == 2
    for _, headers, body in receiver.told:
        said = Webhook(hook["secret"]).verify(body, headers)
        assert said["data"] == {"survey": draft, "version": 1}
        with pytest.raises(WebhookVerificationError):
            Webhook(hook["secret"]).verify(body + " ", headers)


def test_an_event_that_comes_again_is_told_once(hook, survey, planner, hear, store, send, receiver):
    hear()
    said = store.surveys.get("careers", survey)
    for _ in range(2):
        store.surveys.say(SurveyPublished.of(said, 1))
        hear()
    send()
    assert receiver.kinds() == ["survey.published"]


def test_another_unit_and_another_event_are_not_told(flask_app, receiver, survey, hear, send):
    for unit, events in (("elsewhere", ALL), ("careers", ["survey.closed"])):
        body = {"url": receiver.url, "events": events}
        assert caller(flask_app, "planner", unit)("POST", "/webhooks", json=body).status_code == 201
    hear()
    send()
    assert receiver.told == []


def test_the_time_of_an_anonymous_answer_by_invitation_is_not_told(
    hook, planner, respondent, hear, send, receiver
):
    body = {**DEFINITION, "access": "invited", "minimum_group_size": 1}
    survey = planner("POST", "/surveys", json=body).json["id"]
    planner("POST", f"/surveys/{survey}/publish")
    row = {"email": "a@example.edu", "name": "a", "group": "student"}
    planner("POST", f"/surveys/{survey}/invitations", json={"invitations": [row]})
    (link,) = planner("POST", f"/surveys/{survey}/invitations/links").json["links"]
    answer = {"group": "student", "answers": ANSWER["answers"]}
    headers = {"Invitation": link["link"].partition("#")[2]}
    sent = respondent("POST", f"/surveys/{survey}/responses", json=answer, headers=headers)
    assert sent.status_code == 201, sent.json
    hear()
    send()
    assert receiver.kinds() == ["survey.published"]
    (held,) = [each for each in deliveries(planner, hook) if each["state"] == "waiting"]
    assert held["created_at"].endswith("T00:00:00.000Z")
    assert times.parse(held["next_try"]) == times.parse(held["created_at"]) + timedelta(days=1)
    planner("POST", f"/webhooks/{hook['id']}/deliveries/{held['id']}/replay")
    send()
    assert receiver.kinds() == ["survey.published"]


def test_what_was_told_is_told_again_under_its_id(hook, planner, receiver, send):
    ping(planner, hook)
    send()
    (told,) = deliveries(planner, hook)
    again = planner("POST", f"/webhooks/{hook['id']}/deliveries/{told['id']}/replay")
    assert (again.status_code, again.json["state"]) == (202, "waiting")
    send()
    (one, two) = receiver.told
    assert one[1]["webhook-id"] == two[1]["webhook-id"] == told["event"]
    assert one[2] == two[2]


def test_a_redirect_is_not_followed(hook, planner, receiver, send):
    receiver.answers = [(307, {"Location": f"{receiver.url}/elsewhere"})]
    ping(planner, hook)
    send()
    assert [path for path, _, _ in receiver.told] == ["/hook"]
    (told,) = deliveries(planner, hook)
    assert (told["state"], told["answer"]) == ("waiting", 307)
    assert "not followed" in told["reason"]


def test_without_the_setting_nothing_goes_to_a_private_address(hook, planner, receiver, store):
    ping(planner, hook)
    with ThreadPoolExecutor(1) as pool:
        DeliverWebhooks(store, private=False).send_some(GOING_ON, pool)
    assert receiver.told == []
    (told,) = deliveries(planner, hook)
    assert told["reason"] == "127.0.0.1 leads to an address where nothing may be sent."


def test_a_private_address_is_refused_without_the_setting(
    database, tmp_path, monkeypatch, planner, flask_app
):
    now = flask_app.config["SETTINGS"]
    flask_app.config["SETTINGS"] = replace(now, webhook_private=False)
    for url in ("https://10.0.0.1/", "http://example.edu/"):
        refused = planner("POST", "/webhooks", json={"url": url, "events": ALL})
        assert refused.status_code == 422
        assert refused.json["errors"][0]["field"] == "url"


def test_a_new_secret_signs_beside_the_one_before_for_a_day(
    hook, planner, receiver, send, database
):
    rotate = f"/webhooks/{hook['id']}/secret"
    new = planner("POST", rotate, headers={"Idempotency-Key": "k"}).json["secret"]
    assert planner("POST", rotate, headers={"Idempotency-Key": "k"}).json["secret"] == new
    ping(planner, hook)
    send()
    _, headers, body = receiver.told[0]
    for secret in (hook["secret"], new):
        Webhook(secret).verify(body, headers)
    over = {"$set": {"secrets.1.until": times.now() - timedelta(seconds=1)}}
    database["webhooks"].update_one({}, over)
    ping(planner, hook)
    send()
    _, headers, body = receiver.told[1]
    Webhook(new).verify(body, headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(hook["secret"]).verify(body, headers)


def test_the_secret_is_shown_once_and_again_only_to_the_same_request(planner, receiver):
    body = {"url": receiver.url, "events": ALL}
    key = {"Idempotency-Key": "once"}
    first, again = (planner("POST", "/webhooks", json=body, headers=key).json for _ in range(2))
    assert first == again
    listed = planner("GET", "/webhooks")
    assert len(listed.json["webhooks"]) == 1
    assert b"whsec_" not in listed.data
    other = planner("POST", "/webhooks", json=body | {"url": "http://127.0.0.1/"}, headers=key)
    assert other.status_code == 422


def test_an_address_is_told_once(hook, planner, receiver):
    body = {"url": f"{receiver.url}/hook", "events": ["survey.closed"]}
    refused = planner("POST", "/webhooks", json=body)
    assert refused.status_code == 422
    assert [error["field"] for error in refused.json["errors"]] == ["url"]
    assert len(planner("GET", "/webhooks").json["webhooks"]) == 1


def test_a_webhook_that_fails_for_days_is_switched_off_and_a_test_switches_it_on(
    hook, planner, receiver, send, database
):
    receiver.answers = [(500, {}), (500, {})]
    ping(planner, hook)
    send()
    days = {"$set": {"failing_since": times.now() - timedelta(days=5, seconds=1)}}
    database["webhooks"].update_one({}, days)
    make_due(database)
    send()
    (listed,) = planner("GET", "/webhooks").json["webhooks"]
    assert listed["status"] == "off"
    assert "5 days" in listed["reason"]
    assert "500" in listed["reason"]
    (told,) = deliveries(planner, hook)
    assert told["state"] == "failed"
    replayed = planner("POST", f"/webhooks/{hook['id']}/deliveries/{told['id']}/replay")
    assert replayed.json["type"].endswith("webhook-off")
    ping(planner, hook)
    send()
    (listed,) = planner("GET", "/webhooks").json["webhooks"]
    assert (listed["status"], listed["reason"]) == ("on", "")
    assert len(receiver.told) == 3


def test_a_receiver_that_is_gone_for_good_is_switched_off(hook, planner, receiver, send):
    receiver.answers = [(410, {})]
    ping(planner, hook)
    send()
    assert planner("GET", "/webhooks").json["webhooks"][0]["status"] == "off"


def test_two_workers_do_not_send_the_same(hook, planner, database, store):
    ping(planner, hook)
    other = Webhooks(database, KEY)
    held = store.webhooks.begin(hook["id"])
    assert other.begin(hook["id"]) is None
    make_due(database)  # the first one died
    taken = other.begin(hook["id"])
    assert (taken.id, taken.tries) == (held.id, 2)
    store.webhooks.end(held, "failed", None, "late", times.now())
    assert deliveries(planner, hook)[0]["state"] == "waiting"


def test_deliveries_come_in_pages_the_newest_first(hook, planner):
    made = [ping(planner, hook).json["id"] for _ in range(3)]
    path = f"/webhooks/{hook['id']}/deliveries"
    seen, cursor = [], None
    while True:
        query = {"limit": 2} | ({"cursor": cursor} if cursor else {})
        found = planner("GET", path, query_string=query).json
        seen += [each["id"] for each in found["deliveries"]]
        cursor = found["next"]
        if cursor is None:
            break
    assert sorted(seen) == sorted(made)
    times_of = [each["created_at"] for each in planner("GET", path).json["deliveries"]]
    assert times_of == sorted(times_of, reverse=True)


def test_a_webhook_is_deleted_with_what_it_was_told_and_is_its_unit_s_own(
    hook, planner, flask_app, database
):
    ping(planner, hook)
    stranger = caller(flask_app, "planner", "elsewhere")
    path = f"/webhooks/{hook['id']}"
    for method, end in (("DELETE", ""), ("POST", "/secret"), ("POST", "/test")):
        assert stranger(method, path + end).status_code == 404
    assert stranger("GET", f"{path}/deliveries").status_code == 404
    assert planner("DELETE", path).status_code == 204
    assert planner("GET", f"{path}/deliveries").status_code == 404
    assert database["webhook_deliveries"].count_documents({}) == 0


def test_what_happens_while_it_is_paused_is_told_once_it_is_resumed(
    hook, planner, draft, hear, send, receiver
):
    path = f"/webhooks/{hook['id']}"
    assert planner("POST", f"{path}/pause").json["status"] == "paused"
    planner("POST", f"/surveys/{draft}/publish")
    hear()
    send()
    assert receiver.told == []
    assert [each["state"] for each in deliveries(planner, hook)] == ["waiting"]
    assert planner("POST", f"{path}/resume").json["status"] == "on"
    send()
    assert receiver.kinds() == ["survey.published"]


def test_pausing_ends_a_turn_that_is_under_way(hook, planner, receiver, send, store):
    for _ in range(3):
        ping(planner, hook)
    receiver.meanwhile = lambda: store.webhooks.pause(hook["id"])
    send()
    assert len(receiver.told) == 1


def test_the_page_takes_no_form_of_another_site_and_shows_the_secret_once(
    flask_app, planner, receiver
):
    client = flask_app.test_client()
    client.set_cookie(COOKIE, planner.token)
    form = {"id": "0" * 32, "url": receiver.url, "events": ["survey.closed"]}
    assert client.post("/webhooks", data=form).status_code == 403
    listed = client.get("/webhooks").text
    form["form_token"] = re.search(r'name="form_token" value="(\w+)"', listed)[1]
    added = client.post("/webhooks", data=form)
    assert added.status_code == 201
    assert added.headers["Cache-Control"] == "no-store"
    assert "whsec_" in added.text
    assert client.post("/webhooks", data=form).text == added.text
    other = client.post("/webhooks", data=form | {"events": ["response.submitted"]})
    assert (other.status_code, "made a webhook already" in other.text) == (422, True)
    for path in ("/webhooks", f"/webhooks/{form['id']}"):
        assert "whsec_" not in client.get(path).text
    assert len(planner("GET", "/webhooks").json["webhooks"]) == 1


def test_the_pages_are_for_planners_of_the_unit(flask_app, administrator, hook):
    stranger = caller(flask_app, "planner", "elsewhere")
    for token, status in ((administrator.token, 403), (stranger.token, 404)):
        client = flask_app.test_client()
        client.set_cookie(COOKIE, token)
        assert client.get(f"/webhooks/{hook['id']}").status_code == status
