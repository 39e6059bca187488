"""Everything that is held on one person, for whoever asks by law, and its erasure."""

from typing import Any

from services.intake.domain.invitation import InvitationUnknown, invitation_id
from services.intake.domain.participation import ANONYMOUS
from services.intake.store import Store
from services.intake.store.invitations import Invitation
from services.intake.store.responses import NoSuchResponse
from services.intake.usecases.erase_response import erase_response
from shared import times


def held_on_response(store: Store, survey: str, name: str) -> dict[str, Any]:
    """What a response holds; of one that was withdrawn or erased, what is left. Raises
    NoSuchResponse."""
    found = store.responses.remains(survey, name)
    held = {
        "survey": survey,
        "response": name,
        "version": found.survey_version,
        "revision": found.revision,
        "at": times.rfc3339(found.at),
        "stands": found.content is not None,
        **(found.content or {}),
    }
    if found.carried is not None:
        held["carried"] = vars(found.carried)
    if found.erased is not None:
        held["erased"] = found.erased
    return held


def held_on_address(store: Store, address: str) -> list[dict[str, Any]]:
    """What each survey holds on an e-mail address: its invitation, its part in a draw and, where
    the survey is not anonymous, its response. Of an anonymous one nobody can tell which it is."""
    held = []
    for survey in store.surveys.published():
        found: dict[str, Any] = {}
        invitation = _invitation(store, survey.id, address)
        if invitation is not None:
            found["invitation"] = {
                key: getattr(invitation, key) for key in ("email", "name", "group", "profile")
            }
            found |= _response_of(store, survey.id, invitation)
        draw = store.draws.get(survey.id)
        if address in store.draws.addresses(survey.id) or (draw and address in draw.winners):
            found["draw"] = address
        if found:
            mode = survey.definition.get("participation", ANONYMOUS)
            held.append({"survey": survey.id, "participation": mode, **found})
    return held


def erase_address(store: Store, address: str, reason: str) -> list[dict[str, Any]]:
    """Erase what `held_on_address` finds, and answer it as it was."""
    held = held_on_address(store, address)
    for each in held:
        if "response" in each:
            _erase(store, each["survey"], each["response"]["response"], reason)
        if "draw" in each:
            store.draws.leave(each["survey"], address)
        if "invitation" in each:
            store.invitations.forget(invitation_id(each["survey"], address))
    return held


def erase_person(store: Store, survey: str, name: str, reason: str) -> dict[str, Any]:
    """Erase one response here and wherever it was heard of. Raises NoSuchResponse."""
    held = held_on_response(store, survey, name)
    _erase(store, survey, name, reason)
    return held


def _erase(store: Store, survey: str, name: str, reason: str) -> None:
    unit = store.surveys.for_answering(survey).unit
    erase_response(store, unit=unit, survey=survey, name=name, reason=reason)


def _invitation(store: Store, survey: str, address: str) -> Invitation | None:
    try:
        return store.invitations.get(invitation_id(survey, address))
    except InvitationUnknown:
        return None


def _response_of(store: Store, survey: str, invitation: Invitation) -> dict[str, Any]:
    """By the vault, or by name where the survey is not anonymous."""
    key = store.vault.response_of(invitation.id)
    if key is None:
        return {}
    try:
        return {"response": held_on_response(store, survey, key.partition(".")[2])}
    except NoSuchResponse:
        return {}
