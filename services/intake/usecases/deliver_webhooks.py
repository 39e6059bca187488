"""What happens to surveys is told to the webhooks of their unit, until each has taken it."""

import random
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from time import monotonic

import requests
import structlog
from standardwebhooks import Webhook as Signature

from services.intake.domain.participation import the_day_of
from services.intake.domain.webhook import (
    PATIENCE,
    TOLD,
    asked_to_wait,
    is_public,
    payload,
    wait_after,
)
from services.intake.store import Store
from services.intake.store.webhooks import (
    DELIVERED,
    FAILED,
    KEPT,
    WAITING,
    Delivery,
    Webhook,
    delivery_of,
)
from shared import outbound, times
from shared.event import Message
from shared.loops import repeat

log = structlog.get_logger()

_AT_ONCE = 8
_TURN_SECONDS = 15.0
_LOOK_SECONDS, _AWAY_SECONDS = 1.0, 15.0
_GONE = 410


def note_events(store: Store, messages: Sequence[Message]) -> None:
    """Store what is to be told. An event that comes again makes nothing new."""
    store.webhooks.queue(
        delivery for message in messages for delivery in _deliveries(store, message)
    )


def _deliveries(store: Store, message: Message) -> Iterator[Delivery]:
    kind = TOLD[message.type]
    happened = times.parse(message.data.get("closed_at") or times.rfc3339(message.time))
    wanting = [
        webhook
        for webhook in store.webhooks.listening(message.unit)
        if kind in webhook.events
        and happened >= max(the_day_of(webhook.created_at), times.now() - KEPT)
    ]
    if not wanting:
        return
    data = message.data
    survey = data.get("survey", message.subject)
    version = data.get("survey_version") or data["version"]
    response = message.subject if "survey" in data else ""
    asked = store.surveys.for_answering(survey, version)
    body = payload(
        kind, survey=survey, version=version, at=times.rfc3339(happened), response=response,
        participation=asked.participation,
    )  # fmt: skip
    # When we tell of an answer says when it was given; where only its day may be known, we wait for
    # its end.
    waits = bool(response) and asked.day_only
    due = the_day_of(happened) + timedelta(days=1) if waits else times.now()
    event = store.webhooks.event_id(kind, survey, version, response, data.get("revision"))
    for webhook in wanting:
        yield delivery_of(webhook, event, kind, body, at=happened, due=due)


@dataclass(frozen=True)
class _Outcome:
    taken: bool
    answer: int | None = None
    reason: str = ""
    retry_after: str | None = None


@dataclass
class DeliverWebhooks:
    """Sends what is due until it is told to stop; to all webhooks at once, so that one that is slow
    does not keep the others waiting."""

    store: Store
    private: bool = False

    def __call__(self, stop: threading.Event) -> None:
        with ThreadPoolExecutor(_AT_ONCE, "webhook") as pool:
            repeat(
                lambda: self.send_some(stop, pool), stop, name="webhook", idle=_LOOK_SECONDS,
                after_failure=_AWAY_SECONDS,
            )  # fmt: skip

    def send_some(self, stop: threading.Event, pool: ThreadPoolExecutor) -> int:
        """A turn of each webhook; answers how many deliveries were taken."""
        on = self.store.webhooks.switched_on()
        return sum(pool.map(lambda webhook: self._serve(webhook, stop), on))

    def _serve(self, webhook: Webhook, stop: threading.Event) -> int:
        """Until nothing is due, the turn is over, something is not taken, or it is paused."""
        taken, over = 0, monotonic() + _TURN_SECONDS
        while not stop.is_set() and monotonic() < over and self.store.webhooks.is_on(webhook.id):
            delivery = self.store.webhooks.begin(webhook.id)
            if delivery is None:
                break
            outcome = _send(webhook, delivery, private=self.private)
            self._note(webhook, delivery, outcome)
            if not outcome.taken:
                break
            taken += 1
        return taken

    def _note(self, webhook: Webhook, delivery: Delivery, outcome: _Outcome) -> None:
        now, store = times.now(), self.store.webhooks
        if outcome.taken:
            store.end(delivery, DELIVERED, outcome.answer, "", now)
            store.took(webhook)
            return
        wait = wait_after(delivery.tries, random.random())  # noqa: S311  # spreads, hides nothing
        if wait is None:
            store.end(delivery, FAILED, outcome.answer, outcome.reason, now)
        else:
            wait = max(wait, asked_to_wait(outcome.retry_after, now))
            store.end(delivery, WAITING, outcome.answer, outcome.reason, now + wait)
        since = store.refused(webhook, now)
        if outcome.answer == _GONE:
            store.switch_off(webhook.id, "The receiver says that it is gone for good (410).")
        elif now - since >= PATIENCE:
            reason = f"Nothing was taken for {PATIENCE.days} days. {outcome.reason}"
            store.switch_off(webhook.id, reason)


def _send(webhook: Webhook, delivery: Delivery, *, private: bool) -> _Outcome:
    """One try. Whatever the receiver says beside its status is not read."""
    now = times.now()
    try:
        with (
            outbound.session(_anywhere if private else is_public) as session,
            session.post(
                webhook.url,
                data=delivery.body,
                headers=_headers(webhook, delivery, now),
                timeout=(outbound.CONNECT_SECONDS, outbound.READ_SECONDS),
                allow_redirects=False,
                stream=True,
            ) as answer,
        ):
            status, retry_after = answer.status_code, answer.headers.get("Retry-After")
    except outbound.NotAllowed as error:
        return _Outcome(taken=False, reason=str(error))
    except requests.RequestException as error:
        return _Outcome(taken=False, reason=_in_words(error))
    if 200 <= status < 300:
        return _Outcome(taken=True, answer=status)
    followed = " Redirects are not followed." if 300 <= status < 400 else ""
    reason = f"The receiver answered {status}.{followed}"
    return _Outcome(taken=False, answer=status, reason=reason, retry_after=retry_after)


def _anywhere(_: str) -> bool:
    return True


def _headers(webhook: Webhook, delivery: Delivery, now: datetime) -> dict[str, str]:
    body = delivery.body.decode()
    signatures = [
        Signature(secret).sign(delivery.event, now, body) for secret in webhook.signing(now)
    ]
    return {
        "Content-Type": "application/json",
        "User-Agent": "Groundswell",
        "Accept-Encoding": "identity",
        "webhook-id": delivery.event,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": " ".join(signatures),
    }


def _in_words(error: requests.RequestException) -> str:
    if isinstance(error, requests.Timeout):
        return "The receiver did not answer in time."
    if isinstance(error, requests.exceptions.SSLError):
        return "The receiver's certificate is not good for its name."
    return "The receiver cannot be reached."
