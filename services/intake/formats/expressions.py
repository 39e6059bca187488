"""Conditions of other tools as JsonLogic.

Their languages differ in how they write names and little else, so one small parser reads them
all: comparisons, and, or, not, arithmetic, brackets, lists, and the few functions that say whether
something was answered or chosen.
"""

import operator
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

_TOKEN = re.compile(
    r"""\s*(?:
      (?P<number>\d+(?:\.\d+)?)
    | (?P<text>"[^"]*"|'[^']*')
    | (?P<braced>\$?\{[^{}]*\})
    | (?P<name>[A-Za-z_]\w*(?:[.:\-](?=\w)\w+)*|\d+X\d+X\w+(?:\.\w+)*)
    | (?P<self>\.(?![\w.]))
    | (?P<operator>===?|!==?|<>|<=|>=|&&?|\|\|?|\*=|[-=<>!()+*/%,\[\]])
    )""",
    re.VERBOSE,
)
_SGQA = re.compile(r"\s*(\d+X\d+X\w+(?:\.\w+)*)")
_WORDS = {
    "and": "and", "&&": "and", "&": "and", "or": "or", "||": "or", "|": "or", "not": "!", "!": "!",
    "==": "==", "===": "==", "=": "==", "eq": "==", "equals": "==", "equal": "==",
    "!=": "!=", "!==": "!=", "<>": "!=", "ne": "!=", "notequal": "!=", "notequals": "!=",
    "<": "<", "lt": "<", "less": "<", "<=": "<=", "le": "<=", "lessorequal": "<=",
    ">": ">", "gt": ">", "greater": ">", ">=": ">=", "ge": ">=", "greaterorequal": ">=",
    "contains": "contains", "contain": "contains", "*=": "contains", "anyof": "anyof",
    "allof": "allof", "noneof": "noneof",
    "notcontains": "notcontains", "notcontain": "notcontains",
    "empty": "empty", "notempty": "notempty",
    "+": "+", "-": "-", "*": "*", "/": "/", "%": "%", "div": "/", "mod": "%",
}  # fmt: skip
_BINDS = {
    "or": 1, "and": 2, "==": 3, "!=": 3, "<": 3, "<=": 3, ">": 3, ">=": 3,
    "contains": 3, "notcontains": 3, "anyof": 3, "allof": 3, "noneof": 3, "empty": 3,
    "notempty": 3,
    "+": 4, "-": 4, "*": 5, "/": 5, "%": 5,
}  # fmt: skip
_FLIPPED = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "==": "==", "!=": "!="}
_HOLDS: dict[str, Callable[[float, float], bool]] = {
    "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge,
}  # fmt: skip
_AS_IT_IS = {"date", "decimal", "floatval", "int", "intval", "number", "string", "trim"}
_DEEPEST = 20
_LONGEST = 5_000
SELF = "."
"""What an expression calls its own item."""


class NotTranslated(Exception):
    """The expression says what our conditions cannot; the text says what."""


@dataclass(frozen=True)
class Box:
    """One choice of an item with several, asked about as if it were an item of its own: `told` is
    what the other tool answers for a ticked one."""

    item: str
    value: str
    told: str


@dataclass(frozen=True)
class Answer:
    """An item as a condition asks about it. `values` maps the other tool's codes to ours; `number`
    says that its answers are numbers; `several` that it has a list of them."""

    item: str
    values: dict[str, Any] | None = None
    number: bool = False
    several: bool = False
    other: str = ""


@dataclass(frozen=True)
class Count:
    """How many choices an item's answer has."""

    asked: Answer


Name = Callable[[str], Answer | Box | Count]
"""What a name stands for. Raises NotTranslated."""


def among(known: Mapping[str, Answer | Box]) -> Name:
    """The names of what was asked so far."""

    def named(name: str) -> Answer | Box:
        if name not in known:
            raise NotTranslated(f"{name} is not asked before it.")
        return known[name]

    return named


def translated(text: str, name: Name) -> Any:
    """The JsonLogic of an expression. Raises NotTranslated."""
    if len(text) > _LONGEST:
        raise NotTranslated("It is too long.")
    return _Parser(list(_tokens(text)), name).whole()


def _tokens(text: str) -> Iterator[tuple[str, str]]:
    place = 0
    end = len(text.rstrip())
    while place < end:
        found = _SGQA.match(text, place)
        if found:
            yield "name", found[1]
        else:
            found = _TOKEN.match(text, place)
            if not found:
                raise NotTranslated(f"{text[place : place + 40].strip()!r} is not understood.")
            yield str(found.lastgroup), found[str(found.lastgroup)]
        place = found.end()


