"""SurveyJS's JSON, read."""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from services.intake.domain.definition import GROUP
from services.intake.formats.draft import NOBODY, Draft, Item, Texts
from services.intake.formats.expressions import Answer, NotTranslated, among, translated
from services.intake.formats.extras import ITEM_KEYS, OURS, SURVEY_KEYS, Keys, is_as_written
from services.intake.formats.grids import Grid, paired, points_of
from services.intake.formats.imported import Imported, UnreadableFile
from services.intake.formats.json_file import objects, read_object, text
from services.intake.formats.printing import answers_of

_PIPED = re.compile(r"\{([^{}]+)\}")
_LANGUAGE = re.compile(r"[a-z]{2,3}(?:-[A-Za-z0-9]{2,8})*")
_DEEPEST = 20  # panels in panels
_TEXTS = {"title", "description", "text", "html", "minRateDescription", "maxRateDescription"}
_SHOWN = {"html", "image"}
_TABLES = {"matrix", "matrixdropdown"}
_SEVERAL = {"checkbox", "tagbox"}
_CHOSEN_CELLS = {"dropdown", "radiogroup", "buttongroup", "rating"}
_CONDITIONAL = {"visibleIf", "enableIf"}
_NUMBERS = {"number", "range"}
_ONE_LINE = {"", "text", "email", "tel", "url", "password", "color"}


class _Object:
    """One of its objects. What nobody asked for is left, to be reported."""

    def __init__(self, raw: Mapping[str, Any]) -> None:
        self._raw = raw
        self._seen = {"type", "name"}
        self.name = text(raw.get("name"))

    def get(self, key: str) -> Any:
        self._seen.add(key)
        return self._raw.get(key)

    def text(self, key: str) -> str:
        return text(self.get(key))

    def whole(self, key: str) -> int | None:
        found = self.get(key)
        return found if type(found) is int and abs(found) < 1_000_000 else None

    def any(self, *keys: str) -> bool:
        return any([self.get(key) is True for key in keys])  # noqa: C419 all of them are seen

    def close(self) -> None:
        """It has been reported."""
        self._seen |= self._raw.keys()

    def left(self) -> Iterator[tuple[str, Any]]:
        for key in sorted(map(str, self._raw.keys() - self._seen)):
            if self._raw[key] not in (None, "", [], {}, False):
                yield key, self._raw[key]


def read(data: bytes) -> Imported:
    """Raises UnreadableFile."""
    survey = read_object(data, "SurveyJS")
    if not any(objects(survey.get(key)) for key in ("pages", "elements", "questions")):
        raise UnreadableFile("This is no survey of SurveyJS: it has neither pages nor elements.")
    return _Reading(survey).whole()


