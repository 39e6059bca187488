"""XLSForm workbooks, read: from the top of the sheet down, groups become sections and questions
items."""

from collections.abc import Iterator, Mapping
from typing import Any

from services.intake.domain.definition import GROUP
from services.intake.domain.origin import OTHER
from services.intake.formats.expressions import Answer
from services.intake.formats.extras import ITEM_KEYS, OURS, SURVEY_KEYS
from services.intake.formats.imported import Imported, UnreadableFile
from services.intake.formats.naming import value_of
from services.intake.formats.printing import answers_of
from services.intake.formats.workbook import Sheet, sheets
from services.intake.formats.xlsform.choices import bare, lists_of
from services.intake.formats.xlsform.columns import Columns, Row, settings_of
from services.intake.formats.xlsform.constraints import constrain
from services.intake.formats.xlsform.items import base_of, is_true, of_kind
from services.intake.formats.xlsform.translation import Texts, Translation

Raw = Mapping[str, Any]

_META = {
    "start", "end", "today", "deviceid", "phonenumber", "username", "email", "audit",
    "start-geopoint", "simserial", "subscriberid", "calculate", "hidden", "csv-external",
    "xml-external", "background-audio", "entity",
}  # fmt: skip


def read(data: bytes) -> Imported:
    """Raises UnreadableFile."""
    found = sheets(data, ("survey", "choices", "settings"))
    if "survey" not in found:
        raise UnreadableFile("This workbook is no XLSForm: it has no sheet named survey.")
    return _Reading(found).whole()


