"""The planner's pages of webhooks: which programs are told, of what, and whether they took it."""

import re
from collections.abc import Callable, Mapping
from hashlib import sha256
from typing import Any
from uuid import uuid4

import orjson
from flask import Blueprint, make_response, redirect, render_template, request, url_for
from marshmallow import ValidationError
from werkzeug.wrappers import Response as HttpResponse

from services.intake.domain.webhook import BOTH_SIGN, MOST_TRIES, PATIENCE, PING, InvalidWebhook
from services.intake.schemas import NewWebhookSchema
from services.intake.store.surveys import AlreadyCreated
from services.intake.store.webhooks import KEPT, MOST, Delivery, TooManyWebhooks, Webhook
from services.intake.usecases import add_webhook as adding
from services.intake.usecases.replay_delivery import WebhookOff, replay_delivery
from shared import paging, times, web
from shared.auth import page_for, reader
from shared.problems import by_field, flattened

pages = Blueprint("telling", __name__, template_folder="../templates")

Page = str | HttpResponse | tuple[str, int]

_FORM = "application/x-www-form-urlencoded"
_OWN_ID = re.compile(r"[0-9a-f]{32}")
_SHOWN = 20
_EVENTS = {
    "survey.published": "A survey is published",
    "survey.closed": "A survey is closed",
    "response.submitted": "An answer arrives",
    "response.revised": "An answer is changed",
    "response.withdrawn": "An answer is taken back",
}
_NAMED = {**_EVENTS, PING: "Test"}


@pages.get("/webhooks")
@page_for("planner")
def webhooks() -> str:
    """All of the unit, the newest first, and a form for another one."""
    return _list_page({})


@pages.post("/webhooks")
@web.accepts(_FORM)
@page_for("planner")
def add() -> Page:
    """Shows the secret, this once."""
    who, form = reader(), request.form
    asked = {"url": form.get("url", "").strip(), "events": form.getlist("events")}
    try:
        body = NewWebhookSchema().load(asked)
        made = adding.add_webhook(
            web.store(), unit=who.unit, name=_sent_id(), who=who.name,
            digest=sha256(orjson.dumps(asked)).hexdigest(), private=web.settings().webhook_private,
            **body,
        )  # fmt: skip
    except ValidationError as error:
        return _list_page(asked, flattened(error.messages)), 422
    except InvalidWebhook as error:
        return _list_page(asked, error.errors), 422
    except AlreadyCreated:
        message = "This form made a webhook already. To add this one beside it, send it again."
        return _list_page(asked, [{"field": "url", "message": message}]), 422
    except TooManyWebhooks as error:
        return _list_page(asked, [{"field": "url", "message": str(error)}]), 409
    return _secret_page(made, 201)


@pages.get("/webhooks/<name>")
@web.takes_query("cursor")
@page_for("planner")
def webhook(name: str) -> str:
    """One: what can be done with it, and what it was told."""
    return _page(name)


@pages.post("/webhooks/<name>/secret")
@web.accepts(_FORM)
@page_for("planner")
def rotate(name: str) -> HttpResponse:
    """Shows the new secret, this once."""
    unit = reader().unit
    made = adding.rotate_secret(web.store(), unit=unit, name=name, rotation=_sent_id())
    return _secret_page(made, 200)


@pages.post("/webhooks/<name>/test")
@web.accepts(_FORM)
@page_for("planner")
def test(name: str) -> HttpResponse:
    adding.send_ping(web.store(), unit=reader().unit, name=name, ping=_sent_id())
    return _back_to(name, "deliveries")


@pages.post("/webhooks/<name>/pause", endpoint="pause", defaults={"do": adding.pause_webhook})
@pages.post("/webhooks/<name>/resume", endpoint="resume", defaults={"do": adding.resume_webhook})
@web.accepts(_FORM)
@page_for("planner")
def pause_or_resume(name: str, do: Callable[..., Webhook]) -> HttpResponse:
    do(web.store(), unit=reader().unit, name=name)
    return _back_to(name)


@pages.post("/webhooks/<name>/remove")
@web.accepts(_FORM)
@page_for("planner")
def remove(name: str) -> HttpResponse:
    web.store().webhooks.delete(reader().unit, name)
    return redirect(url_for(".webhooks"), 303)


@pages.post("/webhooks/<name>/deliveries/<delivery>/replay")
@web.accepts(_FORM)
@page_for("planner")
def replay(name: str, delivery: str) -> Page:
    """Send it again, under the id that it had."""
    try:
        replay_delivery(web.store(), unit=reader().unit, webhook=name, name=delivery)
    except WebhookOff as error:
        return _page(name, wrong=str(error)), 409
    return _back_to(name, "deliveries")


def _sent_id() -> str:
    """The form's own, so that the same form again does nothing twice."""
    name = request.form.get("id", "")
    return name if _OWN_ID.fullmatch(name) else uuid4().hex


def _back_to(name: str, place: str | None = None) -> HttpResponse:
    return redirect(url_for(".webhook", name=name, _anchor=place), 303)


def _list_page(asked: Mapping[str, Any], errors: list[dict[str, str]] | None = None) -> str:
    store = web.store().webhooks
    found = store.page(reader().unit, None, MOST)
    newest = sorted(found, key=lambda each: each.created_at, reverse=True)
    return render_template(
        "webhooks.html",
        webhooks=[(each, store.standing(each.id)) for each in newest],
        events=_EVENTS,
        asked=asked,
        errors=by_field(errors or []),
        private=web.settings().webhook_private,
        new_id=uuid4().hex,
    )


def _page(name: str, wrong: str = "") -> str:
    store = web.store().webhooks
    found = store.get(reader().unit, name)
    seen = paging.after(request.args.get("cursor"))
    before = seen and (times.parse(seen[0]), seen[1])
    rows = store.deliveries(name, before, _SHOWN + 1)
    return render_template(
        "webhook.html",
        webhook=found,
        standing=store.standing(name),
        **paging.page("deliveries", rows, _SHOWN, _place, lambda each: each),
        names=_NAMED,
        wrong=wrong,
        most_tries=MOST_TRIES,
        patience=PATIENCE,
        kept=KEPT,
        new_id=uuid4().hex,
    )


def _place(delivery: Delivery) -> list[str]:
    return [times.rfc3339(delivery.created_at), delivery.id]


def _secret_page(made: Webhook, status: int) -> HttpResponse:
    shown = render_template(
        "webhook_secret.html",
        webhook=made,
        secret=made.secrets[0]["secret"],
        before=len(made.secrets) > 1,
        both=BOTH_SIGN,
    )
    answer: HttpResponse = make_response(shown, status)
    answer.headers["Cache-Control"] = "no-store"
    return answer