class _Reading:
    def __init__(self, survey: Mapping[str, Any]) -> None:
        self._survey = _Object(survey)
        self._whole = dict(survey)
        self._pages = objects(survey.get("pages")) or [self._whole]
        own = isinstance(survey.get(OURS), dict)
        self.draft = Draft(_languages(survey), _PIPED, own=own)
        self._groups: list[Item] = []
        self._sections: list[Item] = []
        self._words: Texts = {}
        found = [
            grid
            for page in self._pages
            for element, _ in _elements(page)
            for grid in self._grids(element)
        ]
        self._pairs = paired(found)

    def whole(self) -> Imported:
        draft, survey = self.draft, self._survey
        title = draft.texts(_said(survey.get("title")), "survey") or draft.said("A survey")
        introduction = draft.texts(_said(survey.get("description")), "survey")
        for number, page in enumerate(self._pages, 1):
            self._page(page, number, whole=page is self._whole)
        extras = self._extras(survey.get(OURS), "survey", SURVEY_KEYS)
        for key in ("pages", "elements", "questions", "locale"):
            survey.get(key)
        self._report(survey, "survey")
        groups = [group["value"] for group in self._groups] or ["respondent"]
        titles = {group["value"]: group["text"] for group in self._groups}
        if not self._groups:
            draft.imported.changed("survey", NOBODY)
        worded = any(words != draft.said(group) for group, words in titles.items())
        draft.imported.definition = {
            "title": title, "languages": draft.languages, "groups": groups,
            **({"group_titles": titles} if worded else {}),
            **({"introduction": introduction} if introduction else {}),
            "sections": self._sections, "items": draft.items, **extras,
        }  # fmt: skip
        return draft.imported

    def _page(self, page: Mapping[str, Any], number: int, *, whole: bool) -> None:
        """A section; or one for each panel, where there are only panels with titles. Without pages
        the `whole` survey stands for one."""
        name = text(page.get("name")) or f"page{number}"
        inside = _inside(page)
        panels = [each for each in inside if each.get("type") == "panel" and OURS not in each]
        source = _Object({} if whole else page)
        if panels and panels == inside and all(each.get("title") for each in panels):
            rules = [rule for rule in [source.text("visibleIf")] if rule]
            for panel in panels:
                self._section(_Object(panel), panel, text(panel.get("name")) or name, rules)
            for key in ("elements", "questions"):
                source.get(key)
            self._report(source, f"page {name}")
        elif whole:
            self._fill(page)
        else:
            self._section(source, page, name, [])

    def _section(
        self, source: _Object, part: Mapping[str, Any], name: str, rules: list[str]
    ) -> None:
        draft, place = self.draft, f"page {name}"
        extras = self._extras(source.get(OURS), place, ITEM_KEYS)
        if extras.get("bare"):
            self._fill(part)
            return
        section: Item = {
            "id": draft.names.take(name, place),
            "title": draft.texts(_said(source.get("title")), place) or draft.said(name),
        }
        words = draft.texts(_said(source.get("description")), place)
        own = source.text("visibleIf")
        draft.condition(section, "visible_if", [*rules, own] if own else rules, place)
        section |= {key: extras[key] for key in ("lens", "visible_if") if key in extras}
        before = len(draft.items)
        self._words = {}
        self._fill(part)
        for key in ("elements", "questions"):
            source.get(key)
        self._report(source, place)
        words = _joined(words, self._words)
        for item in draft.items[before:]:
            item["section"] = section["id"]
        self._sections.append({**section, **({"text": words} if words else {})})

    def _fill(self, part: Mapping[str, Any]) -> None:
        for element, around in _elements(part, self._too_deep):
            self._element(element, around)

    def _too_deep(self, panel: Mapping[str, Any]) -> None:
        self.draft.imported.left_out(
            f"panel {text(panel.get('name'))}", "all of it: it is too deep"
        )

    def _report(self, source: _Object, place: str) -> None:
        for key, value in source.left():
            if isinstance(value, list):
                for each in value[:50]:
                    self.draft.imported.left_out(place, f"its {key}: {str(each)[:80]}")
            else:
                self.draft.imported.left_out(place, f"its {key}: {str(value)[:80]}")

    def _extras(self, found: Any, place: str, keys: Keys) -> dict[str, Any]:
        if found is None or is_as_written(found, keys):
            return dict(found or {})
        self.draft.imported.left_out(place, f"its {OURS}, which is not as it was written")
        return {}

    def _element(self, raw: Mapping[str, Any], around: list["_Object"]) -> None:
        source, draft = _Object(raw), self.draft
        name, kind = text(raw.get("name")), text(raw.get("type")) or "text"
        place = f"question {name}"
        extras = self._extras(source.get(OURS), place, ITEM_KEYS)
        self._head(around)
        if extras.get("groups"):
            self._take_groups(source, name)
            return
        if extras.get("type") == "matrix" and kind not in _TABLES:
            extras = {}
        if kind in _SHOWN:
            words = draft.texts(_said(source.get("html") or source.get("description")), place)
            self._words = _joined(self._words, words)
            if source.text("visibleIf"):
                draft.imported.left_out(place, f"its condition {source.text('visibleIf')}")
            if kind == "image":
                draft.imported.left_out(place, "an image")
            return
        rules = [rule for each in (*around, source) if (rule := each.text("visibleIf"))]
        enabled = [rule for each in (*around, source) if (rule := each.text("enableIf"))]
        if enabled:
            draft.imported.changed(place, "It is hidden where it could not be filled in.")
        base: Item = {"text": draft.texts(_said(source.get("title")), place) or draft.said(name)}
        hint = draft.texts(_said(source.get("description")), place)
        base |= {"hint": hint} if hint else {}
        base |= {"required": True} if source.any("isRequired") else {}
        draft.condition(base, "visible_if", [*rules, *enabled], place)
        required = [rule for rule in [source.text("requiredIf")] if rule]
        draft.condition(base, "required_if", required, place)
        parts = [each for key in ("choices", "rows", "columns") for each in objects(raw.get(key))]
        parts += [each for column in parts for each in objects(column.get("choices"))]
        if any(_CONDITIONAL & part.keys() for part in parts):
            draft.imported.left_out(place, "the conditions on which its choices are shown")
        if kind in _TABLES or extras.get("type") == "need":
            self._table(raw, source, base, extras, place)
        else:
            self._question(kind, source, name, base, extras, place)
        self._report(source, place)

    def _head(self, around: list[_Object]) -> None:
        """What panels say themselves, once each."""
        for panel in around:
            panel.get("visibleIf"), panel.get("enableIf")
            for key in ("elements", "questions"):
                panel.get(key)
            self._report(panel, f"panel {panel.name}")
            panel.close()

    def _take_groups(self, source: _Object, name: str) -> None:
        self._groups, values = self.draft.options(_codes(source.get("choices")), GROUP)
        self.draft.known[name] = Answer(GROUP, dict(values))
        self.draft.column(name, GROUP)

    def _question(
        self, kind: str, source: _Object, name: str, base: Item, extras: Item, place: str
    ) -> None:
        draft = self.draft
        if kind == "multipletext":
            self._lines(source, name, base, place)
            return
        values: dict[str, Any] = {}
        build = _BUILDERS.get(kind)
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
        self._finish(item, extras)
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

    def _finish(self, item: Item, extras: Item) -> None:
        kept = {key: value for key, value in extras.items() if key not in {"id", "groups"}}
        if kept.get("type") == "nps":
            item.pop("scale", None)
        item |= kept

    def _validate(self, item: Item, source: _Object, name: str, place: str) -> None:
        """Validators as the item's own limits where it has them, else as valid_if."""
        own = {**self.draft.known, **answers_of(item, name, ".")}
        for validator in objects(source.get("validators")):
            rule = text(validator.get("expression"))
            if validator.get("type") == "expression" and rule and "valid_if" not in item:
                try:
                    item["valid_if"] = translated(rule, among(own))
                except NotTranslated as why:
                    self.draft.imported.left_out(place, f"its validator {rule}: {why}")
                    continue
                self.draft.imported.translated(place, f"its validator {rule}")
                words = self.draft.texts(_said(validator.get("text")), place)
                item |= {"valid_message": words} if words else {}
            elif not _limit(item, validator):
                self.draft.imported.left_out(place, f"its validator {str(validator)[:80]}")

    def _lines(self, source: _Object, name: str, base: Item, place: str) -> None:
        """Several lines of text: an item each."""
        for line in objects(source.get("items")):
            code = text(line.get("name")) or "line"
            own = self.draft.texts(_said(line.get("title")), place) or self.draft.said(code)
            told = _Object(line)
            told.get("title")
            self._report(told, f"{place}, {code}")
            words = {k: f"{base['text'].get(k, '')}\n{t}".strip() for k, t in own.items()}
            item = {
                **base, "id": self.draft.names.take(f"{name}_{code}", place), "type": "text",
                "text": words, "multiline": False,
            }  # fmt: skip
            self.draft.column(f"{name}.{code}", item["id"])
            self.draft.known[f"{name}.{code}"] = Answer(item["id"])
            self.draft.items.append(item)

    def _grids(self, raw: Mapping[str, Any]) -> list[Grid]:
        """A matrix as a table, one with several columns of choices as several."""
        name = text(raw.get("name"))
        rows = [(code, _words(texts)) for code, texts in _codes(raw.get("rows"))]
        about = _words(_said(raw.get("title"))) or {"": name}
        if raw.get("type") == "matrix":
            return [Grid(name, about, rows, _options(raw.get("columns")))]
        if raw.get("type") != "matrixdropdown":
            return []
        return [
            Grid(
                f"{name}.{text(column.get('name'))}",
                _words(_said(column.get("title"))) or {"": text(column.get("name"))},
                rows,
                _offered(raw, column),
            )
            for column in objects(raw.get("columns"))
        ]

    def _table(
        self, raw: Mapping[str, Any], source: _Object, base: Item, extras: Item, place: str
    ) -> None:
        draft, name = self.draft, text(raw.get("name"))
        if extras.get("type") == "need":
            self._own_need(raw, source, base, extras, place)
            return
        for key in ("rows", "columns", "choices", "cellType"):
            source.get(key)
        if source.any("eachRowRequired", "isAllRowRequired"):
            base["required"] = True
        if source.text("rowsOrder") == "random":
            base["random"] = True
        second = {grid.name for grid in self._pairs.values()}
        kinds = {
            f"{name}.{text(column.get('name'))}": _cell_type(raw, column)
            for column in objects(raw.get("columns"))
            if raw.get("type") == "matrixdropdown"
        }
        for grid in self._grids(raw):
            if grid.name in second:
                continue
            columns = {code: f"{name}.{code}" for code, _ in grid.rows}
            if grid.name != name:
                last = grid.name.removeprefix(name)
                columns = {code: f"{name}.{code}{last}" for code, _ in grid.rows}
            other = self._pairs.get(grid.name)
            if not grid.rows or not grid.options:
                what = kinds.get(grid.name, "")
                draft.imported.left_out(
                    f"{place}, {grid.name}",
                    f"a column of type {what}" if what else "a table without rows or columns",
                )
            elif other is not None:
                base_of, _, last = other.name.partition(".")
                joint = f".{last}" if last else ""
                theirs = {code: f"{base_of}.{code}{joint}" for code, _ in other.rows}
                draft.add_needs(grid, other, base, place, columns, theirs)
            else:
                words = self._about(base, grid, name)
                draft.add_table(
                    Grid(grid.name.replace(".", "_"), grid.about, grid.rows, grid.options),
                    {**base, "text": words}, place, columns,
                )  # fmt: skip
                self._keep(extras)

    def _keep(self, extras: Item) -> None:
        if extras and self.draft.items[-1]["type"] == "matrix":
            self._finish(self.draft.items[-1], extras)

    def _about(self, base: Item, grid: Grid, name: str) -> Texts:
        if grid.name == name:
            return dict(base["text"])
        return {k: f"{words}\n{grid.about.get(k, '')}".strip() for k, words in base["text"].items()}

    def _own_need(
        self, raw: Mapping[str, Any], source: _Object, base: Item, extras: Item, place: str
    ) -> None:
        name = text(raw.get("name"))
        item = {"id": self.draft.names.take(extras.get("id") or name, place), **base, **extras}
        source.get("elements")
        parts = ("importance", "satisfaction")
        for part, element in zip(parts, objects(raw.get("elements")), strict=False):
            column = text(element.get("name"))
            self.draft.column(column, item["id"], part)
            self.draft.known[column] = Answer(f"{item['id']}.{part}", number=True)
        self.draft.items.append(item)


