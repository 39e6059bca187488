"""The fields of the answer form, as answers and back.

Item `x` has the field `a.x`, several times where it takes several choices; a need has
`a.x.importance` and `a.x.satisfaction`, a ranking the place of each choice and a matrix the choice
of each row, `a.x.<value>`; an answer of one's own is OTHER with its text in `a.x.other`. "No basis
to answer" is NO_BASIS among the choices, or in a box of its own, `a.x.-`. Neither can be the name
of a choice.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from werkzeug.datastructures import MultiDict

from services.intake.domain.items import NO_BASIS as _NO_BASIS
from services.intake.domain.items import USES, Raw

Typed = MultiDict[str, str]
Field = tuple[str, str]

OTHER = "other"
NO_BASIS = "-"
CHOSEN = frozenset({"rating", "nps", "single_choice", "multiple_choice"})
"""The types that offer "no basis to answer" among their choices."""
_WHOLE = re.compile(r"[-+]?\d{1,15}", re.ASCII)
_DECIMAL = re.compile(r"[-+]?\d{1,15}(?:[.,](\d+))?", re.ASCII)


def answer_of(item: Raw, typed: Typed) -> Any:
    """As JSON has it, right or wrong; None where nothing was typed. What was typed counts more
    than the box that says there is no basis."""
    field = f"a.{item['id']}"
    answer = _READ[item["type"]](item, field, typed)
    if item["type"] in CHOSEN:
        has_none = answer == NO_BASIS
    else:
        has_none = answer is None and f"{field}.-" in typed
    return dict(_NO_BASIS) if has_none and item.get("no_basis") else answer


def fields_of(items: Iterable[Raw], answers: Mapping[str, Any]) -> Iterator[Field]:
    """The fields that stand for these answers: what `answer_of` reads, written."""
    for item in items:
        answer, field = answers.get(item["id"]), f"a.{item['id']}"
        if answer == _NO_BASIS:
            yield (field, NO_BASIS) if item["type"] in CHOSEN else (f"{field}.-", NO_BASIS)
        elif answer is not None:
            yield from _WRITTEN.get(item["type"], _write_one)(field, answer)


def _read_need(_: Raw, field: str, typed: Typed) -> Any:
    importance = typed.get(f"{field}.importance")
    satisfaction = typed.get(f"{field}.satisfaction")
    if importance == "":  # "no answer", whatever became of the other half
        return None
    second = "use" if satisfaction in USES else "satisfaction"
    given = {"importance": _whole(importance), second: _whole(satisfaction)}
    return {name: value for name, value in given.items() if value not in {None, ""}} or None


def _read_points(_: Raw, field: str, typed: Typed) -> Any:
    text = typed.get(field)
    return _whole(text) if text else None


def _read_single(item: Raw, field: str, typed: Typed) -> Any:
    chosen, own = typed.get(field), _own(item, field, typed)
    if own is not None and chosen in {None, "", OTHER}:
        return {"other": own}
    return {"other": ""} if chosen == OTHER and item.get("other") else chosen or None


def _read_several(item: Raw, field: str, typed: Typed) -> Any:
    """In the order of the definition, in whichever order the choices were shown."""
    chosen, own = [value for value in typed.getlist(field) if value], _own(item, field, typed)
    if chosen == [NO_BASIS]:
        return NO_BASIS
    places = {choice["value"]: place for place, choice in enumerate(item["choices"])}
    answer: list[Any] = sorted(
        (value for value in chosen if value != OTHER or not item.get("other")),
        key=lambda value: places.get(value, len(places)),
    )
    if own is not None or len(answer) < len(chosen):
        answer.append({"other": own or ""})
    return answer or None


def _own(item: Raw, field: str, typed: Typed) -> str | None:
    text = typed.get(f"{field}.other", "")
    return text if item.get("other") and text.strip() else None


def _read_ranking(item: Raw, field: str, typed: Typed) -> Any:
    """Best first; the places themselves, which are no answer, where two have the same."""
    named = {c["value"]: typed.get(f"{field}.{c['value']}", "").strip() for c in item["choices"]}
    places = {value: place for value, place in named.items() if place}
    if not places:
        return None
    if len(set(places.values())) < len(places) or not all(map(_WHOLE.fullmatch, places.values())):
        return places
    return sorted(places, key=lambda value: int(places[value]))


def _read_matrix(item: Raw, field: str, typed: Typed) -> Any:
    given = {row["value"]: typed.get(f"{field}.{row['value']}") for row in item["rows"]}
    return {row: value for row, value in given.items() if value} or None


def _read_number(item: Raw, field: str, typed: Typed) -> Any:
    """With a point or a comma before the decimals; 1,000 for a thousand is left to be refused."""
    text, decimals = typed.get(field, "").strip(), item.get("decimals", 0)
    if _WHOLE.fullmatch(text):
        return int(text)
    found = _DECIMAL.fullmatch(text)
    if found and len(found[1]) <= decimals:
        return float(text.replace(",", "."))
    return text or None


def _read_text(_: Raw, field: str, typed: Typed) -> Any:
    text = typed.get(field, "").replace("\r\n", "\n")
    return text if text.strip() else None


def _whole(text: str | None) -> Any:
    """An int where it is one; anything else is left for the check to refuse."""
    return int(text) if text is not None and _WHOLE.fullmatch(text) else text


def _write_one(field: str, answer: Any) -> Iterator[Field]:
    yield field, str(answer)


def _write_need(field: str, answer: Any) -> Iterator[Field]:
    yield f"{field}.importance", str(answer["importance"])
    yield f"{field}.satisfaction", str(answer.get("satisfaction", answer.get("use")))


def _write_choices(field: str, answer: Any) -> Iterator[Field]:
    for each in answer if isinstance(answer, list) else [answer]:
        if isinstance(each, Mapping):
            yield field, OTHER
            yield f"{field}.other", each["other"]
        else:
            yield field, each


def _write_ranking(field: str, answer: Any) -> Iterator[Field]:
    for place, value in enumerate(answer, 1):
        yield f"{field}.{value}", str(place)


def _write_matrix(field: str, answer: Any) -> Iterator[Field]:
    for row, value in answer.items():
        yield f"{field}.{row}", value


_READ: dict[str, Callable[[Raw, str, Typed], Any]] = {
    "need": _read_need,
    "rating": _read_points,
    "nps": _read_points,
    "single_choice": _read_single,
    "multiple_choice": _read_several,
    "ranking": _read_ranking,
    "matrix": _read_matrix,
    "number": _read_number,
    "date": _read_text,
    "text": _read_text,
}
_WRITTEN: dict[str, Callable[[str, Any], Iterator[Field]]] = {
    "need": _write_need,
    "single_choice": _write_choices,
    "multiple_choice": _write_choices,
    "ranking": _write_ranking,
    "matrix": _write_matrix,
}
