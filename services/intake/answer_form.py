"""The answer form without script: what was typed, as answers, and what is to be asked next.

Fields are named `a.<item>`, those of a need `a.<item>.importance` and `a.<item>.satisfaction`.
Items that depend on other answers are asked on a page of their own once their condition holds.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from services.intake.domain.answers import InvalidAnswers, check_response
from services.intake.domain.definition import Definition, Item

_NUMBER = re.compile(r"-?\d{1,4}", re.ASCII)
_USES = ("unaware", "unused")
_WANTED = {
    "rating": "Choose a number.",
    "single_choice": "Choose one of the answers.",
    "text": "Write an answer.",
}


class AnswerForm:
    """`typed` are the fields as a browser sends them, `asked` the conditional items that were
    shown before.

    answers: what was typed into visible items, as JSON has it, right or wrong.
    visible: the items that the answers show; `left_out`: those that they hide, though answered.
    """

    def __init__(
        self, definition: Definition, typed: Mapping[str, str], asked: frozenset[str]
    ) -> None:
        self.definition = definition
        self.typed = typed
        self.answers: dict[str, Any] = {}
        self.visible: list[Item] = []
        self.left_out: list[str] = []
        right: dict[str, Any] = {}
        for item in definition.items.values():
            answer = _answer(item, typed)
            if not item.visible(right):
                self.left_out += [] if answer is None else [item.id]
                continue
            self.visible.append(item)
            if answer is not None:
                self.answers[item.id] = answer
                if item.check(answer) is None:
                    right[item.id] = answer
        self.unasked = [
            item.id
            for item in self.visible
            if item.visible_if is not None and item.id not in asked and item.id not in self.answers
        ]

    @property
    def asked(self) -> list[str]:
        """The items that have been before the respondent's eyes and still concern them."""
        return [item.id for item in self.visible if item.id not in self.unasked]

    def errors(self) -> dict[str, str]:
        """By item (or "group"), what to do about it; nothing about what was not asked yet."""
        try:
            check_response(self.definition, self.typed.get("group"), {}, self.answers)
        except InvalidAnswers as invalid:
            fields = [(each["field"], each["message"]) for each in invalid.errors]
        else:
            return {}
        named = {field.removeprefix("answers."): message for field, message in fields}
        return {
            name: self._advice(name, message)
            for name, message in named.items()
            if name not in self.unasked
        }

    def _advice(self, name: str, message: str) -> str:
        if name == "group":
            return "Choose the group you answer for."
        kind, answer = self.definition.items[name].type, self.answers.get(name)
        if kind == "need":
            if "importance" not in (answer or {}):
                return "Say how important this is to you."
            return "Say how satisfied you are, or that you did not know of it or have not used it."
        return message if kind == "text" and answer else _WANTED[kind]


def fields_of(answers: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """The fields that stand for these answers: what `AnswerForm` reads, written."""
    for name, answer in answers.items():
        if isinstance(answer, Mapping):
            yield f"a.{name}.importance", str(answer["importance"])
            yield f"a.{name}.satisfaction", str(answer.get("satisfaction", answer.get("use")))
        else:
            yield f"a.{name}", str(answer)


def _answer(item: Item, typed: Mapping[str, str]) -> Any:
    """None where nothing was typed."""
    field = f"a.{item.id}"
    if item.type == "need":
        importance = typed.get(f"{field}.importance")
        satisfaction = typed.get(f"{field}.satisfaction")
        second = "use" if satisfaction in _USES else "satisfaction"
        given = {"importance": _number(importance), second: _number(satisfaction)}
        return {name: value for name, value in given.items() if value not in {None, ""}} or None
    text = typed.get(field, "").replace("\r\n", "\n")
    if not text.strip():
        return None
    return _number(text) if item.type == "rating" else text


def _number(text: str | None) -> Any:
    """An int where it is one; anything else is left for the check to refuse."""
    return int(text) if text is not None and _NUMBER.fullmatch(text) else text