def _languages(survey: Mapping[str, Any]) -> list[str]:
    """The survey's own, and those of all its texts."""
    first = text(survey.get("locale"))
    found = {first if _LANGUAGE.fullmatch(first) else "en": None}
    parts: list[Any] = [survey]
    while parts:
        part = parts.pop()
        if isinstance(part, dict):
            for key in _TEXTS & part.keys():
                words = part[key] if isinstance(part[key], dict) else {}
                found |= dict.fromkeys(sorted(code for code in words if _LANGUAGE.fullmatch(code)))
            parts += [each for key, each in part.items() if key != OURS]
        elif isinstance(part, list):
            parts += part
    return list(found)


def _said(found: Any) -> dict[str, Any]:
    """{language: text}; "default" is the survey's first, whatever that is."""
    return found if isinstance(found, dict) else {"default": found}


def _words(texts: Mapping[str, Any]) -> dict[str, str]:
    return {language: words for language, words in texts.items() if isinstance(words, str)}


def _elements(
    page: Mapping[str, Any], too_deep: Callable[[Mapping[str, Any]], None] | None = None
) -> Iterator[tuple[dict[str, Any], list[_Object]]]:
    """Questions in their order, panels opened up, with the panels that each stands in."""
    waiting = [(each, list[_Object]()) for each in reversed(_inside(page))]
    while waiting:
        element, around = waiting.pop()
        if element.get("type") != "panel" or OURS in element:
            yield element, around
        elif len(around) < _DEEPEST:
            panels = [*around, _Object(element)]
            waiting += [(each, panels) for each in reversed(_inside(element))]
        elif too_deep is not None:
            too_deep(element)