class _Reading:
    def __init__(self, found: Mapping[str, Sheet]) -> None:
        imported = Imported(divider=" ")
        self._settings = settings_of(found.get("settings", [{}]) or [{}])
        columns = Columns(found, self._settings, imported)
        self._to = Translation(imported, columns.languages, own=bool(self._settings.get(OURS)))
        self._extras = self._to.extras(self._settings.get(OURS, ""), "settings", SURVEY_KEYS)
        self._sections: list[dict[str, Any]] = []
        self._loose = ""  # the last section for questions that stand in no group
        self._items: list[dict[str, Any]] = []
        self._introduction: Texts = {}
        self._rows = [columns.row(row) for row in found["survey"]]
        self._lists = lists_of(self._to, map(columns.row, found.get("choices", [])))
        self._groups: list[str] = []
        self._group_titles: dict[str, Texts] = {}

    def whole(self) -> Imported:
        self._walk(iter(self._rows))
        if not self._groups:
            self._to.imported.changed(
                "survey", "It has no groups of people: everybody is a respondent."
            )
        title = self._settings.get("form_title") or self._settings.get("id_string") or "A survey"
        self._to.imported.definition = {
            "title": {self._to.languages[0]: title},
            "languages": self._to.languages,
            "groups": self._groups or ["respondent"],
            **({"group_titles": self._group_titles} if self._group_titles else {}),
            **({"introduction": self._introduction} if self._introduction else {}),
            "sections": self._sections,
            "items": self._items,
            **self._extras,
        }
        return self._to.imported

    def _walk(self, rows: Iterator[dict[str, Any]]) -> None:
        """Down the sheet; `around` are the groups that a row stands in."""
        around: list[dict[str, Any]] = []
        for row in rows:
            kind = " ".join(row.get("type", "").replace("_", " ", 1).split()).casefold()
            if not kind:
                continue
            if kind in {"begin group", "begin repeat"}:
                self._begin(row, kind, around, rows)
            elif kind in {"end group", "end repeat"}:
                around[-1:] = []
            else:
                self._question(row, around)

    def _begin(
        self, row: dict[str, Any], kind: str, around: list[dict[str, Any]], rows: Iterator[Any]
    ) -> None:
        to, place = self._to, f"group {row.get('name', '')}"
        extras = to.extras(row.get(OURS, ""), place, ITEM_KEYS)
        table = kind == "begin group" and "table-list" in row.get("appearance", "")
        if extras.get("type") in {"need", "matrix"} or table:
            inside = list(_inside(rows))
            self._table(row, extras, inside, around)
            return
        if kind == "begin repeat":
            to.imported.changed(place, "It is asked once; here nothing is asked repeatedly.")
        rules = [row["relevant"]] if row.get("relevant") else []
        if around:
            if row.get("label"):
                to.imported.left_out(place, "its title, inside of another group")
            around.append({"section": around[0]["section"], "rules": rules})
            return
        section = {
            "id": to.names.take(extras.get("id") or row.get("name") or "section", place),
            "title": to.texts(row.get("label"), place) or to.said(row.get("name") or "…"),
        }
        to.condition(section, "visible_if", row.get("relevant", ""), place)
        section |= {key: extras[key] for key in ("lens", "visible_if") if key in extras}
        self._sections.append(section)
        around.append({"section": section["id"], "rules": []})

    def _table(
        self, row: dict[str, Any], extras: Raw, inside: list[dict[str, Any]],
        around: list[dict[str, Any]],
    ) -> None:  # fmt: skip
        """A matrix, or what was written for a need."""
        to, place = self._to, f"group {row.get('name', '')}"
        lists = {_list_of(each) for each in inside}
        choices = self._lists.get(next(iter(lists), ""), [])
        if extras.get("type") != "need" and (len(lists) > 1 or not choices):
            to.imported.changed(place, "Its questions stand one below the other, as no table.")
            for each in inside:
                self._question(each, around)
            return
        item = base_of(to, row, extras, around, place)
        name = row.get("name", "")
        if extras.get("type") == "need":
            item["type"] = "need"
            for part, each in zip(("importance", "satisfaction"), inside, strict=False):
                to.imported.columns[each.get("name", "")] = (item["id"], part)
        else:
            item |= {"type": "matrix", "choices": bare(choices), "rows": []}
            for each in inside:
                own = f"{name}, {each.get('name', '')}"
                code = each.get("name", "").removeprefix(f"{name}_") or "row"
                value = value_of(code)
                words = to.texts(each.get("label"), own) or to.said(code)
                item["rows"].append({"value": value, "text": words})
                to.imported.columns[each.get("name", "")] = (item["id"], value)
                if each.get("relevant"):
                    to.imported.left_out(own, f"its condition {each['relevant']}")
            if inside and all(is_true(each.get("required", "")) for each in inside):
                item["required"] = True
        self._add(item, extras, name, around)
        names = (each.get("name", "") for each in inside)
        parts = ("importance", "satisfaction") if item["type"] == "need" else ()
        keys = [f"{name}_{r['value']}" for r in item.get("rows", ())] or [
            f"{name}_{part}" for part in parts
        ]
        for own, key in zip(names, keys, strict=False):
            if key in to.known:
                to.known[own] = to.known[key]

    def _question(self, row: dict[str, Any], around: list[dict[str, Any]]) -> None:
        to, place = self._to, f"question {row.get('name', '')}"
        kind, *words = row["type"].split()
        kind = {"select1": "select_one", "int": "integer"}.get(kind, kind)
        if kind == "select" and words[:1] in (["one"], ["multiple"]):
            kind, words = f"select_{words[0]}", words[1:]
        extras = to.extras(row.get(OURS, ""), place, ITEM_KEYS)
        if extras.get("type") in {"need", "matrix"}:
            extras = {}
        if extras.get("groups"):
            self._take_groups(row, words)
        elif kind == "note":
            self._note(row, around, place)
        elif kind.casefold() in _META:
            to.imported.left_out(place, f"a {kind}, which asks nothing")
        elif (item := of_kind(to, self._lists, kind, words, row, place)) is None:
            to.imported.left_out(place, f"a question of type {row['type']}")
        else:
            whole = {**base_of(to, row, extras, around, place), **item}
            constrain(to, whole, row, place)
            to.imported.columns[row.get("name", "")] = (whole["id"], "")
            if whole.get("other"):
                to.imported.columns[f"{row.get('name', '')}_other"] = (whole["id"], "other")
            self._add(whole, extras, row.get("name", ""), around)

    def _take_groups(self, row: dict[str, Any], words: list[str]) -> None:
        to = self._to
        choices = self._lists.get(words[0] if words else "", [])
        self._groups = [choice["value"] for choice in choices]
        titles = {choice["value"]: choice["text"] for choice in choices}
        if any(text != to.said(value) for value, text in titles.items()):
            self._group_titles = titles
        to.known[row.get("name", GROUP)] = Answer(GROUP, {g: g for g in self._groups})
        to.ids[row.get("name", GROUP)] = GROUP
        to.imported.columns[row.get("name", GROUP)] = (GROUP, "")

    def _note(self, row: dict[str, Any], around: list[dict[str, Any]], place: str) -> None:
        """Beside a section's title; before all questions, in the introduction."""
        text = self._to.texts(row.get("label"), place)
        if row.get("relevant") or (not around and self._items) or not text:
            self._to.imported.left_out(place, "a note, which is shown at its place only")
        elif around:
            section = next(each for each in self._sections if each["id"] == around[0]["section"])
            section["text"] = _longer(section.get("text", {}), text)
            if any(item.get("section") == section["id"] for item in self._items):
                self._to.imported.changed(place, "Its text stands at the beginning of its section.")
        else:
            self._introduction = _longer(self._introduction, text)

    def _add(
        self, item: dict[str, Any], extras: Raw, name: str, around: list[dict[str, Any]]
    ) -> None:
        to = self._to
        scale = {**item.get("scale", {}), **extras.get("scale", {})}
        item |= {key: value for key, value in extras.items() if key not in {"id", "groups"}}
        if scale:
            item["scale"] = scale
        if item["type"] == "nps":  # a range of its own is all there is to it
            item.pop("scale", None)
        if around:
            item["section"] = around[0]["section"]
        elif self._sections:
            if self._sections[-1]["id"] != self._loose:
                self._loose = to.names.take("section", "survey")
                self._sections.append({"id": self._loose, "title": to.said("…")})
            item["section"] = self._loose
        self._items.append(item)
        to.ids[name] = item["id"]
        to.known |= answers_of(item, name)
        codes = {each["name"]: each["value"] for each in item.get("choices", ()) if "name" in each}
        written = codes | ({OTHER: OTHER} if item.get("other") else {})
        if written:
            to.imported.codes[item["id"]] = written
        known = to.known.get(name)
        if codes and isinstance(known, Answer):
            to.known[name] = Answer(known.item, codes, several=known.several, other=known.other)
        for key in ("choices", "rows"):
            if key in item:
                item[key] = bare(item[key])


def _inside(rows: Iterator[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """The questions of the group that has just begun, without those in further groups' rows."""
    depth = 1
    for row in rows:
        kind = row.get("type", "").replace("_", " ").casefold()
        depth += kind.startswith("begin ") - kind.startswith("end ")
        if depth == 0:
            return
        if kind and not kind.startswith(("begin ", "end ")):
            yield row


def _list_of(row: Row) -> str:
    kind, *words = [*row.get("type", "").split(), ""]
    return words[0] if kind == "select_one" and words else f"\0{kind}"


def _longer(one: Texts, other: Texts) -> Texts:
    return {k: "\n\n".join(filter(None, (one.get(k), other.get(k)))) for k in {**one, **other}}
