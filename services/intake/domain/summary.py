"""What was answered so far, item by item, for the planner who watches."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

Counts = dict[str, dict[str, int]]
"""By item, how often each `part.value` was answered; `part` is empty but for needs and tables."""


def summary_of(contents: Iterable[Mapping[str, Any]]) -> Counts:
    """`contents` are responses as they are kept; their groups are counted under "group"."""
    counted: dict[str, Counter[str]] = {}
    for content in contents:
        counted.setdefault("group", Counter())[f".{content['group']}"] += 1
        for name, answer in (*content["profile"].items(), *content["answers"].items()):
            counts = counted.setdefault(name, Counter())
            counts["answered"] += 1
            counts.update(_labels(answer))
    return {name: dict(counts) for name, counts in counted.items()}


def _labels(answer: Any) -> Iterator[str]:
    """What is counted of one answer; of what somebody wrote, only that they did."""
    if isinstance(answer, dict):
        for part, value in answer.items():
            own = part in {"other", "no_basis"}
            yield f".{part}" if own else f"{part}.{value}"
    elif isinstance(answer, list):
        for value in answer:
            yield ".other" if isinstance(value, dict) else f".{value}"
    elif isinstance(answer, int) or (isinstance(answer, str) and len(answer) <= 64):
        yield f".{answer}"
