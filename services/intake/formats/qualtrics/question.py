"""A question as Qualtrics writes it, on its way into a draft."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from services.intake.formats.draft import Draft, Item, Texts
from services.intake.formats.expressions import Answer
from services.intake.formats.json_file import text
from services.intake.formats.printing import answers_of

Raw = Mapping[str, Any]

_LANGUAGES = {"ZH-S": "zh-Hans", "ZH-T": "zh-Hant"}


def as_object(found: Any) -> dict[str, Any]:
    """What Qualtrics writes as a list where its keys count from 0, or where it is empty."""
    if isinstance(found, list):
        return {str(number): each for number, each in enumerate(found)}
    return found if isinstance(found, dict) else {}


def objects_in(found: Any) -> list[dict[str, Any]]:
    return [each for each in as_object(found).values() if isinstance(each, dict)]


def language_of(name: str) -> str | None:
    if name in _LANGUAGES:
        return _LANGUAGES[name]
    found = re.fullmatch(r"([A-Za-z]{2,3})(?:-([A-Za-z]{2}))?", name)
    if found is None:
        return None
    region = f"-{found[2].upper()}" if found[2] else ""
    return f"{found[1].lower()}{region}"


class Question:
    """`name` is what conditions and import ids call it, `tag` what columns of answers do. A column
    of a side by side table is one too."""

    def __init__(self, name: str, raw: Raw, draft: Draft, tag: str = "") -> None:
        self.name = name
        self.raw = raw
        self.draft = draft
        self.tag = tag or text(raw.get("DataExportTag")) or name
        self.kind = text(raw.get("QuestionType"))
        self.selector = text(raw.get("Selector"))
        self.place = f"question {self.tag}"
        self._told: dict[str, Raw] = {draft.languages[0]: raw}
        for language, part in as_object(raw.get("Language")).items():
            code = language_of(language)
            if code and isinstance(part, dict):
                self._told[code] = part
        self.settings = as_object(as_object(raw.get("Validation")).get("Settings"))

    def left_out(self, what: str) -> None:
        self.draft.imported.left_out(self.place, what)

    def changed(self, what: str) -> None:
        self.draft.imported.changed(self.place, what)

    def words(self, of: Callable[[Raw], Any]) -> dict[str, str]:
        """{language: words}, marked up as they are."""
        found = {language: of(raw) for language, raw in self._told.items()}
        return {language: words for language, words in found.items() if isinstance(words, str)}

    def text(self) -> Texts:
        return self.draft.texts(self.words(lambda part: part.get("QuestionText")), self.place)

    def keys(self, which: str) -> list[str]:
        """Of its choices or answers, in their order as far as it is told."""
        there = self.parts(which)
        told = map(str, as_object(self.raw.get(f"{which}Order")).values())
        first = [key for key in told if key in there]
        return list(dict.fromkeys([*first, *there]))

    def parts(self, which: str) -> dict[str, Raw]:
        """Its choices or answers, as they stand."""
        found = as_object(self.raw.get(f"{which}s"))
        return {key: each for key, each in found.items() if isinstance(each, dict)}

    def labels(self, which: str) -> dict[str, dict[str, str]]:
        """{key: {language: words}}"""
        labels: dict[str, dict[str, str]] = {key: {} for key in self.keys(which)}
        for language, raw in self._told.items():
            for key, part in as_object(raw.get(f"{which}s")).items():
                words = as_object(part).get("Display")
                if key in labels and isinstance(words, str):
                    labels[key][language] = words
        return labels

    def with_texts(self, which: str) -> list[str]:
        """The keys of those beside which something is typed."""
        typed = {"true", "on", "1"}
        parts = self.parts(which).items()
        return [key for key, part in parts if str(part.get("TextEntry", "")).lower() in typed]

    def recoded(self, which: str) -> dict[str, str]:
        """{key: the value that it is recoded to}, or the keys where two would have the same."""
        keys = self.keys(which)
        values = as_object(self.raw.get("RecodeValues"))
        recoded = {key: str(values.get(key) or key) for key in keys}
        return recoded if len(set(recoded.values())) == len(keys) else {key: key for key in keys}

    def cells(self, which: str, meanings: Mapping[str, Any]) -> dict[str, Any]:
        """{cell: meaning} of {key: meaning}: by value, by variable name, and by words."""
        recoded, labels = self.recoded(which), self.labels(which)
        named = as_object(self.raw.get("VariableNaming"))
        forms: list[Iterable[tuple[str, str]]] = [
            recoded.items(),
            ((key, str(word)) for key, word in named.items() if word),
            ((key, words) for key, texts in labels.items() for words in texts.values()),
        ]
        cells: dict[str, Any] = {}
        for key, form in (each for some in forms for each in some):
            if key in meanings:
                cells.setdefault(form, meanings[key])
        return cells

    def options(
        self, which: str, *, leaving: Sequence[str] = ()
    ) -> tuple[list[Item], dict[str, str]]:
        """The choices (or answers) by the values that they are recoded to, but for those that
        became a choice of one's own; {key: value}."""
        labels, recoded = self.labels(which), self.recoded(which)
        keys = [key for key in labels if key not in leaving]
        found = [(recoded[key], labels[key]) for key in keys]
        options, values = self.draft.options(found, self.place, other=bool(leaving))
        alone = {
            values[recoded[key]]
            for key, part in self.parts(which).items()
            if recoded[key] in values and part.get("ExclusiveAnswer") is True
        }
        for option in options:
            if option["value"] in alone:
                option["exclusive"] = True
        return options, {key: values[recoded[key]] for key in keys if recoded[key] in values}

    def is_random(self) -> bool:
        """Whether its choices come in a random order."""
        random = as_object(self.raw.get("Randomization"))
        kind = text(random.get("Type"))
        if kind not in {"", "None", "All"}:
            self.changed("All of its choices come in a random order.")
        if number_of(random.get("TotalRandSubset")):
            self.changed("All of its choices are offered, not some of them at random.")
        return kind not in {"", "None"}

    def add(
        self, item: Item, *, code: str = "", key: str = "", values: Mapping[str, Any] | None = None,
        other: str = "",
    ) -> str:  # fmt: skip
        """One item, for the whole question or the part of it that columns know by `code` and
        conditions by `key`. Its id is returned."""
        tag = f"{self.tag}_{code}" if code else self.tag
        place = f"{self.place}, {code}" if code else self.place
        item = {"id": self.draft.names.take(tag, place), **item}
        known = answers_of(item, self.name).get(self.name)
        if isinstance(known, Answer):
            name = f"{self.name}.{key}" if key else self.name
            self.draft.known[name] = Answer(
                known.item, dict(values) if values else known.values, number=known.number,
                several=known.several, other=other or known.other,
            )  # fmt: skip
        self.draft.items.append(item)
        return str(item["id"])

    def columns(self, item: str, part: str, tails: Iterable[str], sources: Iterable[str]) -> None:
        """What columns are called, by its tag, and their import ids, by its name. Nobody takes one
        from whom it had first."""
        names = [*(f"{self.tag}{tail}" for tail in tails), *(f"{self.name}{s}" for s in sources)]
        for name in names:
            self.draft.imported.columns.setdefault(name, (item, part))

    def side_by_side(self) -> Iterator["Question"]:
        """Each of its columns as a table of its own, over the same rows."""
        for key, raw in as_object(self.raw.get("AdditionalQuestions")).items():
            if not isinstance(raw, dict):
                continue
            rows = {each: self.raw.get(each) for each in ("Choices", "ChoiceOrder")}
            languages = {
                name: {
                    **as_object(as_object(part.get("AdditionalQuestions")).get(key)),
                    "Choices": part.get("Choices"),
                }
                for name, part in as_object(self.raw.get("Language")).items()
                if isinstance(part, dict)
            }
            yield Question(
                f"{self.name}#{key}", {**raw, **rows, "Language": languages}, self.draft,
                f"{self.tag}#{key}",
            )  # fmt: skip


_NUMBER = re.compile(r"-?\d{1,12}(?:\.\d{1,6})?")


def number_of(found: Any) -> int | float | None:
    words = str(found)
    if not _NUMBER.fullmatch(words):
        return None
    return float(words) if "." in words else int(words)