class _Parser:
    def __init__(self, tokens: list[tuple[str, str]], name: Name) -> None:
        self._tokens = tokens
        self._place = 0
        self._name = name

    def whole(self) -> Any:
        rule = self._expression(0, _DEEPEST)
        if self._place < len(self._tokens):
            raise NotTranslated(f"{self._tokens[self._place][1]!r} was not expected.")
        return _truth(rule)

    def _peek(self) -> tuple[str, str]:
        return self._tokens[self._place] if self._place < len(self._tokens) else ("end", "")

    def _operator(self) -> str | None:
        kind, text = self._peek()
        return _WORDS.get(text.casefold()) if kind in {"operator", "name"} else None

    def _expression(self, least: int, depth: int) -> Any:
        if depth <= 0:
            raise NotTranslated("It goes too deep.")
        left = self._operand(depth)
        while True:
            operator = self._operator()
            binds = _BINDS.get(operator or "", 0)
            if not operator or binds <= least:
                return left
            self._place += 1
            if operator in {"empty", "notempty"}:
                left = _unanswered(left) if operator == "empty" else _answered(left)
                continue
            left = _joined(operator, left, self._expression(binds, depth - 1))

    def _operand(self, depth: int) -> Any:
        kind, text = self._peek()
        self._place += 1
        if kind in {"number", "text", "braced", "self"}:
            return self._plain(kind, text)
        if text == "(":
            inner = self._expression(0, depth - 1)
            self._expect(")")
            return inner
        if text == "[":
            return self._listed("]", depth)
        if kind == "operator" and text == "-":
            return _negative(self._expression(4, depth - 1))
        return self._word(kind, text, depth)

    def _plain(self, kind: str, text: str) -> Any:
        if kind == "number":
            return float(text) if "." in text else int(text[:15])
        if kind == "text":
            return text[1:-1]
        return self._name(SELF if kind == "self" else text.strip("${}").strip())

    def _word(self, kind: str, text: str, depth: int) -> Any:
        word = text.casefold()
        if kind == "name" and self._peek()[1] == "(":
            self._place += 1
            return _called(word, self._listed(")", depth))
        if _WORDS.get(word) == "!":
            return _negated(_truth(self._expression(2, depth - 1)))
        if kind == "name":
            return word == "true" if word in {"true", "false"} else self._name(text)
        raise NotTranslated(f"{text or 'The end'!r} was not expected.")

    def _listed(self, end: str, depth: int) -> list[Any]:
        given = []
        while self._peek()[1] != end:
            given.append(self._expression(0, depth - 1))
            if self._peek()[1] != end:
                self._expect(",")
        self._expect(end)
        return given

    def _expect(self, text: str) -> None:
        if self._peek()[1] != text:
            raise NotTranslated(f"{text!r} is missing.")
        self._place += 1


def _called(function: str, given: list[Any]) -> Any:  # noqa: PLR0911 one for each function
    match function, given:
        case (("true" | "false"), []):
            return function == "true"
        case (("is_empty" | "empty"), [asked]):
            return _unanswered(asked)
        case "not", [condition]:
            return _negated(_truth(condition))
        case "selected", [asked, choice]:
            return _joined("contains", asked, choice)
        case "count-selected", [Answer(several=True) as asked]:
            return Count(asked)
        case (("if" | "iif"), [condition, then, otherwise]):
            return {"if": [_truth(condition), _value(then), _value(otherwise)]}
        case name, [inner] if name in _AS_IT_IS:
            return inner
    raise NotTranslated(f"The function {function} is not there.")


def _joined(operator: str, left: Any, right: Any) -> Any:
    if operator in {"and", "or"}:
        parts = [_truth(left), _truth(right)]
        first = parts[0].get(operator) if isinstance(parts[0], dict) else None
        return {operator: [*first, parts[1]] if first else parts}
    if isinstance(left, list) or (isinstance(right, list) and operator not in _OF_LISTS):
        raise NotTranslated("A whole list of choices is not compared.")
    if _is_asked(right) and not _is_asked(left) and operator in _FLIPPED:
        return _joined(_FLIPPED[operator], right, left)
    if operator in _OF_LISTS:
        return _of_list(operator, left, right if isinstance(right, list) else [right])
    if operator in _FLIPPED:
        return _compared(operator, left, right)
    return {operator: [_value(left), _value(right)]}


_OF_LISTS = {"contains", "notcontains", "anyof", "allof", "noneof"}


def _of_list(operator: str, left: Any, choices: list[Any]) -> Any:
    parts = [_includes(left, choice) for choice in choices]
    if not parts:
        raise NotTranslated("An empty list is not compared.")
    word = "and" if operator in {"allof", "contains", "notcontains"} else "or"
    joined = parts[0] if len(parts) == 1 else {word: parts}
    return _negated(joined) if operator in {"notcontains", "noneof"} else joined