def _inside(part: Mapping[str, Any]) -> list[dict[str, Any]]:
    return objects(part.get("elements")) or objects(part.get("questions"))


def _joined(one: Texts, other: Texts) -> Texts:
    return {k: "\n\n".join(filter(None, (one.get(k), other.get(k)))) for k in {**one, **other}}


def _codes(found: Any) -> list[tuple[str, dict[str, Any]]]:
    """(code, texts) of choices, which are values or objects."""
    codes = []
    for each in found if isinstance(found, list) else []:
        raw = each if isinstance(each, dict) else {"value": each}
        value = raw.get("value", raw.get("name"))
        code = str(value).lower() if isinstance(value, bool) else value
        if isinstance(code, float) and code.is_integer():
            code = int(code)
        if isinstance(code, str | int | float):
            codes.append((str(code), _said(raw.get("text") or raw.get("title") or str(code))))
    return codes


def _options(found: Any) -> list[tuple[str, dict[str, str]]]:
    return [(code, _words(texts)) for code, texts in _codes(found)]


def _offered(raw: Mapping[str, Any], column: Mapping[str, Any]) -> list[tuple[str, dict[str, str]]]:
    """What may be chosen in a cell; nothing where something else is asked there."""
    if _cell_type(raw, column) not in _CHOSEN_CELLS:
        return []
    return _options(column.get("choices") or raw.get("choices") or _rates(column))


