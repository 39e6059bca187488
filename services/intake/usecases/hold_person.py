"""Everything that is held on one person, for whoever asks by law, and its erasure.

An address leads to invitations, the mail to them and prize draws, and where a survey is not
anonymous to the response and to what was begun. A response leads to what was begun of it and, where
the survey is not anonymous, to the address. A link leads to what was begun with it and, if it is an
invitation's, to its answer, which nothing else does in an anonymous survey.

What was begun has the id of its visit; nothing else leads to one: it is a random id that no
response has, and keeps no time of day. Files that were brought are not looked into; they are gone
within a day.
"""

from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass
from typing import Any

from services.intake.domain.invitation import InvitationUnknown, answer_name, invitation_id
from services.intake.domain.participation import ANONYMOUS, CONFIDENTIAL, IDENTIFIED
from services.intake.domain.survey import Survey
from services.intake.store import Store
from services.intake.store.invitations import Invitation
from services.intake.store.responses import NoSuchResponse, response_key
from services.intake.store.vault import Use
from services.intake.usecases.erase_response import erase_response
from shared import times

_WHO = "the command line"
_INVITED = ("email", "name", "group", "profile", "opted_out")


@dataclass(frozen=True)
class Person:
    """What is known of somebody in one survey: an address, the id of an invitation, the name of a
    response, the secret of a link."""

    survey: Survey
    address: str | None = None
    invitation: str | None = None
    response: str | None = None
    link: str | None = None

    @property
    def participation(self) -> str:
        return str(self.survey.definition.get("participation", ANONYMOUS))

    @property
    def key(self) -> str | None:
        return self.response and response_key(self.survey.id, self.response)


def by_address(store: Store, address: str, reason: str) -> list[Person]:
    """Who has this e-mail address, in every survey. Looking into a vault goes on record."""
    found = []
    for survey in store.surveys.published():
        person = Person(survey, address, invitation_id(survey.id, address))
        if _invitation(store, person.invitation) is not None:
            _record(store, person, {"email": address}, reason)
        key = _response_of(store, person)
        found.append(Person(survey, address, person.invitation, key and key.partition(".")[2]))
    return found


def by_response(store: Store, survey: str, name: str, reason: str) -> list[Person]:
    """Whose response, or test answer, this is. Looking into a vault goes on record. Raises
    NoSuchSurvey, NoSuchResponse."""
    (found,) = store.surveys.published([survey])
    person = Person(found, response=name)
    if store.trials.get(survey, name) is None:
        store.responses.remains(survey, name)
    _record(store, person, {"response": name}, reason)
    invitation = _invitation(store, _invitation_of(store, person))
    if invitation is None:
        return [person]
    return [Person(found, invitation.email.casefold(), invitation.id, name)]


def by_link(store: Store, secret: str) -> list[Person]:
    """Who has this link, in whichever survey it is for."""
    name = answer_name(secret)
    return [Person(each, response=name, link=secret) for each in store.surveys.published()]


def held(store: Store, people: Iterable[Person]) -> list[dict[str, Any]]:
    """What each survey holds, of those that hold something."""
    found = [(person, dict(_held(store, person))) for person in people]
    return [
        {"survey": person.survey.id, "participation": person.participation, **parts}
        for person, parts in found
        if parts
    ]


def erase(store: Store, people: Iterable[Person], reason: str) -> list[dict[str, Any]]:
    """Erase what `held` finds, here and wherever it was heard of, and answer it as it was. Cut
    short, it is done by the next call."""
    found = list(people)
    was = held(store, found)
    for person in found:
        _erase(store, person, reason)
    return was


def _held(store: Store, person: Person) -> Iterator[tuple[str, Any]]:
    survey = person.survey.id
    if (invitation := _invitation(store, person.invitation)) is not None:
        yield "invitation", {name: getattr(invitation, name) for name in _INVITED}
    if person.invitation and (mail := store.mailings.sent_to(person.invitation)):
        yield "mail", mail
    if begun := _begun(store, person):
        yield "begun", begun
    if person.response:
        with suppress(NoSuchResponse):
            yield "response", _response(store, survey, person.response)
        if trial := store.trials.get(survey, person.response):
            yield "test_answer", trial
    if uses := store.vault.uses_about(survey, person.address, person.response):
        yield "vault_uses", [{**asdict(each), "at": times.rfc3339(each.at)} for each in uses]
    if person.address and store.draws.has(survey, person.address):
        yield "draw", person.address


def _erase(store: Store, person: Person, reason: str) -> None:
    survey, begun = person.survey, _begun(store, person)
    if person.response:
        with suppress(NoSuchResponse):
            erase_response(
                store, unit=survey.unit, survey=survey.id, name=person.response, reason=reason
            )
        store.trials.erase(survey.id, person.response)
    for typed in begun:
        store.visits.forget(survey.id, dict(typed).get("visit", ""))
    store.partials.forget_about(person.key, person.invitation)
    if person.link:
        store.partials.forget(survey.id, person.link)
    store.vault.forget_uses_about(survey.id, person.address, person.response)
    if person.address:
        store.draws.leave(survey.id, person.address)
    if person.invitation:
        store.invitations.forget(person.invitation)
        # Last: who is about to send it a letter finds no invitation, and forgets the delivery.
        store.mailings.forget(person.invitation)


def _begun(store: Store, person: Person) -> list[list[tuple[str, str]]]:
    """What was typed and not sent: the fields of each form that was put off."""
    begun = store.partials.about(person.key, person.invitation)
    if person.link:
        typed = store.partials.fields(person.survey.id, person.link, times.now())
        begun += [typed] if typed is not None and typed not in begun else []
    return begun


def _response(store: Store, survey: str, name: str) -> dict[str, Any]:
    """What a response holds, with the exports that it is in; of one that was withdrawn or erased,
    what is left. Raises NoSuchResponse."""
    found = store.responses.remains(survey, name)
    shown = {
        "response": name,
        "version": found.survey_version,
        "revision": found.revision,
        "at": times.rfc3339(found.at),
        "stands": found.content is not None,
        **(found.content or {}),
    }
    if found.carried is not None:
        shown["carried"] = vars(found.carried)
    if found.content is not None:
        shown["exports"] = store.exports.made_of(survey)
    if found.erased is not None:
        shown["erased"] = found.erased
    return shown


def _invitation(store: Store, name: str | None) -> Invitation | None:
    try:
        return store.invitations.get(name or "")
    except InvitationUnknown:
        return None


def _response_of(store: Store, person: Person) -> str | None:
    """The response that came from an invitation, as far as it is kept."""
    invitation = person.invitation or ""
    if person.participation == CONFIDENTIAL:
        return store.vault.response_of(invitation)
    if person.participation == IDENTIFIED:
        return store.responses.of_invitee(person.survey.id, invitation)
    return None


def _invitation_of(store: Store, person: Person) -> str | None:
    """The invitation from which a response came, as far as it is kept."""
    if person.participation == CONFIDENTIAL:
        return store.vault.invitation_of(person.key or "")
    try:
        carried = store.responses.remains(person.survey.id, person.response or "").carried
    except NoSuchResponse:
        return None
    return None if carried is None else carried.invitee


def _record(store: Store, person: Person, asked: dict[str, str], reason: str) -> None:
    if person.participation == CONFIDENTIAL:
        survey = person.survey
        store.vault.note(Use(survey.unit, survey.id, _WHO, times.now(), reason, asked))