def _includes(left: Any, choice: Any) -> Any:
    if isinstance(left, Box):
        raise NotTranslated("A single choice is only ticked or not.")
    if isinstance(left, Answer) and not left.several and (left.values is not None or left.number):
        return _compared("==", left, choice)
    return {"in": [_literal(left, choice), _value(left)]}


def _compared(operator: str, left: Any, right: Any) -> Any:
    if isinstance(left, Count):
        return _counted(operator, left, right)
    if isinstance(left, Box):
        return _box(operator, left, right)
    if _is_asked(left) and right in ("", None):
        if operator not in {"==", "!="}:
            raise NotTranslated("Nothing is neither more nor less.")
        return _unanswered(left) if operator == "==" else _answered(left)
    if isinstance(left, Answer) and left.other and right == left.other:
        own: Any = {"!=": [{"var": f"{left.item}.other"}, None]}
        return own if operator == "==" else _negated(own)
    if isinstance(left, Answer) and left.several:
        raise NotTranslated("A whole list of choices is not compared.")
    if isinstance(left, Answer) and _is_coded(left) and operator in _HOLDS:
        return _ordered(operator, left, right)
    return {operator: [_value(left), _literal(left, right)]}


def _is_asked(part: Any) -> bool:
    return isinstance(part, Answer | Box | Count)


def _is_coded(asked: Answer) -> bool:
    return any(isinstance(value, str) for value in (asked.values or {}).values())


def _ordered(operator: str, asked: Answer, right: Any) -> Any:
    """Codes are texts here, where "10" comes before "9": so the fitting ones are listed."""
    limit = _number(right)
    numbers = {value: _number(code) for code, value in (asked.values or {}).items()}
    fitting = [
        value
        for value, number in numbers.items()
        if number is not None and limit is not None and _HOLDS[operator](number, limit)
    ]
    if limit is None or not fitting:
        raise NotTranslated("Choices that are no numbers have no order.")
    return {"in": [_value(asked), fitting]}


def _counted(operator: str, count: Count, right: Any) -> Any:
    """Only whether there is any."""
    if (operator, right) in {(">", 0), (">=", 1), ("!=", 0)}:
        return _answered(count.asked)
    if (operator, right) in {("<", 1), ("<=", 0), ("==", 0)}:
        return _unanswered(count.asked)
    raise NotTranslated("How many were chosen is not asked about.")


def _box(operator: str, box: Box, right: Any) -> Any:
    told = str(right).casefold() if right is not True else box.told.casefold()
    if operator not in {"==", "!="} or told not in {box.told.casefold(), "", "n", "false", "none"}:
        raise NotTranslated("A single choice is only ticked or not.")
    ticked = (told == box.told.casefold()) == (operator == "==")
    return _answered(box) if ticked else _unanswered(box)


def _answered(asked: Any) -> Any:
    if isinstance(asked, Box):
        return {"in": [asked.value, {"var": asked.item}]}
    if not isinstance(asked, Answer):
        raise NotTranslated("Only a question is answered or not.")
    return {"!=": [_value(asked), None]}


def _unanswered(asked: Any) -> Any:
    return _negated(_answered(asked))


def _negated(rule: Any) -> Any:
    match rule:
        case bool():
            return not rule
        case {"==": operands}:
            return {"!=": operands}
        case {"!=": operands}:
            return {"==": operands}
    return {"!": [rule]}


def _negative(part: Any) -> Any:
    return -part if type(part) in {int, float} else {"-": [_value(part)]}


def _literal(asked: Any, given: Any) -> Any:
    """What an answer is compared with, as our answers have it."""
    if not isinstance(asked, Answer) or isinstance(given, Answer | Box | Count | dict):
        return _value(given)
    code = str(given).casefold() if isinstance(given, bool) else str(given)
    if asked.values is not None:
        if code not in asked.values:
            raise NotTranslated(f"There is no choice {code!r}.")
        return asked.values[code]
    if not asked.number:
        return code
    number = _number(given)
    if number is None:
        raise NotTranslated(f"{given!r} is no number.")
    return number


def _number(given: Any) -> int | float | None:
    try:
        number = float(given)
        return int(number) if number.is_integer() else number
    except (TypeError, ValueError, OverflowError):
        return None


def _value(part: Any) -> Any:
    if isinstance(part, list | Count):
        raise NotTranslated("A list is not compared.")
    if isinstance(part, Answer):
        return {"var": part.item}
    return _answered(part) if isinstance(part, Box) else part


def _truth(part: Any) -> Any:
    """An answer by itself holds where it was given; a choice of yes and no where it is yes."""
    if isinstance(part, Answer) and "true" in (part.values or {}):
        return _compared("==", part, True)  # noqa: FBT003 what it is compared with
    return _answered(part) if isinstance(part, Answer) else _value(part)
