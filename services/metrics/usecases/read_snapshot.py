"""A snapshot as people and programs read it: as it was stored, and what has been erased since."""

from functools import cache
from typing import Any

import orjson

from services.metrics.store import Store
from shared.documents import Document


class ReadSnapshots:
    """Reads many, and looks at what was erased once a head."""

    def __init__(self, store: Store) -> None:
        self._departures = cache(store.heads.fold.departures)

    def __call__(self, stored: Document) -> dict[str, Any]:
        """The content, beside the id and `erased`: of how many that it counted nothing is kept any
        more, so that it cannot be computed again in full. One that is suppressed does not say."""
        content: dict[str, Any] = {"id": stored["_id"], **orjson.loads(stored["content"])}
        if not content["suppressed"]:
            source = content["source"]
            version, head = source["to_version"], source["head"]
            content["erased"] = sum(
                since <= version < until for since, until in self._departures(head)
            )
        return content
