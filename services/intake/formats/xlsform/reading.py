"""XLSForm workbooks, read."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

import orjson

from services.intake.domain.definition import GROUP
from services.intake.formats.expressions import Answer, Box, NotTranslated, among, translated
from services.intake.formats.extras import ITEM_KEYS, OURS, SURVEY_KEYS, Keys, is_as_written
from services.intake.formats.imported import Imported, UnreadableFile
from services.intake.formats.naming import Names, value_of
from services.intake.formats.plain_text import plain_text
from services.intake.formats.printing import answers_of
from services.intake.formats.workbook import Sheet, sheets
from services.intake.formats.xlsform.languages import code_of

Raw = Mapping[str, Any]
Row = Mapping[str, str]
Texts = dict[str, str]

_HEADER = re.compile(r"([^:]+?)\s*(?:::?\s*(.+))?")
_PIPED = re.compile(r"\$\{([^{}]*)\}")
_TRUE = {"yes", "true", "true()", "1"}
_FALSE = {"", "no", "false", "false()", "0"}
_META = {
    "start", "end", "today", "deviceid", "phonenumber", "username", "email", "audit",
    "start-geopoint", "simserial", "subscriberid", "calculate", "hidden", "csv-external",
    "xml-external", "background-audio", "entity",
}  # fmt: skip
_TRANSLATED = {"label", "hint", "constraint_message", "guidance_hint", "required_message"}
_READ = {
    "type", "name", "label", "hint", "relevant", "required", "constraint", "constraint_message",
    "appearance", "parameters", OURS, "",
}  # fmt: skip


def read(data: bytes) -> Imported:
    """Raises UnreadableFile."""
    found = sheets(data, ("survey", "choices", "settings"))
    if "survey" not in found:
        raise UnreadableFile("This workbook is no XLSForm: it has no sheet named survey.")
    return _Reading(found).whole()


class _Reading:
    def __init__(self, found: Mapping[str, Sheet]) -> None:
        self.imported = Imported()
        self._settings = _plain(found.get("settings", [{}]) or [{}])
        self._first = code_of(self._settings.get("default_language") or "en") or "en"
        self.languages = self._languages(found)
        self._extras = self._read_extras(self._settings.get(OURS, ""), "settings", SURVEY_KEYS)
        self._is_ours = bool(self._settings.get(OURS))
        self._names = Names(self.imported, ())
        self._known: dict[str, Answer | Box] = {}
        self._ids: dict[str, str] = {}
        self._sections: list[dict[str, Any]] = []
        self._loose = ""  # the last section for questions that stand in no group
        self._items: list[dict[str, Any]] = []
        self._introduction: Texts = {}
        self._rows = [self._row(row) for row in found["survey"]]
        self._lists = self._choices(found.get("choices", []))
        self._groups: list[str] = []
        self._group_titles: dict[str, Texts] = {}

    def whole(self) -> Imported:
        self._walk(iter(self._rows))
        if not self._groups:
            self.imported.changed(
                "survey", "It has no groups of people: everybody is a respondent."
            )
        title = self._settings.get("form_title") or self._settings.get("id_string") or "A survey"
        self.imported.definition = {
            "title": {self.languages[0]: title},
            "languages": self.languages,
            "groups": self._groups or ["respondent"],
            **({"group_titles": self._group_titles} if self._group_titles else {}),
            **({"introduction": self._introduction} if self._introduction else {}),
            "sections": self._sections,
            "items": self._items,
            **self._extras,
        }
        return self.imported

    def _languages(self, found: Mapping[str, Sheet]) -> list[str]:
        named = dict.fromkeys(
            match[2] for rows in found.values() for row in rows for name in row
            if (match := _HEADER.fullmatch(name)) and match[2]
            and _key(match[1]) in _TRANSLATED
        )  # fmt: skip
        codes: dict[str, None] = {}
        for name in named:
            code = code_of(name)
            if code is None:
                self.imported.left_out("survey", f"what is in {name!r}, whose code is not known")
            else:
                codes[code] = None
        plain = any("label" in map(_key, row) for row in found["survey"])
        if codes and not plain and not self._settings.get("default_language"):
            self._first = next(iter(codes))
        return list(dict.fromkeys([self._first, *codes]))

    def _row(self, row: Row) -> dict[str, Any]:
        """{column: text, or {language: text} where it is translated}."""
        named: dict[str, Any] = {}
        for name, cell in row.items():
            match = _HEADER.fullmatch(name)
            key, language = (_key(match[1]), match[2]) if match else ("", None)
            if key not in _TRANSLATED:
                named[_key(name)] = cell
                continue
            code = self._first if language is None else code_of(language)
            if code is not None:
                named.setdefault(key, {})[code] = cell
        return named

    def _choices(self, rows: Sheet) -> dict[str, list[dict[str, Any]]]:
        lists: dict[str, list[dict[str, Any]]] = {}
        for row in map(self._row, rows):
            options = lists.setdefault(row.get("list_name") or row.get("list name") or "", [])
            name = row.get("name") or row.get("value") or ""
            value = value_of(name)
            if not name or any(option["value"] == value for option in options):
                self.imported.left_out(f"row {row.get('', '?')} of choices", f"a second {name!r}")
                continue
            if value != name:
                self.imported.changed(f"choice {name}", f"Its name became {value!r}.")
            text = self.texts(row.get("label"), f"choice {name}") or self.said(name)
            options.append({"value": value, "text": text, "name": name})
        return lists

    def said(self, words: str) -> Texts:
        return {self.languages[0]: words}

    def texts(self, found: Any, place: str) -> Texts:
        texts: Texts = {}
        for language, words in (found or {}).items():
            plain, lost = (words, []) if self._is_ours else plain_text(words)
            for what in lost:
                self.imported.left_out(place, f"{what} in its text")
            if plain and language in self.languages:
                texts[language] = _PIPED.sub(lambda name: self._piped(name, place), plain)
        return texts

    def _piped(self, name: re.Match[str], place: str) -> str:
        known = self._ids.get(name[1].strip())
        if known is None:
            self.imported.changed(place, f"{name[0]} in its text stands as it is.")
            return name[0]
        return f"{{{{{known}}}}}"

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
        place = f"group {row.get('name', '')}"
        extras = self._read_extras(row.get(OURS, ""), place, ITEM_KEYS)
        table = kind == "begin group" and "table-list" in row.get("appearance", "")
        if extras.get("type") in {"need", "matrix"} or table:
            inside = list(_inside(rows))
            self._table(row, extras, inside, around)
            return
        if kind == "begin repeat":
            self.imported.changed(place, "It is asked once; here nothing is asked repeatedly.")
        rules = [row["relevant"]] if row.get("relevant") else []
        if around:
            if row.get("label"):
                self.imported.left_out(place, "its title, inside of another group")
            around.append({"section": around[0]["section"], "rules": rules})
            return
        section = {
            "id": self._names.take(extras.get("id") or row.get("name") or "section", place),
            "title": self.texts(row.get("label"), place) or self.said(row.get("name") or "…"),
        }
        self._condition(section, "visible_if", row.get("relevant", ""), place)
        section |= {key: extras[key] for key in ("lens", "visible_if") if key in extras}
        self._sections.append(section)
        around.append({"section": section["id"], "rules": []})

    def _table(
        self, row: dict[str, Any], extras: Raw, inside: list[dict[str, Any]],
        around: list[dict[str, Any]],
    ) -> None:  # fmt: skip
        """A matrix, or what was written for a need."""
        place = f"group {row.get('name', '')}"
        lists = {_list_of(each) for each in inside}
        choices = self._lists.get(next(iter(lists), ""), [])
        if extras.get("type") != "need" and (len(lists) > 1 or not choices):
            self.imported.changed(place, "Its questions stand one below the other, as no table.")
            for each in inside:
                self._question(each, around)
            return
        item = self._item(row, extras, around, place)
        name = row.get("name", "")
        if extras.get("type") == "need":
            item["type"] = "need"
            for part, each in zip(("importance", "satisfaction"), inside, strict=False):
                self.imported.columns[each.get("name", "")] = (item["id"], part)
        else:
            item |= {"type": "matrix", "choices": _bare(choices), "rows": []}
            for each in inside:
                own = f"{name}, {each.get('name', '')}"
                code = each.get("name", "").removeprefix(f"{name}_") or "row"
                value = value_of(code)
                words = self.texts(each.get("label"), own) or self.said(code)
                item["rows"].append({"value": value, "text": words})
                self.imported.columns[each.get("name", "")] = (item["id"], value)
                if each.get("relevant"):
                    self.imported.left_out(own, f"its condition {each['relevant']}")
            if inside and all(_is_true(each.get("required", "")) for each in inside):
                item["required"] = True
        self._add(item, extras, name, around)
        names = (each.get("name", "") for each in inside)
        parts = ("importance", "satisfaction") if item["type"] == "need" else ()
        keys = [f"{name}_{r['value']}" for r in item.get("rows", ())] or [
            f"{name}_{part}" for part in parts
        ]
        for own, key in zip(names, keys, strict=False):
            if key in self._known:
                self._known[own] = self._known[key]

    def _question(self, row: dict[str, Any], around: list[dict[str, Any]]) -> None:
        place = f"question {row.get('name', '')}"
        kind, *words = row["type"].split()
        kind = {"select1": "select_one", "int": "integer"}.get(kind, kind)
        if kind == "select" and words[:1] in (["one"], ["multiple"]):
            kind, words = f"select_{words[0]}", words[1:]
        extras = self._read_extras(row.get(OURS, ""), place, ITEM_KEYS)
        if extras.get("type") in {"need", "matrix"}:
            extras = {}
        if extras.get("groups"):
            self._take_groups(row, words)
        elif kind == "note":
            self._note(row, around, place)
        elif kind.casefold() in _META:
            self.imported.left_out(place, f"a {kind}, which asks nothing")
        elif (item := self._of_kind(kind, words, row, place)) is None:
            self.imported.left_out(place, f"a question of type {row['type']}")
        else:
            whole = {**self._item(row, extras, around, place), **item}
            self._constrain(whole, row, place)
            self.imported.columns[row.get("name", "")] = (whole["id"], "")
            if whole.get("other"):
                self.imported.columns[f"{row.get('name', '')}_other"] = (whole["id"], "other")
            self._add(whole, extras, row.get("name", ""), around)

    def _take_groups(self, row: dict[str, Any], words: list[str]) -> None:
        choices = self._lists.get(words[0] if words else "", [])
        self._groups = [choice["value"] for choice in choices]
        titles = {choice["value"]: choice["text"] for choice in choices}
        if any(text != self.said(value) for value, text in titles.items()):
            self._group_titles = titles
        self._known[row.get("name", GROUP)] = Answer(GROUP, {g: g for g in self._groups})
        self._ids[row.get("name", GROUP)] = GROUP
        self.imported.columns[row.get("name", GROUP)] = (GROUP, "")

    def _note(self, row: dict[str, Any], around: list[dict[str, Any]], place: str) -> None:
        """Beside a section's title; before all questions, in the introduction."""
        text = self.texts(row.get("label"), place)
        if row.get("relevant") or (not around and self._items) or not text:
            self.imported.left_out(place, "a note, which is shown at its place only")
        elif around:
            section = next(each for each in self._sections if each["id"] == around[0]["section"])
            section["text"] = _longer(section.get("text", {}), text)
            if any(item.get("section") == section["id"] for item in self._items):
                self.imported.changed(place, "Its text stands at the beginning of its section.")
        else:
            self._introduction = _longer(self._introduction, text)

    def _item(
        self, row: dict[str, Any], extras: Raw, around: list[dict[str, Any]], place: str
    ) -> dict[str, Any]:
        """What items of all types have."""
        for key in sorted(row.keys() - _READ):
            self.imported.left_out(place, f"its {key}: {str(row[key])[:80]}")
        code = extras.get("id") or row.get("name") or "question"
        code = f"{code}_" if code == GROUP else code
        item: dict[str, Any] = {
            "id": self._names.take(code, place),
            "text": self.texts(row.get("label"), place) or self.said(row.get("name") or "…"),
        }
        hint = self.texts(row.get("hint"), place)
        if hint:
            item["hint"] = hint
        required = row.get("required", "").strip()
        if _is_true(required):
            item["required"] = True
        elif required.casefold() not in _FALSE:
            self._condition(item, "required_if", required, place)
        rules = [rule for each in around for rule in each["rules"]]
        rules += [row["relevant"]] if row.get("relevant") else []
        for rule in rules:
            part: dict[str, Any] = {}
            self._condition(part, "visible_if", rule, place)
            if "visible_if" in part:
                before = item.get("visible_if")
                own = part["visible_if"]
                item["visible_if"] = own if before is None else {"and": [before, own]}
        return item

    def _add(
        self, item: dict[str, Any], extras: Raw, name: str, around: list[dict[str, Any]]
    ) -> None:
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
                self._loose = self._names.take("section", "survey")
                self._sections.append({"id": self._loose, "title": self.said("…")})
            item["section"] = self._loose
        self._items.append(item)
        self._ids[name] = item["id"]
        self._known |= answers_of(item, name)
        codes = {each["name"]: each["value"] for each in item.get("choices", ()) if "name" in each}
        known = self._known.get(name)
        if codes and isinstance(known, Answer):
            self._known[name] = Answer(known.item, codes, several=known.several, other=known.other)
        for key in ("choices", "rows"):
            if key in item:
                item[key] = _bare(item[key])

    def _of_kind(  # noqa: PLR0911  # a return for each type
        self, kind: str, words: list[str], row: dict[str, Any], place: str
    ) -> dict[str, Any] | None:
        if kind in {"select_one", "select_multiple", "rank"}:
            return self._chosen(kind, words, row)
        if kind == "text":
            single = "multiline" not in row.get("appearance", "")
            return {"type": "text", **({"multiline": False} if single else {})}
        if kind in {"integer", "decimal"}:
            return {"type": "number", **({"decimals": 6} if kind == "decimal" else {})}
        if kind == "range":
            return _range(row.get("parameters", ""))
        if kind in {"date", "datetime", "dateTime", "time"}:
            if kind == "date":
                return {"type": "date"}
            self.imported.changed(place, f"A {kind} became a line of text.")
            return {"type": "text", "multiline": False}
        if kind in {"acknowledge", "trigger"}:
            return {"type": "single_choice", "choices": [{"value": "OK", "text": self.said("OK")}]}
        return None

    def _chosen(self, kind: str, words: list[str], row: dict[str, Any]) -> dict[str, Any] | None:
        choices = [dict(each) for each in self._lists.get(words[0] if words else "", [])]
        if not choices:
            return None
        types = {
            "select_one": "single_choice",
            "select_multiple": "multiple_choice",
            "rank": "ranking",
        }
        item: dict[str, Any] = {"type": types[kind], "choices": choices}
        if "or_other" in words[1:] and kind != "rank":
            item["other"] = True
            item["choices"] = choices = [each for each in choices if each["value"] != "other"]
        if re.search(r"randomize\s*=\s*true", row.get("parameters", ""), re.IGNORECASE):
            item["random"] = True
        return item

    def _constrain(self, item: dict[str, Any], row: dict[str, Any], place: str) -> None:
        """A constraint as the item's own limits where it has them, else as valid_if."""
        rest = [part for part in _conjuncts(row.get("constraint", "")) if not _limits(item, part)]
        if not rest:
            return
        name = row.get("name", "")
        known = {**self._known, **answers_of(item, name), **answers_of(item, ".")}
        self._condition(item, "valid_if", " and ".join(rest), place, known)
        message = self.texts(row.get("constraint_message"), place)
        if message and "valid_if" in item:
            item["valid_message"] = message

    def _condition(
        self, part: dict[str, Any], key: str, text: str, place: str,
        known: Mapping[str, Answer | Box] | None = None,
    ) -> None:  # fmt: skip
        if not text:
            return
        try:
            part[key] = translated(text, among(self._known if known is None else known))
        except NotTranslated as why:
            self.imported.left_out(place, f"its condition {text}: {why}")
        else:
            self.imported.translated(place, f"its condition {text}")

    def _read_extras(self, text: str, place: str, keys: Keys) -> dict[str, Any]:
        if not text:
            return {}
        try:
            found: dict[str, Any] = orjson.loads(text)
        except orjson.JSONDecodeError:
            found = {"": None}
        if is_as_written(found, keys):
            return found
        self.imported.left_out(place, f"its column {OURS}, which is not as it was written")
        return {}


