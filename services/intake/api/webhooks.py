"""Webhooks: addresses that are told what happens to surveys."""

from dataclasses import asdict
from datetime import datetime
from typing import Any

from flask import Response
from marshmallow import Schema, fields

from services.intake.schemas import NewWebhookSchema
from services.intake.store.webhooks import WAITING, Delivery, Webhook
from services.intake.usecases import add_webhook as adding
from services.intake.usecases.replay_delivery import replay_delivery
from shared import times, web
from shared.auth import reader, requires
from shared.paging import PageSchema, after, page

webhooks = web.Blueprint(
    "webhooks", __name__, url_prefix="/v1/webhooks", description="Telling other programs"
)


class WebhookSchema(Schema):
    id = fields.String()
    url = fields.String()
    events = fields.List(fields.String())
    status = fields.String(metadata={"description": "on, paused, or off with a reason."})
    reason = fields.String()
    failing_since = fields.String(allow_none=True)
    created_by = fields.String()
    created_at = fields.String()


class AddedWebhookSchema(WebhookSchema):
    secret = fields.String(metadata={"description": "Not shown again."})


class SecretSchema(Schema):
    secret = fields.String(metadata={"description": "Not shown again."})


class WebhookPageSchema(Schema):
    webhooks = fields.List(fields.Nested(WebhookSchema))
    next = fields.String(allow_none=True)


class DeliverySchema(Schema):
    id = fields.String()
    event = fields.String(metadata={"description": "The header webhook-id."})
    type = fields.String()
    state = fields.String(metadata={"description": "waiting, delivered or failed."})
    tries = fields.Integer()
    answer = fields.Integer(allow_none=True)
    reason = fields.String()
    next_try = fields.String(allow_none=True)
    created_at = fields.String()


class DeliveryPageSchema(Schema):
    deliveries = fields.List(fields.Nested(DeliverySchema))
    next = fields.String(allow_none=True)


@webhooks.post("")
@webhooks.arguments(NewWebhookSchema)
@webhooks.response(201, AddedWebhookSchema)
@requires("planner")
def add(body: dict[str, Any]) -> Any:
    """Tell an address what happens from now on. The secret is for checking signatures."""
    who = reader()
    made = adding.add_webhook(
        web.store(), unit=who.unit, name=web.creation_id(), who=who.name,
        digest=web.body_digest(), private=web.settings().webhook_private, **body,
    )  # fmt: skip
    return {**_webhook(made), "secret": made.secrets[0]["secret"]}


@webhooks.get("")
@webhooks.arguments(PageSchema, location="query")
@webhooks.response(200, WebhookPageSchema)
@requires("planner")
def list_all(query: dict[str, Any]) -> Any:
    """The webhooks of the unit."""
    limit = query["limit"]
    found = web.store().webhooks.page(reader().unit, after(query["cursor"]), limit + 1)
    return page("webhooks", found, limit, lambda each: each.id, _webhook)


@webhooks.delete("/<name>")
@webhooks.response(204)
@requires("planner")
def delete(name: str) -> Response:
    """Tell it nothing more, and forget what it was told."""
    web.store().webhooks.delete(reader().unit, name)
    return Response(status=204)


@webhooks.post("/<name>/secret")
@webhooks.response(200, SecretSchema)
@requires("planner")
def rotate(name: str) -> Any:
    """A new secret. For a day, the one before signs too."""
    rotated = adding.rotate_secret(
        web.store(), unit=reader().unit, name=name, rotation=web.creation_id()
    )
    return {"secret": rotated.secrets[0]["secret"]}


@webhooks.post("/<name>/test")
@webhooks.response(202, DeliverySchema)
@requires("planner")
def test(name: str) -> Any:
    """Send a ping. A webhook that was switched off is on again."""
    return _delivery(
        adding.send_ping(web.store(), unit=reader().unit, name=name, ping=web.creation_id())
    )


@webhooks.post("/<name>/pause")
@webhooks.response(200, WebhookSchema)
@requires("planner")
def pause(name: str) -> Any:
    """Send nothing for now. What happens meanwhile is told once it is resumed."""
    return _webhook(adding.pause_webhook(web.store(), unit=reader().unit, name=name))


@webhooks.post("/<name>/resume")
@webhooks.response(200, WebhookSchema)
@requires("planner")
def resume(name: str) -> Any:
    """Send what waits and what comes, also where it was switched off."""
    return _webhook(adding.resume_webhook(web.store(), unit=reader().unit, name=name))


@webhooks.get("/<name>/deliveries")
@webhooks.arguments(PageSchema, location="query")
@webhooks.response(200, DeliveryPageSchema)
@requires("planner")
def list_deliveries(query: dict[str, Any], name: str) -> Any:
    """What it was told in the last 30 days, the newest first."""
    store, seen = web.store().webhooks, after(query["cursor"])
    store.get(reader().unit, name)
    found = store.deliveries(name, seen and (times.parse(seen[0]), seen[1]), query["limit"] + 1)
    return page("deliveries", found, query["limit"], _place, _delivery)


@webhooks.post("/<name>/deliveries/<delivery>/replay")
@webhooks.response(202, DeliverySchema)
@requires("planner")
def replay(name: str, delivery: str) -> Any:
    """Send it again, under the id that it had."""
    return _delivery(replay_delivery(web.store(), unit=reader().unit, webhook=name, name=delivery))


def _place(delivery: Delivery) -> list[str]:
    return [times.rfc3339(delivery.created_at), delivery.id]


def _webhook(webhook: Webhook) -> dict[str, Any]:
    return {
        **asdict(webhook),
        "failing_since": _time(webhook.failing_since),
        "created_at": times.rfc3339(webhook.created_at),
    }


def _delivery(delivery: Delivery) -> dict[str, Any]:
    return {
        **asdict(delivery),
        "next_try": _time(delivery.due if delivery.state == WAITING else None),
        "created_at": times.rfc3339(delivery.created_at),
    }


def _time(at: datetime | None) -> str | None:
    return None if at is None else times.rfc3339(at)
