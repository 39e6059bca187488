"""Validating a response of 30 items with 10 conditions, against parsing the JSON of its body."""

import json
import time
from collections.abc import Callable
from typing import Any

import orjson

from services.intake.domain.answers import check_response
from services.intake.domain.definition import compile_definition

ROUNDS, TIMES = 7, 5_000
_CHOICES = [{"value": value, "text": {"en": value}} for value in "abcde"]
_SCALE = {"scale": {"min": 1, "max": 5}}
_SAID = "More evening hours would help those of us who work during the day."


def run() -> None:
    items, answers = zip(*_asked(), strict=True)
    raw = {"groups": ["student"], "sections": [], "items": list(items)}
    definition = compile_definition(raw)
    given = {item["id"]: answer for item, answer in zip(items, answers, strict=True)}
    body = orjson.dumps({"id": "0" * 32, "group": "student", "profile": {}, "answers": given})
    conditions = sum("visible_if" in item for item in items)
    measured = _interleaved(
        {
            "json": lambda: json.loads(body),
            "orjson": lambda: orjson.loads(body),
            "ours": lambda: check_response(definition, "student", {}, given),
        }
    )
    ours = measured["ours"]
    print(
        f"{len(items)} items, {conditions} conditions, {len(body)} bytes: validated in "
        f"{ours:.1f} us; parsed by json in {measured['json']:.1f} us, by orjson in "
        f"{measured['orjson']:.1f} us: {measured['json'] / ours:.2f} and "
        f"{measured['orjson'] / ours:.2f} of their speed (to reach: .33)"
    )


def _asked() -> list[tuple[dict[str, Any], Any]]:
    asked: list[tuple[dict[str, Any], Any]] = []
    for n in range(10):
        need = {"id": f"need{n}", "type": "need", "required": True, **_SCALE}
        asked.append((need, {"importance": 5, "satisfaction": 2}))
    for n in range(5):
        low = {"<": [{"var": f"need{n}.satisfaction"}, 4]}
        asked.append(({"id": f"rate{n}", "type": "rating", "visible_if": low, **_SCALE}, 4))
    for n in range(5):
        student = {"==": [{"var": "group"}, "student"]}
        rule = {"and": [student, {">=": [{"var": f"rate{n}"}, 3]}]}
        one = {"id": f"one{n}", "type": "single_choice", "choices": _CHOICES, "visible_if": rule}
        asked.append((one, "c"))
    asked += [
        ({"id": f"many{n}", "type": "multiple_choice", "choices": _CHOICES}, ["a", "c"])
        for n in range(5)
    ]
    asked += [({"id": f"number{n}", "type": "number", "min": 0}, 42) for n in range(3)]
    asked += [({"id": f"text{n}", "type": "text"}, _SAID) for n in range(2)]
    return asked


def _interleaved(work: dict[str, Callable[[], Any]]) -> dict[str, float]:
    """The best time of each, in microseconds, turn by turn: what slows one slows all."""
    best = dict.fromkeys(work, float("inf"))
    for _ in range(ROUNDS):
        for name, call in work.items():
            began = time.perf_counter()
            for _ in range(TIMES):
                call()
            took = (time.perf_counter() - began) / TIMES * 1e6
            best[name] = min(best[name], took)
    return best
