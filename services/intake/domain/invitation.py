"""What an invitation's link stands for, and how little of it an anonymous answer carries.

Of a link's secret only hashes are kept, each for one purpose, and none leads to another without
the secret: the one that finds the invitation, the one that names the answer, and the one by which
an invitation knows the link that it is answered with.
"""

import hmac
import re
import secrets
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from services.intake.domain.answers import InvalidAnswers, check_response
from services.intake.domain.definition import Definition

Profile = Mapping[str, str]

_BYTES = 18
_SECRET = re.compile(r"[A-Za-z0-9_-]{24}", re.ASCII)


class InvitationNeeded(Exception):
    """The survey is answered with an invitation's link, and none was given."""


class InvitationUnknown(Exception):
    """No link of this survey has this secret."""


class InvitationSpent(Exception):
    """The invitation is answered, or being answered, with another of its links."""


class NotByInvitation(Exception):
    """The survey invites nobody: it is a draft, or open to everybody."""


@dataclass(frozen=True)
class Carried:
    """What an answer has from its invitation. `invitee` is the invitation's id where answers are
    kept with the name, and None elsewhere."""

    group: str
    profile: Profile
    invitee: str | None = None


def check_invited(
    definition: Definition,
    carried: Carried | None,
    group: Any,
    profile: Mapping[str, Any],
    answers: Mapping[str, Any],
) -> dict[str, Any]:
    """The response as it is kept, with what it carries, where nothing else was answered. Raises
    InvalidAnswers, also for another group than that which was invited."""
    if carried is None:
        return check_response(definition, group, profile, answers)
    if group != carried.group:
        message = f"You are invited as {carried.group!r}: answer as that."
        raise InvalidAnswers([{"field": "group", "message": message}])
    asked = {
        name: value
        for name, value in carried.profile.items()
        if name in definition.profile
        and name not in answers
        and definition.items[name].visible_if is None
    }
    content = check_response(definition, group, {**asked, **profile}, answers)
    content["profile"] = {**carried.profile, **content["profile"]}
    return content


def new_secret() -> str:
    """144 bits that nobody guesses, in 24 characters that survive mail."""
    return secrets.token_urlsafe(_BYTES)


def is_secret(text: str) -> bool:
    return _SECRET.fullmatch(text) is not None


def link_id(secret: str) -> str:
    """Under which the invitation is found."""
    return _hashed("link", secret)


def link_to(url: str, secret: str) -> str:
    """The secret stands after the #: no browser sends it to the log of a server or a proxy, and no
    page learns it as the referrer."""
    return f"{url}/intake/i#{secret}"


def answer_name(secret: str) -> str:
    """The id of the answer: 32 hexadecimal digits, the same however often it is sent."""
    return _hashed("answer", secret)[:32]


def claim_of(secret: str) -> str:
    """By which an invitation keeps to one link. It is not the link's id, which would tell from
    which mailing the link came, and so about when it was used."""
    return _hashed("claim", secret)


def opt_out_token(key: str, invitation: str) -> str:
    """What a mail carries to be the last one. It names the invitation and opens no survey."""
    signed = hmac.digest(key.encode(), f"opt out\0{invitation}".encode(), "sha256")
    return f"{invitation}-{signed.hex()[:32]}"


def opted_out(key: str, token: str) -> str | None:
    """The invitation whose token this is."""
    invitation = token.partition("-")[0]
    made = opt_out_token(key, invitation)
    return invitation if hmac.compare_digest(made.encode(), token.encode()) else None


def invitation_id(survey: str, email: str) -> str:
    """One invitation an address, whatever its letters' case."""
    return sha256(f"{survey}\0{email.casefold()}".encode()).hexdigest()[:32]


def carried_by(
    people: Mapping[str, Profile],
    fields: Sequence[str],
    least: int,
    known: Collection[Profile] = (),
) -> dict[str, dict[str, str]]:
    """What each one's answer may say of them: a part of their profile that at least `least`
    invited people share, who carry exactly the same. `people` are of one group, `known` is what
    earlier ones of it carry already.

    Whoever fits what is known carries the most detailed of it. The others are divided by one field
    after the other, in their order; those with a value that too few share carry none, and where
    they are too few together, the smallest of the larger parts joins them. Who is not in the
    answer is withheld: so few would be recognised by their group alone.
    """
    done: dict[str, dict[str, str]] = {}
    others: dict[str, Profile] = {}
    for name, profile in people.items():
        fitting = [each for each in known if each.items() <= profile.items()]
        if fitting:
            done[name] = dict(sorted(max(fitting, key=_detail).items()))
        else:
            others[name] = profile
    if len(others) >= least:
        done |= _divided(others, fields, least)
    return done


def _detail(profile: Profile) -> tuple[int, list[tuple[str, str]]]:
    return len(profile), sorted(profile.items())


def _divided(
    people: Mapping[str, Profile], fields: Sequence[str], least: int
) -> dict[str, dict[str, str]]:
    if not fields:
        return {name: {} for name in people}
    field, *others = fields
    parts: dict[str, dict[str, Profile]] = {}
    for name, profile in people.items():
        parts.setdefault(profile.get(field, ""), {})[name] = profile
    apart = pooled({value: len(part) for value, part in parts.items()}, least)
    done: dict[str, dict[str, str]] = {}
    rest: dict[str, Profile] = {}
    for value, part in parts.items():
        if value in apart:
            inner = _divided(part, others, least)
            done |= {name: {field: value, **finer} for name, finer in inner.items()}
        else:
            rest |= part
    return done | (_divided(rest, others, least) if rest else {})


def pooled(sizes: Mapping[str, int], least: int) -> list[str]:
    """Those of these parts that can be told apart, largest first: each has at least `least`
    members, and so have all the others together, or there are none. "" is the part of those of
    whom it is not known, and is among the others."""
    enough = [part for part in sizes if part and sizes[part] >= least]
    apart = sorted(enough, key=lambda part: (-sizes[part], part))
    rest = sum(sizes.values()) - sum(sizes[part] for part in apart)
    while apart and 0 < rest < least:
        rest += sizes[apart.pop()]
    return apart


def _hashed(purpose: str, secret: str) -> str:
    return sha256(f"groundswell invitation {purpose}\0{secret}".encode()).hexdigest()
