"""Qualtrics' .qsf, read.

A file is a list of elements: questions (SQ), the blocks they stand in (BL), and the flow (FL) that
says which blocks come when.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from services.intake.formats.draft import NOBODY, Draft, Item, Texts
from services.intake.formats.expressions import Answer
from services.intake.formats.grids import Grid, paired
from services.intake.formats.imported import Imported, UnreadableFile
from services.intake.formats.json_file import objects, read_object, text
from services.intake.formats.printing import answers_of
from services.intake.formats.qualtrics_logic import Untold, expression, skipped

Raw = Mapping[str, Any]

_PIPED = re.compile(r"\$\{(?:q://(QID\w+)/[^{}]*|[a-z]+://[^{}]*)\}")
_SEVERAL = {"MAVR", "MAHR", "MACOL", "MSB"}
_NUMBER = re.compile(r"-?\d{1,12}(?:\.\d{1,6})?")
_LANGUAGES = {"ZH-S": "zh-Hans", "ZH-T": "zh-Hant"}
_LEFT_OUT = {
    "QO": "a quota", "EM": "an e-mail that is sent", "SCO": "scores", "PR": "a panel",
}  # fmt: skip
_LOST = {
    "QuestionJS": "its script", "DefaultChoices": "its answer that is given beforehand",
    "DynamicChoices": "its choices that are carried over from another question",
    "GradingData": "its scores", "Autocomplete": "its suggestions",
}  # fmt: skip
_NOT_RATED = {"TE", "RO", "CS", "MaxDiff"}
_MOST_FLOWS = 2_000


def read(data: bytes) -> Imported:
    """Raises UnreadableFile."""
    survey = read_object(data, "Qualtrics")
    elements = objects(survey.get("SurveyElements"))
    questions = {
        text(each.get("PrimaryAttribute")): each["Payload"]
        for each in elements
        if each.get("Element") == "SQ" and isinstance(each.get("Payload"), dict)
    }
    if not questions:
        raise UnreadableFile("This file has no questions. Export the survey as .qsf again.")
    return _Reading(_object(survey.get("SurveyEntry")), elements, questions).whole()


@dataclass
class _Shown:
    """A block in the flow, and the expressions that must all hold for it to be shown."""

    block: Raw
    rules: list[str] = field(default_factory=list)


class _Reading:
    def __init__(self, entry: Raw, elements: list[Item], questions: Mapping[str, Raw]) -> None:
        self._entry = entry
        self._elements = elements
        self._questions = questions
        self._language = _language(text(entry.get("SurveyLanguage"))) or "en"
        others = [
            code
            for raw in questions.values()
            for name in _object(raw.get("Language"))
            if (code := _language(name))
        ]
        self.draft = Draft(list(dict.fromkeys([self._language, *others])), _PIPED)
        self._ended: list[str] = []
        self._flows = 0
        grids = [grid for raw in questions.values() for grid in self._grids(raw)]
        self._pairs = paired(grids)

    def whole(self) -> Imported:
        draft = self.draft
        sections = []
        for number, shown in enumerate(self._blocks(), 1):
            place = f"block {text(shown.block.get('Description')) or number}"
            name = draft.names.take(f"block_{number}", place)
            section: Item = {
                "id": name,
                "title": draft.said(text(shown.block.get("Description")) or f"Part {number}"),
            }
            draft.condition(section, "visible_if", shown.rules, place)
            before = len(draft.items)
            words = self._fill(shown.block, place)
            for item in draft.items[before:]:
                item["section"] = name
            sections.append({**section, **({"text": words} if words else {})})
        for element in self._elements:
            what = _LEFT_OUT.get(text(element.get("Element")))
            if what is not None and element.get("Payload"):
                named = text(element.get("SecondaryAttribute"))
                draft.imported.left_out("survey", f"{what}: {named}" if named else what)
        draft.imported.changed("survey", NOBODY)
        words = draft.texts(draft.said(text(self._entry.get("SurveyDescription"))), "survey")
        described = bool(text(self._entry.get("SurveyDescription")).strip())
        draft.imported.definition = {
            "title": draft.said(text(self._entry.get("SurveyName")) or "A survey"),
            "languages": draft.languages, "groups": ["respondent"],
            **({"introduction": words} if words and described else {}),
            "sections": sections, "items": draft.items,
        }  # fmt: skip
        return draft.imported

    def _blocks(self) -> Iterator[_Shown]:
        """In the order of the flow, or else as they stand; those of the trash are not asked."""
        blocks: dict[str, Raw] = {}
        for element in self._elements:
            if element.get("Element") == "BL":
                payload = element.get("Payload")
                found = list(payload.values()) if isinstance(payload, dict) else payload
                for number, block in enumerate(objects(found)):
                    blocks[text(block.get("ID")) or f"block {number}"] = block
        flows = [each for each in self._elements if each.get("Element") == "FL"]
        asked = {name: block for name, block in blocks.items() if block.get("Type") != "Trash"}
        if flows:
            yield from self._flow(_object(flows[0].get("Payload")), asked, [])
        else:
            yield from map(_Shown, asked.values())
        placed = {
            text(element.get("QuestionID"))
            for block in blocks.values()
            for element in objects(block.get("BlockElements"))
        }
        rest = [{"QuestionID": name} for name in self._questions if name not in placed]
        if rest:
            yield _Shown({"BlockElements": rest})

    def _flow(
        self, part: Raw, blocks: dict[str, Raw], rules: list[str], deep: int = 0
    ) -> Iterator[_Shown]:
        for step in objects(part.get("Flow")):
            self._flows += 1
            if self._flows > _MOST_FLOWS or deep > 20:
                raise UnreadableFile("Its survey flow is too long. Make it simpler.")
            kind, place = text(step.get("Type")), f"flow {text(step.get('FlowID'))}"
            if kind in {"Block", "Standard"}:
                block = blocks.pop(text(step.get("ID")), None)
                if block is not None:
                    yield _Shown(block, [*rules, *self._ended])
            elif kind == "Branch":
                yield from self._branch(step, blocks, rules, place, deep)
            elif kind == "EndSurvey":
                if not rules:
                    return
                self._ended.append(f"not({' and '.join(f'({rule})' for rule in rules)})")
            else:
                words = "a random order" if kind == "BlockRandomizer" else f"a step {kind}"
                self.draft.imported.left_out(place, words)
                yield from self._flow(step, blocks, rules, deep + 1)

    def _branch(
        self, step: Raw, blocks: dict[str, Raw], rules: list[str], place: str, deep: int
    ) -> Iterator[_Shown]:
        try:
            rule = expression(step.get("BranchLogic"))
        except Untold as why:
            self.draft.imported.left_out(place, f"its branch: {why}")
            kept = dict(step)
            kept["Flow"] = [
                each for each in objects(step.get("Flow")) if each.get("Type") != "EndSurvey"
            ]
            yield from self._flow(kept, blocks, rules, deep + 1)
        else:
            yield from self._flow(step, blocks, [*rules, rule], deep + 1)

    def _fill(self, block: Raw, place: str) -> Texts:
        """The questions of a block, with what its skips hide; its plain texts are returned."""
        words: Texts = {}
        skips: list[tuple[str, str]] = []
        for element in objects(block.get("BlockElements")):
            name = text(element.get("QuestionID"))
            raw = self._questions.get(name)
            if raw is None:
                continue
            skips = [(rule, to) for rule, to in skips if to != name]
            words = _longer(words, self._question(name, raw, [rule for rule, _ in skips]))
            for skip in objects(element.get("SkipLogic")):
                skips += self._skip(skip, f"question {self.tag_of(name)}")
        if str(_object(block.get("Options")).get("RandomizeQuestions", "false")) != "false":
            self.draft.imported.left_out(place, "the random order of its questions")
        return words

    def _skip(self, skip: Raw, place: str) -> list[tuple[str, str]]:
        """(what hides the questions that follow, up to which); one to the end hides all."""
        to = text(skip.get("SkipToDestination"))
        try:
            rule = f"not({skipped(skip)})"
        except Untold as why:
            self.draft.imported.left_out(place, f"its skip: {why}")
            return []
        if to == "ENDOFSURVEY":
            self._ended.append(rule)
        return [(rule, to)]

    def tag_of(self, name: str) -> str:
        return text(self._questions[name].get("DataExportTag")) or name

    def _texts(self, raw: Raw, key: str, place: str) -> Texts:
        """A question's text in all languages, earlier answers in it by our names."""
        return self.draft.texts(self._words(raw, lambda part: part.get(key)), place)

    def _words(self, raw: Raw, of: Callable[[Raw], Any]) -> dict[str, str]:
        found = {self._language: of(raw)}
        for name, part in _object(raw.get("Language")).items():
            code = _language(name)
            if code and isinstance(part, dict):
                found[code] = of(part)
        return {language: words for language, words in found.items() if isinstance(words, str)}

    def _question(self, name: str, raw: Raw, rules: list[str]) -> Texts:
        """Adds its items; a plain text is returned."""
        draft, place = self.draft, f"question {self.tag_of(name)}"
        kind = text(raw.get("QuestionType"))
        words = self._texts(raw, "QuestionText", place)
        if kind == "DB":
            if raw.get("DisplayLogic"):
                draft.imported.left_out(place, "the condition on which its text is shown")
            return words
        self._report(raw, place)
        base: Item = {"text": words or draft.said(self.tag_of(name))}
        if raw.get("DisplayLogic"):
            try:
                rules = [*rules, expression(raw["DisplayLogic"])]
            except Untold as why:
                draft.imported.left_out(place, f"its display logic: {why}")
        draft.condition(base, "visible_if", rules, place)
        settings = _object(_object(raw.get("Validation")).get("Settings"))
        if settings.get("ForceResponse") == "ON":
            base["required"] = True
        elif settings.get("ForceResponse") == "RequestResponse":
            draft.imported.changed(place, "An answer to it is not asked for twice.")
        add = _ADDED.get(kind)
        if add is None or not add(self, name, raw, base, place):
            what = f"{kind}/{text(raw.get('Selector'))}"
            draft.imported.left_out(place, f"a question of type {what}")
        return {}

    def _report(self, raw: Raw, place: str) -> None:
        for key, what in _LOST.items():
            if raw.get(key):
                self.draft.imported.left_out(place, what)
        if any(_object(each).get("DisplayLogic") for each in _object(raw.get("Choices")).values()):
            self.draft.imported.left_out(place, "the conditions on which its choices are shown")

    def options(
        self, raw: Raw, which: str, place: str, *, leaving: Sequence[str] = ()
    ) -> tuple[list[Item], dict[str, str]]:
        """The choices (or answers) by the values that they are recoded to, where those differ;
        {key: value}."""
        keys = [key for key in _keys(raw, which) if key not in leaving]
        recoded = {key: str(_object(raw.get("RecodeValues")).get(key, key)) for key in keys}
        if which != "Choice" or len(set(recoded.values())) < len(keys):
            recoded = {key: key for key in keys}
        by_key = dict(self.labels(raw, which))
        choices, values = self.draft.options(((recoded[key], by_key[key]) for key in keys), place)
        return choices, {key: values[recoded[key]] for key in keys if recoded[key] in values}

    def labels(self, raw: Raw, which: str) -> list[tuple[str, dict[str, str]]]:
        def label(key: str) -> Callable[[Raw], Any]:
            return lambda part: _object(_object(part.get(f"{which}s")).get(key)).get("Display")

        return [(key, self._words(raw, label(key))) for key in _keys(raw, which)]

    def _grids(self, raw: Raw) -> list[Grid]:
        """A matrix as a table; side by side, each column of choices as one."""
        tag = text(raw.get("DataExportTag")) or text(raw.get("QuestionID"))
        if raw.get("QuestionType") == "Matrix" and raw.get("SubSelector") != "MultipleAnswer":
            return [] if raw.get("Selector") in _NOT_RATED else [self._grid(tag, raw, raw)]
        if raw.get("QuestionType") != "SBS":
            return []
        return [
            self._grid(f"{tag}#{key}", raw, part)
            for key, part in _object(raw.get("AdditionalQuestions")).items()
            if isinstance(part, dict) and part.get("Answers")
        ]

    def _grid(self, tag: str, raw: Raw, part: Raw) -> Grid:
        about = {
            language: re.sub(r"<[^<>]*>", " ", words)
            for language, words in self._words(part, lambda p: p.get("QuestionText")).items()
        }
        return Grid(tag, about, self.labels(raw, "Choice"), self.labels(part, "Answer"))

    def table(self, name: str, raw: Raw, base: Item, place: str) -> bool:
        grids = self._grids(raw)
        second = {grid.name for grid in self._pairs.values()}
        for grid in grids:
            if grid.name in second:
                continue
            columns = self._columns(grid, name)
            other = self._pairs.get(grid.name)
            if other is not None:
                there = self._columns(other, "")
                self.draft.add_needs(grid, other, base, place, columns, there)
            elif grid.rows and grid.options:
                words = {
                    k: f"{t}\n{grid.about.get(k, '')}".strip() for k, t in base["text"].items()
                }
                own = {**base, "text": words} if len(grids) > 1 else base
                self.draft.add_table(grid, own, place, columns)
            self._alias(name, columns)
            if other is not None:
                self._alias(self._identifier(other), there)
        return bool(grids)

    def _columns(self, grid: Grid, name: str) -> dict[str, str]:
        raw = self._questions.get(name) or self._questions.get(self._identifier(grid)) or {}
        tags = _object(raw.get("ChoiceDataExportTags"))
        return {code: str(tags.get(code) or f"{grid.name}_{code}") for code, _ in grid.rows}

    def _identifier(self, grid: Grid) -> str:
        tag = grid.name.partition("#")[0]
        return next((name for name in self._questions if self.tag_of(name) == tag), "")

    def _alias(self, name: str, columns: Mapping[str, str]) -> None:
        """What conditions call its rows."""
        for code, column in columns.items():
            if column in self.draft.known:
                self.draft.known.setdefault(f"{name}.{code}", self.draft.known[column])

    def add(
        self, name: str, item: Item, place: str, *, values: Mapping[str, Any] | None = None,
        tag: str = "", alias: str = "", other: str = "",
    ) -> None:  # fmt: skip
        """One item, known to conditions by its question's id and to exports by its tag."""
        code = tag or self.tag_of(name)
        item = {"id": self.draft.names.take(code, place), **item}
        known = answers_of(item, name).get(name)
        if isinstance(known, Answer):
            self.draft.known[alias or name] = Answer(
                known.item, dict(values) if values else known.values, number=known.number,
                several=known.several, other=other or known.other,
            )  # fmt: skip
        self.draft.column(code, item["id"])
        self.draft.items.append(item)


