"""What a webhook was told is told again."""

from services.intake.store import Store
from services.intake.store.webhooks import OFF, Delivery


class WebhookOff(Exception):
    """Nothing is sent to it."""


def replay_delivery(store: Store, *, unit: str, webhook: str, name: str) -> Delivery:
    """Under the id that it had. Raises NoSuchWebhook, WebhookOff."""
    found = store.webhooks.get(unit, webhook)
    delivery = store.webhooks.delivery(webhook, name)
    if found.status == OFF:
        raise WebhookOff("The webhook was switched off; send a test, which switches it on.")
    store.webhooks.replay(delivery.id)
    return store.webhooks.delivery(webhook, name)