def _key(name: str) -> str:
    return "_".join(name.strip().casefold().split())


def _plain(rows: Sheet) -> dict[str, str]:
    return {_key(name): cell for name, cell in rows[0].items()}


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


def _bare(options: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{key: each[key] for key in each.keys() - {"name"}} for each in options]


def _longer(one: Texts, other: Texts) -> Texts:
    return {k: "\n\n".join(filter(None, (one.get(k), other.get(k)))) for k in {**one, **other}}


def _is_true(text: str) -> bool:
    return text.strip().casefold() in _TRUE


def _range(parameters: str) -> dict[str, Any]:
    found = dict(re.findall(r"(start|end|step)\s*=\s*(-?\d+(?:\.\d+)?)", parameters))
    low, high = float(found.get("start", 1)), float(found.get("end", 10))
    step = float(found.get("step", 1))
    if step == 1 and low.is_integer() and high.is_integer() and 0 < high - low <= 10:
        return {"type": "rating", "scale": {"min": int(low), "max": int(high)}}
    whole = low.is_integer() and high.is_integer() and step.is_integer()
    bounds = {"min": int(low), "max": int(high)} if whole else {"min": low, "max": high}
    return {"type": "number", **bounds, **({} if whole else {"decimals": 6})}


def _conjuncts(text: str) -> list[str]:
    """What is joined by `and` outside of brackets and quotes."""
    parts, depth, begin = [], 0, 0
    for found in re.finditer(r"""'[^']*'|"[^"]*"|\(|\)|\band\b|\bor\b""", text):
        word = found[0]
        depth += (word == "(") - (word == ")")
        if word == "or" and depth == 0:
            return [text.strip()] if text.strip() else []
        if word == "and" and depth == 0:
            parts.append(text[begin : found.start()].strip())
            begin = found.end()
    return [part for part in (*parts, text[begin:].strip()) if part]