def _choice(to: _Reading, name: str, raw: Raw, base: Item, place: str) -> bool:
    if raw.get("Selector") == "NPS":
        to.add(name, {**base, "type": "nps"}, place)
        return True
    several = raw.get("Selector") in _SEVERAL
    own = [key for key in _keys(raw, "Choice") if _has_text(raw["Choices"][key])]
    if len(own) > 1:
        to.draft.imported.left_out(place, "the texts beside several of its choices")
    other = own[0] if len(own) == 1 else ""
    choices, values = to.options(raw, "Choice", place, leaving=[other] if other else [])
    if not choices:
        return False
    item: Item = {**base, "type": "multiple_choice" if several else "single_choice"}
    item |= {"choices": choices, **_random(to, raw, place)}
    if other:
        item["other"] = True
        _rename_other(choices, values)
        words = text(raw["Choices"][other].get("Display"))
        to.draft.imported.changed(place, f"“{words[:80]}” became a choice of one's own.")
    if several:
        item |= _counts(raw, len(choices) + bool(other))
        _mark_exclusive(raw, choices, values)
    to.add(name, item, place, values=values, other=other)
    identifier = to.draft.items[-1]["id"]
    if other:
        to.draft.column(f"{to.tag_of(name)}_{other}_TEXT", identifier, "other")
    for key, value in values.items() if several else ():
        to.draft.column(f"{to.tag_of(name)}_{key}", identifier, value)
    return True


