"""The answer form as the server reads it: what was typed, what to ask next, what is wrong.

Items that depend on other answers are asked on a page of their own once their condition holds;
the page's script asks them in place, and says so with the same fields.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from services.intake.answer_fields import Typed, answer_of
from services.intake.domain.answers import InvalidAnswers, check_response
from services.intake.domain.definition import GROUP, Definition, Item, asked
from services.intake.domain.items import Raw

CONSENT = "consent"
Texts = Mapping[str, str]


@dataclass(frozen=True)
class Advice:
    """What to do about an answer: words of the interface by their key, or the survey's `own`."""

    key: str
    values: Mapping[str, Any] = field(default_factory=dict)
    own: Texts | None = None


class AnswerForm:
    """`raw` is the published definition and `definition` the same compiled, `typed` are the fields
    as a browser sends them, `shown` the conditional items that were before the respondent's eyes.

    answers: what was typed into visible items, as JSON has it, right or wrong.
    visible: the items that the answers show; `left_out`: those that they hide, though answered.
    """

    def __init__(
        self, raw: Raw, definition: Definition, typed: Typed, shown: frozenset[str]
    ) -> None:
        self.raw = raw
        self.definition = definition
        self.typed = typed
        self.items = {item["id"]: item for item in asked(raw)}
        self.answers: dict[str, Any] = {}
        self.visible: list[Item] = []
        self.left_out: list[str] = []
        self._right: dict[str, Any] = {GROUP: typed.get(GROUP)}
        for item in definition.items.values():
            self._take(item, answer_of(self.items[item.id], typed))
        self.unasked = [
            item.id
            for item in self.visible
            if item.visible_if is not None and item.id not in shown and item.id not in self.answers
        ]

    def _take(self, item: Item, answer: Any) -> None:
        if not item.visible(self._right):
            self.left_out += [] if answer is None else [item.id]
            return
        self.visible.append(item)
        if answer is None:
            return
        self.answers[item.id] = answer
        if item.check(answer) is None and item.contradiction(answer, self._right) is None:
            self._right[item.id] = answer

    @property
    def asked(self) -> list[str]:
        """The items that have been before the respondent's eyes and still concern them."""
        return [item.id for item in self.visible if item.id not in self.unasked]

    def needs(self, name: str) -> bool:
        """Whether the item must be answered, as things stand."""
        return self.definition.items[name].needed(self._right)

    def errors(self) -> dict[str, Advice]:
        """By item (or GROUP or CONSENT), what to do about it; nothing about what was not asked
        yet."""
        named = self._refused() - set(self.unasked)
        errors = {CONSENT: Advice("wrong_consent")} if self._lacks_consent() else {}
        order = [GROUP, *self.items]
        return errors | {name: self._advice(name) for name in order if name in named}

    def _lacks_consent(self) -> bool:
        return bool(self.raw.get(CONSENT)) and CONSENT not in self.typed

    def _refused(self) -> set[str]:
        try:
            check_response(self.definition, self.typed.get(GROUP), {}, self.answers)
        except InvalidAnswers as invalid:
            return {each["field"].removeprefix("answers.") for each in invalid.errors}
        return set()

    def _advice(self, name: str) -> Advice:
        if name == GROUP:
            return Advice("wrong_group")
        item, raw, answer = self.definition.items[name], self.items[name], self.answers.get(name)
        if answer is None:
            return _missing(raw)
        if item.check(answer) is not None:
            return _mistaken(raw, answer)
        if item.contradiction(answer, self._right) is not None:
            return Advice("wrong_together", own=raw.get("valid_message"))
        return Advice("wrong_all")


def _missing(item: Raw) -> Advice:
    """For an answer that is not there."""
    if item["type"] == "ranking":
        return limits(item) or Advice("wrong_ranking")
    return Advice(f"wrong_{item['type']}")


def _mistaken(item: Raw, answer: Any) -> Advice:
    """For an answer that is not as it should be."""
    special: Callable[[], Advice | None] = {
        "need": lambda: Advice("wrong_need_second" if "importance" in answer else "wrong_need"),
        "single_choice": lambda: _own_mistaken(item, [answer]),
        "multiple_choice": lambda: _own_mistaken(item, answer) or _alone(item, answer),
        "ranking": lambda: None if isinstance(answer, list) else Advice("wrong_ranking"),
        "matrix": lambda: Advice("wrong_matrix" if item.get("required") else "wrong_matrix_some"),
    }.get(item["type"], lambda: None)
    return special() or limits(item) or _missing(item)


def _own_mistaken(item: Raw, answers: list[Any]) -> Advice | None:
    own = item.get("other") and any(isinstance(each, Mapping) for each in answers)
    return Advice("wrong_other") if own else None


def _alone(item: Raw, answer: list[Any]) -> Advice | None:
    """Where a choice that goes with no other was chosen with another."""
    for choice in item["choices"]:
        if choice.get("exclusive") and choice["value"] in answer and len(answer) > 1:
            return Advice("wrong_alone", {"choice": choice["text"]})
    return None


def limits(item: Raw) -> Advice | None:
    """What an item takes, said beside it; None where that goes without saying."""
    return _LIMITS.get(item["type"], lambda _: None)(item)


def _several_limits(item: Raw) -> Advice | None:
    least, most = item.get("min_choices") or 1, item.get("max_choices")
    if most is None:
        return Advice("at_least", {"least": least}) if least > 1 else None
    key = "between" if least > 1 else "at_most"
    return Advice(key, {"least": least, "most": most})


def _ranking_limits(item: Raw) -> Advice:
    there = len(item["choices"])
    most = min(item.get("max_choices") or there, there)
    least = item.get("min_choices") or most
    return Advice("rank_all" if least == there else "rank_some", {"most": most})


def _number_limits(item: Raw) -> Advice:
    kind = "number" if item.get("decimals") else "whole"
    return Advice(kind + _ends(item), {key: item.get(key) for key in ("min", "max", "decimals")})


def _date_limits(item: Raw) -> Advice:
    return Advice("date" + _ends(item), {key: item.get(key) for key in ("min", "max")})


def _ends(item: Raw) -> str:
    there = item.get("min") is not None, item.get("max") is not None
    return {(True, True): "_between", (True, False): "_from", (False, True): "_to"}.get(there, "")


def _text_limits(item: Raw) -> Advice:
    key = "text_most" if item.get("multiline", True) else "line_most"
    return Advice(key, {"most": item.get("max_length", 2000)})


_LIMITS = {
    "multiple_choice": _several_limits,
    "ranking": _ranking_limits,
    "number": _number_limits,
    "date": _date_limits,
    "text": _text_limits,
}
