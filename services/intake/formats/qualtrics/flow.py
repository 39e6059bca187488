"""Which blocks are asked, in which order and on which conditions."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from services.intake.formats.imported import Imported, UnreadableFile
from services.intake.formats.json_file import text
from services.intake.formats.qualtrics.logic import Untold, expression, skipped
from services.intake.formats.qualtrics.question import Raw, as_object, number_of, objects_in

_MOST_STEPS = 2_000
_DEEPEST = 20
_MOST_ENDS = 100  # that hide what comes after them
_STEPS = {
    "WebService": "a web service that is called", "Authenticator": "its authenticator",
    "TableOfContents": "a table of contents", "Quota": "a check of a quota",
}  # fmt: skip
END = "ENDOFSURVEY"


@dataclass
class Shown:
    """A block in the flow, and the expressions that must all hold for it to be shown."""

    block: Raw
    rules: list[str] = field(default_factory=list)


def skips(block: Raw, questions: Mapping[str, Raw]) -> dict[str, list[tuple[Raw, str]]]:
    """{question: (skip, where to)} of a block."""
    found: dict[str, list[tuple[Raw, str]]] = {}
    for element in objects_in(block.get("BlockElements")):
        name = text(element.get("QuestionID"))
        told = element.get("SkipLogic") or questions.get(name, {}).get("SkipLogic")
        found[name] = [(each, text(each.get("SkipToDestination"))) for each in objects_in(told)]
    return found


class Flow:
    """Reads the flow; `blocks` are {id: block}."""

    def __init__(
        self, blocks: Mapping[str, Raw], questions: Mapping[str, Raw], imported: Imported
    ) -> None:
        self._blocks = blocks
        self._questions = questions
        self._imported = imported
        self._placed: dict[str, list[list[str]]] = {}
        self._ended: list[str] = []
        self._steps = 0

    def shown(self, root: Raw) -> list[Shown]:
        """Raises UnreadableFile."""
        self._walk(objects_in(root.get("Flow")), [], sure=True)
        return [
            Shown(self._blocks[name], self._any_of(name, ways))
            for name, ways in self._placed.items()
        ]

    def _any_of(self, name: str, ways: list[list[str]]) -> list[str]:
        """A block may stand in several branches; it is asked where any of them is taken."""
        if len(ways) == 1:
            return ways[0]
        place = f"block {text(self._blocks[name].get('Description')) or name}"
        self._imported.changed(place, f"It stands in the flow {len(ways)} times and is asked once.")
        if not all(ways):
            return []
        return [" or ".join(f"({_all_of(way)})" for way in ways)]

    def _walk(self, steps: Iterable[Raw], rules: list[str], *, sure: bool, deep: int = 0) -> bool:
        """Whether it goes on after these steps. `sure` says that the rules are all there is to it:
        only then is an end of the survey one."""
        for step in steps:
            self._steps += 1
            if self._steps > _MOST_STEPS or deep > _DEEPEST:
                raise UnreadableFile("Its survey flow is too long. Make it simpler.")
            kind, place = text(step.get("Type")), f"flow {text(step.get('FlowID'))}"
            if kind in {"Block", "Standard"}:
                self._place(step, rules, place)
            elif kind == "Branch":
                self._branch(step, rules, place, sure=sure, deep=deep)
            elif kind == "EndSurvey":
                if not self._end(step, rules, place, sure=sure):
                    return False
            else:
                part = self._part(step, kind, place)
                goes_on = self._walk(
                    objects_in(step.get("Flow")), rules, sure=sure and not part, deep=deep + 1
                )
                if not goes_on:
                    return False
        return True

    def _place(self, step: Raw, rules: list[str], place: str) -> None:
        name = text(step.get("ID"))
        if name not in self._blocks:
            self._imported.left_out(place, f"the block {name}, which is not in this file")
            return
        self._placed.setdefault(name, []).append([*rules, *self._ended])
        for question, told in skips(self._blocks[name], self._questions).items():
            for skip, to in told:
                if to == END and question in self._questions:
                    self._end_after(skip)

    def _end_after(self, skip: Raw) -> None:
        try:
            rule = f"not({skipped(skip)})"
        except Untold:
            return  # it is reported beside its question
        self._note_end(rule, "flow")

    def _note_end(self, rule: str, place: str) -> None:
        if len(self._ended) >= _MOST_ENDS:
            self._imported.left_out(place, "an end of the survey: there are too many")
        elif rule not in self._ended:
            self._ended.append(rule)

    def _branch(self, step: Raw, rules: list[str], place: str, *, sure: bool, deep: int) -> None:
        inside = objects_in(step.get("Flow"))
        try:
            rule = expression(step.get("BranchLogic"))
        except Untold as why:
            self._imported.left_out(place, f"its branch: {why}")
            self._walk(inside, rules, sure=False, deep=deep + 1)
        else:
            self._walk(inside, [*rules, rule], sure=sure, deep=deep + 1)

    def _end(self, step: Raw, rules: list[str], place: str, *, sure: bool) -> bool:
        """Whether anybody goes on after it."""
        how = text(as_object(step.get("Options")).get("SurveyTermination"))
        if how in {"DisplayMessage", "Redirect"}:
            what = "message" if how == "DisplayMessage" else "address"
            self._imported.left_out(place, f"the {what} at this end of the survey")
        if not sure:
            self._imported.left_out(place, "that the survey ends here for some")
            return True
        if rules:
            self._note_end(f"not({_all_of(rules)})", place)
        return bool(rules)

    def _part(self, step: Raw, kind: str, place: str) -> bool:
        """Whether some people only get what stands in it. It is reported."""
        if kind == "BlockRandomizer":
            some = number_of(step.get("SubSet"))
            there = len(objects_in(step.get("Flow")))
            self._imported.left_out(place, "a random order")
            if some is not None and some < there:
                self._imported.left_out(place, f"that {some} of {there} parts are shown, at random")
                return True
        elif kind == "EmbeddedData":
            fields = [text(each.get("Field")) for each in objects_in(step.get("EmbeddedData"))]
            self._imported.left_out(place, f"embedded data: {', '.join(fields)}"[:500])
        elif kind not in {"Group", "Root"}:
            self._imported.left_out(place, _STEPS.get(kind, f"a step {kind}"))
        return False


def _all_of(rules: list[str]) -> str:
    return rules[0] if len(rules) == 1 else " and ".join(f"({rule})" for rule in rules)


def blocks_of(elements: Iterable[Mapping[str, Any]]) -> dict[str, Raw]:
    blocks: dict[str, Raw] = {}
    for element in elements:
        if element.get("Element") == "BL":
            for number, block in enumerate(objects_in(element.get("Payload"))):
                blocks[text(block.get("ID")) or f"block {number}"] = block
    return blocks
