"""Qualtrics' .qsf, read."""

import re
from collections.abc import Mapping

from services.intake.formats.draft import NOBODY, Draft, Item, Texts
from services.intake.formats.imported import Imported, UnreadableFile
from services.intake.formats.json_file import objects, read_object, text
from services.intake.formats.qualtrics.flow import END, Flow, Shown, blocks_of, skips
from services.intake.formats.qualtrics.items import BUILDERS
from services.intake.formats.qualtrics.logic import Untold, expression, skipped
from services.intake.formats.qualtrics.question import (
    Question,
    Raw,
    as_object,
    language_of,
    number_of,
    objects_in,
)
from services.intake.formats.qualtrics.tables import Tables

_PIPED = re.compile(
    r"\$\{(?:q://(QID\w+)/(?:ChoiceGroup/SelectedChoices|Choice(?:Text|Numeric)EntryValue)[^{}]*"
    r"|[a-z]+://[^{}]*)\}"
)
_LEFT_OUT = {"QO": "a quota", "EM": "an e-mail that is sent", "PR": "a panel"}
_LOST = {
    "QuestionJS": "its script", "DefaultChoices": "its answer that is given beforehand",
    "DynamicChoices": "its choices that are carried over from another question",
    "DynamicAnswers": "its answers that are carried over from another question",
    "GradingData": "its scores", "Autocomplete": "its suggestions",
    "ChoiceGroups": "the headings of its groups of choices",
}  # fmt: skip
_CHECKS = {
    "", "None", "ContentType", "MinChoices", "MaxChoices", "ChoiceRange", "ChoicesTotal",
    "MinChar", "MaxChar", "MinChars", "MaxChars", "TotalChar", "TotalChars", "CharRange",
}  # fmt: skip
_NAMELESS = re.compile(r"Default Question Block|Block \d+|")
_MOST_QUESTIONS = 3_000
_MOST_SKIPS = 50  # that hide a question


def read(data: bytes) -> Imported:
    """Raises UnreadableFile."""
    survey = read_object(data, "Qualtrics")
    elements = objects(survey.get("SurveyElements"))
    questions = {
        name: each["Payload"]
        for each in elements
        if each.get("Element") == "SQ" and isinstance(each.get("Payload"), dict)
        and (name := text(each.get("PrimaryAttribute")) or text(each["Payload"].get("QuestionID")))
    }  # fmt: skip
    if not questions:
        raise UnreadableFile("This file has no questions. Export the survey as .qsf again.")
    if len(questions) > _MOST_QUESTIONS:
        raise UnreadableFile(f"It has {len(questions):,} questions. Make it several surveys.")
    return _Reading(as_object(survey.get("SurveyEntry")), elements, questions).whole()