def _has_text(choice: Raw) -> bool:
    return str(choice.get("TextEntry", "")).lower() in {"true", "on"}


def _mark_exclusive(raw: Raw, choices: list[Item], values: Mapping[str, str]) -> None:
    alone = {values[key] for key in values if raw["Choices"][key].get("ExclusiveAnswer")}
    for choice in choices:
        if choice["value"] in alone:
            choice["exclusive"] = True


def _rename_other(choices: list[Item], values: dict[str, str]) -> None:
    for choice in choices:
        if choice["value"] == "other":
            choice["value"] = "other_"
            values |= {key: "other_" for key, value in values.items() if value == "other"}


def _random(to: _Reading, raw: Raw, place: str) -> Item:
    kind = text(_object(raw.get("Randomization")).get("Type"))
    if kind not in {"", "None", "All"}:
        to.draft.imported.changed(place, "All of its choices come in a random order.")
    return {} if kind in {"", "None"} else {"random": True}


def _counts(raw: Raw, there: int) -> Item:
    settings = _object(_object(raw.get("Validation")).get("Settings"))
    found = {"min_choices": settings.get("MinChoices"), "max_choices": settings.get("MaxChoices")}
    counts = {key: _number(count) for key, count in found.items()}
    return {key: min(int(n), there) for key, n in counts.items() if n is not None and n >= 1}