_LIMIT = re.compile(r"(count-selected\(\.\)|string-length\(\.\)|\.)\s*(<=|>=)\s*(.+)")
_ALONE = re.compile(r"not\(selected\(\.,\s*'([^']*)'\) and count-selected\(\.\) > 1\)")
_NUMBER = re.compile(r"-?\d{1,12}(?:\.\d{1,6})?")
_DAY = re.compile(r"date\('(\d{4}-\d\d-\d\d)'\)")


def _limits(item: dict[str, Any], part: str) -> bool:
    """Whether a part of a constraint is a limit that the item has a key for."""
    alone = _ALONE.fullmatch(part)
    if alone and item["type"] == "multiple_choice":
        for choice in item["choices"]:
            if choice["value"] == alone[1]:
                choice["exclusive"] = True
                return True
    limit = _LIMIT.fullmatch(part)
    if limit is None:
        return False
    what, sign, bound = limit.groups()
    end = "max" if sign == "<=" else "min"
    number = _NUMBER.fullmatch(bound)
    if what == "." and item["type"] == "number" and number:
        item[end] = float(bound) if "." in bound else int(bound)
    elif what == "." and item["type"] == "date" and (day := _DAY.fullmatch(bound)):
        item[end] = day[1]
    elif what.startswith("count") and "choices" in item and bound.isdecimal():
        item[f"{end}_choices"] = int(bound)
    elif what.startswith("string") and item["type"] == "text" and (sign, bound.isdecimal()) == (
        "<=", True,
    ):  # fmt: skip
        item["max_length"] = int(bound)
    else:
        return False
    return True
