"""What the page's script is told of a survey: the rules that it applies as the server does."""

from typing import Any

from services.intake.domain.definition import asked
from services.intake.domain.items import Raw
from services.intake.pages.texts import Speech

_SAME = ("id", "type", "min", "max", "decimals", "min_choices", "max_choices", "other", "required")
_SAID = (
    "progress", "no_basis", "need_in_words", "satisfaction_in_words", "unaware", "unused",
    "rank_up", "rank_down", "rank_said", "rank_gone", "rank_how", "at_most",
    "away", "busy", "sending", "wrong_together",
)  # fmt: skip


def model_of(definition: Raw, speech: Speech) -> dict[str, Any]:
    """`{"items": [...], "words": {...}}`; an item's rules are `show`, `need` and `valid`."""
    hidden = {section["id"]: section.get("visible_if") for section in definition["sections"]}
    items = [_item(item, hidden.get(item.get("section")), speech) for item in asked(definition)]
    return {"items": items, "words": {key: speech.t.raw(key) for key in _SAID}}


def _item(item: Raw, section_rule: Any, speech: Speech) -> dict[str, Any]:
    rules = [rule for rule in (section_rule, item.get("visible_if")) if rule is not None]
    said = {key: item[key] for key in _SAME if item.get(key) not in (None, False)}
    if rules:
        said["show"] = {"and": rules}
    if item.get("required_if") is not None:
        said["need"] = item["required_if"]
    if item.get("valid_if") is not None:
        said["valid"] = item["valid_if"]
        if item.get("valid_message"):
            said["message"] = speech.say(item["valid_message"])
    if item["type"] in {"ranking", "matrix"}:
        said["count"] = len(item["rows"] if item["type"] == "matrix" else item["choices"])
    alone = [each["value"] for each in item.get("choices") or () if each.get("exclusive")]
    return {**said, "alone": alone} if alone else said