def _entry(to: _Reading, name: str, raw: Raw, base: Item, place: str) -> bool:
    selector = text(raw.get("Selector"))
    if selector == "FORM":
        _each(to, name, raw, base, place, {"type": "text", "multiline": False})
        return True
    if selector not in {"SL", "ML", "ESTB"}:
        return False
    settings = _object(_object(raw.get("Validation")).get("Settings"))
    content = text(settings.get("ContentType"))
    if content == "ValidNumber":
        limits = _object(settings.get("ValidNumber"))
        decimals = str(limits.get("NumDecimals") or "0")
        places = min(6, int(decimals)) if decimals.isdecimal() and len(decimals) < 3 else 6
        bounds = {"min": _number(limits.get("Min")), "max": _number(limits.get("Max"))}
        found = {key: bound for key, bound in bounds.items() if bound is not None}
        whole = {"decimals": places} if places else {}
        to.add(name, {**base, "type": "number", **whole, **found}, place)
    elif content == "ValidDate":
        to.add(name, {**base, "type": "date"}, place)
    else:
        if content:
            to.draft.imported.left_out(place, f"its check of content: {content}")
        line = {"multiline": False} if selector == "SL" else {}
        most = str(settings.get("TotalChars") or "")
        longest = int(most) if most.isdecimal() and len(most) < 6 else 0
        length = {"max_length": min(longest, 10_000)} if longest else {}
        to.add(name, {**base, "type": "text", **line, **length}, place)
    return True