class _Reading:
    def __init__(self, entry: Raw, elements: list[Item], questions: Mapping[str, Raw]) -> None:
        self._entry = entry
        self._elements = elements
        first = language_of(text(entry.get("SurveyLanguage"))) or "en"
        others = [
            code
            for raw in questions.values()
            for name, part in as_object(raw.get("Language")).items()
            if isinstance(part, dict) and (code := language_of(name))
        ]
        self.draft = Draft(list(dict.fromkeys([first, *others])), _PIPED)
        self._raw = questions
        self._questions = {name: Question(name, raw, self.draft) for name, raw in questions.items()}
        self._tables = Tables(self._questions.values())
        self._sections: list[Item] = []
        self._introduction: Texts = {}
        self._carried: Texts = {}

    def whole(self) -> Imported:
        draft = self.draft
        described = text(self._entry.get("SurveyDescription")).strip()
        self._introduction = draft.texts(draft.said(described), "survey") if described else {}
        for number, shown in enumerate(self._shown(), 1):
            self._section(shown, number)
        if self._carried:
            draft.imported.left_out("survey", "the text that stands after all questions")
        self._report_elements()
        draft.imported.changed("survey", NOBODY)
        draft.imported.definition = {
            "title": draft.said(text(self._entry.get("SurveyName")) or "A survey"),
            "languages": draft.languages, "groups": ["respondent"],
            **({"introduction": self._introduction} if self._introduction else {}),
            "sections": self._sections, "items": draft.items,
        }  # fmt: skip
        return draft.imported

    def _section(self, shown: Shown, number: int) -> None:
        """Adds a block. The text of one that asks nothing goes to the next, or to the
        introduction."""
        draft, title = self.draft, text(shown.block.get("Description"))
        place = f"block {title or number}"
        name = draft.names.take(f"block_{number}", place)
        said = f"Part {number}" if _NAMELESS.fullmatch(title) else title
        section: Item = {"id": name, "title": draft.said(said)}
        draft.condition(section, "visible_if", shown.rules, place)
        before = len(draft.items)
        words = self._fill(shown.block, place)
        inside = draft.items[before:]
        for item in inside:
            item["section"] = name
        if words and not inside:
            if shown.rules:
                draft.imported.left_out(place, "the condition on which its text is shown")
            where = "beginning of the next section" if draft.items else "introduction"
            draft.imported.changed(place, f"Its text stands at the {where}.")
            if draft.items:
                self._carried = _longer(self._carried, words)
            else:
                self._introduction = _longer(self._introduction, words)
            return
        words = _longer(self._carried, words) if inside else {}
        self._carried = {} if inside else self._carried
        self._sections.append({**section, **({"text": words} if words else {})})

    def _report_elements(self) -> None:
        imported = self.draft.imported
        for element in self._elements:
            kind, payload = text(element.get("Element")), as_object(element.get("Payload"))
            if kind in _LEFT_OUT and element.get("Payload"):
                named = text(element.get("SecondaryAttribute")) or text(payload.get("Name"))
                imported.left_out(
                    "survey", f"{_LEFT_OUT[kind]}: {named}" if named else _LEFT_OUT[kind]
                )
            elif kind == "SCO" and payload.get("ScoringCategories"):
                imported.left_out("survey", "its scores")
            elif kind == "SO":
                for key in ("Header", "Footer"):
                    if text(payload.get(key)).strip():
                        imported.left_out("survey", f"the {key.lower()} of its pages")

    def _shown(self) -> list[Shown]:
        """In the order of the flow, or else as they stand; those of the trash are not asked."""
        blocks = blocks_of(self._elements)
        trash = {name for name, block in blocks.items() if block.get("Type") == "Trash"}
        asked = {name: block for name, block in blocks.items() if name not in trash}
        flows = [each for each in self._elements if each.get("Element") == "FL"]
        if flows:
            flow = Flow(asked, self._raw, self.draft.imported)
            shown = flow.shown(as_object(flows[0].get("Payload")))
        else:
            shown = [Shown(block) for block in asked.values()]
        there = [each.block for each in shown]
        for name, block in blocks.items():
            inside = [
                self._questions[each].tag for each in _inside(block) if each in self._questions
            ]
            if inside and not any(block is each for each in there):
                why = (
                    "in the trash"
                    if name in trash
                    else "in a block that the survey flow leaves out"
                )
                place = f"block {text(block.get('Description')) or name}"
                self.draft.imported.left_out(place, f"{', '.join(inside)}: {why}"[:500])
        placed = {each for block in blocks.values() for each in _inside(block)}
        rest = [{"QuestionID": name} for name in self._questions if name not in placed]
        return [*shown, Shown({"BlockElements": rest})] if rest else shown

    def _fill(self, block: Raw, place: str) -> Texts:
        """The questions of a block, with what its skips hide; its plain texts are returned."""
        words: Texts = {}
        hiding: list[tuple[str, str]] = []
        told = skips(block, self._raw)
        for name in _inside(block):
            question = self._questions.get(name)
            if question is None:
                continue
            hiding = [(rule, to) for rule, to in hiding if to != name]
            words = _longer(words, self._question(question, [rule for rule, _ in hiding]))
            for skip, to in told.get(name, ()):
                rule = self._skip(skip, to, question, room=len(hiding) < _MOST_SKIPS)
                hiding += [(rule, to)] if rule else []
        options = as_object(block.get("Options"))
        if str(options.get("RandomizeQuestions") or "false") != "false":
            self._report_random(options, place)
        if text(options.get("Looping")) not in {"", "None"}:
            self.draft.imported.changed(
                place, "It is asked once; here nothing is asked repeatedly."
            )
        return words

    def _report_random(self, options: Raw, place: str) -> None:
        self.draft.imported.left_out(place, "the random order of its questions")
        advanced = as_object(as_object(options.get("Randomization")).get("Advanced"))
        some = number_of(advanced.get("TotalRandSubset"))
        if some:
            self.draft.imported.left_out(
                place, f"that {some} of its questions are asked, at random"
            )

    def _skip(self, skip: Raw, to: str, question: Question, *, room: bool) -> str:
        """What hides the questions that follow, if it can be told."""
        try:
            rule = f"not({skipped(skip)})"
        except Untold as why:
            question.left_out(f"its skip to {'the end' if to == END else to}: {why}")
            return ""
        if not room:
            question.left_out(f"its skip to {to}: there are too many")
        return rule if room else ""

    def _question(self, question: Question, rules: list[str]) -> Texts:
        """Adds its items; a plain text is returned."""
        draft, raw = self.draft, question.raw
        words = question.text()
        if question.kind == "DB":
            if raw.get("DisplayLogic") or rules:
                question.left_out("the condition on which its text is shown")
            if question.selector != "TB":
                question.left_out("its image or file")
            return words
        self._report(question)
        base: Item = {"text": words or draft.said(question.tag)}
        if raw.get("DisplayLogic"):
            try:
                rules = [*rules, expression(raw["DisplayLogic"])]
            except Untold as why:
                question.left_out(f"its display logic: {why}")
        draft.condition(base, "visible_if", rules, question.place)
        forced = text(question.settings.get("ForceResponse"))
        if forced == "ON":
            base["required"] = True
        elif forced == "RequestResponse":
            question.changed("An answer to it is not asked for twice.")
        if question.kind in {"Matrix", "SBS"}:
            added = self._tables.add(question, base)
        else:
            add = BUILDERS.get(question.kind)
            added = add is not None and add(question, base)
        if not added:
            question.left_out(f"a question of type {question.kind}/{question.selector}")
        return {}

    def _report(self, question: Question) -> None:
        for key, what in _LOST.items():
            if question.raw.get(key):
                question.left_out(what)
        check = text(question.settings.get("Type"))
        if check not in _CHECKS:
            question.left_out(f"its check {check}")
        parts = [
            each for which in ("Choices", "Answers") for each in objects_in(question.raw.get(which))
        ]
        if any(part.get("DisplayLogic") for part in parts):
            question.left_out("the conditions on which its choices are shown")
        if any(part.get("Image") for part in parts):
            question.left_out("the images of its choices")


def _inside(block: Raw) -> list[str]:
    """The questions of a block."""
    return [text(each.get("QuestionID")) for each in objects_in(block.get("BlockElements"))]


def _longer(one: Texts, other: Texts) -> Texts:
    return {k: "\n\n".join(filter(None, (one.get(k), other.get(k)))) for k in {**one, **other}}
