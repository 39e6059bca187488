"""A planner says who is invited, and has links made for them."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from marshmallow import ValidationError, validate

from services.intake.domain.definition import Definition, compile_definition
from services.intake.domain.invitation import (
    NotByInvitation,
    carried_by,
    invitation_id,
    new_secret,
)
from services.intake.domain.participation import ANONYMOUS
from services.intake.domain.survey import Survey
from services.intake.store import Store
from services.intake.store.invitations import Invitation
from shared.chunks import INSERTS

_FIELD = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_-]{0,63}", re.ASCII)
_LONGEST = 200
_email = validate.Email()

Errors = list[dict[str, Any]]


class InvalidTable(Exception):
    """Nothing was kept; `errors` has line, field and message of each thing that is wrong."""

    def __init__(self, errors: Errors) -> None:
        super().__init__(f"{len(errors)} things are wrong; nothing was kept.")
        self.errors = errors


@dataclass
class Invited:
    """How many addresses were new, were changed by what was sent, or were known as sent."""

    invited: int = 0
    changed: int = 0
    unchanged: int = 0


def invite(store: Store, *, unit: str, survey: str, rows: Sequence[Mapping[str, Any]]) -> Invited:
    """Keep every row as one invitation, or none where one is wrong. An address is invited once,
    however often it is sent.

    rows: {"line", "email", "name", "group", "profile"}. Raises InvalidTable, NotByInvitation,
    ListBusy, NoSuchSurvey.
    """
    asked = by_invitation(store, unit, survey)
    with store.invitations.held(unit, survey) as fields:
        wanted = _read(asked, rows)
        known = store.invitations.among(list(wanted))
        errors = [_fixed(line) for n, (line, i) in wanted.items() if _contradicts(known.get(n), i)]
        if errors:
            raise InvalidTable(errors)
        found = {name for _, each in wanted.values() for name in each.profile}
        named = [name for row in rows for name in row["profile"]]
        fields += [name for name in dict.fromkeys(named) if name in found and name not in fields]
        done = Invited()
        new = [each for name, (_, each) in wanted.items() if name not in known]
        store.invitations.add(new)
        done.invited = len(new)
        for name, before in known.items():
            after = wanted[name][1]
            if _said(before) == _said(after):
                done.unchanged += 1
            else:
                store.invitations.replace(after)
                done.changed += 1
    return done


def by_invitation(store: Store, unit: str, survey: str) -> Survey:
    """The survey, if it is answered by invitation. Raises NotByInvitation, NoSuchSurvey."""
    found = store.surveys.get(unit, survey)
    if found.status == "draft":
        raise NotByInvitation("Publish the survey first; then invite people to it.")
    if found.definition.get("access") != "invited":
        raise NotByInvitation(
            "This survey is open to everybody who has its address. Invitations are for surveys "
            'whose definition says "access": "invited".'
        )
    return found


def settle(store: Store, asked: Survey) -> dict[str, int]:
    """Settle what the answers of those who had no link yet will carry; answers how many of each
    group are withheld, since they are so few that each could be recognised.

    It stays as it is settled: who is invited later joins what is there, or waits for others.
    """
    if asked.definition["participation"] != ANONYMOUS:
        return {}
    least = asked.definition["minimum_group_size"]
    withheld: Counter[str] = Counter()
    with store.invitations.held(asked.unit, asked.id) as fields:
        by_group: dict[str, dict[str, Invitation]] = {}
        for each in store.invitations.all_of(asked.id):
            by_group.setdefault(each.group, {})[each.id] = each
        for group, people in by_group.items():
            new = {name: i.profile for name, i in people.items() if i.carried is None}
            known = [i.carried for i in people.values() if i.carried is not None]
            carried = carried_by(new, fields, least, _distinct(known))
            store.invitations.keep_carried(carried)
            withheld[group] = len(new) - len(carried)
        kept = {group: people for group, people in sorted(withheld.items()) if people}
        store.invitations.keep_withheld(asked.id, kept)
    return kept


def make_links(store: Store, asked: Survey) -> Iterator[tuple[Invitation, str]]:
    """Everybody who has not answered, as far as may be shown, with the secret of a fresh link.
    Earlier links of theirs stay good: an invitation is answered once, with whichever."""
    waiting = (each for each in unanswered(store, asked) if not each.opted_out)
    while batch := [(each, new_secret()) for each in islice(waiting, INSERTS)]:
        store.invitations.link(batch)
        yield from batch


def unanswered(store: Store, asked: Survey) -> Iterator[Invitation]:
    """Who can answer and is not shown to have done so."""
    _show(store, asked)
    anonymous = asked.definition["participation"] == ANONYMOUS
    for each in store.invitations.all_of(asked.id):
        if not has_answered(asked, each) and not (anonymous and each.carried is None):
            yield each


def listed(store: Store, asked: Survey, after: str | None, limit: int) -> list[Invitation]:
    """A page of who is invited, by id."""
    _show(store, asked)
    return store.invitations.page(asked.id, after, limit)


def has_answered(asked: Survey, invitation: Invitation) -> bool:
    """As far as it may be shown."""
    anonymous = asked.definition["participation"] == ANONYMOUS
    return invitation.shown if anonymous else invitation.spent


def _show(store: Store, asked: Survey) -> None:
    """In an anonymous survey, who has answered is shown of enough of them together."""
    if asked.definition["participation"] == ANONYMOUS:
        store.invitations.show(asked.id, asked.definition["minimum_group_size"])


def _distinct(profiles: Sequence[Mapping[str, str]]) -> list[Mapping[str, str]]:
    return list({tuple(sorted(each.items())): each for each in profiles}.values())


def _read(asked: Survey, rows: Sequence[Mapping[str, Any]]) -> dict[str, tuple[int, Invitation]]:
    """Every row checked, with its line, by the invitation's id. The same row twice is one. Raises
    InvalidTable."""
    definition = compile_definition(asked.definition)
    read: dict[str, tuple[int, Invitation]] = {}
    only = definition.groups[0] if len(definition.groups) == 1 else ""
    errors = [] if only else without_groups(definition.groups, rows)
    none_named = bool(errors)
    for row in rows:
        group = group_named(definition.groups, row["group"] or only)
        wrong = _wrong(definition, row)
        if group is None and not none_named:
            wrong.append(("group", f"Name one of: {', '.join(definition.groups)}."))
        errors += [{"line": row["line"], "field": f, "message": m} for f, m in wrong]
        if wrong or group is None:
            continue
        name = invitation_id(asked.id, row["email"])
        made = Invitation(
            id=name,
            unit=asked.unit,
            survey=asked.id,
            email=row["email"],
            name=row["name"],
            group=group,
            profile=dict(row["profile"]),
        )
        first, before = read.setdefault(name, (row["line"], made))
        if _said(before) != _said(made):
            message = f"Line {first} says otherwise of this address."
            errors.append({"line": row["line"], "field": "email", "message": message})
    if errors:
        raise InvalidTable(errors)
    return read


def group_named(groups: Sequence[str], text: str) -> str | None:
    """The one that is meant, whatever its case and blanks. A group's blanks are written as _ where
    its survey is begun by form."""
    if text in groups:
        return text
    meant = [each for each in groups if _bare(each) == _bare(text)]
    return meant[0] if len(meant) == 1 else None


def _bare(text: str) -> str:
    return "".join(text.replace("_", " ").split()).casefold()


def without_groups(groups: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> Errors:
    """One error for the whole table where no row says its group, rather than one a row."""
    if not rows or any(row["group"] for row in rows):
        return []
    message = (
        "The column group is missing, or empty in every row: add it, and name in each row one of: "
        f"{', '.join(groups)}."
    )
    return [{"line": 1, "field": "group", "message": message}]


def _wrong(definition: Definition, row: Mapping[str, Any]) -> list[tuple[str, str]]:
    wrong = []
    if not _is_address(row["email"]):
        wrong.append(("email", f"{row['email']!r} is no address that mail can be sent to."))
    for field, text in (("name", row["name"]), *row["profile"].items()):
        if len(text) > _LONGEST or not text.isprintable():
            wrong.append((field, f"Give a text of one line, at most {_LONGEST} characters."))
    for field, text in row["profile"].items():
        item = definition.items.get(field)
        if not _FIELD.fullmatch(field):
            wrong.append((field, "A column's name has letters, digits, - and _, at most 64."))
        elif item is not None and not item.profile:
            wrong.append((field, "This is a question of the survey; a profile cannot answer it."))
        elif item is not None and (message := item.check(text)):
            wrong.append((field, message))
    return wrong


def _is_address(text: str) -> bool:
    try:
        _email(text)
    except ValidationError:
        return False
    return text.isprintable()  # a quoted name may hold control characters


def _contradicts(known: Invitation | None, new: Invitation) -> bool:
    """What answers carry is settled with the first link."""
    if known is None or known.carried is None:
        return False
    return (known.group, known.profile) != (new.group, new.profile)


def _fixed(line: int) -> dict[str, Any]:
    message = "This address is invited already, and its group and profile are settled."
    return {"line": line, "field": "email", "message": message}


def _said(invitation: Invitation) -> tuple[str, str, dict[str, str]]:
    return invitation.name, invitation.group, invitation.profile
