"""Pages of a collection behind opaque, signed cursors."""

from collections.abc import Callable, Sequence
from typing import Any

from flask import current_app, request
from itsdangerous import BadSignature, URLSafeSerializer
from marshmallow import Schema, fields, validate

from shared.problems import invalid

MOST = 500


class PageSchema(Schema):
    """The arguments that every collection takes."""

    limit = fields.Integer(load_default=100, validate=validate.Range(1, MOST))
    cursor = fields.String(load_default=None)


def after(cursor: str | None) -> Any:
    """The key that a cursor stands for, or None at the start. Raises Problem 422 for one that was
    made up or belongs to another collection."""
    if cursor is None:
        return None
    try:
        return _serializer().loads(cursor)
    except BadSignature as error:
        message = "Not a cursor of this collection; start again without it."
        raise invalid([{"field": "cursor", "message": message}]) from error


def page(
    name: str,
    rows: Sequence[Any],
    limit: int,
    key: Callable[[Any], Any],
    render: Callable[[Any], Any],
) -> dict[str, Any]:
    """`{name: [...], "next": cursor or null}` of rows that were read with `limit` + 1."""
    shown = rows[:limit]
    more = len(rows) > limit
    return {
        name: [render(row) for row in shown],
        "next": _serializer().dumps(key(shown[-1])) if more else None,
    }


def _serializer() -> URLSafeSerializer:
    secret = current_app.config["SETTINGS"].secret
    return URLSafeSerializer(secret, salt=f"cursor:{request.endpoint}")
