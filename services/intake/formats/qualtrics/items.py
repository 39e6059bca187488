"""Questions of each type as items."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from services.intake.domain.origin import OTHER, RANK_OF
from services.intake.formats.draft import Item
from services.intake.formats.expressions import Answer
from services.intake.formats.json_file import text
from services.intake.formats.qualtrics.question import Question, as_object, number_of

_SEVERAL = {"MAVR", "MAHR", "MACOL", "MSB"}
_LONGEST_TEXT = 10_000


def _choice(question: Question, base: Item) -> bool:
    if question.selector == "NPS":
        name = question.add({**base, "type": "nps"})
        question.columns(name, "", [""], [""])
        return True
    several = question.selector in _SEVERAL
    typed = question.with_texts("Choice")
    if len(typed) > 1:
        question.left_out("the texts beside several of its choices")
    other = typed[0] if len(typed) == 1 else ""
    choices, values = question.options("Choice", leaving=[other] if other else [])
    if not choices:
        return False
    item: Item = {**base, "type": "multiple_choice" if several else "single_choice"}
    item |= {"choices": choices} | ({"random": True} if question.is_random() else {})
    if other:
        item["other"] = True
        words = text(question.parts("Choice")[other].get("Display"))
        question.changed(f"“{words[:80]}” became a choice of one's own.")
    if several:
        item |= _counts(question, len(choices) + bool(other))
    name = question.add(item, values=values, other=other)
    meanings = {**values, **({other: OTHER} if other else {})}
    cells = question.cells("Choice", meanings)
    question.draft.write(name, cells)
    _know_recoded(question, cells)
    _name_columns(question, name, values, other, several=several)
    return True


def _know_recoded(question: Question, cells: Mapping[str, Any]) -> None:
    """What conditions on recoded values compare."""
    known = question.draft.known[question.name]
    recoded = question.recoded("Choice").values()
    values = {code: cells[code] for code in recoded if cells.get(code) not in {None, OTHER}}
    if isinstance(known, Answer):
        question.draft.known[f"{question.name}.recode"] = replace(known, values=values)


def _name_columns(
    question: Question, name: str, values: Mapping[str, str], other: str, *, several: bool
) -> None:
    recoded = question.recoded("Choice")
    question.columns(name, "", [""], [""])
    if other:
        tails = [f"_{recoded[other]}_TEXT", f"_{other}_TEXT", "_TEXT"]
        question.columns(name, OTHER, tails, [f"_{other}_TEXT"])
    for written in (recoded, {key: key for key in values}) if several else ():
        for key, value in values.items():
            question.columns(name, value, [f"_{written[key]}"], [f"_{key}"])


def _counts(question: Question, there: int) -> Item:
    found = {"min_choices": "MinChoices", "max_choices": "MaxChoices"}
    counts = {key: number_of(question.settings.get(name)) for key, name in found.items()}
    return {key: min(int(n), there) for key, n in counts.items() if n is not None and n >= 1}


def _entry(question: Question, base: Item) -> bool:
    if question.selector == "FORM":
        _each(question, base, {"type": "text", "multiline": False})
        return True
    if question.selector not in {"SL", "ML", "ESTB"}:
        return False
    content = text(question.settings.get("ContentType"))
    if content == "ValidNumber":
        item = {**base, "type": "number", **_limits(question)}
    elif content == "ValidDate":
        item = {**base, "type": "date"}
    else:
        if content:
            question.left_out(f"its check of content: {content}")
        line = {"multiline": False} if question.selector == "SL" else {}
        item = {**base, "type": "text", **line, **_longest(question)}
    name = question.add(item)
    question.columns(name, "", ["", "_TEXT"], ["", "_TEXT"])
    return True


def _limits(question: Question) -> Item:
    limits = as_object(question.settings.get("ValidNumber"))
    decimals = str(limits.get("NumDecimals") or "0")
    places = min(6, int(decimals)) if decimals.isdecimal() and len(decimals) < 3 else 6
    bounds = {"min": number_of(limits.get("Min")), "max": number_of(limits.get("Max"))}
    found = {key: bound for key, bound in bounds.items() if bound is not None}
    return {**({"decimals": places} if places else {}), **found}


def _longest(question: Question) -> Item:
    told = (question.settings.get(key) for key in ("TotalChars", "MaxChars"))
    longest = next((int(n) for each in told if (n := number_of(each)) is not None and n >= 1), 0)
    if number_of(question.settings.get("MinChars")):
        question.left_out("how many characters are needed")
    return {"max_length": min(longest, _LONGEST_TEXT)} if longest else {}


def _each(question: Question, base: Item, kind: Item) -> None:
    """One item for each of its choices."""
    above = base["text"]
    for key, words in question.labels("Choice").items():
        own = question.draft.texts(words, f"{question.place}, {key}") or question.draft.said(key)
        texts = {k: f"{above[k]}\n{t}" if above.get(k) else t for k, t in own.items()}
        name = question.add({**base, **kind, "text": texts}, code=key, key=key)
        question.columns(name, "", [f"_{key}", f"_{key}_TEXT"], [f"_{key}"])


def _ranking(question: Question, base: Item) -> bool:
    choices, values = question.options("Choice")
    if not choices:
        return False
    if question.with_texts("Choice"):
        question.left_out("the texts beside its choices")
    random = {"random": True} if question.is_random() else {}
    item = {**base, "type": "ranking", "choices": choices, **random}
    name = question.add(item, values=values)
    recoded = question.recoded("Choice")
    for written in (recoded, {key: key for key in values}):
        for key, value in values.items():
            question.columns(name, f"{RANK_OF}{value}", [f"_{written[key]}"], [f"_{key}"])
    return True


def _slider(question: Question, base: Item) -> bool:
    told = as_object(question.raw.get("Configuration"))
    low, high = number_of(told.get("CSSliderMin")), number_of(told.get("CSSliderMax"))
    low, high = (0 if low is None else low), (100 if high is None else high)
    if question.selector == "STAR":
        stars = number_of(told.get("StarCount")) or number_of(told.get("NumStars"))
        low, high = 1, stars or 5
    ends = [
        question.draft.texts(words, question.place) for words in question.labels("Label").values()
    ]
    decimals = str(told.get("NumDecimals") or "0") != "0"
    if type(low) is int and type(high) is int and 1 < high - low <= 10 and not decimals:
        kind: Item = {"type": "rating", "scale": {"min": low, "max": high}}
        if len(ends) > 1:
            both = {"low": ends[0], "high": ends[-1]}
            kind["scale"] |= {end: words for end, words in both.items() if words}
        kind |= {"no_basis": True} if told.get("NotApplicable") is True else {}
        ends = ends[1:-1]
    else:
        kind = {"type": "number", "min": min(low, high), "max": max(low, high)}
        kind |= {"decimals": 6} if decimals else {}
        if told.get("NotApplicable") is True:
            question.left_out("its box for what does not apply")
    if any(ends):
        question.left_out("the words along its slider")
    _each(question, base, kind)
    return True


def _sum(question: Question, base: Item) -> bool:
    question.left_out("that its numbers must come to a sum")
    _each(question, base, {"type": "number", "decimals": 6})
    return True


BUILDERS: dict[str, Callable[[Question, Item], bool]] = {
    "MC": _choice, "TE": _entry, "RO": _ranking, "Slider": _slider, "CS": _sum,
}  # fmt: skip
