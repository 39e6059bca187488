"""Questions of each type as items."""

from collections.abc import Callable
from typing import Any

from services.intake.formats.draft import Draft, Item
from services.intake.formats.grids import points_of
from services.intake.formats.surveyjs.source import Object, codes_of, options_of, texts_of

_NUMBERS = {"number", "range"}
_ONE_LINE = {"", "text", "email", "tel", "url", "password", "color"}
_SPECIAL = (
    (("hasNone", "showNoneItem"), "none", "None"),
    (("showRefuseItem",), "refused", "I would rather not say"),
    (("showDontKnowItem",), "dontknow", "I do not know"),
)
Build = Callable[[Draft, Object, dict[str, Any], str], Item | None]


def _chosen(
    kind: str, draft: Draft, source: Object, values: dict[str, Any], place: str
) -> Item | None:
    other = source.any("hasOther", "showOtherItem")
    choices, found = draft.options(codes_of(source.get("choices")), place, other=other)
    values |= found | ({"other": "other"} if other and "other" not in found else {})
    item: Item = {"type": kind, "choices": choices}
    for keys, value, words in _SPECIAL:
        if source.any(*keys):
            said = draft.texts(texts_of(source.get(f"{value}Text")), place) or draft.said(words)
            exclusive = {"exclusive": True} if kind == "multiple_choice" else {}
            choices.append({"value": value, "text": said, **exclusive})
            values[value] = value
    if other:
        item["other"] = True
        values.pop("other", None)
    if source.text("choicesOrder") == "random":
        item["random"] = True
    return item if choices else None


def _single(draft: Draft, source: Object, values: dict[str, Any], place: str) -> Item | None:
    return _chosen("single_choice", draft, source, values, place)


def _several(draft: Draft, source: Object, values: dict[str, Any], place: str) -> Item | None:
    item = _chosen("multiple_choice", draft, source, values, place)
    return _counted(item, source)


def _pictures(draft: Draft, source: Object, values: dict[str, Any], place: str) -> Item | None:
    draft.imported.left_out(place, "the images of its choices")
    several = source.any("multiSelect")
    return (_several if several else _single)(draft, source, values, place)


def _counted(item: Item | None, source: Object) -> Item | None:
    for theirs, ours in (
        ("minSelectedChoices", "min_choices"),
        ("maxSelectedChoices", "max_choices"),
    ):
        count = source.whole(theirs)
        if item is not None and count is not None and count > 0:
            item[ours] = min(count, len(item["choices"]) + bool(item.get("other")))
    return item


def _ranking(draft: Draft, source: Object, values: dict[str, Any], place: str) -> Item | None:
    choices, found = draft.options(codes_of(source.get("choices")), place)
    values |= found
    random = {"random": True} if source.text("choicesOrder") == "random" else {}
    item: Item = {"type": "ranking", "choices": choices, **random}
    source.get("selectToRankEnabled")
    return _counted(item, source) if choices else None


def _yes_or_no(draft: Draft, source: Object, values: dict[str, Any], place: str) -> Item:
    choices = []
    for key, value, words in (("labelTrue", "true", "Yes"), ("labelFalse", "false", "No")):
        said = draft.texts(texts_of(source.get(key)), place) or draft.said(words)
        choices.append({"value": value, "text": said})
        values[value] = value
    for key, value in (("valueTrue", "true"), ("valueFalse", "false")):
        if source.get(key) is not None:
            values[str(source.get(key))] = value
    return {"type": "single_choice", "choices": choices}


def _rating(draft: Draft, source: Object, values: dict[str, Any], place: str) -> Item | None:
    steps = options_of(source.get("rateValues"))
    if steps:
        points = points_of(steps)
        if points is None or points.worded:
            choices, found = draft.options(steps, place)
            values |= found
            return {"type": "single_choice", "choices": choices}
        values |= points.values()
        return {"type": "rating", "scale": points.scale()}
    low, high = source.whole("rateMin"), source.whole("rateMax")
    count = source.whole("rateCount")
    low = 1 if low is None else low
    high = low + (count or 5) - 1 if high is None else high
    if not 0 < high - low <= 10 or source.whole("rateStep") not in {None, 1}:
        draft.imported.changed(place, "Its scale is too long; it became a number.")
        return {"type": "number", "min": min(low, high), "max": max(low, high)}
    scale: Item = {"min": low, "max": high}
    for key, end in (("minRateDescription", "low"), ("maxRateDescription", "high")):
        words = draft.texts(texts_of(source.get(key)), place)
        scale |= {end: words} if words else {}
    return {"type": "rating", "scale": scale}


def _slider(_: Draft, source: Object, __: dict[str, Any], ___: str) -> Item:
    return {"type": "number", "decimals": 6, **_bounds(source)}


def _line(draft: Draft, source: Object, _: dict[str, Any], place: str) -> Item:
    kind = source.text("inputType")
    if kind in _NUMBERS:
        return {"type": "number", **_decimals(source), **_bounds(source)}
    if kind == "date":
        days = {key: source.text(key) for key in ("min", "max")}
        return {"type": "date", **{key: day for key, day in days.items() if day}}
    if kind not in _ONE_LINE:
        draft.imported.changed(place, f"A {kind} became a line of text.")
    elif kind not in {"", "text"}:
        draft.imported.changed(place, f"Whether it is a {kind} is not checked.")
    return {"type": "text", "multiline": False, **_length(source)}


def _comment(_: Draft, source: Object, __: dict[str, Any], ___: str) -> Item:
    return {"type": "text", **_length(source)}


def _length(source: Object) -> Item:
    longest = source.whole("maxLength")
    return {"max_length": min(longest, 10_000)} if longest and longest > 0 else {}


def _bounds(source: Object) -> Item:
    found = {key: source.get(key) for key in ("min", "max")}
    return {key: each for key, each in found.items() if type(each) in {int, float}}


def _decimals(source: Object) -> Item:
    """A step of 0.01 is two decimals, one of 1 or of nothing said is what the browser takes."""
    step = source.get("step")
    if type(step) is int or not isinstance(step, float) or not 0 < step < 1:
        return {} if type(step) is int else {"decimals": 6}
    return {"decimals": min(6, len(f"{step:.6f}".rstrip("0").partition(".")[2]))}


def finish(item: Item, extras: Item) -> None:
    """Adds what SurveyJS has no word for."""
    kept = {key: value for key, value in extras.items() if key not in {"id", "groups"}}
    if kept.get("type") == "nps":
        item.pop("scale", None)
    item |= kept


BUILDERS: dict[str, Build] = {
    "radiogroup": _single, "dropdown": _single, "buttongroup": _single, "imagepicker": _pictures,
    "checkbox": _several, "tagbox": _several, "ranking": _ranking, "boolean": _yes_or_no,
    "rating": _rating, "slider": _slider, "text": _line, "comment": _comment,
}  # fmt: skip