def _cell_type(raw: Mapping[str, Any], column: Mapping[str, Any]) -> str:
    told = text(column.get("cellType"))
    return text(raw.get("cellType")) or "dropdown" if told in {"", "default"} else told


def _rates(column: Mapping[str, Any]) -> list[int]:
    low, high = column.get("rateMin", 1), column.get("rateMax", 5)
    if column.get("cellType") != "rating" or type(low) is not int or type(high) is not int:
        return []
    return list(range(low, high + 1)) if high - low <= 10 else []


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


Build = Callable[[Draft, _Object, dict[str, Any], str], Item | None]


def _chosen(
    kind: str, draft: Draft, source: _Object, values: dict[str, Any], place: str
) -> Item | None:
    other = source.any("hasOther", "showOtherItem")
    choices, found = draft.options(_codes(source.get("choices")), place, other=other)
    values |= found | ({"other": "other"} if other and "other" not in found else {})
    item: Item = {"type": kind, "choices": choices}
    for keys, value, words in _SPECIAL:
        if source.any(*keys):
            said = draft.texts(_said(source.get(f"{value}Text")), place) or draft.said(words)
            exclusive = {"exclusive": True} if kind == "multiple_choice" else {}
            choices.append({"value": value, "text": said, **exclusive})
            values[value] = value
    if other:
        item["other"] = True
        values.pop("other", None)
    if source.text("choicesOrder") == "random":
        item["random"] = True
    return item if choices else None


