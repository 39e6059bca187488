"""Webhooks are added, given new secrets, tried, and paused for a while."""

from services.intake.domain.webhook import (
    PING,
    InvalidWebhook,
    check_url,
    new_secret,
    ping_payload,
)
from services.intake.store import Store
from services.intake.store.webhooks import MOST, Delivery, Webhook, delivery_of
from shared import times


def add_webhook(
    store: Store, *, unit: str, name: str, url: str, events: list[str], who: str, digest: str,
    private: bool,
) -> Webhook:  # fmt: skip
    """Tell this address from now on. The same `name` again is the same webhook.

    Raises InvalidWebhook, AlreadyCreated, TooManyWebhooks.
    """
    check_url(url, private=private)
    if any(each.url == url and each.id != name for each in store.webhooks.page(unit, None, MOST)):
        message = "This address is told already. Delete that webhook to choose other events."
        raise InvalidWebhook([{"field": "url", "message": message}])
    secrets = [{"id": name, "secret": new_secret(), "until": None}]
    made = Webhook(name, unit, url, sorted(set(events)), who, times.now(), digest, secrets)
    return store.webhooks.add(made)


def rotate_secret(store: Store, *, unit: str, name: str, rotation: str) -> Webhook:
    """Raises NoSuchWebhook."""
    return store.webhooks.rotate(unit, name, rotation, new_secret())


def send_ping(store: Store, *, unit: str, name: str, ping: str) -> Delivery:
    """Have a message sent that says nothing. A webhook that was switched off is on again.

    Raises NoSuchWebhook.
    """
    webhook = store.webhooks.get(unit, name)
    store.webhooks.switch_on(name)
    now = times.now()
    made = delivery_of(webhook, ping, PING, ping_payload(times.rfc3339(now)), at=now, due=now)
    store.webhooks.queue([made])
    return store.webhooks.delivery(name, made.id)


def pause_webhook(store: Store, *, unit: str, name: str) -> Webhook:
    """Send nothing for now; what happens meanwhile waits. Raises NoSuchWebhook."""
    store.webhooks.get(unit, name)
    store.webhooks.pause(name)
    return store.webhooks.get(unit, name)


def resume_webhook(store: Store, *, unit: str, name: str) -> Webhook:
    """Send what waits and what comes, also where it was switched off. Raises NoSuchWebhook."""
    store.webhooks.get(unit, name)
    store.webhooks.switch_on(name)
    return store.webhooks.get(unit, name)
