"""Questions that are no tables, with the limits that their answers must keep."""

from collections.abc import Mapping
from typing import Any

from services.intake.formats.draft import Draft, Item
from services.intake.formats.expressions import Answer, NotTranslated, among, translated
from services.intake.formats.json_file import objects, text
from services.intake.formats.printing import answers_of
from services.intake.formats.surveyjs.items import BUILDERS, finish
from services.intake.formats.surveyjs.source import Object, report, texts_of


class Questions:
    def __init__(self, draft: Draft) -> None:
        self._draft = draft

    def add(
        self, kind: str, source: Object, name: str, base: Item, extras: Item, place: str
    ) -> None:
        draft = self._draft
        if kind == "multipletext":
            self._lines(source, name, base, place)
            return
        values: dict[str, Any] = {}
        build = BUILDERS.get(kind)
        made = build(draft, source, values, place) if build else None
        if made is None:
            what = "a question without choices" if build else f"a question of type {kind}"
            draft.imported.left_out(place, what)
            return
        code = extras.get("id") or name or "question"
        item: Item = {"id": draft.names.take(code, place), **base, **made}
        alone = set(extras.pop("exclusive", ()))
        for choice in item.get("choices") or ():
            if choice["value"] in alone:
                choice["exclusive"] = True
        self._validate(item, source, name, place)
        finish(item, extras)
        names = {name, source.text("valueName") or name}
        for each in names:
            draft.known |= answers_of(item, each, ".")
            known = draft.known.get(each)
            if values and isinstance(known, Answer):
                draft.known[each] = Answer(
                    known.item, values, number=known.number, several=known.several,
                    other=known.other,
                )  # fmt: skip
        draft.column(name, item["id"])
        draft.write(item["id"], values)
        if item.get("other"):
            draft.column(f"{name}-Comment", item["id"], "other")
        draft.items.append(item)

    def _validate(self, item: Item, source: Object, name: str, place: str) -> None:
        """Validators as the item's own limits where it has them, else as valid_if."""
        own = {**self._draft.known, **answers_of(item, name, ".")}
        for validator in objects(source.get("validators")):
            rule = text(validator.get("expression"))
            if validator.get("type") == "expression" and rule and "valid_if" not in item:
                try:
                    item["valid_if"] = translated(rule, among(own))
                except NotTranslated as why:
                    self._draft.imported.left_out(place, f"its validator {rule}: {why}")
                    continue
                self._draft.imported.translated(place, f"its validator {rule}")
                words = self._draft.texts(texts_of(validator.get("text")), place)
                item |= {"valid_message": words} if words else {}
            elif not _limit(item, validator):
                self._draft.imported.left_out(place, f"its validator {str(validator)[:80]}")

    def _lines(self, source: Object, name: str, base: Item, place: str) -> None:
        """Several lines of text: an item each."""
        for line in objects(source.get("items")):
            code = text(line.get("name")) or "line"
            own = self._draft.texts(texts_of(line.get("title")), place) or self._draft.said(code)
            told = Object(line)
            told.get("title")
            report(self._draft.imported, told, f"{place}, {code}")
            words = {k: f"{base['text'].get(k, '')}\n{t}".strip() for k, t in own.items()}
            item = {
                **base, "id": self._draft.names.take(f"{name}_{code}", place), "type": "text",
                "text": words, "multiline": False,
            }  # fmt: skip
            self._draft.column(f"{name}.{code}", item["id"])
            self._draft.known[f"{name}.{code}"] = Answer(item["id"])
            self._draft.items.append(item)


def _limit(item: Item, validator: Mapping[str, Any]) -> bool:
    """Whether a validator is a limit that the item has keys for."""
    keys = {
        "numeric": ("number", {"minValue": "min", "maxValue": "max"}),
        "text": ("text", {"maxLength": "max_length"}),
        "answercount": ("multiple_choice", {"minCount": "min_choices", "maxCount": "max_choices"}),
    }
    kind, limits = keys.get(text(validator.get("type")), ("", {}))
    found = {ours: validator[theirs] for theirs, ours in limits.items() if theirs in validator}
    fits = all(type(each) is int and 0 < each <= 10_000 for each in found.values())
    if kind == "number":
        fits = all(type(each) in {int, float} for each in found.values())
    if item["type"] != kind or not found or not fits or "minLength" in validator:
        return False
    item |= found
    return True