_SPECIAL = (
    (("hasNone", "showNoneItem"), "none", "None"),
    (("showRefuseItem",), "refused", "I would rather not say"),
    (("showDontKnowItem",), "dontknow", "I do not know"),
)


def _single(draft: Draft, source: _Object, values: dict[str, Any], place: str) -> Item | None:
    return _chosen("single_choice", draft, source, values, place)


def _several(draft: Draft, source: _Object, values: dict[str, Any], place: str) -> Item | None:
    item = _chosen("multiple_choice", draft, source, values, place)
    return _counted(item, source)


def _pictures(draft: Draft, source: _Object, values: dict[str, Any], place: str) -> Item | None:
    draft.imported.left_out(place, "the images of its choices")
    several = source.any("multiSelect")
    return (_several if several else _single)(draft, source, values, place)


def _counted(item: Item | None, source: _Object) -> Item | None:
    for theirs, ours in (
        ("minSelectedChoices", "min_choices"),
        ("maxSelectedChoices", "max_choices"),
    ):
        count = source.whole(theirs)
        if item is not None and count is not None and count > 0:
            item[ours] = min(count, len(item["choices"]) + bool(item.get("other")))
    return item


def _ranking(draft: Draft, source: _Object, values: dict[str, Any], place: str) -> Item | None:
    choices, found = draft.options(_codes(source.get("choices")), place)
    values |= found
    random = {"random": True} if source.text("choicesOrder") == "random" else {}
    item: Item = {"type": "ranking", "choices": choices, **random}
    source.get("selectToRankEnabled")
    return _counted(item, source) if choices else None


def _yes_or_no(draft: Draft, source: _Object, values: dict[str, Any], place: str) -> Item:
    choices = []
    for key, value, words in (("labelTrue", "true", "Yes"), ("labelFalse", "false", "No")):
        said = draft.texts(_said(source.get(key)), place) or draft.said(words)
        choices.append({"value": value, "text": said})
        values[value] = value
    for key, value in (("valueTrue", "true"), ("valueFalse", "false")):
        if source.get(key) is not None:
            values[str(source.get(key))] = value
    return {"type": "single_choice", "choices": choices}


def _rating(draft: Draft, source: _Object, values: dict[str, Any], place: str) -> Item | None:
    steps = _options(source.get("rateValues"))
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
        words = draft.texts(_said(source.get(key)), place)
        scale |= {end: words} if words else {}
    return {"type": "rating", "scale": scale}


def _slider(_: Draft, source: _Object, __: dict[str, Any], ___: str) -> Item:
    return {"type": "number", "decimals": 6, **_bounds(source)}


def _line(draft: Draft, source: _Object, _: dict[str, Any], place: str) -> Item:
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


def _comment(_: Draft, source: _Object, __: dict[str, Any], ___: str) -> Item:
    return {"type": "text", **_length(source)}


def _length(source: _Object) -> Item:
    longest = source.whole("maxLength")
    return {"max_length": min(longest, 10_000)} if longest and longest > 0 else {}


def _bounds(source: _Object) -> Item:
    found = {key: source.get(key) for key in ("min", "max")}
    return {key: each for key, each in found.items() if type(each) in {int, float}}


def _decimals(source: _Object) -> Item:
    """A step of 0.01 is two decimals, one of 1 or of nothing said is what the browser takes."""
    step = source.get("step")
    if type(step) is int or not isinstance(step, float) or not 0 < step < 1:
        return {} if type(step) is int else {"decimals": 6}
    return {"decimals": min(6, len(f"{step:.6f}".rstrip("0").partition(".")[2]))}


_BUILDERS: dict[str, Build] = {
    "radiogroup": _single, "dropdown": _single, "buttongroup": _single, "imagepicker": _pictures,
    "checkbox": _several, "tagbox": _several, "ranking": _ranking, "boolean": _yes_or_no,
    "rating": _rating, "slider": _slider, "text": _line, "comment": _comment,
}  # fmt: skip