def _number(found: Any) -> int | float | None:
    words = str(found)
    if not _NUMBER.fullmatch(words):
        return None
    return float(words) if "." in words else int(words)


def _each(to: _Reading, name: str, raw: Raw, base: Item, place: str, kind: Item) -> None:
    """One item for each of its choices."""
    for key, words in to.labels(raw, "Choice"):
        own = to.draft.texts(words, f"{place}, {key}") or to.draft.said(key)
        above = base["text"]
        texts = {k: f"{above[k]}\n{t}" if above.get(k) else t for k, t in own.items()}
        tag = f"{to.tag_of(name)}_{key}"
        item = {**base, **kind, "text": texts}
        to.add(name, item, f"{place}, {key}", tag=tag, alias=f"{name}.{key}")


def _matrix(to: _Reading, name: str, raw: Raw, base: Item, place: str) -> bool:
    return to.table(name, raw, base, place)


def _ranking(to: _Reading, name: str, raw: Raw, base: Item, place: str) -> bool:
    choices, values = to.options(raw, "Choice", place)
    if not choices:
        return False
    to.add(name, {**base, "type": "ranking", "choices": choices}, place, values=values)
    to.draft.imported.changed(
        place, "Exports give the rank of each choice; here an answer is the choices by rank."
    )
    return True


def _slider(to: _Reading, name: str, raw: Raw, base: Item, place: str) -> bool:
    settings = _object(raw.get("Configuration"))
    low, high = _number(settings.get("CSSliderMin")), _number(settings.get("CSSliderMax"))
    low, high = (0 if low is None else low), (100 if high is None else high)
    if raw.get("Selector") == "STAR":
        low, high = 1, _number(settings.get("StarCount")) or 5
    whole = type(low) is int and type(high) is int
    if whole and 1 < high - low <= 10:
        kind: Item = {"type": "rating", "scale": {"min": low, "max": high}}
    else:
        kind = {"type": "number", "min": min(low, high), "max": max(low, high)}
        kind |= {"decimals": 6} if settings.get("NumDecimals") not in {None, "0", 0} else {}
    _each(to, name, raw, base, place, kind)
    return True


def _sum(to: _Reading, name: str, raw: Raw, base: Item, place: str) -> bool:
    to.draft.imported.left_out(place, "that its numbers must come to a sum")
    _each(to, name, raw, base, place, {"type": "number", "decimals": 6})
    return True


_ADDED: dict[str, Callable[[_Reading, str, Raw, Item, str], bool]] = {
    "MC": _choice, "TE": _entry, "Matrix": _matrix, "SBS": _matrix, "RO": _ranking,
    "Slider": _slider, "CS": _sum,
}  # fmt: skip


def _object(found: Any) -> dict[str, Any]:
    """Where Qualtrics has nothing to say it writes an empty list."""
    return found if isinstance(found, dict) else {}


def _keys(raw: Raw, which: str) -> list[str]:
    """In their order, as far as it is told."""
    there = [key for key, each in _object(raw.get(f"{which}s")).items() if isinstance(each, dict)]
    order = raw.get(f"{which}Order")
    told = [str(key) for key in order] if isinstance(order, list) else []
    first = [key for key in dict.fromkeys(told) if key in there]
    return [*first, *(key for key in there if key not in first)]


def _language(name: str) -> str | None:
    if name in _LANGUAGES:
        return _LANGUAGES[name]
    found = re.fullmatch(r"([A-Za-z]{2,3})(?:-([A-Za-z]{2}))?", name)
    if found is None:
        return None
    region = f"-{found[2].upper()}" if found[2] else ""
    return f"{found[1].lower()}{region}"


def _longer(one: Texts, other: Texts) -> Texts:
    return {k: "\n\n".join(filter(None, (one.get(k), other.get(k)))) for k in {**one, **other}}
